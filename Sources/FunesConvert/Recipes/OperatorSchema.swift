// SPDX-License-Identifier: Apache-2.0
// The one table of operators that a recipe may use: their inputs and fields. The parser, the JSON writer and the
// builder read it; tools/recipes/README.md says the same in words.

/// What a recipe says about one kind of operator.
struct OperatorSchema: Sendable {
  struct Field: Sendable {
    var key: String
    var kind: Kind
    var isRequired = false
  }

  enum Kind: Sendable, Equatable {
    case tensor, integer, number, flag, integers
    /// Whole numbers of which some may be 0.
    case counts
    case word([String])
    /// Any name.
    case name
    /// The fields of the cell that `cell` names.
    case cellFields
  }

  var inputs: ClosedRange<Int>
  var hasOutput = true
  var fields: [Field] = []

  /// The fields that every operator has, in the order in which they are written.
  static let commonKeys = ["op", "name", "input", "inputs", "output"]
  static let activations = ["identity", "relu", "tanh", "sigmoid", "hard_sigmoid"]
  static let cells = ["rnn", "lstm", "gru"]

  static subscript(kind: String) -> OperatorSchema? { table[kind] }

  static let table: [String: OperatorSchema] = [
    "linear": one([required("weight", .tensor), optional("bias", .tensor)]),
    "embedding": one([required("weight", .tensor)]),
    "one_hot": one([optional("classes", .integer)]),
    "rnn": one(cell(tail: [])),
    "lstm": one(
      cell(
        head: [optional("peephole", .tensor), optional("projection", .tensor)],
        tail: [
          optional("gate_activation", .word(activations)), optional("coupled", .flag), optional("cell_clip", .number),
          optional("projection_clip", .number), optional("cell", .name),
        ])),
    "gru": one(
      cell(
        head: [optional("candidate", .tensor)],
        tail: [
          optional("gate_activation", .word(activations)), optional("reset", .word(["after", "before"])),
        ])),
    "bidirectional": one([
      required("cell", .word(cells)), required("forward", .cellFields), required("backward", .cellFields),
    ]),
    "conv1d": one([
      required("weight", .tensor), optional("bias", .tensor), optional("dilation", .integer),
      optional("stride", .integer),
    ]),
    "add": OperatorSchema(inputs: 2...2),
    "multiply": OperatorSchema(inputs: 2...2),
    "concat": OperatorSchema(inputs: 2...8, fields: [optional("lanes", .integer)]),
    "slice": one([optional("lanes", .integer), required("begin", .integer), required("count", .integer)]),
    "relu": one([]), "tanh": one([]), "sigmoid": one([]), "hard_sigmoid": one([]), "gelu": one([]),
    "gelu_tanh": one([]), "silu": one([]), "sqrt": one([]),
    "layer_norm": one([
      required("weight", .tensor), optional("bias", .tensor), optional("eps", .number), optional("lanes", .integer),
    ]),
    "rms_norm": one([required("weight", .tensor), required("eps", .number), optional("lanes", .integer)]),
    "rotary": one([
      optional("base", .number), optional("dimensions", .integer), required("style", .word(["pairs", "halves"])),
      optional("lanes", .integer),
    ]),
    "attention": OperatorSchema(
      inputs: 3...3,
      fields: [
        required("heads", .integer), optional("key_heads", .integer), required("window", .integer),
        optional("rollback", .integer), optional("scale", .number), optional("bias_slopes", .tensor),
        optional("bias_distances", .tensor),
      ]),
    "scale": one([required("factor", .number)]),
    "constant": OperatorSchema(inputs: 0...0, fields: [required("value", .tensor), optional("shape", .integers)]),
    "position": one([required("weight", .tensor), optional("position", .name)]),
    "first": one([]),
    "pool": OperatorSchema(inputs: 1...2, fields: [optional("heads", .integer), optional("lanes", .integer)]),
    "patches": one([
      required("kernel", .integers), optional("stride", .integers), optional("padding", .counts),
      optional("layout", .word(["planes", "pixels"])),
    ]),
    "frames": one([required("kernel", .integer)] + framing),
    "inner_conv1d": one([required("weight", .tensor), optional("bias", .tensor)] + framing),
    "block_attention": OperatorSchema(
      inputs: 3...3,
      fields: [
        required("heads", .integer), optional("key_heads", .integer), optional("lanes", .integer),
        optional("scale", .number), optional("bias_slopes", .tensor), optional("bias_distances", .tensor),
        optional("bias_mask", .tensor),
      ]),
    "remember": OperatorSchema(
      inputs: 2...2, hasOutput: false,
      fields: [required("memory", .name), required("rows", .integer), optional("lanes", .integer)]),
    "memory_attention": one([
      required("memory", .name), required("heads", .integer), optional("key_heads", .integer),
      optional("scale", .number), optional("score", .tensor),
    ]),
    "softmax": one([optional("lanes", .integer)]),
    "log_softmax": one([optional("lanes", .integer)]),
    "l2_normalize": one([optional("lanes", .integer)]),
    "copy": one([]),
    "reshape": one([required("shape", .integers)]),
    "last": one([]),
    "mean": one([]),
    "window": one([required("length", .integer), optional("dilation", .integer)]),
    "subsample": one([required("stride", .integer)]),
    "state_read": OperatorSchema(inputs: 0...0, fields: [required("state", .name)]),
    "state_write": OperatorSchema(inputs: 1...1, hasOutput: false, fields: [required("state", .name)]),
  ]

  /// How frames lie on an inner axis.
  private static var framing: [Field] {
    [
      optional("stride", .integer), optional("dilation", .integer), optional("padding", .counts),
      optional("padding_mode", .word(["zeros", "reflect", "replicate"])),
    ]
  }

  private static func one(_ fields: [Field]) -> OperatorSchema { OperatorSchema(inputs: 1...1, fields: fields) }

  private static func required(_ key: String, _ kind: Kind) -> Field { Field(key: key, kind: kind, isRequired: true) }

  private static func optional(_ key: String, _ kind: Kind) -> Field { Field(key: key, kind: kind) }

  private static func cell(head: [Field] = [], tail: [Field]) -> [Field] {
    [
      required("weight_x", .tensor), required("weight_h", .tensor), optional("bias_x", .tensor),
      optional("bias_h", .tensor),
    ] + head + [optional("activation", .word(activations))] + tail + [
      optional("hidden", .name), optional("reversed", .flag), optional("lanes", .integer),
      optional("inner_steps", .integer), optional("gates_output", .name),
    ]
  }
}
