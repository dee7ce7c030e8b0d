// SPDX-License-Identifier: Apache-2.0
// Base 64 (RFC 4648, section 4) → bytes: how tokenizer.json holds a map of characters.

enum Base64 {
  /// Nil for anything but whole groups of four of the alphabet, filled up with = at the end.
  static func bytes(of text: String) -> [UInt8]? {
    let letters = Array(text.utf8)
    guard letters.count % 4 == 0 else { return nil }
    let pads = letters.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(letters.count / 4 * 3)
    for begin in stride(from: 0, to: letters.count, by: 4) {
      var group: UInt32 = 0
      for position in begin..<(begin + 4) {
        let isPad = position >= letters.count - pads
        guard let value = isPad ? 0 : value(of: letters[position]) else { return nil }
        group = group << 6 | value
      }
      bytes += [UInt8(group >> 16), UInt8(group >> 8 & 255), UInt8(group & 255)]
    }
    bytes.removeLast(pads)
    return bytes
  }

  private static func value(of letter: UInt8) -> UInt32? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
