// SPDX-License-Identifier: Apache-2.0
// Numbers as people and programs write them, read strictly: the whole word is a number or it is refused.

/// Reads numbers from the bytes of a word.
enum NumberText {
  /// A decimal float with optional sign, fraction and exponent, or `nan`, `inf`, `infinity`; nil for anything else and
  /// for what overflows. Rounded to the nearest float, ties to even.
  static func float(_ word: UnsafeRawBufferPointer) -> Float? {
    if let small = exactInteger(word) { return small }
    guard word.count <= 512 else { return nil }
    let text = String(decoding: word, as: UTF8.self)
    guard let value = Float(text) else { return nil }
    if isDecimal(word) { return value.isFinite ? value : nil }
    return value.isFinite || word.contains(UInt8(ascii: "(")) ? nil : value
  }

  /// A decimal integer with optional sign that fits 32 bits.
  static func id(_ word: UnsafeRawBufferPointer) -> Int32? {
    var position = 0
    var isNegative = false
    if let sign = word.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      position = 1
    }
    guard position < word.count, word.count <= 12 else { return nil }
    var value: Int64 = 0
    while position < word.count {
      let digit = word[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int64(digit)
      position += 1
    }
    return Int32(exactly: isNegative ? -value : value)
  }

  /// The commonest words, without a detour through text: up to seven digits, which a float holds exactly.
  private static func exactInteger(_ word: UnsafeRawBufferPointer) -> Float? {
    guard (1...7).contains(word.count) else { return nil }
    var value: Int32 = 0
    for byte in word {
      let digit = byte &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int32(digit)
    }
    return Float(value)
  }

  private static func isDecimal(_ word: UnsafeRawBufferPointer) -> Bool {
    word.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
  }

  /// A word as an error shows it: at most 24 characters, what is not printable replaced.
  static func quote(_ word: UnsafeRawBufferPointer) -> String {
    let shown = String(decoding: word.prefix(24).map { $0 < 0x20 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    return word.count > 24 ? shown + "…" : shown
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
