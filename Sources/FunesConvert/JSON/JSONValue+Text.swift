// SPDX-License-Identifier: Apache-2.0
// Writes JSON: reports for programs and whatever else the converter tells in that form.

extension JSONValue {
  /// The document as text, indented by two blanks, members in their order, with a line feed at its end.
  ///
  /// Equal values give equal text. Doubles are written with the fewest digits that read back as the same number.
  package var text: String {
    var text = ""
    append(to: &text, indent: "")
    return text + "\n"
  }

  private func append(to text: inout String, indent: String) {
    switch self {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let integer): text += "\(integer)"
    case .number(let number):
      precondition(number.isFinite, "JSONValue: a number is not finite")
      text += "\(number)"
    case .string(let string): JSONValue.appendQuoted(string, to: &text)
    case .array(let elements):
      JSONValue.appendList(elements, "[", "]", to: &text, indent: indent) { element, text, indent in
        element.append(to: &text, indent: indent)
      }
    case .object(let members):
      JSONValue.appendList(members, "{", "}", to: &text, indent: indent) { member, text, indent in
        JSONValue.appendQuoted(member.key, to: &text)
        text += ": "
        member.value.append(to: &text, indent: indent)
      }
    }
  }

  private static func appendList<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, to text: inout String, indent: String,
    _ appendElement: (Element, inout String, String) -> Void
  ) {
    text += opening
    for (index, element) in elements.enumerated() {
      text += index == 0 ? "\n" : ",\n"
      text += indent + "  "
      appendElement(element, &text, indent + "  ")
    }
    if !elements.isEmpty { text += "\n" + indent }
    text += closing
  }

  private static func appendQuoted(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// An object of members given in order.
  package static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    self.members(list: members.map { ($0.key, $0.value) })
  }

  package static func members(list members: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(
      members.map { JSONMember(key: $0.key, value: $0.value, position: JSONPosition(offset: 0, line: 0, column: 0)) })
  }
}
