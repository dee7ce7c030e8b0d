// SPDX-License-Identifier: Apache-2.0
// UTF-8 as it arrives: a character may come in pieces, one read after another.

/// Decodes UTF-8 byte by byte, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
struct UTF8Decoder: Sendable {
  enum Result: Equatable {
    /// The byte was taken; the character is not whole yet.
    case more
    case scalar(Unicode.Scalar)
    /// What came so far is no character. `isReusable` where the byte itself may begin one: push it again.
    case invalid(isReusable: Bool)
  }

  private var value: UInt32 = 0
  private var missing = 0
  /// The second byte's range, which excludes overlong forms and surrogates.
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xBF

  /// Whether a character has begun and is not whole.
  var isInside: Bool { missing > 0 }

  mutating func push(_ byte: UInt8) -> Result {
    if missing == 0 { return begin(byte) }
    guard byte >= low, byte <= high else {
      self = UTF8Decoder()
      return .invalid(isReusable: true)
    }
    (low, high) = (0x80, 0xBF)
    value = value << 6 | UInt32(byte & 0x3F)
    missing -= 1
    if missing > 0 { return .more }
    return Unicode.Scalar(value).map { .scalar($0) } ?? .invalid(isReusable: false)
  }

  private mutating func begin(_ byte: UInt8) -> Result {
    switch byte {
    case 0x00...0x7F: return .scalar(Unicode.Scalar(byte))
    case 0xC2...0xDF: (value, missing) = (UInt32(byte & 0x1F), 1)
    case 0xE0...0xEF: (value, missing) = (UInt32(byte & 0x0F), 2)
    case 0xF0...0xF4: (value, missing) = (UInt32(byte & 0x07), 3)
    default: return .invalid(isReusable: false)
    }
    low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80
    high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF
    return .more
  }
}
