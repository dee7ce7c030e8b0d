// SPDX-License-Identifier: Apache-2.0
// The strings of the JSON parser: escapes, surrogate pairs, UTF-8.

extension JSONParser {
  /// A string; `offset` stands on its opening quote.
  mutating func string() throws(JSONError) -> String {
    let start = offset
    offset += 1
    var text: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        guard let string = String(utf8Bytes: text) else { throw .invalidUTF8(at: position(start)) }
        return string
      case UInt8(ascii: "\\"):
        text.append(contentsOf: try escape())
      case 0..<0x20:
        throw .controlCharacter(found: byte, at: position(offset))
      default:
        text.append(byte)
        offset += 1
      }
    }
    throw .unexpectedEnd(expected: "the string's closing quote", at: position(offset))
  }

  /// The UTF-8 of one escape; `offset` stands on the backslash.
  private mutating func escape() throws(JSONError) -> [UInt8] {
    let start = offset
    offset += 1
    guard let kind = peek() else { throw unexpected("an escape") }
    offset += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try fourDigits(since: start)
      if code >= 0xd800 && code < 0xdc00 {
        guard take("\\"), take("u") else { throw .loneSurrogate(at: position(start)) }
        let low = try fourDigits(since: start)
        guard low >= 0xdc00 && low < 0xe000 else { throw .loneSurrogate(at: position(start)) }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw .loneSurrogate(at: position(start)) }
      return Array(String(Character(scalar)).utf8)
    default: throw .invalidEscape(at: position(start))
    }
  }

  private mutating func fourDigits(since start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw unexpected("four hexadecimal digits") }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw .invalidEscape(at: position(start))
      }
      code = code << 4 | UInt32(digit)
      offset += 1
    }
    return code
  }
}
