// SPDX-License-Identifier: Apache-2.0
// Norms, rotary positions and attention of a recipe: shapes inferred, the states that they own made.

extension GraphBuilder {
  /// What PyTorch's `nn.LayerNorm` takes unless told otherwise.
  private static let layerNormEpsilon: Float = 1e-5

  mutating func addNorm(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let lanes = try lanes(op, input)
    let width = x.width / lanes
    let gain = try vector(try tensor(op, "weight"), count: width, for: op.title)
    let epsilon = try positive(op, "eps").map { Float($0) }
    if op.kind == "rms_norm" {
      guard let epsilon else { throw missing(op, "eps") }
      try finish(op, .rmsNorm(lanes: lanes, gain: gain, epsilon: epsilon), [input], x.shape)
    } else {
      let bias = try optionalTensor(op, "bias").map { try vector($0, count: width, for: op.title) }
      let norm = Graph.Operation.layerNorm(
        lanes: lanes, gain: gain, bias: bias, epsilon: epsilon ?? GraphBuilder.layerNormEpsilon)
      try finish(op, norm, [input], x.shape)
    }
  }

  /// The rows are walked: each is at the next position.
  mutating func addRotary(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let lanes = try lanes(op, input)
    let width = x.width / lanes
    guard width >= 2 else { throw wrongShape(op, op.inputs[0], x.shape, [lanes, nil]) }
    let dimensions = op.fields["dimensions"] == nil ? width : try number(op, "dimensions", in: 2...width)
    guard dimensions % 2 == 0 else {
      throw RecipeError.oddDimensions(program: scope.name, operator: op.title, found: dimensions)
    }
    let base = try positive(op, "base") ?? 10_000
    let domain = try domain(op, [input], walksRows: true)
    let position = try ownState(
      "\(op.title).position", .counter, width: 1, limit: Graph.State.noLimit, for: op.title)
    try touch(position, isWrite: true, isOwner: true)
    let turns = constant(
      ConstantKey(expressions: [], use: "turns \(base) \(dimensions)"), name: "turns \(base) \(dimensions)",
      layout: .vector, values: RotaryTurns.values(base: base, dimensions: dimensions))
    let output = try makeValue(op.output ?? op.title, shape: x.shape, domain: domain)
    let rotary = Graph.Operation.rotary(
      lanes: lanes, dimensions: dimensions, isHalved: word(op, "style") == "halves", turns: turns, position: position)
    try emit(op.title, rotary, [input], [output])
  }

  /// Inputs q, k and v: of any shapes with heads · d, key heads · d and key heads · d elements.
  mutating func addAttention(_ op: Recipe.Operator, _ inputs: [Int]) throws {
    let q = graph.values[inputs[0]]
    let heads = try number(op, "heads", in: 1...65_536)
    let keyHeads = op.fields["key_heads"] == nil ? heads : try number(op, "key_heads", in: 1...heads)
    let window = try number(op, "window", in: 1...Graph.widthLimit)
    guard heads % keyHeads == 0 else {
      throw RecipeError.conflictingFields(program: scope.name, operator: op.title, fields: ["heads", "key_heads"])
    }
    guard q.width % heads == 0 else { throw wrongShape(op, op.inputs[0], q.shape, [heads, nil]) }
    let size = q.width / heads
    for slot in 1..<3 where graph.values[inputs[slot]].width != keyHeads * size {
      throw wrongShape(op, op.inputs[slot], graph.values[inputs[slot]].shape, [keyHeads, size])
    }
    let scale = try positive(op, "scale") ?? 1 / Double(size).squareRoot()
    let domain = try domain(op, inputs, walksRows: true)
    let names = ["keys", "values", "slot", "filled"].map { "\(op.title).\($0)" }
    let keys = try ownState(names[0], .cache, lanes: window, width: keyHeads * size, for: op.title)
    let values = try ownState(names[1], .cache, lanes: window, width: keyHeads * size, for: op.title)
    let slot = try ownState(names[2], .counter, width: 1, limit: window, for: op.title)
    let filled = try ownState(names[3], .counter, width: 1, limit: window + 1, for: op.title)
    for state in [keys, values, slot, filled] { try touch(state, isWrite: true, isOwner: true) }
    let output = try makeValue(op.output ?? op.title, shape: q.shape, domain: domain)
    let attention = Graph.Attention(
      heads: heads, keyHeads: keyHeads, window: window, scale: Float(scale), keys: keys, values: values, slot: slot,
      filled: filled)
    try emit(op.title, .attention(attention), inputs, [output])
  }

  /// A float vector of `count` values.
  private mutating func vector(_ expression: TensorExpression, count: Int, for title: String) throws -> Int {
    let tensor = try reader.evaluate(expression, for: title)
    try check(tensor, expression, [count], for: title)
    return constant(
      ConstantKey(expressions: [expression], use: "vector"), name: expression.title, layout: .vector,
      values: tensor.values)
  }
}
