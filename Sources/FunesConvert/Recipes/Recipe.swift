// SPDX-License-Identifier: Apache-2.0
// A recipe in memory: which operators a checkpoint's tensors become, in which order. Parsed from JSON or inferred from
// tensor names, written back as JSON, and made into a graph by `GraphBuilder`.

/// The architecture that a checkpoint does not tell: operators in order, each naming the tensors that it takes.
///
/// `tools/recipes/README.md` describes the JSON form field by field.
public struct Recipe: Sendable, Equatable {
  /// The one version of the JSON form.
  public static let version = 1
  /// What a lone checkpoint is called.
  public static let defaultCheckpoint = "weights"

  public var name: String
  public var licence: String?
  public var source: String?
  /// Samples a second of the input, which the file's metadata then say.
  public var sampleRate: Int?
  public var checkpoints: [Checkpoint]
  /// Tensors that no operator takes, on purpose.
  public var drop: [Drop] = []
  public var texts: [Text] = []
  public var generation: Generation?
  /// How a picture becomes a row of the first program's input.
  public var image: ImagePreparation?
  public var states: [State] = []
  public var programs: [Program] = []

  public init(name: String, checkpoints: [Checkpoint]) {
    self.name = name
    self.checkpoints = checkpoints
  }

  /// A file of tensors: the name that tensors refer to, and the file's usual name.
  public struct Checkpoint: Sendable, Equatable {
    public var name: String
    public var file: String

    public init(name: String, file: String) {
      self.name = name
      self.file = file
    }
  }

  /// A tensor that is left out, or with `*` at its end every tensor that begins so.
  public struct Drop: Sendable, Equatable {
    public var pattern: String
    /// The checkpoint; nil for the first.
    public var from: String?

    public init(pattern: String, from: String? = nil) {
      self.pattern = pattern
      self.from = from
    }

    func matches(_ tensor: String) -> Bool {
      pattern.last == "*" ? tensor.utf8.starts(with: pattern.utf8.dropLast()) : tensor == pattern
    }
  }

  /// A text table: labels of an output, or the vocabulary of an input or output.
  public struct Text: Sendable, Equatable {
    public var name: String
    public var kind: Graph.TextTable.Kind
    public var symbols: [String]
    public var unknown: Int?
    public var isLowerCased = false
    public var isLineSequence = false
    public var separator = ""
  }

  /// How an encoder-decoder model turns a source into a target; programs and ports by name.
  public struct Generation: Sendable, Equatable {
    public var encode: String?
    public var step: String
    public var append: Int?
    public var start: Int
    public var stop: [Int] = []
    public var longest: Int
    public var output: String
    public var input: String
    public var pad: Int?
    public var sourceRows: Int?
  }

  /// A state that is declared: one that operators read and write, or one with an initial value.
  public struct State: Sendable, Equatable {
    public var name: String
    public var kind: Graph.State.Kind
    public var lanes = 1
    public var width: Int
    public var initial: TensorExpression?

    public init(name: String, kind: Graph.State.Kind, width: Int) {
      self.name = name
      self.kind = kind
      self.width = width
    }
  }

  public struct Program: Sendable, Equatable {
    public var name: String
    public var isBlock = false
    public var resets: Resets = .named([])
    public var inputs: [Input]
    public var steps: [Step]
    public var outputs: [Output]

    public init(name: String, inputs: [Input], steps: [Step], outputs: [Output]) {
      self.name = name
      self.inputs = inputs
      self.steps = steps
      self.outputs = outputs
    }
  }

  /// The states that a program resets on entry.
  public enum Resets: Sendable, Equatable {
    case named([String])
    /// Every state that an operator of the program touches.
    case all
  }

  /// Floats of a shape, or ids below `classes`.
  public struct Input: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    /// 0 for floats.
    public var classes = 0
    public var text: String?
    public var policy: Graph.Port.Policy = .refuse
    public var low: Float = -1
    public var high: Float = 1

    public init(name: String, shape: [Int], classes: Int = 0) {
      self.name = name
      self.shape = shape
      self.classes = classes
    }
  }

  public struct Output: Sendable, Equatable {
    public var name: String
    public var value: String
    public var text: String?

    public init(name: String, value: String, text: String? = nil) {
      self.name = name
      self.value = value
      self.text = text
    }
  }

  /// One operator, several row by row around a feedback, or steps of which each layer has its own.
  public enum Step: Sendable, Equatable {
    /// Over all rows, or in a sequential run one of its operators.
    case wide(Operator)
    /// Operators and repeats of them.
    case sequential([Step])
    case repeated(Repeat)
  }

  /// One operator; `OperatorSchema` says which fields a kind has.
  public struct Operator: Sendable, Equatable {
    public var kind: String
    public var name: String?
    public var inputs: [String]
    public var output: String?
    public var fields: [String: Field]

    public init(_ kind: String, inputs: [String], output: String?, fields: [String: Field] = [:]) {
      self.kind = kind
      self.inputs = inputs
      self.output = output
      self.fields = fields
    }

    /// What errors and traces call the operator: its own name, or that of its output.
    public var title: String { name ?? output ?? kind }
  }

  /// The value of one key of an operator.
  public enum Field: Sendable, Equatable {
    case tensor(TensorExpression)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case word(String)
    case integers([Int])
    /// The fields of a cell inside `bidirectional`.
    case fields([String: Field])
  }
}
