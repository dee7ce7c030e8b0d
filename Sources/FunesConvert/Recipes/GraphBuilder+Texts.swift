// SPDX-License-Identifier: Apache-2.0
// The text tables of a graph and its generation record.

extension GraphBuilder {
  mutating func addTexts() throws(RecipeError) {
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

  func generation(_ wanted: Recipe.Generation) throws(RecipeError) -> Graph.Generation {
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
    for stop in wanted.stop { try id("stop", stop, below: width) }
    var encode: Int?
    var sourceClasses = 0
    if let name = wanted.encode {
      encode = try program(name)
      sourceClasses = graph.programs[encode!].inputs.first?.classes ?? 0
    }
    try id("append", wanted.append, below: sourceClasses)
    try id("pad", wanted.pad, below: sourceClasses)
    var padding: Graph.Generation.Padding?
    if let pad = wanted.pad, let rows = wanted.sourceRows { padding = Graph.Generation.Padding(id: pad, rows: rows) }
    return Graph.Generation(
      encodeProgram: encode, stepProgram: step, appendedID: wanted.append, startID: wanted.start, stopIDs: wanted.stop,
      longest: wanted.longest, output: output, input: input, padding: padding)
  }
}
