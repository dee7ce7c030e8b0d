// SPDX-License-Identifier: Apache-2.0
// Classes of characters and their mappings, from tables that are the same on every host: ids must not depend on the
// Unicode version that a system brings. Made at first use.

#if !hasFeature(Embedded)
  enum ScalarTables {
    /// What a character is, for cutting and cleaning texts.
    struct Classes: OptionSet {
      let rawValue: UInt8
      static let letter = Classes(rawValue: 1)
      static let number = Classes(rawValue: 2)
      static let whiteSpace = Classes(rawValue: 4)
      static let punctuation = Classes(rawValue: 8)
      static let control = Classes(rawValue: 16)
      static let mark = Classes(rawValue: 32)
      static let wordPart = Classes(rawValue: 64)
    }

    static func classes(_ scalar: Unicode.Scalar) -> Classes { Classes(rawValue: flags[Int(scalar.value)]) }

    /// One byte a code point.
    private static let flags: [UInt8] = {
      var flags = [UInt8](repeating: 0, count: 0x110000)
      let tables: [(StaticString, Classes)] = [
        (letters, .letter), (numbers, .number), (whiteSpace, .whiteSpace), (punctuation, .punctuation),
        (controls, .control), (marks, .mark), (wordParts, .wordPart),
      ]
      for (table, flag) in tables {
        var reader = HexadecimalReader(table)
        var end = 0
        while let gap = reader.next(), let count = reader.next() {
          for code in (end + gap)..<(end + gap + count) { flags[code] |= flag.rawValue }
          end += gap + count
        }
      }
      return flags
    }()

    /// The lower case of a character, where it has one of one character; U+0130's has two.
    static func lowercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar { lowered[scalar] ?? scalar }

    private static let lowered: [Unicode.Scalar: Unicode.Scalar] = {
      var lowered: [Unicode.Scalar: Unicode.Scalar] = [:]
      var reader = HexadecimalReader(lowercase)
      var begin = 0
      while let gap = reader.next(), let count = reader.next(), let stride = reader.next(), let distance = reader.next()
      {
        begin += gap
        for index in 0..<count {
          let code = begin + index * stride
          if let from = Unicode.Scalar(UInt32(code)), let to = Unicode.Scalar(UInt32(code + distance)) {
            lowered[from] = to
          }
        }
      }
      return lowered
    }()

    /// Full canonical decompositions; Hangul is computed.
    static let decomposed: [Unicode.Scalar: [Unicode.Scalar]] = {
      var decomposed: [Unicode.Scalar: [Unicode.Scalar]] = [:]
      var reader = HexadecimalReader(decompositions)
      var code = 0
      while let gap = reader.next() {
        code += gap
        var parts: [Unicode.Scalar] = []
        repeat {
          if let part = reader.next().flatMap({ Unicode.Scalar(UInt32($0)) }) { parts.append(part) }
        } while reader.isInList
        if let scalar = Unicode.Scalar(UInt32(code)) { decomposed[scalar] = parts }
      }
      return decomposed
    }()

    /// Two characters that canonical composition makes one; Hangul is computed.
    static let composed: [UInt64: Unicode.Scalar] = {
      var composed: [UInt64: Unicode.Scalar] = [:]
      var reader = HexadecimalReader(compositions)
      var code = 0
      while let gap = reader.next(), let first = reader.next(), let second = reader.next() {
        code += gap
        composed[UInt64(first) << 32 | UInt64(second)] = Unicode.Scalar(UInt32(code))
      }
      return composed
    }()

    /// The place of a mark among the marks of one character: rank of its canonical combining class, 0 for what is none.
    static func order(_ scalar: Unicode.Scalar) -> UInt8 { scalar.value < 0x300 ? 0 : ranks[scalar] ?? 0 }

    private static let ranks: [Unicode.Scalar: UInt8] = {
      var ranks: [Unicode.Scalar: UInt8] = [:]
      var reader = HexadecimalReader(orders)
      var begin = 0
      while let gap = reader.next(), let count = reader.next(), let rank = reader.next() {
        begin += gap
        for code in begin..<(begin + count) {
          if let scalar = Unicode.Scalar(UInt32(code)) { ranks[scalar] = UInt8(rank) }
        }
      }
      return ranks
    }()
  }

  /// Takes hexadecimal numbers, with a sign or without, from a text of them.
  private struct HexadecimalReader {
    private let text: StaticString
    private var offset = 0
    /// The number that came last is followed by a comma and another.
    private(set) var isInList = false

    init(_ text: StaticString) { self.text = text }

    mutating func next() -> Int? {
      text.withUTF8Buffer { bytes in
        while offset < bytes.count, bytes[offset] == UInt8(ascii: " ") || bytes[offset] == UInt8(ascii: ",") {
          offset += 1
        }
        guard offset < bytes.count else { return nil }
        let isNegative = bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        var value = 0
        while offset < bytes.count, let digit = Self.digit(bytes[offset]) {
          value = value << 4 | digit
          offset += 1
        }
        isInList = offset < bytes.count && bytes[offset] == UInt8(ascii: ",")
        return isNegative ? -value : value
      }
    }

    private static func digit(_ byte: UInt8) -> Int? {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
      default: nil
      }
    }
  }
#endif
