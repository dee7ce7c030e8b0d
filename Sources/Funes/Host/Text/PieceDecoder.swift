// SPDX-License-Identifier: Apache-2.0
// Ids of pieces to text, as they come: a character whose bytes come in several pieces is given when it is whole.

#if !hasFeature(Embedded)
  /// Joins pieces; FORMAT.md, TEXT, has the rule. What is no UTF-8 becomes U+FFFD.
  public struct PieceDecoder: Sendable {
    private let vocabulary: PieceVocabulary
    /// A blank that comes now is the one that encoding put there.
    private var isAtBegin: Bool
    private var held = HeldBytes()

    /// With `isContinued` the text goes on from an earlier one, so that a blank at its front stays.
    public init(_ vocabulary: PieceVocabulary, isContinued: Bool = false) {
      self.vocabulary = vocabulary
      isAtBegin = !isContinued
    }

    /// The text that an id completes; empty for the begin id, for parts of characters and for what is no id.
    public mutating func push(_ id: Int) -> String {
      guard vocabulary.bytes.indices.contains(id) else { return "" }
      if id == vocabulary.begin.map({ Int($0) }) { return finish() }
      var bytes = vocabulary.bytes[id][...]
      if isAtBegin, bytes.first == UInt8(ascii: " ") { bytes = bytes.dropFirst() }
      isAtBegin = false
      return held.push(bytes)
    }

    /// Ends the text and returns what is left of it; the next id begins another.
    public mutating func finish() -> String {
      isAtBegin = true
      return held.finish()
    }
  }
#endif
