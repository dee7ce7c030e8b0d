// SPDX-License-Identifier: Apache-2.0
// Finds the tokens that stand in a text as they are: the leftmost, and of those the longest. As Hugging Face's
// `tokenizers` does, a token of whole words that stands beside a part of one is passed over whole.

#if !hasFeature(Embedded)
  struct AddedTokens: Sendable {
    /// A stretch of a text: a token, or what lies between two.
    struct Part {
      var range: Range<Int>
      /// Nil for what lies between.
      var id: Int32?
    }

    private let tokens: [TokenizerRules.AddedToken]
    /// Places in the tree of characters: a place and a character to the next place, which is the number of the key.
    private let next: [UInt64: Int32]
    /// The token that ends at each place, −1 for none.
    private let ends: [Int32]

    /// The characters of each token are given: those of the normalised text where it is looked for there.
    init(_ tokens: [(token: TokenizerRules.AddedToken, text: [Unicode.Scalar])]) {
      self.tokens = tokens.map(\.token)
      var next: [UInt64: Int32] = [:]
      var ends: [Int32] = [-1]
      for (index, token) in tokens.enumerated() where !token.text.isEmpty {
        var place: Int32 = 0
        for scalar in token.text {
          let key = AddedTokens.key(place, scalar)
          if let found = next[key] {
            place = found
          } else {
            place = Int32(ends.count)
            next[key] = place
            ends.append(-1)
          }
        }
        if ends[Int(place)] < 0 { ends[Int(place)] = Int32(index) }
      }
      self.next = next
      self.ends = ends
    }

    var isEmpty: Bool { ends.count == 1 }

    private static func key(_ place: Int32, _ scalar: Unicode.Scalar) -> UInt64 {
      UInt64(UInt32(place)) << 32 | UInt64(scalar.value)
    }

    /// The parts of a text in order, none of them empty.
    func parts(of text: [Unicode.Scalar]) -> [Part] {
      guard !isEmpty else { return text.isEmpty ? [] : [Part(range: text.indices)] }
      var parts: [Part] = []
      var done = 0
      var index = 0
      while index < text.count {
        guard let (token, end) = longest(in: text, from: index) else {
          index += 1
          continue
        }
        var range = index..<end
        index = end
        if token.isSingleWord, isWordPart(text, range.lowerBound - 1) || isWordPart(text, range.upperBound) { continue }
        if token.stripsLeft {
          while range.lowerBound > done, TextNormalizer.isWhiteSpace(text[range.lowerBound - 1]) {
            range = (range.lowerBound - 1)..<range.upperBound
          }
        }
        if token.stripsRight {
          while range.upperBound < text.count, TextNormalizer.isWhiteSpace(text[range.upperBound]) {
            range = range.lowerBound..<(range.upperBound + 1)
          }
        }
        if done < range.lowerBound { parts.append(Part(range: done..<range.lowerBound)) }
        parts.append(Part(range: range, id: Int32(token.id)))
        done = range.upperBound
        index = max(index, done)
      }
      if done < text.count { parts.append(Part(range: done..<text.count)) }
      return parts
    }

    private func isWordPart(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
      text.indices.contains(index) && ScalarTables.classes(text[index]).contains(.wordPart)
    }

    private func longest(in text: [Unicode.Scalar], from begin: Int) -> (TokenizerRules.AddedToken, Int)? {
      var place: Int32 = 0
      var found: (TokenizerRules.AddedToken, Int)?
      for index in begin..<text.count {
        guard let following = next[AddedTokens.key(place, text[index])] else { break }
        place = following
        if ends[Int(place)] >= 0 { found = (tokens[Int(ends[Int(place)])], index + 1) }
      }
      return found
    }
  }
#endif
