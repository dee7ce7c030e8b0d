// SPDX-License-Identifier: Apache-2.0
// Attention of a recipe, over caches, blocks and memories: shapes inferred, the states that they own made.

extension GraphBuilder {
  /// Inputs q, k and v: of any shapes with heads · d, key heads · d and key heads · d elements.
  mutating func addAttention(_ op: Recipe.Operator, _ inputs: [Int]) throws {
    let q = graph.values[inputs[0]]
    let (heads, keyHeads) = try heads(op)
    let window = try number(op, "window", in: 1...Graph.widthLimit)
    let spare = op.fields["rollback"] == nil ? 0 : try number(op, "rollback", in: 0...Graph.widthLimit - window)
    let size = try headWidth(op, 0, inputs[0], lanes: 1, heads: heads)
    for slot in 1..<3 where graph.values[inputs[slot]].width != keyHeads * size {
      throw wrongShape(op, op.inputs[slot], graph.values[inputs[slot]].shape, [keyHeads, size])
    }
    let scale = try positive(op, "scale") ?? 1 / Double(size).squareRoot()
    let bias = try bias(op, heads: heads, lanes: nil, isCausal: true)
    let domain = try domain(op, inputs, walksRows: true)
    let (rows, width) = (window + spare, keyHeads * size)
    let names = ["keys", "values", "slot", "filled"].map { "\(op.title).\($0)" }
    let keys = try ownState(names[0], .cache, lanes: rows, width: width, for: op.title)
    let values = try ownState(names[1], .cache, lanes: rows, width: width, for: op.title)
    let slot = try ownState(names[2], .counter, width: 1, limit: rows, for: op.title)
    let filled = try ownState(names[3], .counter, width: 1, limit: rows + 1, for: op.title)
    for state in [keys, values, slot, filled] { try touch(state, isWrite: true, isOwner: true) }
    let output = try makeValue(op.output ?? op.title, shape: q.shape, domain: domain)
    let attention = Graph.Attention(
      heads: heads, keyHeads: keyHeads, window: window, scale: Float(scale), keys: keys, values: values, slot: slot,
      filled: filled, bias: bias)
    try emit(op.title, .attention(attention), inputs, [output])
  }

  /// Inputs q, k and v of heads · d, key heads · d and key heads · e elements, in each of `lanes` inner rows or in each
  /// row of the call.
  mutating func addBlockAttention(_ op: Recipe.Operator, _ inputs: [Int]) throws {
    let q = graph.values[inputs[0]]
    let (heads, keyHeads) = try heads(op)
    let lanes = op.fields["lanes"] == nil ? nil : try number(op, "lanes", in: 1...max(1, q.width))
    let inner = lanes ?? 1
    let size = try headWidth(op, 0, inputs[0], lanes: inner, heads: heads)
    guard graph.values[inputs[1]].width == inner * keyHeads * size else {
      throw wrongShape(op, op.inputs[1], graph.values[inputs[1]].shape, [inner, keyHeads * size])
    }
    let valueSize = try headWidth(op, 2, inputs[2], lanes: inner, heads: keyHeads)
    let scale = try positive(op, "scale") ?? 1 / Double(size).squareRoot()
    let bias = try bias(op, heads: heads, lanes: lanes, isCausal: false)
    let attention = Graph.BlockAttention(
      heads: heads, keyHeads: keyHeads, lanes: lanes, scale: Float(scale), bias: bias)
    let width = heads * valueSize
    let shape = valueSize == size ? q.shape : inner == 1 ? [width] : [inner, width]
    if lanes == nil {
      guard !scope.isSequential else {
        throw RecipeError.notSequential(program: scope.name, operator: op.title, reason: "its rows see all rows")
      }
      guard scope.isBlock else { throw RecipeError.needsBlock(program: scope.name, operator: op.title) }
      for (position, input) in inputs.enumerated() where graph.values[input].domain == 0 {
        throw wrongRows(op, op.inputs[position], "the rows of the call")
      }
    }
    try finish(op, .blockAttention(attention), inputs, shape)
  }

  /// Inputs k and v, each `lanes` rows side by side, appended to the memory of that name.
  mutating func addRemember(_ op: Recipe.Operator, _ inputs: [Int]) throws {
    let memory = word(op, "memory") ?? ""
    let rows = try number(op, "rows", in: 1...Graph.widthLimit)
    let lanes = op.fields["lanes"] == nil ? 1 : try number(op, "lanes", in: 1...rows)
    let title = op.name ?? "remember \(memory)"
    var states: [Int] = []
    for (slot, part) in ["keys", "values"].enumerated() {
      let value = graph.values[inputs[slot]]
      guard value.width % lanes == 0 else { throw wrongShape(op, op.inputs[slot], value.shape, [lanes, nil]) }
      states.append(try ownState("\(memory).\(part)", .cache, lanes: rows, width: value.width / lanes, for: title))
    }
    states.append(try ownState("\(memory).filled", .counter, width: 1, limit: rows + 1, for: title))
    for state in states { try touch(state, isWrite: true, isOwner: true) }
    // Whether there is room is known from the rows of the call, so those are what is remembered.
    guard try domain(op, inputs, walksRows: true) == 1 else {
      throw wrongRows(op, op.inputs[0], "the rows of the call")
    }
    try emit(title, .remember(lanes: lanes, keys: states[0], values: states[1], filled: states[2]), inputs, [])
  }

  /// Input q, of heads · d elements, over a memory that an earlier program or operator fills.
  mutating func addMemoryAttention(_ op: Recipe.Operator, _ input: Int) throws {
    let memory = word(op, "memory") ?? ""
    let (heads, keyHeads) = try heads(op)
    let size = try headWidth(op, 0, input, lanes: 1, heads: heads)
    var states: [Int] = []
    for part in ["keys", "values", "filled"] {
      guard let state = stateIndex["\(memory).\(part)"] else {
        throw RecipeError.unknownName(memory, kind: "memory", in: op.title)
      }
      states.append(state)
      try touch(state, isWrite: false, isOwner: false)
    }
    let keys = graph.states[states[0]], values = graph.states[states[1]]
    guard keys.kind == .cache, values.kind == .cache, graph.states[states[2]].limit == keys.lanes + 1 else {
      throw RecipeError.unknownName(memory, kind: "memory", in: op.title)
    }
    guard keys.width == keyHeads * size else {
      throw wrongShape(op, op.inputs[0], graph.values[input].shape, [heads, keys.width / keyHeads])
    }
    guard values.width % keyHeads == 0 else {
      throw RecipeError.conflictingFields(program: scope.name, operator: op.title, fields: ["key_heads", "memory"])
    }
    let scale = try positive(op, "scale")
    var score: Int?
    if let expression = optionalTensor(op, "score") {
      guard heads == 1 else {
        throw RecipeError.conflictingFields(program: scope.name, operator: op.title, fields: ["heads", "score"])
      }
      score = try vector(expression, count: size, for: op.title)
    }
    // An additive score is used as it is unless a scale is given.
    let usual = score == nil ? 1 / Double(size).squareRoot() : 1
    let attention = Graph.MemoryAttention(
      heads: heads, keyHeads: keyHeads, scale: Float(scale ?? usual), score: score, keys: states[0],
      values: states[1], filled: states[2])
    try finish(op, .memoryAttention(attention), [input], [heads * (values.width / keyHeads)])
  }

  // MARK: Parts

  private func heads(_ op: Recipe.Operator) throws(RecipeError) -> (heads: Int, keyHeads: Int) {
    let heads = try number(op, "heads", in: 1...65_536)
    let keyHeads = op.fields["key_heads"] == nil ? heads : try number(op, "key_heads", in: 1...heads)
    guard heads % keyHeads == 0 else {
      throw .conflictingFields(program: scope.name, operator: op.title, fields: ["heads", "key_heads"])
    }
    return (heads, keyHeads)
  }

  /// Values of one of `heads` heads in each of `lanes` rows of input `slot`.
  private func headWidth(
    _ op: Recipe.Operator, _ slot: Int, _ input: Int, lanes: Int, heads: Int
  ) throws(RecipeError) -> Int {
    let value = graph.values[input]
    guard value.width % (lanes * heads) == 0, value.width > 0 else {
      throw wrongShape(op, op.inputs[slot], value.shape, lanes == 1 ? [heads, nil] : [lanes, heads, nil])
    }
    return value.width / (lanes * heads)
  }

  /// What is added to scores: at most one of the three.
  private mutating func bias(
    _ op: Recipe.Operator, heads: Int, lanes: Int?, isCausal: Bool
  ) throws -> Graph.AttentionBias? {
    let given = ["bias_slopes", "bias_distances", "bias_mask"].filter { op.fields[$0] != nil }
    guard given.count <= 1 else {
      throw RecipeError.conflictingFields(program: scope.name, operator: op.title, fields: given)
    }
    guard let key = given.first else { return nil }
    let expression = try tensor(op, key)
    let found = try reader.evaluate(expression, for: op.title)
    switch key {
    case "bias_slopes": try check(found, expression, [heads], for: op.title)
    case "bias_distances":
      try check(found, expression, [heads, nil], for: op.title)
      // In a block there are as many distances before a row as after it, and its own.
      guard isCausal || found.shape[1] % 2 == 1 else {
        throw RecipeError.tensorShape(
          operator: op.title, tensor: expression.title, found: found.shape, expected: [heads, found.shape[1] + 1])
      }
    default:
      guard let lanes else {
        throw RecipeError.conflictingFields(program: scope.name, operator: op.title, fields: ["bias_mask", "lanes"])
      }
      let isShared = found.shape.count == 2 || found.shape.first == 1
      let rows: [Int?] = [lanes, lanes]
      let leading: [Int?] = [isShared ? 1 : heads]
      try check(found, expression, found.shape.count == 2 ? rows : leading + rows, for: op.title)
    }
    let vector = constant(
      ConstantKey(expressions: [expression], use: key), name: expression.title, layout: .vector, values: found.values)
    return switch key {
    case "bias_slopes": .slopes(vector)
    case "bias_distances": .distances(vector)
    default: .mask(vector)
    }
  }
}
