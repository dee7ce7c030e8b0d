// SPDX-License-Identifier: Apache-2.0
// The operators of a program but the cells: shapes and row rules inferred, then the graph's operator made.

extension GraphBuilder {
  mutating func add(_ op: Recipe.Operator) throws {
    let inputs = try takeInputs(op)
    let x = inputs.first.map { graph.values[$0] }
    switch op.kind {
    case "linear": try addLinear(op, inputs[0])
    case "conv1d": try addConvolution(op, inputs[0])
    case "embedding": try addEmbedding(op, inputs[0])
    case "one_hot": try addOneHot(op, inputs[0])
    case "rnn", "lstm", "gru": try addCell(op, inputs[0])
    case "bidirectional": try addBidirectional(op, inputs[0])
    case "add", "multiply":
      let (a, b) = (graph.values[inputs[0]], graph.values[inputs[1]])
      guard a.shape == b.shape else { throw wrongShape(op, op.inputs[1], b.shape, a.shape) }
      try finish(op, op.kind == "add" ? .add : .multiply, inputs, a.shape)
    case "concat": try addConcat(op, inputs)
    case "slice":
      let lanes = try lanes(op, inputs[0])
      let width = x!.width / lanes
      let begin = try number(op, "begin", in: 0...max(0, width - 1))
      let count = try number(op, "count", in: 1...max(1, width - begin))
      let shape = lanes == 1 ? [count] : Array(x!.shape.dropLast()) + [count]
      let isLeading = x!.shape.dropLast().reduce(1, *) == lanes
      try finish(
        op, .slice(lanes: lanes, begin: begin, count: count), inputs, isLeading || lanes == 1 ? shape : [lanes, count])
    case "relu", "tanh", "sigmoid", "hard_sigmoid", "gelu", "gelu_tanh", "silu", "sqrt":
      try finish(op, .activate(GraphBuilder.activation(op.kind)), inputs, x!.shape)
    case "softmax": try finish(op, .softmax(lanes: try lanes(op, inputs[0])), inputs, x!.shape)
    case "log_softmax": try finish(op, .logSoftmax(lanes: try lanes(op, inputs[0])), inputs, x!.shape)
    case "l2_normalize": try finish(op, .l2Normalize(lanes: try lanes(op, inputs[0])), inputs, x!.shape)
    case "copy": try finish(op, .copy, inputs, x!.shape)
    case "reshape":
      guard case .integers(let shape) = op.fields["shape"], Graph.elementCount(shape) == x!.width, shape.count <= 3,
        !shape.isEmpty
      else {
        var shape: [Int] = []
        if case .integers(let wanted) = op.fields["shape"] { shape = wanted }
        throw wrongShape(op, op.inputs[0], x!.shape, shape)
      }
      try finish(op, .copy, inputs, shape)
    case "layer_norm", "rms_norm": try addNorm(op, inputs[0])
    case "rotary": try addRotary(op, inputs[0])
    case "attention": try addAttention(op, inputs)
    case "scale": try addScale(op, inputs[0])
    case "constant": try addConstant(op)
    case "position": try addPosition(op, inputs[0])
    case "first": try addFirst(op, inputs[0])
    case "pool": try addPool(op, inputs)
    case "patches": try addPatches(op, inputs[0])
    case "frames": try addFrames(op, inputs[0])
    case "inner_conv1d": try addInnerConvolution(op, inputs[0])
    case "block_attention": try addBlockAttention(op, inputs)
    case "remember": try addRemember(op, inputs)
    case "memory_attention": try addMemoryAttention(op, inputs[0])
    default: try addRowOperator(op, inputs)
    }
  }

  /// The values that an operator takes: ids for `embedding` and `one_hot`, floats for others.
  private mutating func takeInputs(_ op: Recipe.Operator) throws(RecipeError) -> [Int] {
    let wantsIDs = op.kind == "embedding" || op.kind == "one_hot"
    var inputs: [Int] = []
    for name in op.inputs {
      let value = try take(name, for: op.title)
      guard (graph.values[value].element == .id) == wantsIDs else {
        throw wrongElement(op.title, name, wantsIDs ? "ids" : "floats")
      }
      inputs.append(value)
    }
    return inputs
  }

  /// Makes the output value and adds the operator; for operators whose rows are those of their inputs.
  mutating func finish(
    _ op: Recipe.Operator, _ operation: Graph.Operation, _ inputs: [Int], _ shape: [Int]
  ) throws(RecipeError) {
    let domain = try domain(op, inputs)
    let output = try makeValue(op.output ?? op.title, shape: shape, domain: domain)
    if domain == 0, !scope.lastRows.isDisjoint(with: inputs) { scope.lastRows.insert(output) }
    try emit(op.title, operation, inputs, [output])
  }

  /// The row rule of what an operator makes.
  ///
  /// One row is seen by every row; two different subsamplings do not meet. Where rows are walked, there must be rows: a
  /// call of many rows would step a state once. In a sequential run everything has the rows of the call.
  func domain(_ op: Recipe.Operator, _ inputs: [Int], walksRows: Bool = false) throws(RecipeError) -> Int {
    var domain = 0
    for (position, value) in inputs.enumerated() {
      let found = graph.values[value].domain
      if scope.isSequential, found > 1 {
        throw .notSequential(
          program: scope.name, operator: op.title, reason: "\"\(op.inputs[position])\" is subsampled")
      }
      if found != 0, domain != 0, found != domain {
        throw wrongRows(op, op.inputs[position], "the rows of \"\(op.inputs[0])\"")
      }
      domain = max(domain, found)
    }
    if scope.isSequential { domain = 1 }
    // Which row is the last depends on the call, so the rows of a stream may not see it.
    if domain > 0, !scope.isBlock, let position = inputs.firstIndex(where: scope.lastRows.contains) {
      throw wrongRows(op, op.inputs[position], "a row for each row, or \"block\": true")
    }
    if scope.isSequential { return 1 }
    if walksRows, domain == 0 { throw wrongRows(op, op.inputs[0], "the rows of the call") }
    return domain
  }

  // MARK: Products and tables

  private mutating func addLinear(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let weight = try matrix(try tensor(op, "weight"), rows: nil, cols: nil, for: op.title)
    guard x.shape.last == weight.cols else {
      throw wrongShape(op, op.inputs[0], x.shape, x.shape.dropLast().map { _ in nil } + [weight.cols])
    }
    let bias = try bias(optionalTensor(op, "bias"), count: weight.rows, for: op.title)
    try finish(op, .linear(weight: weight.index, bias: bias), [input], x.shape.dropLast() + [weight.rows])
  }

  private mutating func addEmbedding(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let table = try matrix(try tensor(op, "weight"), rows: nil, cols: nil, for: op.title)
    guard x.shape.count == 1 else { throw wrongShape(op, op.inputs[0], x.shape, [nil]) }
    let classes = scope.classes[input] ?? 0
    guard classes <= table.rows else {
      throw RecipeError.classCount(program: scope.name, operator: op.title, found: classes, expected: table.rows)
    }
    let shape = x.width == 1 ? [table.cols] : [x.width, table.cols]
    try finish(op, .embedding(table: table.index), [input], shape)
  }

  private mutating func addOneHot(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) {
    let x = graph.values[input]
    guard x.width == 1 else { throw wrongShape(op, op.inputs[0], x.shape, [1]) }
    let classes = scope.classes[input] ?? 0
    let wanted = op.fields["classes"] == nil ? classes : try number(op, "classes", in: 1...Graph.widthLimit)
    guard classes <= wanted else {
      throw .classCount(program: scope.name, operator: op.title, found: classes, expected: wanted)
    }
    try finish(op, .oneHot(classes: wanted), [input], [wanted])
  }

  private mutating func addConcat(_ op: Recipe.Operator, _ inputs: [Int]) throws(RecipeError) {
    let leading = graph.values[inputs[0]].shape.dropLast()
    let lanes = try lanes(op, inputs[0])
    var total = 0
    for (position, input) in inputs.enumerated() {
      let shape = graph.values[input].shape
      let isAlike = op.fields["lanes"] != nil || shape.dropLast() == leading
      guard isAlike, graph.values[input].width % lanes == 0 else {
        throw wrongShape(op, op.inputs[position], shape, leading.map { $0 } + [nil])
      }
      total += graph.values[input].width / lanes
    }
    let shape =
      op.fields["lanes"] == nil ? leading + [total] : lanes == 1 ? stacked(inputs) ?? [total] : [lanes, total]
    try finish(op, .concat(lanes: lanes), inputs, Array(shape))
  }

  /// What values of one row length make one under the other; nil where they are no rows, or of several lengths.
  private func stacked(_ inputs: [Int]) -> [Int]? {
    let shapes = inputs.map { graph.values[$0].shape }
    let rest = shapes[0].dropFirst()
    guard !rest.isEmpty, shapes.allSatisfy({ $0.dropFirst() == rest }) else { return nil }
    return [shapes.map { $0[0] }.reduce(0, +)] + rest
  }

  /// The field `lanes`, or all axes of a value but the last.
  func lanes(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) -> Int {
    let x = graph.values[input]
    guard op.fields["lanes"] != nil else { return x.shape.dropLast().reduce(1, *) }
    let lanes = try number(op, "lanes", in: 1...x.width)
    guard x.width % lanes == 0 else { throw wrongShape(op, op.inputs[0], x.shape, [lanes, nil]) }
    return lanes
  }

  // MARK: Fields

  func tensor(_ op: Recipe.Operator, _ key: String) throws(RecipeError) -> TensorExpression {
    guard case .tensor(let expression) = op.fields[key] else { throw missing(op, key) }
    return expression
  }

  func optionalTensor(_ op: Recipe.Operator, _ key: String) -> TensorExpression? {
    if case .tensor(let expression) = op.fields[key] { expression } else { nil }
  }

  func number(_ op: Recipe.Operator, _ key: String, in range: ClosedRange<Int>) throws(RecipeError) -> Int {
    guard case .integer(let number) = op.fields[key] else { throw missing(op, key) }
    guard range.contains(number) else {
      throw .numberOutOfRange(program: scope.name, operator: op.title, key: key, found: number, expected: range)
    }
    return number
  }

  func word(_ op: Recipe.Operator, _ key: String) -> String? {
    if case .word(let word) = op.fields[key] { word } else { nil }
  }

  func flag(_ op: Recipe.Operator, _ key: String) -> Bool { op.fields[key] == .flag(true) }

  static func activation(_ word: String) -> Graph.Activation {
    switch word {
    case "relu": .relu
    case "tanh": .tanh
    case "sigmoid": .sigmoid
    case "hard_sigmoid": .hardSigmoid
    case "gelu": .gelu
    case "gelu_tanh": .geluTanh
    case "silu": .silu
    case "sqrt": .sqrt
    default: .identity
    }
  }

  /// A field that the parser would have missed; a recipe made in code can lack it.
  func missing(_ op: Recipe.Operator, _ key: String) -> RecipeError {
    .missingKey(key, in: "the operator \"\(op.title)\"", at: JSONPosition(offset: 0, line: 0, column: 0))
  }

  func wrongShape(_ op: Recipe.Operator, _ value: String, _ found: [Int], _ expected: [Int?]) -> RecipeError {
    .valueShape(program: scope.name, operator: op.title, value: value, found: found, expected: expected)
  }

  func wrongRows(_ op: Recipe.Operator, _ value: String, _ expected: String) -> RecipeError {
    .wrongRows(program: scope.name, operator: op.title, value: value, expected: expected)
  }
}
