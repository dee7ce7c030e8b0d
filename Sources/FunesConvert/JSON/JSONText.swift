// SPDX-License-Identifier: Apache-2.0
// JSON values → text that people read: what fits a line stands on it, the rest is broken by members.

/// Writes JSON values.
package enum JSONText {
  private static let lineLength = 120

  static func string(_ value: JSONValue) -> String { broken(value, indent: 0, used: 0) }

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
    case .number(let number): decimal(number)
    case .string(let string): quoted(string)
    case .array(let elements): "[" + elements.map(flat).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(quoted($0.key)): \(flat($0.value))" }.joined(separator: ", ") + "}"
    }
  }

  /// The fewest digits that read back as the same number.
  private static func decimal(_ number: Double) -> String {
    precondition(number.isFinite, "JSONText: a number is not finite")
    return "\(number)"
  }

  /// The string in quotation marks, escaped where JSON demands it.
  package static func quoted(_ string: String) -> String {
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
