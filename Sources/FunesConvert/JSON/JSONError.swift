// SPDX-License-Identifier: Apache-2.0
// Why a JSON document was refused, with the place, and the wording of it.

/// A place in a text: bytes from its beginning, and the line and column that an editor shows.
public struct JSONPosition: Sendable, Equatable {
  /// Bytes from the beginning of the document.
  public var offset: Int
  /// Lines from 1.
  public var line: Int
  /// Bytes from the beginning of the line, from 1.
  public var column: Int

  static let start = JSONPosition(offset: 0, line: 1, column: 1)

  public init(offset: Int, line: Int, column: Int) {
    self.offset = offset
    self.line = line
    self.column = column
  }
}

/// Why a JSON document was refused.
public enum JSONError: Error, Equatable {
  /// A byte stands where the grammar does not allow it; bytes after the document's end are such.
  case unexpectedByte(found: UInt8, expected: String, at: JSONPosition)
  /// The document ends too soon.
  case unexpectedEnd(expected: String, at: JSONPosition)
  /// Arrays and objects are nested deeper than `limit`.
  case tooDeep(limit: Int, at: JSONPosition)
  /// An object has two members of one name; `at` is the second.
  case duplicateKey(String, at: JSONPosition)
  /// A number is written with more than `limit` bytes.
  case numberTooLong(limit: Int, at: JSONPosition)
  /// A number is too large for a double.
  case numberOutOfRange(found: String, at: JSONPosition)
  /// A string holds a byte below 0x20 that must be escaped.
  case controlCharacter(found: UInt8, at: JSONPosition)
  /// A backslash is followed by nothing that JSON knows.
  case invalidEscape(at: JSONPosition)
  /// A `\u` escape is one half of a surrogate pair without the other.
  case loneSurrogate(at: JSONPosition)
  /// A string is not UTF-8.
  case invalidUTF8(at: JSONPosition)
}

extension JSONPosition: CustomStringConvertible {
  public var description: String { "\(line):\(column)" }
}

extension JSONError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpectedByte(let found, let expected, let at):
      "json \(at): found \(JSONError.quote(found)), expected \(expected)"
    case .unexpectedEnd(let expected, let at):
      "json \(at): found the end of the text, expected \(expected)"
    case .tooDeep(let limit, let at):
      "json \(at): found more than \(limit) nested arrays and objects, expected at most \(limit)"
    case .duplicateKey(let key, let at):
      "json \(at): found the key \"\(key)\" twice, expected each key once"
    case .numberTooLong(let limit, let at):
      "json \(at): found a number of more than \(limit) bytes, expected at most \(limit)"
    case .numberOutOfRange(let found, let at):
      "json \(at): found the number \"\(found)\", expected at most 1.8e308 in magnitude"
    case .controlCharacter(let found, let at):
      "json \(at): found \(JSONError.quote(found)) in a string, expected it escaped"
    case .invalidEscape(let at):
      "json \(at): found an unknown escape, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
    case .loneSurrogate(let at):
      "json \(at): found half of a surrogate pair, expected both halves"
    case .invalidUTF8(let at):
      "json \(at): found bytes that are not utf-8, expected utf-8"
    }
  }

  private static func quote(_ byte: UInt8) -> String {
    if byte > 0x20 && byte < 0x7f { return "\"\(Character(Unicode.Scalar(byte)))\"" }
    let digits = String(byte, radix: 16)
    return "byte 0x" + (digits.count == 1 ? "0" : "") + digits
  }
}
