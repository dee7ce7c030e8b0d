// SPDX-License-Identifier: Apache-2.0
// The operators that look along the rows, those that read and write states, and what is made of several of them.

extension GraphBuilder {
  mutating func addRowOperator(_ op: Recipe.Operator, _ inputs: [Int]) throws {
    switch op.kind {
    case "last":
      try forbidInSequence(op)
      let x = graph.values[inputs[0]]
      guard x.domain == 1 else { throw wrongRows(op, op.inputs[0], "the rows of the call") }
      let output = try makeValue(op.output ?? op.title, shape: x.shape, domain: 0)
      scope.lastRows.insert(output)
      try emit(op.title, .last, inputs, [output])
    case "mean":
      let x = graph.values[inputs[0]]
      let domain = try domain(op, inputs, walksRows: true)
      let mean = try ownState("\(op.title).mean", .mean, width: x.width, for: op.title)
      let counter = try ownState("\(op.title).count", .counter, width: 1, limit: (1 << 24) + 1, for: op.title)
      for state in [mean, counter] { try touch(state, isWrite: true, isOwner: true) }
      let output = try makeValue(op.output ?? op.title, shape: x.shape, domain: domain)
      try emit(op.title, .mean(mean: mean, counter: counter), inputs, [output])
    case "window":
      let length = try number(op, "length", in: 1...65_536)
      let dilation = op.fields["dilation"] == nil ? 1 : try number(op, "dilation", in: 1...65_536)
      _ = try addWindow(op, op.output ?? op.title, inputs[0], length: length, dilation: dilation)
    case "subsample":
      _ = try addSubsample(op, op.output ?? op.title, inputs[0], stride: try number(op, "stride", in: 2...65_536))
    case "state_read":
      let state = try namedState(word(op, "state") ?? "", for: op.title)
      try touch(state, isWrite: false, isOwner: false)
      let (lanes, width) = (graph.states[state].lanes, graph.states[state].width)
      let output = try makeValue(
        op.output ?? op.title, shape: lanes == 1 ? [width] : [lanes, width], domain: scope.isSequential ? 1 : 0)
      try emit(op.title, .stateRead(state), [], [output])
    case "state_write":
      let name = word(op, "state") ?? ""
      let state = try namedState(name, for: op.title)
      try touch(state, isWrite: true, isOwner: false)
      let (lanes, width) = (graph.states[state].lanes, graph.states[state].width)
      let shape = graph.values[inputs[0]].shape
      guard shape.reduce(1, *) == lanes * width else {
        throw wrongShape(op, op.inputs[0], shape, lanes == 1 ? [width] : [lanes, width])
      }
      _ = try domain(op, inputs)
      try emit(op.name ?? "write \(name)", .stateWrite(state), inputs, [])
    default:
      preconditionFailure("GraphBuilder: operator \"\(op.kind)\" is in the schema but is not built")
    }
  }

  /// The last `length` rows side by side; the value's index.
  private mutating func addWindow(
    _ op: Recipe.Operator, _ name: String, _ input: Int, length: Int, dilation: Int
  ) throws(RecipeError) -> Int {
    let x = graph.values[input]
    let domain = try domain(op, [input], walksRows: true)
    var ring: Int?
    var position: Int?
    if length > 1 {
      let rows = (length - 1) * dilation
      try limit("rows of the window \"\(name)\"", rows, 1 << 20)
      try limit("elements of the window \"\(name)\"", rows * x.width, Graph.widthLimit)
      ring = try ownState("\(name).ring", .ring, lanes: rows, width: x.width, for: op.title)
      position = try ownState("\(name).position", .counter, width: 1, limit: rows, for: op.title)
      for state in [ring!, position!] { try touch(state, isWrite: true, isOwner: true) }
    }
    let output = try makeValue(name, shape: [length * x.width], domain: domain)
    try emit(
      name, .window(length: length, dilation: dilation, ring: ring, position: position), [input], [output])
    return output
  }

  private mutating func addSubsample(
    _ op: Recipe.Operator, _ name: String, _ input: Int, stride: Int
  ) throws(RecipeError) -> Int {
    try forbidInSequence(op)
    _ = try domain(op, [input], walksRows: true)
    try limit("domains", nextDomain + 1, 16)
    let phase = try ownState("\(name).phase", .counter, width: 1, limit: stride, for: op.title)
    try touch(phase, isWrite: true, isOwner: true)
    let output = try makeValue(name, shape: graph.values[input].shape, domain: nextDomain)
    nextDomain += 1
    try emit(name, .subsample(stride: stride, phase: phase), [input], [output])
    return output
  }

  func forbidInSequence(_ op: Recipe.Operator) throws(RecipeError) {
    guard !scope.isSequential else {
      throw .notSequential(program: scope.name, operator: op.title, reason: "\"\(op.kind)\" needs all rows")
    }
  }

  // MARK: What stands for several operators

  /// A causal convolution: window, then subsample where there is a stride, then a product over the window.
  ///
  /// The weight is (O, C, n) with tap 0 the oldest row, as in PyTorch; y_t = Σ_j W[:, :, j] x_(t − (n − 1 − j) · dilation).
  mutating func addConvolution(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let expression = try tensor(op, "weight")
    let shape = try reader.evaluate(expression, for: op.title).shape
    guard shape.count == 3, shape[1] == x.width else {
      throw RecipeError.tensorShape(
        operator: op.title, tensor: expression.title, found: shape, expected: [nil, x.width, nil])
    }
    let length = shape[2]
    let dilation = op.fields["dilation"] == nil ? 1 : try number(op, "dilation", in: 1...65_536)
    var value = input
    var source = op.inputs[0]
    if length > 1 || x.shape.count > 1 {
      source = "\(op.title).window"
      value = try addWindow(op, source, input, length: length, dilation: dilation)
      scope.taken.insert(source)
    }
    if op.fields["stride"] != nil {
      var inner = op
      inner.inputs = [source]
      source = "\(op.title).rows"
      value = try addSubsample(inner, source, value, stride: try number(op, "stride", in: 2...65_536))
      scope.taken.insert(source)
    }
    // (O, C, n) → (O, n, C) → (O, n · C): a window holds whole rows, oldest first.
    var wide = TensorExpression(.sum([expression]))
    wide.permute = [0, 2, 1]
    let flat = TensorChanges.permute(try reader.evaluate(expression, for: op.title), [0, 2, 1])
    let cols = length * x.width
    try limit("columns of \"\(expression.title)\"", cols, 65_536)
    let weight = constant(
      ConstantKey(expressions: [wide], use: "convolution"), name: expression.title,
      layout: .matrix(rows: shape[0], cols: cols, groups: 1), values: flat.values)
    let bias = try bias(optionalTensor(op, "bias"), count: shape[0], for: op.title)
    var inner = op
    inner.inputs = [source]
    try finish(inner, .linear(weight: weight, bias: bias), [value], [shape[0]])
  }

  /// Two cells over the same rows, one from each end, and their outputs side by side, forward first.
  mutating func addBidirectional(_ op: Recipe.Operator, _ input: Int) throws {
    guard let kind = word(op, "cell") else { throw missing(op, "cell") }
    var halves: [Int] = []
    for (key, isReversed) in [("forward", false), ("backward", true)] {
      guard case .fields(var fields) = op.fields[key] else { throw missing(op, key) }
      if isReversed { fields["reversed"] = .flag(true) }
      let name = "\(op.title).\(key)"
      try addCell(Recipe.Operator(kind, inputs: op.inputs, output: name, fields: fields), input)
      halves.append(try take(name, for: op.title))
    }
    let shapes = halves.map { graph.values[$0].shape }
    guard shapes[0].dropLast() == shapes[1].dropLast() else {
      throw wrongShape(op, "\(op.title).backward", shapes[1], shapes[0].dropLast() + [nil])
    }
    let lanes = shapes[0].dropLast().reduce(1, *)
    let shape = shapes[0].dropLast() + [shapes[0].last! + shapes[1].last!]
    var inner = op
    inner.inputs = ["\(op.title).forward", "\(op.title).backward"]
    try finish(inner, .concat(lanes: lanes), halves, Array(shape))
  }
}
