// SPDX-License-Identifier: Apache-2.0
// Norms and rotary positions of a recipe: shapes inferred, the states that they own made.

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

  /// A float vector of `count` values.
  mutating func vector(_ expression: TensorExpression, count: Int, for title: String) throws -> Int {
    let tensor = try reader.evaluate(expression, for: title)
    try check(tensor, expression, [count], for: title)
    return constant(
      ConstantKey(expressions: [expression], use: "vector"), name: expression.title, layout: .vector,
      values: tensor.values)
  }
}
