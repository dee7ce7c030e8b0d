// SPDX-License-Identifier: Apache-2.0
// A JSON document in memory, members in file order: what the safetensors header, recipes and configurations are read
// into before anything in them is believed.

/// One value of a JSON document (RFC 8259).
///
/// Objects keep their members in file order and have no two equal keys. Keys are compared byte by byte in UTF-8, not by
/// Unicode equivalence, since a vocabulary may hold both spellings of one character.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent that fits `Int`.
  case integer(Int)
  /// Any other number; always finite.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])
}

/// One `"key": value` of an object.
package struct JSONMember: Sendable, Equatable {
  package var key: String
  package var value: JSONValue
  /// Where the key begins in the document; takes no part in equality.
  package var position: JSONPosition

  package static func == (left: JSONMember, right: JSONMember) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
  }
}

extension JSONValue {
  /// The value of the member named `key`; nil when this is not an object or has no such member.
  ///
  /// Looks at the members one after another: iterate `members` where an object is large.
  package subscript(key: String) -> JSONValue? {
    members?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The members of an object, in file order.
  package var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array.
  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  package var stringValue: String? {
    if case .string(let string) = self { string } else { nil }
  }

  package var boolValue: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The number when it was written as a whole number that fits `Int`.
  package var intValue: Int? {
    if case .integer(let integer) = self { integer } else { nil }
  }

  /// The number, whole or not, as the nearest `Double`.
  package var doubleValue: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }

  package var isNull: Bool { self == .null }

  /// The kind of this value in words, for "found …, expected …".
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
