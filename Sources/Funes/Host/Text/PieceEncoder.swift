// SPDX-License-Identifier: Apache-2.0
// Text to ids of pieces, as it comes: ids are given as soon as no later character can change them. Goals, in this
// order: the ids that merging the whole text at once gives, time n log n for any text and vocabulary, early ids.

#if !hasFeature(Embedded)
  /// Turns characters into ids of pieces; FORMAT.md, TEXT, has the rule.
  public struct PieceEncoder: Sendable {
    private let vocabulary: PieceVocabulary
    /// Nothing of the text has come yet.
    private var isAtBegin: Bool
    /// Ids of the characters since the last place where text may be cut.
    private var chunk: [Int32] = []
    /// The character that ends the chunk.
    private var last: Unicode.Scalar?

    /// Most characters that are merged at once, so that memory is bounded: a text without a place to cut is cut there.
    public static let chunkLimit = 1 << 20

    /// With `isContinued` the first text goes on from an earlier one: without the begin id and the blank.
    public init(_ vocabulary: PieceVocabulary, isContinued: Bool = false) {
      self.vocabulary = vocabulary
      isAtBegin = !isContinued
    }

    /// Takes a character and appends the ids that are now certain. Returns false, and leaves the character out, where
    /// the vocabulary neither has it nor its bytes nor an id for the unknown.
    public mutating func push(_ scalar: Unicode.Scalar, into ids: inout [Int32]) -> Bool {
      if isAtBegin {
        begin(into: &ids)
        // SentencePiece's dummy prefix: a word is one piece at the start of a text as in its midst.
        _ = take(" ", into: &ids)
      }
      return take(scalar, into: &ids)
    }

    /// Ends the text and appends what is left of its ids; the next character begins another.
    public mutating func finish(into ids: inout [Int32]) {
      if isAtBegin { begin(into: &ids) }
      cut(into: &ids)
      isAtBegin = true
    }

    /// The ids of a whole text; nil where it has a character that is refused.
    public static func ids(of text: String, _ vocabulary: PieceVocabulary) -> [Int32]? {
      var encoder = PieceEncoder(vocabulary)
      var ids: [Int32] = []
      for scalar in text.unicodeScalars where !encoder.push(scalar, into: &ids) { return nil }
      encoder.finish(into: &ids)
      return ids
    }

    private mutating func begin(into ids: inout [Int32]) {
      isAtBegin = false
      if let begin = vocabulary.begin { ids.append(begin) }
    }

    private mutating func take(_ scalar: Unicode.Scalar, into ids: inout [Int32]) -> Bool {
      let character = Array(String(scalar).utf8)
      guard let id = vocabulary.id(of: character) else {
        guard let fallback = vocabulary.fallback(character) else { return false }
        // Neither bytes nor the unknown are ever merged.
        cut(into: &ids)
        ids += fallback
        return true
      }
      if let last, !vocabulary.areNeighbours(last, scalar) || chunk.count == PieceEncoder.chunkLimit { cut(into: &ids) }
      chunk.append(id)
      last = scalar
      return true
    }

    private mutating func cut(into ids: inout [Int32]) {
      if chunk.count > 1 {
        var merge = PairMerge(chunk, vocabulary)
        merge.run()
        ids += merge.result
      } else {
        ids += chunk
      }
      chunk.removeAll(keepingCapacity: true)
      last = nil
    }
  }
#endif
