// SPDX-License-Identifier: Apache-2.0
// Recipe + tensors → graph. This file holds what all programs share: constants, states, texts, the generation record.

/// Makes a graph of a recipe, inferring every shape and refusing every mismatch by name.
public struct GraphBuilder {
  let recipe: Recipe
  var reader: TensorReader
  var graph: Graph
  private var constantIndex: [ConstantKey: Int] = [:]
  private var constantNames: Set<String> = []
  private var stateIndex: [String: Int] = [:]
  private var textIndex: [String: Int] = [:]
  private var usedTexts: Set<Int> = []
  private var usedStates: Set<Int> = []
  /// The program that is being built.
  var scope = ProgramScope(name: "", isBlock: false)
  /// The next domain that a `subsample` makes.
  var nextDomain = 2

  /// The graph of a recipe whose tensors are in `sources`, one for each checkpoint of the recipe.
  ///
  /// Throws `RecipeError`, or what a source throws when it reads a tensor.
  public static func graph(_ recipe: Recipe, sources: [String: TensorSource]) throws -> Graph {
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
    try addTexts()
    try GraphBuilder.checkNames(recipe.states.map(\.name), kind: "state")
    for state in recipe.states { try declare(state) }
    try GraphBuilder.checkNames(recipe.programs.map(\.name), kind: "program")
    try limit("programs", recipe.programs.count, 16)
    for program in recipe.programs { try add(program) }
    for (index, program) in recipe.programs.enumerated() {
      if case .named(let names) = program.resets { graph.programs[index].resets = try resets(names, of: program) }
      try checkReversed(graph.programs[index])
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
    guard rows > 0, cols > 0, rows % groups == 0 else {
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

// MARK: - States

extension GraphBuilder {
  private mutating func declare(_ state: Recipe.State) throws {
    var made = Graph.State(name: state.name, kind: state.kind, lanes: state.lanes, width: state.width)
    if let initial = state.initial {
      let tensor = try reader.evaluate(initial, for: state.name)
      let expected = state.lanes == 1 && tensor.shape.count == 1 ? [state.width] : [state.lanes, state.width]
      try check(tensor, initial, expected, for: state.name)
      made.initial = constant(
        ConstantKey(expressions: [initial], use: "lanes \(state.lanes)"), name: initial.title,
        layout: .lanes(state.lanes), values: tensor.values)
    }
    stateIndex[state.name] = graph.states.count
    graph.states.append(made)
  }

  /// The state that an operator owns: the one of that name, which must agree, or a new one.
  mutating func ownState(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int, limit: Int = 0, for title: String
  ) throws(RecipeError) -> Int {
    let wanted = Graph.State(name: name, kind: kind, lanes: lanes, width: width, limit: limit)
    guard let known = stateIndex[name] else {
      stateIndex[name] = graph.states.count
      graph.states.append(wanted)
      return graph.states.count - 1
    }
    usedStates.insert(known)
    let found = graph.states[known]
    guard found.kind == kind, found.lanes == lanes, found.width == width, found.limit == limit else {
      throw .stateMismatch(
        operator: title, state: name, found: GraphBuilder.describe(wanted), expected: GraphBuilder.describe(found))
    }
    return known
  }

  /// A state that is read or written by name; it must be declared, or owned by an earlier operator.
  mutating func namedState(_ name: String, for title: String) throws(RecipeError) -> Int {
    guard let known = stateIndex[name] else { throw .unknownName(name, kind: "state", in: title) }
    usedStates.insert(known)
    let state = graph.states[known]
    guard [.hidden, .cell, .value].contains(state.kind) else {
      throw .stateMismatch(
        operator: title, state: name, found: "a hidden, cell or value state wanted",
        expected: GraphBuilder.describe(state))
    }
    return known
  }

  private func resets(_ names: [String], of program: Recipe.Program) throws(RecipeError) -> [Int] {
    try GraphBuilder.checkNames(names, kind: "reset")
    var resets: [Int] = []
    for name in names {
      guard let index = stateIndex[name] else {
        throw .unknownName(name, kind: "state", in: "reset of \"\(program.name)\"")
      }
      resets.append(index)
    }
    return resets.sorted()
  }

  private static func describe(_ state: Graph.State) -> String {
    "\(state.kind) (\(state.lanes), \(state.width))" + (state.limit == 0 ? "" : " below \(state.limit)")
  }
}

// MARK: - Texts and generation

extension GraphBuilder {
  private mutating func addTexts() throws(RecipeError) {
    try GraphBuilder.checkNames(recipe.texts.map(\.name), kind: "text")
    for text in recipe.texts {
      // By bytes: a vocabulary may hold both spellings of one character.
      var seen: Set<[UInt8]> = []
      for (index, symbol) in text.symbols.enumerated() {
        let isWord = symbol.hasPrefix("<") && symbol.hasSuffix(">") && symbol.utf8.count > 2
        let isAllowed =
          text.kind == .labels || (text.kind == .characters && (symbol.unicodeScalars.count == 1 || isWord))
        guard isAllowed, !symbol.isEmpty, seen.insert(Array(symbol.utf8)).inserted else {
          throw .badSymbol(text: text.name, index: index, symbol: symbol)
        }
      }
      let count = text.kind == .bytes ? 256 : text.symbols.count
      guard count > 0 else { throw .badSymbol(text: text.name, index: 0, symbol: "") }
      if let unknown = text.unknown, unknown >= count {
        throw .idOutOfRange(key: "unknown of \"\(text.name)\"", found: unknown, count: count)
      }
      var table = Graph.TextTable(kind: text.kind, symbols: text.symbols, unknown: text.unknown)
      table.isLowerCased = text.isLowerCased
      table.isLineSequence = text.isLineSequence
      table.separator = text.separator
      textIndex[text.name] = graph.texts.count
      graph.texts.append(table)
    }
    try limit("texts", graph.texts.count, 256)
  }

  /// The text of a port, with as many symbols as the port has classes or elements.
  mutating func text(_ name: String?, count: Int, port: String) throws(RecipeError) -> Int? {
    guard let name else { return nil }
    guard let index = textIndex[name] else { throw .unknownName(name, kind: "text", in: port) }
    usedTexts.insert(index)
    let symbols = graph.texts[index].kind == .bytes ? 256 : graph.texts[index].symbols.count
    guard symbols == count else { throw .textCount(program: scope.name, port: port, found: symbols, expected: count) }
    return index
  }

  /// How many symbols a text has; nil for an unknown one.
  func symbolCount(_ name: String) -> Int? {
    textIndex[name].map { graph.texts[$0].kind == .bytes ? 256 : graph.texts[$0].symbols.count }
  }

  private func generation(_ wanted: Recipe.Generation) throws(RecipeError) -> Graph.Generation {
    func program(_ name: String) throws(RecipeError) -> Int {
      guard let index = graph.programs.firstIndex(where: { $0.name == name }) else {
        throw .unknownName(name, kind: "program", in: "generation")
      }
      return index
    }
    func id(_ key: String, _ id: Int?, below count: Int) throws(RecipeError) {
      if let id, id >= count { throw .idOutOfRange(key: "\(key) of generation", found: id, count: count) }
    }
    let step = try program(wanted.step)
    guard let output = graph.programs[step].outputs.firstIndex(where: { $0.name == wanted.output }) else {
      throw .unknownName(wanted.output, kind: "output", in: "generation")
    }
    guard let input = graph.programs[step].inputs.firstIndex(where: { $0.name == wanted.input }) else {
      throw .unknownName(wanted.input, kind: "input", in: "generation")
    }
    let classes = graph.programs[step].inputs[input].classes
    guard classes > 0 else {
      throw .wrongElement(program: wanted.step, operator: "generation", value: wanted.input, expected: "ids")
    }
    let width = graph.values[graph.programs[step].outputs[output].value].width
    guard width == classes else {
      throw .classCount(program: wanted.step, operator: "generation", found: width, expected: classes)
    }
    try id("start", wanted.start, below: classes)
    try id("stop", wanted.stop, below: width)
    var encode: Int?
    if let name = wanted.encode {
      encode = try program(name)
      try id("append", wanted.append, below: graph.programs[encode!].inputs.first?.classes ?? 0)
    } else {
      try id("append", wanted.append, below: 0)
    }
    return Graph.Generation(
      encodeProgram: encode, stepProgram: step, appendedID: wanted.append, startID: wanted.start, stopID: wanted.stop,
      longest: wanted.longest, output: output, input: input)
  }
}
