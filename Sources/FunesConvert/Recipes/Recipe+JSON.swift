// SPDX-License-Identifier: Apache-2.0
// `Recipe` → JSON: the form that `Recipe.parse` reads, keys always in one order.

extension Recipe {
  /// The recipe as JSON text with a newline at its end; parsing it gives an equal recipe.
  public func json() -> String {
    var object = JSONObject()
    object["funes_recipe"] = .integer(Recipe.version)
    object["name"] = .string(name)
    object["licence"] = licence.map { .string($0) }
    object["source"] = source.map { .string($0) }
    object["sample_rate"] = sampleRate.map { .integer($0) }
    var files = JSONObject()
    for checkpoint in checkpoints { files[checkpoint.name] = .string(checkpoint.file) }
    object["checkpoints"] = files.value
    object["drop"] = drop.isEmpty ? nil : .array(drop.map(\.json))
    object["texts"] = texts.isEmpty ? nil : .array(texts.map(\.json))
    object["generation"] = generation?.json
    object["image"] = image?.json
    object["states"] = states.isEmpty ? nil : .array(states.map(\.json))
    object["programs"] = .array(programs.map(\.json))
    return object.value.text
  }
}

/// An object that is being made, members in the order in which they are set.
struct JSONObject {
  private var members: [JSONMember] = []

  var value: JSONValue { .object(members) }

  subscript(key: String) -> JSONValue? {
    get { members.first { $0.key == key }?.value }
    set {
      guard let newValue else { return }
      members.append(JSONMember(key: key, value: newValue, position: JSONPosition(offset: 0, line: 0, column: 0)))
    }
  }
}

extension Recipe.Drop {
  fileprivate var json: JSONValue {
    guard let from else { return .string(pattern) }
    var object = JSONObject()
    object["tensor"] = .string(pattern)
    object["from"] = .string(from)
    return object.value
  }
}

extension Recipe.Text {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(name)
    object["kind"] = .string("\(kind)")
    object["symbols"] = symbols.isEmpty ? nil : .array(symbols.map { .string($0) })
    object["unknown"] = unknown.map { .integer($0) }
    object["lower_case"] = isLowerCased ? .bool(true) : nil
    object["line_sequence"] = isLineSequence ? .bool(true) : nil
    object["separator"] = separator.isEmpty ? nil : .string(separator)
    return object.value
  }
}

extension Recipe.Generation {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["encode"] = encode.map { .string($0) }
    object["step"] = .string(step)
    object["append"] = append.map { .integer($0) }
    object["start"] = .integer(start)
    object["stop"] = stop.isEmpty ? nil : stop.count == 1 ? .integer(stop[0]) : .array(stop.map { .integer($0) })
    object["longest"] = .integer(longest)
    object["output"] = .string(output)
    object["input"] = .string(input)
    object["pad"] = pad.map { .integer($0) }
    object["source_rows"] = sourceRows.map { .integer($0) }
    return object.value
  }
}

extension ImagePreparation {
  fileprivate var json: JSONValue {
    func numbers(_ all: [Double], _ usual: [Double]) -> JSONValue? {
      all == usual ? nil : .array(all.map { .number($0) })
    }
    var object = JSONObject()
    object["height"] = .integer(height)
    object["width"] = .integer(width)
    object["channels"] = channels == 1 ? nil : .integer(channels)
    object["layout"] = isInterleaved ? .string("pixels") : nil
    object["scale"] = scale == 1 ? nil : .number(scale)
    object["mean"] = numbers(mean, [0])
    object["std"] = numbers(deviation, [1])
    return object.value
  }
}

extension Recipe.State {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(name)
    object["kind"] = .string("\(kind)")
    object["lanes"] = lanes == 1 ? nil : .integer(lanes)
    object["width"] = .integer(width)
    object["initial"] = initial?.json
    return object.value
  }
}

extension Recipe.Program {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(name)
    object["block"] = isBlock ? .bool(true) : nil
    switch resets {
    case .all: object["reset"] = .string("all")
    case .named(let names): object["reset"] = names.isEmpty ? nil : .array(names.map { .string($0) })
    }
    object["inputs"] = .array(inputs.map(\.json))
    object["ops"] = .array(steps.map(\.json))
    object["outputs"] = .array(outputs.map(\.json))
    return object.value
  }
}

extension Recipe.Input {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(name)
    object["shape"] = (classes > 0 || text != nil) && shape == [1] ? nil : .array(shape.map { .integer($0) })
    object["classes"] = classes == 0 ? nil : .integer(classes)
    object["text"] = text.map { .string($0) }
    object["policy"] = policy == .replace ? .string("replace") : nil
    let hasRange = policy == .replace && (low != -1 || high != 1)
    object["range"] = hasRange ? .array([low, high].map { .number(Double($0)) }) : nil
    return object.value
  }
}

extension Recipe.Output {
  fileprivate var json: JSONValue {
    guard value != name || text != nil else { return .string(name) }
    var object = JSONObject()
    object["name"] = .string(name)
    object["value"] = value == name ? nil : .string(value)
    object["text"] = text.map { .string($0) }
    return object.value
  }
}

extension Recipe.Step {
  fileprivate var json: JSONValue {
    switch self {
    case .wide(let op): return op.json
    case .sequential(let operators):
      var object = JSONObject()
      object["sequential"] = .array(operators.map(\.json))
      return object.value
    case .repeated(let repeated):
      var object = JSONObject()
      object["repeat"] = .integer(repeated.count)
      object["first"] = repeated.first == 0 ? nil : .integer(repeated.first)
      object["index"] = repeated.index == "i" ? nil : .string(String(repeated.index))
      object["ops"] = .array(repeated.steps.map(\.json))
      return object.value
    }
  }
}

extension Recipe.Operator {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["op"] = .string(kind)
    object["name"] = name.map { .string($0) }
    if inputs.count == 1 {
      object["input"] = .string(inputs[0])
    } else if !inputs.isEmpty {
      object["inputs"] = .array(inputs.map { .string($0) })
    }
    object["output"] = output.map { .string($0) }
    Recipe.Field.write(fields, OperatorSchema[kind]?.fields ?? [], cell: fields["cell"], into: &object)
    return object.value
  }
}

extension Recipe.Field {
  /// Writes fields in the order of the schema.
  fileprivate static func write(
    _ fields: [String: Recipe.Field], _ schema: [OperatorSchema.Field], cell: Recipe.Field?,
    into object: inout JSONObject
  ) {
    for field in schema {
      switch fields[field.key] {
      case nil: continue
      case .tensor(let tensor): object[field.key] = tensor.json
      case .integer(let integer): object[field.key] = .integer(integer)
      case .number(let number): object[field.key] = .number(number)
      case .flag(let flag): object[field.key] = .bool(flag)
      case .word(let word): object[field.key] = .string(word)
      case .integers(let integers): object[field.key] = .array(integers.map { .integer($0) })
      case .fields(let inner):
        var part = JSONObject()
        if case .word(let kind) = cell { write(inner, OperatorSchema[kind]?.fields ?? [], cell: nil, into: &part) }
        object[field.key] = part.value
      }
    }
  }
}

extension TensorExpression {
  fileprivate var json: JSONValue {
    if case .tensor(let name, nil) = base, isPlain { return .string(name) }
    var object = JSONObject()
    switch base {
    case .tensor(let name, let from):
      object["tensor"] = .string(name)
      object["from"] = from.map { .string($0) }
    case .concat(let parts): object["concat"] = .array(parts.map(\.json))
    case .sum(let parts): object["sum"] = .array(parts.map(\.json))
    case .zeros(let shape): object["zeros"] = .array(shape.map { .integer($0) })
    }
    object["reshape"] = reshape.map { .array($0.map { .integer($0) }) }
    object["permute"] = permute.map { .array($0.map { .integer($0) }) }
    object["transpose"] = isTransposed ? .bool(true) : nil
    object["rows"] = rows.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) }
    object["columns"] = columns.map { .array([.integer($0.lowerBound), .integer($0.upperBound)]) }
    object["scale"] = scale.map { .number($0) }
    object["add"] = add.map { .number($0) }
    object["gates"] = gates.map { .string($0) }
    if !addGate.isEmpty {
      var gates = JSONObject()
      for (letter, number) in addGate.sorted(by: { $0.key < $1.key }) { gates[letter] = .number(number) }
      object["add_gate"] = gates.value
    }
    return object.value
  }
}
