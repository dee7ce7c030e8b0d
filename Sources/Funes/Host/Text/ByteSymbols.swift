// SPDX-License-Identifier: Apache-2.0
// Symbols that stand for bytes: GPT-2's alphabet of 256 visible characters, and SentencePiece's `<0xXX>`.

#if !hasFeature(Embedded)
  enum ByteSymbols {
    /// The character of each byte: the byte's own where that is visible in Latin-1, else one from U+0100 on, in order.
    static let characters: [Unicode.Scalar] = {
      var characters: [Unicode.Scalar] = []
      var next: UInt32 = 0x100
      for byte in 0..<256 {
        let isVisible = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
        characters.append(Unicode.Scalar(isVisible ? UInt32(byte) : next) ?? " ")
        if !isVisible { next += 1 }
      }
      return characters
    }()

    private static let bytes = Dictionary(
      uniqueKeysWithValues: characters.enumerated().map { ($0.element, UInt8($0.offset)) })

    /// The bytes that a symbol stands for; nil where one of its characters stands for none.
    static func bytes(of symbol: String) -> [UInt8]? {
      var result: [UInt8] = []
      for scalar in symbol.unicodeScalars {
        guard let byte = bytes[scalar] else { return nil }
        result.append(byte)
      }
      return result
    }

    /// The byte that a symbol `<0xXX>` stands for, X a digit 0…9 or A…F.
    static func byte(_ piece: some Collection<UInt8>) -> UInt8? {
      let piece = Array(piece)
      guard piece.count == 6, piece.starts(with: Array("<0x".utf8)), piece[5] == UInt8(ascii: ">") else { return nil }
      var value: UInt8 = 0
      for digit in piece[3..<5] {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | (digit - UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | (digit - UInt8(ascii: "A") + 10)
        default: return nil
        }
      }
      return value
    }
  }
#endif
