// SPDX-License-Identifier: Apache-2.0
// Canonical decomposition and composition of characters. Source: The Unicode Standard, Annex 15, and chapter 3.12 for
// Hangul, whose syllables are computed.

#if !hasFeature(Embedded)
  enum CanonicalForm {
    /// Most marks of one character that are sorted: what comes after is sorted apart, so that time stays linear.
    private static let markLimit = 1 << 16

    static func decomposed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      var result: [Unicode.Scalar] = []
      result.reserveCapacity(text.count)
      for scalar in text {
        if scalar.value < 0xC0 {
          result.append(scalar)
        } else if let syllable = Hangul.parts(scalar) {
          result += syllable
        } else if let parts = ScalarTables.decomposed[scalar] {
          result += parts
        } else {
          result.append(scalar)
        }
      }
      sortMarks(&result)
      return result
    }

    static func composed(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      let parts = decomposed(text)
      var result: [Unicode.Scalar] = []
      result.reserveCapacity(parts.count)
      // Where the character is that marks are composed with, and the order of the mark that stayed last.
      var starter: Int?
      var last: UInt8 = 0
      for scalar in parts {
        let order = ScalarTables.order(scalar)
        if let starter, starter == result.count - 1 || last < order && last > 0,
          let composite = composite(result[starter], scalar)
        {
          result[starter] = composite
          continue
        }
        if order == 0 { starter = result.count }
        last = order
        result.append(scalar)
      }
      return result
    }

    private static func composite(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
      if let syllable = Hangul.composite(first, second) { return syllable }
      return ScalarTables.composed[UInt64(first.value) << 32 | UInt64(second.value)]
    }

    /// Sorts the marks of each character by their order, equals as they stand.
    private static func sortMarks(_ text: inout [Unicode.Scalar]) {
      var begin = 0
      while begin < text.count {
        guard ScalarTables.order(text[begin]) > 0 else {
          begin += 1
          continue
        }
        var end = begin + 1
        while end < text.count, end - begin < markLimit, ScalarTables.order(text[end]) > 0 { end += 1 }
        if end - begin > 1 {
          let sorted = text[begin..<end].enumerated().sorted {
            let (left, right) = (ScalarTables.order($0.element), ScalarTables.order($1.element))
            return left != right ? left < right : $0.offset < $1.offset
          }
          text.replaceSubrange(begin..<end, with: sorted.map(\.element))
        }
        begin = end
      }
    }
  }

  /// Korean syllables: 19 leading consonants, 21 vowels, 27 trailing consonants or none.
  private enum Hangul {
    static let (first, lead, vowel, trail): (UInt32, UInt32, UInt32, UInt32) = (0xAC00, 0x1100, 0x1161, 0x11A7)
    static let (leads, vowels, trails): (UInt32, UInt32, UInt32) = (19, 21, 28)

    static func parts(_ scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
      guard scalar.value >= first, scalar.value - first < leads * vowels * trails else { return nil }
      let index = scalar.value - first
      let codes = [
        lead + index / (vowels * trails), vowel + index % (vowels * trails) / trails, trail + index % trails,
      ]
      return codes.prefix(index % trails == 0 ? 2 : 3).compactMap(Unicode.Scalar.init)
    }

    static func composite(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Unicode.Scalar? {
      let (a, b) = (left.value, right.value)
      if a >= lead, a < lead + leads, b >= vowel, b < vowel + vowels {
        return Unicode.Scalar(first + ((a - lead) * vowels + b - vowel) * trails)
      }
      if a >= first, a - first < leads * vowels * trails, (a - first) % trails == 0, b > trail, b < trail + trails {
        return Unicode.Scalar(a + b - trail)
      }
      return nil
    }
  }
#endif
