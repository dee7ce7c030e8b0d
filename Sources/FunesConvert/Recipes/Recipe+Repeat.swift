// SPDX-License-Identifier: Apache-2.0
// Layers that differ in a number: steps that a recipe says once, and the operators that they stand for.

extension Recipe {
  /// Steps that are made `count` times: in every name and tensor `{i}` stands for the number of the layer, `{i+1}` and
  /// `{i-1}` for its neighbours', where `index` is i.
  public struct Repeat: Sendable, Equatable {
    public var count: Int
    /// The number of the first layer.
    public var first = 0
    /// A letter of its own among the repeats around it.
    public var index: Character = "i"
    public var steps: [Step]

    public init(count: Int, steps: [Step]) {
      self.count = count
      self.steps = steps
    }
  }
}

/// Makes repeats into operators. A few lines of a recipe may stand for any number of them, so both their number, which is
/// counted before one is made, and the bytes of their strings are limited.
struct RepeatExpansion {
  /// As many as a file holds.
  static let operatorLimit = 16_384
  static let byteLimit = 1 << 24
  /// Repeats inside each other.
  static let depthLimit = 4
  /// The highest number of a first layer.
  static let firstLimit = 1_000_000

  private var indices: [(letter: Character, number: Int)] = []
  private var byteCount = 0

  /// The steps of a program, without repeats.
  static func steps(of program: Recipe.Program) throws(RecipeError) -> [Recipe.Step] {
    let count = operatorCount(program.steps)
    guard count <= operatorLimit else {
      throw .overLimit(what: "operators of \"\(program.name)\"", found: count, limit: operatorLimit)
    }
    var expansion = RepeatExpansion()
    return try expansion.expanded(program.steps)
  }

  /// Operators that steps stand for; stops counting where they are far too many.
  private static func operatorCount(_ steps: [Recipe.Step]) -> Int {
    var total = 0
    for step in steps {
      switch step {
      case .wide: total += 1
      case .sequential(let steps): total += operatorCount(steps)
      case .repeated(let repeated):
        let (product, overflow) = operatorCount(repeated.steps).multipliedReportingOverflow(by: repeated.count)
        total += overflow ? 1 << 40 : min(product, 1 << 40)
      }
      total = min(total, 1 << 40)
    }
    return total
  }

  private mutating func expanded(_ steps: [Recipe.Step]) throws(RecipeError) -> [Recipe.Step] {
    var all: [Recipe.Step] = []
    for step in steps {
      switch step {
      case .wide(let op): all.append(.wide(indices.isEmpty ? op : try filled(op)))
      case .sequential(let steps): all.append(.sequential(try expanded(steps)))
      case .repeated(let repeated):
        try check(repeated)
        for layer in 0..<repeated.count {
          indices.append((repeated.index, repeated.first + layer))
          all += try expanded(repeated.steps)
          indices.removeLast()
        }
      }
    }
    return all
  }

  /// What the parser has seen to; a recipe made in code may differ.
  private func check(_ repeated: Recipe.Repeat) throws(RecipeError) {
    guard indices.count < Self.depthLimit else {
      throw .overLimit(what: "repeats inside each other", found: indices.count + 1, limit: Self.depthLimit)
    }
    guard !indices.contains(where: { $0.letter == repeated.index }) else {
      throw .duplicateName(String(repeated.index), kind: "index")
    }
    // Without an operator in it nothing would bound the layers.
    guard !repeated.steps.isEmpty, repeated.count >= 1 else {
      throw .overLimit(what: "layers of a repeat without operators", found: repeated.count, limit: 0)
    }
    guard (0...Self.firstLimit).contains(repeated.first) else {
      throw .overLimit(what: "first layer of a repeat", found: repeated.first, limit: Self.firstLimit)
    }
  }

  // MARK: Strings

  private mutating func filled(_ op: Recipe.Operator) throws(RecipeError) -> Recipe.Operator {
    var made = op
    made.name = try filled(op.name)
    made.output = try filled(op.output)
    for index in op.inputs.indices { made.inputs[index] = try filled(op.inputs[index]) }
    made.fields = try filled(op.fields)
    return made
  }

  private mutating func filled(_ fields: [String: Recipe.Field]) throws(RecipeError) -> [String: Recipe.Field] {
    var made = fields
    for (key, field) in fields {
      switch field {
      case .tensor(let tensor): made[key] = .tensor(try filled(tensor))
      case .word(let word): made[key] = .word(try filled(word))
      case .fields(let inner): made[key] = .fields(try filled(inner))
      case .integer, .number, .flag, .integers: break
      }
    }
    return made
  }

  private mutating func filled(_ tensor: TensorExpression) throws(RecipeError) -> TensorExpression {
    func parts(_ parts: [TensorExpression], _ expansion: inout Self) throws(RecipeError) -> [TensorExpression] {
      var made: [TensorExpression] = []
      for part in parts { made.append(try expansion.filled(part)) }
      return made
    }
    var made = tensor
    switch tensor.base {
    case .tensor(let name, let from): made.base = .tensor(try filled(name), from: try filled(from))
    case .concat(let tensors): made.base = .concat(try parts(tensors, &self))
    case .sum(let tensors): made.base = .sum(try parts(tensors, &self))
    case .zeros: break
    }
    return made
  }

  private mutating func filled(_ text: String?) throws(RecipeError) -> String? {
    guard let text else { return nil }
    return try filled(text) as String
  }

  /// The text with each `{…}` replaced by its number.
  private mutating func filled(_ text: String) throws(RecipeError) -> String {
    var made = ""
    var rest = text[...]
    while let brace = rest.firstIndex(of: "{") {
      made += rest[..<brace]
      guard let end = rest[brace...].firstIndex(of: "}") else { throw wrongIndex(String(rest[brace...]), in: text) }
      made += String(try number(rest[rest.index(after: brace)..<end], in: text))
      rest = rest[rest.index(after: end)...]
    }
    made += rest
    byteCount += made.utf8.count
    guard byteCount <= Self.byteLimit else {
      throw .overLimit(what: "bytes of names in repeats", found: byteCount, limit: Self.byteLimit)
    }
    return made
  }

  /// `i`, `i+1` or `i-1`.
  private func number(_ expression: Substring, in text: String) throws(RecipeError) -> Int {
    guard let layer = indices.last(where: { $0.letter == expression.first })?.number else {
      throw wrongIndex("{\(expression)}", in: text)
    }
    let tail = expression.dropFirst()
    if tail.isEmpty { return layer }
    let digits = tail.dropFirst()
    let isNumber = (1...6).contains(digits.utf8.count) && digits.utf8.allSatisfy { (48...57).contains($0) }
    guard tail.first == "+" || tail.first == "-", isNumber, let offset = Int(digits) else {
      throw wrongIndex("{\(expression)}", in: text)
    }
    let number = tail.first == "+" ? layer + offset : layer - offset
    guard number >= 0 else { throw wrongIndex("{\(expression)}", in: text) }
    return number
  }

  private func wrongIndex(_ found: String, in text: String) -> RecipeError {
    .wrongIndex(String(found.prefix(80)), in: String(text.prefix(200)), known: indices.map { String($0.letter) })
  }
}
