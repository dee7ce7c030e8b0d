// SPDX-License-Identifier: Apache-2.0
// JSON text → `Recipe`. Everything that the text alone can get wrong is found here, with line and column; what needs
// tensors or shapes is found by `GraphBuilder`.

extension Recipe {
  /// Parses a recipe's text, strictly: what is not known is refused.
  public static func parse(_ bytes: [UInt8]) throws(RecipeError) -> Recipe {
    let document: JSONValue
    do { document = try JSONValue(parsing: bytes) } catch { throw .notJSON(error) }
    let start = JSONPosition(offset: 0, line: 1, column: 1)
    return try RecipeParser().recipe(RecipeParser.Node(value: document, place: "the recipe", position: start))
  }

  public static func parse(_ text: String) throws(RecipeError) -> Recipe { try parse(Array(text.utf8)) }
}

/// Reads JSON values as parts of a recipe; has no state of its own.
struct RecipeParser {
  /// A value, what it is called in errors, and the nearest position known.
  struct Node {
    var value: JSONValue
    var place: String
    var position: JSONPosition

    /// The members of an object, each key being one of `keys`.
    func object(_ keys: [String]) throws(RecipeError) -> [JSONMember] {
      let members = try allMembers()
      for member in members where !keys.contains(member.key) {
        throw .unknownKey(member.key, in: place, at: member.position)
      }
      return members
    }

    /// The members of an object of any keys.
    func allMembers() throws(RecipeError) -> [JSONMember] {
      guard let members = value.members else { throw wrong("an object") }
      return members
    }

    /// The member of that key, if there is one.
    func find(_ key: String) -> Node? {
      guard let member = value.members?.first(where: { $0.key == key }) else { return nil }
      return Node(value: member.value, place: key, position: member.position)
    }

    func need(_ key: String) throws(RecipeError) -> Node {
      guard let node = find(key) else { throw .missingKey(key, in: place, at: position) }
      return node
    }

    func elements() throws(RecipeError) -> [Node] {
      guard let elements = value.elements else { throw wrong("an array") }
      return elements.map { Node(value: $0, place: place, position: $0.members?.first?.position ?? position) }
    }

    func string() throws(RecipeError) -> String {
      guard let string = value.stringValue else { throw wrong("a string") }
      return string
    }

    /// A string that is a name: not empty.
    func name() throws(RecipeError) -> String {
      guard let string = value.stringValue, !string.isEmpty else { throw wrong("a name") }
      return string
    }

    func integer(_ range: ClosedRange<Int> = 0...Int(Int32.max)) throws(RecipeError) -> Int {
      guard let integer = value.intValue, range.contains(integer) else {
        throw wrong("a whole number in \(range.lowerBound)...\(range.upperBound)")
      }
      return integer
    }

    func number() throws(RecipeError) -> Double {
      guard let number = value.doubleValue else { throw wrong("a number") }
      return number
    }

    func flag() throws(RecipeError) -> Bool {
      guard let flag = value.boolValue else { throw wrong("a boolean") }
      return flag
    }

    func integers(_ range: ClosedRange<Int> = 0...Int(Int32.max)) throws(RecipeError) -> [Int] {
      var all: [Int] = []
      for element in try elements() { all.append(try element.integer(range)) }
      return all
    }

    func wrong(_ expected: String) -> RecipeError {
      let found =
        switch value {
        case .integer(let integer): "\(integer)"
        case .string(let string): "\"\(string)\""
        default: value.kind
        }
      return .wrongValue(key: place, found: found, expected: expected, at: position)
    }
  }

  static let keys = [
    "funes_recipe", "name", "licence", "source", "sample_rate", "checkpoints", "drop", "texts", "generation", "image",
    "states", "programs",
  ]

  func recipe(_ node: Node) throws(RecipeError) -> Recipe {
    _ = try node.allMembers()
    let version = try node.need("funes_recipe").integer()
    guard version == Recipe.version else { throw .unsupportedVersion(found: version, supported: Recipe.version) }
    _ = try node.object(RecipeParser.keys)
    var recipe = Recipe(name: try node.need("name").name(), checkpoints: [])
    recipe.licence = try node.find("licence")?.string()
    recipe.source = try node.find("source")?.string()
    recipe.sampleRate = try node.find("sample_rate")?.integer(1...1_000_000)
    for member in try node.need("checkpoints").allMembers() {
      let file = Node(value: member.value, place: member.key, position: member.position)
      recipe.checkpoints.append(Recipe.Checkpoint(name: member.key, file: try file.name()))
    }
    guard !recipe.checkpoints.isEmpty else { throw try node.need("checkpoints").wrong("at least one checkpoint") }
    for element in try node.find("drop")?.elements() ?? [] { recipe.drop.append(try drop(element)) }
    for element in try node.find("texts")?.elements() ?? [] { recipe.texts.append(try text(element)) }
    if let generation = node.find("generation") { recipe.generation = try self.generation(generation) }
    if let image = node.find("image") { recipe.image = try self.image(image) }
    for element in try node.find("states")?.elements() ?? [] { recipe.states.append(try state(element)) }
    for element in try node.need("programs").elements() { recipe.programs.append(try program(element)) }
    guard !recipe.programs.isEmpty else { throw try node.need("programs").wrong("at least one program") }
    return recipe
  }

  private func drop(_ node: Node) throws(RecipeError) -> Recipe.Drop {
    if node.value.stringValue != nil { return Recipe.Drop(pattern: try node.name()) }
    _ = try node.object(["tensor", "from"])
    return Recipe.Drop(pattern: try node.need("tensor").name(), from: try node.find("from")?.name())
  }

  private func text(_ node: Node) throws(RecipeError) -> Recipe.Text {
    _ = try node.object(["name", "kind", "symbols", "unknown", "lower_case", "line_sequence", "separator"])
    let kind = try node.need("kind")
    let kinds: [String: Graph.TextTable.Kind] = ["labels": .labels, "characters": .characters, "bytes": .bytes]
    let word = try kind.string()
    guard let known = kinds[word] else {
      throw .unknownWord(key: "kind", found: word, expected: kinds.keys.sorted(), at: kind.position)
    }
    var symbols: [String] = []
    for element in try node.find("symbols")?.elements() ?? [] { symbols.append(try element.string()) }
    var text = Recipe.Text(name: try node.need("name").name(), kind: known, symbols: symbols)
    text.unknown = try node.find("unknown")?.integer()
    text.isLowerCased = try node.find("lower_case")?.flag() ?? false
    text.isLineSequence = try node.find("line_sequence")?.flag() ?? false
    text.separator = try node.find("separator")?.string() ?? ""
    return text
  }

  private func generation(_ node: Node) throws(RecipeError) -> Recipe.Generation {
    _ = try node.object([
      "encode", "step", "append", "start", "stop", "longest", "output", "input", "pad", "source_rows",
    ])
    var stop: [Int] = []
    if let given = node.find("stop") {
      stop = given.value.elements == nil ? [try given.integer()] : try given.integers()
      let limit = Graph.Generation.stopLimit
      guard (1...limit).contains(stop.count), Set(stop).count == stop.count else {
        throw given.wrong("an id or 1...\(limit) different ones")
      }
    }
    let rows = try node.find("source_rows")?.integer(1...65_536)
    let pad = rows == nil ? try node.find("pad")?.integer() : try node.need("pad").integer()
    if rows == nil, pad != nil { _ = try node.need("source_rows") }
    return Recipe.Generation(
      encode: try node.find("encode")?.name(), step: try node.need("step").name(),
      append: try node.find("append")?.integer(), start: try node.need("start").integer(), stop: stop,
      longest: try node.need("longest").integer(1...Int(Int32.max)), output: try node.need("output").name(),
      input: try node.need("input").name(), pad: pad, sourceRows: rows)
  }

  private func image(_ node: Node) throws(RecipeError) -> ImagePreparation {
    _ = try node.object(["height", "width", "channels", "layout", "scale", "mean", "std"])
    var image = ImagePreparation(
      height: try node.need("height").integer(1...ImagePreparation.extentLimit),
      width: try node.need("width").integer(1...ImagePreparation.extentLimit), channels: 1)
    let channels = node.find("channels")
    image.channels = try channels?.integer(1...3) ?? 1
    if image.channels == 2 { throw channels!.wrong("1 or 3") }
    if let layout = node.find("layout") {
      let word = try layout.string()
      guard word == "planes" || word == "pixels" else {
        throw .unknownWord(key: "layout", found: word, expected: ["planes", "pixels"], at: layout.position)
      }
      image.isInterleaved = word == "pixels"
    }
    image.scale = try node.find("scale")?.number() ?? 1
    image.mean = try numbers(node.find("mean"), image.channels, -0x1p50...0x1p50) ?? [0]
    image.deviation = try numbers(node.find("std"), image.channels, 0x1p-50...0x1p50) ?? [1]
    guard image.scale.magnitude <= 0x1p50 else { throw try node.need("scale").wrong("a number within ±2^50") }
    return image
  }

  /// One number, or one a channel.
  private func numbers(_ node: Node?, _ count: Int, _ range: ClosedRange<Double>) throws(RecipeError) -> [Double]? {
    guard let node else { return nil }
    var all: [Double] = []
    for element in try node.elements() { all.append(try element.number()) }
    guard all.count == 1 || all.count == count, all.allSatisfy(range.contains) else {
      throw node.wrong("a number in range, or one for each of \(count) channels")
    }
    return all
  }

  private func state(_ node: Node) throws(RecipeError) -> Recipe.State {
    _ = try node.object(["name", "kind", "lanes", "width", "initial"])
    let kind = try node.need("kind")
    let kinds: [String: Graph.State.Kind] = ["hidden": .hidden, "cell": .cell, "value": .value]
    let word = try kind.string()
    guard let known = kinds[word] else {
      throw .unknownWord(key: "kind", found: word, expected: kinds.keys.sorted(), at: kind.position)
    }
    let width = try node.need("width").integer(1...Graph.widthLimit)
    var state = Recipe.State(name: try node.need("name").name(), kind: known, width: width)
    state.lanes = try node.find("lanes")?.integer(1...Graph.widthLimit) ?? 1
    if let initial = node.find("initial") { state.initial = try tensor(initial) }
    return state
  }
}

extension Graph {
  /// Largest width of a value or state.
  static let widthLimit = 1 << 24

  /// The product of extents; `Int.max` where it exceeds that.
  static func elementCount(_ shape: [Int]) -> Int {
    shape.reduce(1) { count, extent in
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      return overflow ? Int.max : product
    }
  }
}
