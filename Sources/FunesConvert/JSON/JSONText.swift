// SPDX-License-Identifier: Apache-2.0
// JSON values → text that people read: what fits a line stands on it, the rest is broken by members.

/// Writes JSON values.
enum JSONText {
  private static let lineLength = 120

  static func string(_ value: JSONValue) -> String { broken(value, indent: 0, used: 0) }

  /// A number that reads back as the same value: a whole one stays a double.
  static func number(_ number: Double) -> JSONValue { .number(number) }

  /// On one line where it fits behind `used` characters, otherwise over several.
  private static func broken(_ value: JSONValue, indent: Int, used: Int) -> String {
    let line = flat(value)
    // One more for the comma that may follow.
    if used + line.count < lineLength { return line }
    let margin = String(repeating: " ", count: indent + 2)
    let end = "\n" + String(repeating: " ", count: indent)
    switch value {
    case .object(let members):
      let lines = members.map { member in
        let key = "\(quoted(member.key)): "
        return margin + key + broken(member.value, indent: indent + 2, used: indent + 2 + key.count)
      }
      return "{\n" + lines.joined(separator: ",\n") + end + "}"
    case .array(let elements) where elements.allSatisfy({ $0.members == nil && $0.elements == nil }):
      return "[\n" + filled(elements.map(flat), margin: margin) + end + "]"
    case .array(let elements):
      let lines = elements.map { margin + broken($0, indent: indent + 2, used: indent + 2) }
      return "[\n" + lines.joined(separator: ",\n") + end + "]"
    default: return line
    }
  }

  /// Words one after another, as many on a line as fit.
  private static func filled(_ words: [String], margin: String) -> String {
    var text = ""
    var line = margin
    for (index, word) in words.enumerated() {
      let next = index + 1 < words.count ? word + "," : word
      if line != margin, line.count + 1 + next.count > lineLength {
        text += line + "\n"
        line = margin
      }
      line += (line == margin ? "" : " ") + next
    }
    return text + line
  }

  private static func flat(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let bool): bool ? "true" : "false"
    case .integer(let integer): "\(integer)"
    case .number(let number): "\(number)"
    case .string(let string): quoted(string)
    case .array(let elements): "[" + elements.map(flat).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(quoted($0.key)): \(flat($0.value))" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
