// SPDX-License-Identifier: Apache-2.0
// Recurrent cells: weights in our gate order, biases folded, states named.

extension GraphBuilder {
  /// A cell. H units, G gates, I inputs, P outputs (H without a projection), L lanes, N inner steps.
  mutating func addCell(_ op: Recipe.Operator, _ input: Int) throws {
    let kind: Graph.Cell.Kind = op.kind == "rnn" ? .rnn : op.kind == "lstm" ? .lstm : .gru
    let isCoupled = flag(op, "coupled")
    let isBefore = word(op, "reset") == "before"
    let gates = kind == .rnn ? 1 : kind == .gru || isCoupled ? 3 : 4
    let lanes = op.fields["lanes"] == nil ? 1 : try number(op, "lanes", in: 1...65_536)
    let inner = op.fields["inner_steps"] == nil ? nil : try number(op, "inner_steps", in: 1...65_536)
    try checkConflicts(op, isInner: inner != nil, isBefore: isBefore)

    let inputs = try inputMatrices(op, gates: gates, isBefore: isBefore)
    let units = inputs.units
    let projection = try optionalTensor(op, "projection").map {
      try matrix($0, rows: nil, cols: units, for: op.title)
    }
    let outputCount = projection?.rows ?? units
    let recurrent = try recurrentMatrices(op, gates: gates, units: units, outputCount: outputCount, isBefore: isBefore)
    let biases = try cellBiases(op, kind: kind, gates: gates, units: units, isBefore: isBefore)
    var cell = Graph.Cell(
      kind: kind, units: units, weightX: inputs.weightX, weightH: recurrent.weightH, bias: biases.bias)
    cell.candidate = recurrent.candidate
    cell.candidateX = inputs.candidate
    cell.biasHN = biases.biasHN
    cell.projection = projection?.index
    cell.peephole = try peephole(op, units: units)
    cell.activation = word(op, "activation").map(GraphBuilder.activation) ?? .tanh
    cell.gateActivation = word(op, "gate_activation").map(GraphBuilder.activation) ?? .sigmoid
    cell.isCoupled = isCoupled
    cell.isReversed = flag(op, "reversed")
    cell.lanes = lanes
    cell.innerSteps = inner
    cell.cellClip = try clip(op, "cell_clip")
    cell.projectionClip = try clip(op, "projection_clip")

    let x = graph.values[input]
    let isWhole = x.shape.count == 1 || x.shape.last == inputs.cols
    guard x.width == lanes * (inner ?? 1) * inputs.cols, isWhole else {
      let leading: [Int?] = (lanes > 1 ? [lanes] : []) + (inner.map { [$0] } ?? [])
      throw wrongShape(op, op.inputs[0], x.shape, leading + [inputs.cols])
    }
    if inner == nil {
      if cell.isReversed, scope.isSequential {
        throw RecipeError.notSequential(program: scope.name, operator: op.title, reason: "it runs backwards")
      }
      cell.hidden = try ownCellState(op, "hidden", .hidden, lanes: lanes, width: outputCount)
      if kind == .lstm { cell.cell = try ownCellState(op, "cell", .cell, lanes: lanes, width: units) }
    }
    let domain = try domain(op, [input], walksRows: inner == nil)
    let leading = (lanes > 1 ? [lanes] : []) + (inner.map { [$0] } ?? [])
    var outputs = [
      try makeValue(op.output ?? op.title, shape: leading + [outputCount], domain: domain, isOptional: true)
    ]
    if let name = word(op, "gates_output") {
      let shown = kind == .rnn ? 1 : kind == .gru ? 3 : 4
      outputs.append(try makeValue(name, shape: leading + [shown * units], domain: domain))
    }
    try emit(op.title, .cell(cell), [input], outputs)
  }

  private mutating func ownCellState(
    _ op: Recipe.Operator, _ key: String, _ kind: Graph.State.Kind, lanes: Int, width: Int
  ) throws(RecipeError) -> Int {
    let state = try ownState(
      word(op, key) ?? "\(op.title).\(key)", kind, lanes: lanes, width: width, for: op.title)
    try touch(state, isWrite: true, isOwner: true)
    return state
  }

  private func checkConflicts(_ op: Recipe.Operator, isInner: Bool, isBefore: Bool) throws(RecipeError) {
    func conflict(_ fields: [String]) -> RecipeError {
      .conflictingFields(program: scope.name, operator: op.title, fields: fields)
    }
    for key in ["hidden", "cell"] where isInner && op.fields[key] != nil { throw conflict(["inner_steps", key]) }
    if op.fields["candidate"] != nil, !isBefore { throw conflict(["candidate", "reset"]) }
    if op.fields["projection_clip"] != nil, op.fields["projection"] == nil {
      throw conflict(["projection_clip", "projection"])
    }
  }

  // MARK: Weights

  /// W_h, and for a GRU with reset before the product the candidate's part of it.
  ///
  /// `weight_h` is (G H, P); with reset before, its rows n are split off, unless `candidate` gives them.
  private mutating func recurrentMatrices(
    _ op: Recipe.Operator, gates: Int, units: Int, outputCount: Int, isBefore: Bool
  ) throws -> (weightH: Int, candidate: Int?) {
    let expression = try tensor(op, "weight_h")
    guard isBefore else {
      let weight = try matrix(expression, rows: gates * units, cols: outputCount, groups: gates, for: op.title)
      return (weight.index, nil)
    }
    if let candidate = optionalTensor(op, "candidate") {
      let weight = try matrix(expression, rows: 2 * units, cols: units, groups: 2, for: op.title)
      return (weight.index, try matrix(candidate, rows: units, cols: units, for: op.title).index)
    }
    let tensor = try reader.evaluate(expression, for: op.title)
    try check(tensor, expression, [3 * units, units], for: op.title)
    return split(tensor, expression, units: units, cols: units)
  }

  /// W_x (G H, I), and for a GRU with reset before the product its rows n apart.
  private mutating func inputMatrices(
    _ op: Recipe.Operator, gates: Int, isBefore: Bool
  ) throws -> (weightX: Int, candidate: Int?, units: Int, cols: Int) {
    let expression = try tensor(op, "weight_x")
    guard isBefore else {
      let weight = try matrix(expression, rows: nil, cols: nil, groups: gates, for: op.title)
      return (weight.index, nil, weight.rows / gates, weight.cols)
    }
    let tensor = try reader.evaluate(expression, for: op.title)
    guard tensor.shape.count == 2, tensor.shape[0] % 3 == 0 else {
      // The error that a matrix of three gates gives for such a shape.
      _ = try matrix(expression, rows: nil, cols: nil, groups: gates, for: op.title)
      preconditionFailure("GraphBuilder: a matrix of a wrong shape was taken")
    }
    let (units, cols) = (tensor.shape[0] / 3, tensor.shape[1])
    let parts = split(tensor, expression, units: units, cols: cols)
    return (parts.weightH, parts.candidate, units, cols)
  }

  /// The rows r z and the rows n of (3 H, cols).
  private mutating func split(
    _ tensor: FloatTensor, _ expression: TensorExpression, units: Int, cols: Int
  ) -> (weightH: Int, candidate: Int?) {
    let end = 2 * units * cols
    let weight = constant(
      ConstantKey(expressions: [expression], use: "r z"), name: "\(expression.title)[r z]",
      layout: .matrix(rows: 2 * units, cols: cols, groups: 2), values: Array(tensor.values[..<end]))
    let candidate = constant(
      ConstantKey(expressions: [expression], use: "n"), name: "\(expression.title)[n]",
      layout: .matrix(rows: units, cols: cols, groups: 1), values: Array(tensor.values[end...]))
    return (weight, candidate)
  }

  /// The bias of all gates, and for a GRU with reset after the product the part that the reset gate multiplies.
  private mutating func cellBiases(
    _ op: Recipe.Operator, kind: Graph.Cell.Kind, gates: Int, units: Int, isBefore: Bool
  ) throws -> (bias: Int, biasHN: Int?) {
    let count = gates * units
    var values = Array(repeating: Float(0), count: count)
    var expressions: [TensorExpression] = []
    var biasHN: Int?
    for key in ["bias_x", "bias_h"] {
      guard let expression = optionalTensor(op, key) else { continue }
      let tensor = try reader.evaluate(expression, for: op.title)
      try check(tensor, expression, [count], for: op.title)
      let isSplit = key == "bias_h" && kind == .gru && !isBefore
      for index in 0..<(isSplit ? 2 * units : count) { values[index] += tensor.values[index] }
      if isSplit {
        biasHN = constant(
          ConstantKey(expressions: [expression], use: "bias_hn"), name: "\(expression.title)[n]",
          layout: .grouped(groups: 1), values: Array(tensor.values[(2 * units)...]))
      }
      expressions.append(expression)
    }
    let use = "bias \(gates) \(count) \(op.fields["bias_x"] != nil) \(biasHN != nil)"
    let name = expressions.isEmpty ? "zeros" : expressions.map(\.title).joined(separator: "+")
    let bias = constant(
      ConstantKey(expressions: expressions, use: use), name: name, layout: .grouped(groups: gates), values: values)
    return (bias, biasHN)
  }

  /// The peepholes w_i, w_f, w_o, as (3, H) or one after the other.
  private mutating func peephole(_ op: Recipe.Operator, units: Int) throws -> Int? {
    guard let expression = optionalTensor(op, "peephole") else { return nil }
    let tensor = try reader.evaluate(expression, for: op.title)
    try check(tensor, expression, tensor.shape.count == 1 ? [3 * units] : [3, units], for: op.title)
    return constant(
      ConstantKey(expressions: [expression], use: "peephole"), name: expression.title, layout: .lanes(3),
      values: tensor.values)
  }

  private func clip(_ op: Recipe.Operator, _ key: String) throws(RecipeError) -> Float {
    Float(try positive(op, key) ?? 0)
  }

  /// A number that is above zero, as a float too, and at most 2^50; nil where the field is not given.
  func positive(_ op: Recipe.Operator, _ key: String) throws(RecipeError) -> Double? {
    let number: Double
    switch op.fields[key] {
    case .number(let found): number = found
    case .integer(let found): number = Double(found)
    default: return nil
    }
    guard Float(number) >= .leastNormalMagnitude, number <= 0x1p50 else {
      throw .notPositive(program: scope.name, operator: op.title, key: key, found: number)
    }
    return number
  }
}
