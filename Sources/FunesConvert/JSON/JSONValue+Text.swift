// SPDX-License-Identifier: Apache-2.0
// Makes JSON: objects of members in order, and documents as text.

extension JSONValue {
  /// The document as text, members in their order, with a line feed at its end. Equal values give equal text.
  package var text: String { JSONText.string(self) + "\n" }

  /// An object of members given in order.
  package static func members(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    self.members(list: members.map { ($0.key, $0.value) })
  }

  package static func members(list members: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(
      members.map { JSONMember(key: $0.key, value: $0.value, position: JSONPosition(offset: 0, line: 0, column: 0)) })
  }
}
