// SPDX-License-Identifier: Apache-2.0
// Factors, constants, position tables, pooling and patches of a recipe.

extension GraphBuilder {
  mutating func addScale(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) {
    let factor =
      switch op.fields["factor"] {
      case .number(let number): number
      case .integer(let integer): Double(integer)
      default: throw missing(op, "factor")
      }
    guard factor.magnitude <= 0x1p50 else {
      throw .notInRange(program: scope.name, operator: op.title, key: "factor", found: factor)
    }
    try finish(op, .scale(Float(factor)), [input], graph.values[input].shape)
  }

  /// A tensor as a value of one row, in its own shape unless another is given.
  mutating func addConstant(_ op: Recipe.Operator) throws {
    let expression = try tensor(op, "value")
    let tensor = try reader.evaluate(expression, for: op.title)
    var shape = tensor.shape
    if case .integers(let wanted) = op.fields["shape"] { shape = wanted }
    guard (1...3).contains(shape.count), Graph.elementCount(shape) == tensor.values.count else {
      throw RecipeError.tensorShape(
        operator: op.title, tensor: expression.title, found: tensor.shape, expected: shape)
    }
    let vector = constant(
      ConstantKey(expressions: [expression], use: "vector"), name: expression.title, layout: .vector,
      values: tensor.values)
    let output = try makeValue(op.output ?? op.title, shape: shape, domain: scope.isSequential ? 1 : 0)
    try emit(op.title, .constant(vector), [], [output])
  }

  /// A row of the table (R, w) for each row of the call; R rows after a reset there are none left.
  mutating func addPosition(_ op: Recipe.Operator, _ input: Int) throws {
    let x = graph.values[input]
    let table = try matrix(try tensor(op, "weight"), rows: nil, cols: x.width, for: op.title)
    let domain = try domain(op, [input], walksRows: true)
    guard domain == 1 else { throw wrongRows(op, op.inputs[0], "the rows of the call") }
    let name = word(op, "position") ?? "\(op.title).position"
    let position = try ownState(name, .counter, width: 1, limit: table.rows + 1, for: op.title)
    try touch(position, isWrite: true, isOwner: true)
    let output = try makeValue(op.output ?? op.title, shape: x.shape, domain: domain)
    try emit(op.title, .position(table: table.index, position: position), [input], [output])
  }

  mutating func addFirst(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) {
    try needWholeBlock(op, [input])
    let output = try makeValue(op.output ?? op.title, shape: graph.values[input].shape, domain: 0)
    try emit(op.title, .first, [input], [output])
  }

  /// Rows of a block become one; with `lanes` so do the lanes of each row. Scores have an element a head.
  mutating func addPool(_ op: Recipe.Operator, _ inputs: [Int]) throws(RecipeError) {
    let x = graph.values[inputs[0]]
    let heads = op.fields["heads"] == nil ? 1 : try number(op, "heads", in: 1...65_536)
    let lanes = op.fields["lanes"] == nil ? nil : try number(op, "lanes", in: 1...65_536)
    guard x.width % (lanes ?? 1) == 0, x.width / (lanes ?? 1) % heads == 0 else {
      throw wrongShape(op, op.inputs[0], x.shape, (lanes.map { [$0] } ?? []) + [heads, nil])
    }
    if inputs.count == 1, heads > 1 {
      throw .conflictingFields(program: scope.name, operator: op.title, fields: ["heads", "input"])
    }
    if inputs.count > 1, graph.values[inputs[1]].width != (lanes ?? 1) * heads {
      throw wrongShape(op, op.inputs[1], graph.values[inputs[1]].shape, (lanes.map { [$0] } ?? []) + [heads])
    }
    let pool = Graph.Operation.pool(lanes: lanes, heads: heads)
    if let lanes { return try finish(op, pool, inputs, [x.width / lanes]) }
    try needWholeBlock(op, inputs)
    let output = try makeValue(op.output ?? op.title, shape: x.shape, domain: 0)
    try emit(op.title, pool, inputs, [output])
  }

  private func needWholeBlock(_ op: Recipe.Operator, _ inputs: [Int]) throws(RecipeError) {
    try forbidInSequence(op)
    guard scope.isBlock else { throw .needsBlock(program: scope.name, operator: op.title) }
    guard try domain(op, inputs) == 1 else { throw wrongRows(op, op.inputs[0], "the rows of the call") }
  }

  /// Of (C, H, W), (H, W, C) with `layout` pixels, or (H, W), patches (count, C · kernel height · kernel width).
  mutating func addPatches(_ op: Recipe.Operator, _ input: Int) throws(RecipeError) {
    let shape = graph.values[input].shape
    guard shape.count >= 2 else { throw wrongShape(op, op.inputs[0], shape, [nil, nil, nil]) }
    let isInterleaved = word(op, "layout") == "pixels" && shape.count == 3
    let channels = shape.count == 2 ? 1 : isInterleaved ? shape[2] : shape[0]
    let size = isInterleaved || shape.count == 2 ? shape[0...1] : shape[1...2]
    guard let kernel = try extent(op, "kernel") else { throw missing(op, "kernel") }
    let stride = try extent(op, "stride") ?? Graph.Patches.Extent(1, 1)
    let patches = Graph.Patches(
      channels: channels, size: Graph.Patches.Extent(size.first!, size.last!), kernel: kernel, stride: stride,
      padding: try extent(op, "padding") ?? Graph.Patches.Extent(0, 0), isInterleaved: isInterleaved)
    for (extent, kernel, padding) in [
      (patches.size.height, kernel.height, patches.padding.height),
      (patches.size.width, kernel.width, patches.padding.width),
    ] {
      guard padding < kernel, kernel <= extent + 2 * padding else {
        throw .conflictingFields(program: scope.name, operator: op.title, fields: ["kernel", "padding"])
      }
      try limit("extent of \"\(op.inputs[0])\"", extent, 65_536)
    }
    try limit("channels of \"\(op.inputs[0])\"", channels, 65_535)
    try limit("elements of a patch", Graph.elementCount([channels, kernel.height, kernel.width]), Graph.widthLimit)
    let count = patches.counts.height * patches.counts.width
    try finish(op, .patches(patches), [input], [count, patches.elementCount])
  }

  /// One number for both axes, or two: down and across.
  private func extent(_ op: Recipe.Operator, _ key: String) throws(RecipeError) -> Graph.Patches.Extent? {
    guard case .integers(let numbers) = op.fields[key] else { return nil }
    let least = key == "padding" ? 0 : 1
    guard (1...2).contains(numbers.count) else {
      throw .numberOutOfRange(
        program: scope.name, operator: op.title, key: "numbers of \(key)", found: numbers.count, expected: 1...2)
    }
    for found in numbers where !(least...65_535).contains(found) {
      throw .numberOutOfRange(program: scope.name, operator: op.title, key: key, found: found, expected: least...65_535)
    }
    return Graph.Patches.Extent(numbers[0], numbers[numbers.count - 1])
  }
}
