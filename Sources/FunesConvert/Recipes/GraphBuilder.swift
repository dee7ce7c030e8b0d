// SPDX-License-Identifier: Apache-2.0
// Recipe + tensors → graph. This file holds the whole and the constants.

extension Recipe {
  /// The graph of this recipe over tensors in `sources`, one source for each checkpoint of the recipe.
  ///
  /// Throws `RecipeError`, or what a source throws when it reads a tensor.
  public func graph(sources: [String: TensorSource]) throws -> Graph {
    try GraphBuilder.graph(self, sources: sources)
  }
}

/// Makes a graph of a recipe, inferring every shape and refusing every mismatch by name.
struct GraphBuilder {
  let recipe: Recipe
  var reader: TensorReader
  var graph: Graph
  private var constantIndex: [ConstantKey: Int] = [:]
  private var constantNames: Set<String> = []
  var stateIndex: [String: Int] = [:]
  var textIndex: [String: Int] = [:]
  var usedTexts: Set<Int> = []
  var usedStates: Set<Int> = []
  /// The program that is being built.
  var scope = ProgramScope(name: "", isBlock: false)
  /// The next domain that a `subsample` makes.
  var nextDomain = 2

  static func graph(_ recipe: Recipe, sources: [String: TensorSource]) throws -> Graph {
    var builder = try GraphBuilder(recipe, sources: sources)
    return try builder.build()
  }

  private init(_ recipe: Recipe, sources: [String: TensorSource]) throws(RecipeError) {
    try GraphBuilder.checkNames(recipe.checkpoints.map(\.name), kind: "checkpoint")
    for checkpoint in recipe.checkpoints where sources[checkpoint.name] == nil {
      throw .missingCheckpoint(name: checkpoint.name, file: checkpoint.file)
    }
    self.recipe = recipe
    reader = TensorReader(sources: sources, first: recipe.checkpoints.first?.name ?? Recipe.defaultCheckpoint)
    graph = Graph(name: recipe.name)
  }

  private mutating func build() throws -> Graph {
    graph.metadata["name"] = recipe.name
    if let licence = recipe.licence { graph.metadata["licence"] = licence }
    if let source = recipe.source { graph.metadata["source"] = source }
    if let rate = recipe.sampleRate { graph.metadata["sample_rate"] = "\(rate)" }
    try addTexts()
    try GraphBuilder.checkNames(recipe.states.map(\.name), kind: "state")
    for state in recipe.states { try declare(state) }
    try GraphBuilder.checkNames(recipe.programs.map(\.name), kind: "program")
    try limit("programs", recipe.programs.count, 16)
    for program in recipe.programs { try add(program) }
    for (index, program) in recipe.programs.enumerated() {
      if case .named(let names) = program.resets { graph.programs[index].resets = try resets(names, of: program) }
      try checkResets(graph.programs[index])
      try checkReversed(graph.programs[index])
    }
    if let image = recipe.image {
      let widths = graph.programs.flatMap(\.inputs).filter { $0.classes == 0 }.map { graph.values[$0.value].width }
      guard widths.contains(image.count) else {
        throw RecipeError.imageWidth(found: image.count, expected: widths)
      }
      graph.metadata.merge(image.metadata) { $1 }
    }
    graph.generation = try recipe.generation.map { try generation($0) }
    if let idle = recipe.texts.indices.first(where: { !usedTexts.contains($0) }) {
      throw RecipeError.unusedName(recipe.texts[idle].name, kind: "text")
    }
    if let idle = recipe.states.indices.first(where: { !usedStates.contains($0) }) {
      throw RecipeError.unusedName(recipe.states[idle].name, kind: "state")
    }
    try limit("states", graph.states.count, 4096)
    try limit("constants", graph.constants.count, 65_536)
    try limit("values", graph.values.count, 65_536)
    try limit("inputs and outputs", graph.programs.map { $0.inputs.count + $0.outputs.count }.reduce(0, +), 256)
    try reader.checkAllUsed(drop: recipe.drop, checkpoints: recipe.checkpoints.map(\.name))
    return graph
  }

  static func checkNames(_ names: [String], kind: String) throws(RecipeError) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted { throw .duplicateName(name, kind: kind) }
  }

  func limit(_ what: String, _ found: Int, _ limit: Int) throws(RecipeError) {
    guard found <= limit else { throw .overLimit(what: what, found: found, limit: limit) }
  }
}

// MARK: - Constants

extension GraphBuilder {
  /// What makes two constants one: the tensors that they are made of, and how.
  struct ConstantKey: Hashable {
    var expressions: [TensorExpression]
    var use: String
  }

  /// The constant of that key, made by `values` where it is new.
  mutating func constant(
    _ key: ConstantKey, name: String, layout: Graph.Constant.Layout, values: @autoclosure () -> [Float]
  ) -> Int {
    if let known = constantIndex[key] { return known }
    var unique = name
    var number = 2
    while !constantNames.insert(unique).inserted {
      unique = "\(name)#\(number)"
      number += 1
    }
    graph.constants.append(Graph.Constant(name: unique, layout: layout, values: values()))
    constantIndex[key] = graph.constants.count - 1
    return graph.constants.count - 1
  }

  /// A matrix of one gate or more, and its shape; throws unless it has two axes and the expected extents.
  mutating func matrix(
    _ expression: TensorExpression, rows: Int?, cols: Int?, groups: Int = 1, for title: String
  ) throws -> (index: Int, rows: Int, cols: Int) {
    let tensor = try reader.evaluate(expression, for: title)
    try check(tensor, expression, [rows, cols], for: title)
    try limit("columns of \"\(expression.title)\"", tensor.shape[1], 65_536)
    try limit("rows of \"\(expression.title)\"", tensor.shape[0], 1 << 28)
    let (rows, cols) = (tensor.shape[0], tensor.shape[1])
    guard rows % groups == 0 else {
      throw RecipeError.gateRows(operator: title, tensor: expression.title, rows: rows, gates: groups)
    }
    let index = constant(
      ConstantKey(expressions: [expression], use: "matrix \(groups)"), name: expression.title,
      layout: .matrix(rows: rows, cols: cols, groups: groups), values: tensor.values)
    return (index, rows, cols)
  }

  /// A bias of `count` values in the order of a matrix with `groups` gates; nil without an expression.
  mutating func bias(_ expression: TensorExpression?, count: Int, for title: String) throws -> Int? {
    guard let expression else { return nil }
    let tensor = try reader.evaluate(expression, for: title)
    try check(tensor, expression, [count], for: title)
    return constant(
      ConstantKey(expressions: [expression], use: "bias 1"), name: expression.title, layout: .grouped(groups: 1),
      values: tensor.values)
  }

  func check(
    _ tensor: FloatTensor, _ expression: TensorExpression, _ expected: [Int?], for title: String
  ) throws(RecipeError) {
    let fits = tensor.shape.count == expected.count && zip(tensor.shape, expected).allSatisfy { $1 == nil || $0 == $1 }
    guard fits else {
      throw .tensorShape(operator: title, tensor: expression.title, found: tensor.shape, expected: expected)
    }
  }
}
