// SPDX-License-Identifier: Apache-2.0
// The programs of a recipe: inputs, operators, outputs.

extension RecipeParser {
  func program(_ node: Node) throws(RecipeError) -> Recipe.Program {
    _ = try node.object(["name", "block", "reset", "inputs", "ops", "outputs"])
    var inputs: [Recipe.Input] = []
    for element in try node.need("inputs").elements() { inputs.append(try input(element)) }
    guard !inputs.isEmpty else { throw try node.need("inputs").wrong("at least one input") }
    var steps: [Recipe.Step] = []
    for element in try node.need("ops").elements() { steps.append(try step(element)) }
    guard !steps.isEmpty else { throw try node.need("ops").wrong("at least one operator") }
    var outputs: [Recipe.Output] = []
    for element in try node.need("outputs").elements() { outputs.append(try output(element)) }
    var program = Recipe.Program(name: try node.need("name").name(), inputs: inputs, steps: steps, outputs: outputs)
    program.isBlock = try node.find("block")?.flag() ?? false
    if let reset = node.find("reset") { program.resets = try resets(reset) }
    return program
  }

  private func resets(_ node: Node) throws(RecipeError) -> Recipe.Resets {
    if let word = node.value.stringValue {
      guard word == "all" else {
        throw .unknownWord(key: "reset", found: word, expected: ["all"], at: node.position)
      }
      return .all
    }
    var names: [String] = []
    for element in try node.elements() { names.append(try element.name()) }
    return .named(names)
  }

  private func input(_ node: Node) throws(RecipeError) -> Recipe.Input {
    _ = try node.object(["name", "shape", "classes", "text", "policy", "range"])
    let classes = try node.find("classes")?.integer(1...(1 << 28)) ?? 0
    if classes == 0, node.find("shape") == nil, node.find("text") == nil {
      throw .missingKey("shape", in: "an input", at: node.position)
    }
    let shape = try node.find("shape")?.integers(1...Graph.widthLimit) ?? [1]
    guard (1...3).contains(shape.count) else { throw try node.need("shape").wrong("1 to 3 extents") }
    var input = Recipe.Input(name: try node.need("name").name(), shape: shape, classes: classes)
    input.text = try node.find("text")?.name()
    if let policy = node.find("policy") {
      switch try policy.string() {
      case "refuse": input.policy = .refuse
      case "replace": input.policy = .replace
      case let word:
        throw .unknownWord(key: "policy", found: word, expected: ["refuse", "replace"], at: policy.position)
      }
    }
    if let policy = node.find("policy"), input.policy == .replace, classes > 0 || input.text != nil {
      throw .unknownKey("policy", in: "an input of ids", at: policy.position)
    }
    if let range = node.find("range") {
      guard input.policy == .replace else {
        throw .unknownKey("range", in: "an input without \"policy\": \"replace\"", at: range.position)
      }
      let ends = try range.elements()
      guard ends.count == 2 else { throw range.wrong("two numbers") }
      input.low = Float(try ends[0].number())
      input.high = Float(try ends[1].number())
      guard input.low <= input.high, max(-input.low, input.high) <= 0x1p50 else {
        throw range.wrong("two numbers in ascending order within ±2^50")
      }
    }
    return input
  }

  private func output(_ node: Node) throws(RecipeError) -> Recipe.Output {
    if node.value.stringValue != nil {
      let name = try node.name()
      return Recipe.Output(name: name, value: name)
    }
    _ = try node.object(["name", "value", "text"])
    let name = try node.need("name").name()
    return Recipe.Output(name: name, value: try node.find("value")?.name() ?? name, text: try node.find("text")?.name())
  }

  /// `indices` are those of the repeats around it.
  private func step(
    _ node: Node, indices: [Character] = [], isSequential: Bool = false
  ) throws(RecipeError) -> Recipe.Step {
    if node.find("repeat") != nil { return .repeated(try repeated(node, indices, isSequential)) }
    guard let run = node.find("sequential"), !isSequential else { return .wide(try `operator`(node)) }
    _ = try node.object(["sequential"])
    var steps: [Recipe.Step] = []
    for element in try run.elements() { steps.append(try step(element, indices: indices, isSequential: true)) }
    guard !steps.isEmpty else { throw run.wrong("at least one operator") }
    return .sequential(steps)
  }

  private func repeated(
    _ node: Node, _ indices: [Character], _ isSequential: Bool
  ) throws(RecipeError) -> Recipe.Repeat {
    _ = try node.object(["repeat", "first", "index", "ops"])
    let count = try node.need("repeat").integer(1...RepeatExpansion.operatorLimit)
    var repeated = Recipe.Repeat(count: count, steps: [])
    repeated.first = try node.find("first")?.integer(0...RepeatExpansion.firstLimit) ?? 0
    if let index = node.find("index") {
      let word = try index.string()
      guard word.utf8.count == 1, let letter = word.first, ("a"..."z").contains(letter) else {
        throw index.wrong("a letter from a to z")
      }
      repeated.index = letter
    }
    guard !indices.contains(repeated.index) else {
      throw node.find("index")?.wrong("a letter that no repeat around it has")
        ?? RecipeError.missingKey("index", in: "a repeat inside another", at: node.position)
    }
    guard indices.count < RepeatExpansion.depthLimit else {
      throw .overLimit(
        what: "repeats inside each other", found: indices.count + 1, limit: RepeatExpansion.depthLimit)
    }
    let ops = try node.need("ops")
    for element in try ops.elements() {
      repeated.steps.append(try step(element, indices: indices + [repeated.index], isSequential: isSequential))
    }
    guard !repeated.steps.isEmpty else { throw ops.wrong("at least one operator") }
    return repeated
  }

  private func `operator`(_ node: Node) throws(RecipeError) -> Recipe.Operator {
    _ = try node.allMembers()
    let op = try node.need("op")
    let kind = try op.string()
    guard let schema = OperatorSchema[kind] else { throw .unknownOperator(kind, at: op.position) }
    let place = "the operator \"\(kind)\""
    var named = node
    named.place = place
    _ = try named.object(OperatorSchema.commonKeys + schema.fields.map(\.key))

    var inputs: [String] = []
    if let list = node.find("inputs") {
      if let input = node.find("input") {
        throw .unknownKey("input", in: "\(place) with \"inputs\"", at: input.position)
      }
      for element in try list.elements() { inputs.append(try element.name()) }
    } else if let input = node.find("input") {
      inputs = [try input.name()]
    } else if schema.inputs.lowerBound > 0 {
      throw .missingKey(schema.inputs == 1...1 ? "input" : "inputs", in: place, at: node.position)
    }
    guard schema.inputs.contains(inputs.count) else {
      let expected = schema.inputs.count == 1 ? "\(schema.inputs.lowerBound)" : "\(schema.inputs)"
      throw .wrongValue(key: "inputs", found: "\(inputs.count) inputs", expected: expected, at: node.position)
    }
    if !schema.hasOutput, let output = node.find("output") {
      throw .unknownKey("output", in: place, at: output.position)
    }
    let output = schema.hasOutput ? try named.need("output").name() : nil
    var result = Recipe.Operator(kind, inputs: inputs, output: output)
    result.name = try node.find("name")?.name()
    result.fields = try fields(named, schema.fields)
    return result
  }

  /// The fields of an operator or, inside `bidirectional`, of a cell.
  private func fields(_ node: Node, _ schema: [OperatorSchema.Field]) throws(RecipeError) -> [String: Recipe.Field] {
    var fields: [String: Recipe.Field] = [:]
    for field in schema {
      guard let value = node.find(field.key) else {
        if field.isRequired { throw .missingKey(field.key, in: node.place, at: node.position) }
        continue
      }
      switch field.kind {
      case .tensor: fields[field.key] = .tensor(try tensor(value))
      case .integer: fields[field.key] = .integer(try value.integer())
      case .number: fields[field.key] = .number(try value.number())
      case .flag: fields[field.key] = .flag(try value.flag())
      case .integers: fields[field.key] = .integers(try value.integers(1...Graph.widthLimit))
      case .counts: fields[field.key] = .integers(try value.integers(0...Graph.widthLimit))
      case .name: fields[field.key] = .word(try value.name())
      case .word(let words):
        let word = try value.string()
        guard words.contains(word) else {
          throw .unknownWord(key: field.key, found: word, expected: words, at: value.position)
        }
        fields[field.key] = .word(word)
      case .cellFields:
        let cell = try node.need("cell")
        guard let schema = OperatorSchema[try cell.string()]?.fields else { continue }
        let inner = schema.filter { $0.key != "reversed" && $0.key != "gates_output" }
        _ = try value.object(inner.map(\.key))
        fields[field.key] = .fields(try self.fields(value, inner))
      }
    }
    return fields
  }
}
