// SPDX-License-Identifier: Apache-2.0
// Text to ids of pieces, as it comes: ids are given as soon as no later character can change them. Goals, in this order:
// the ids that merging the whole text at once gives, time n log n for any text and vocabulary, early ids.

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

    /// Takes a character and appends the ids that are now certain. Returns false, and leaves the character out, where the
    /// vocabulary neither has it nor its bytes nor an id for the unknown.
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
        var merge = PieceMerge(chunk, vocabulary)
        merge.run()
        ids += merge.result
      } else {
        ids += chunk
      }
      chunk.removeAll(keepingCapacity: true)
      last = nil
    }
  }

  /// Merges the pieces of one chunk: the best-scored pair first, the leftmost of equals, until no pair is a piece.
  private struct PieceMerge {
    /// A pair that is a piece, if both still stand where they stood.
    private struct Pair {
      var score: Float
      var position: Int
      var left: Int32
      var right: Int32
      var merged: Int32

      func isBefore(_ other: Pair) -> Bool {
        score != other.score ? score > other.score : position < other.position
      }
    }

    private let vocabulary: PieceVocabulary
    /// At the position of its first character each piece; −1 where a piece has been merged into the one before.
    private var ids: [Int32]
    private var next: [Int]
    private var previous: [Int]
    /// A binary heap, the best pair first.
    private var heap: [Pair] = []

    init(_ ids: [Int32], _ vocabulary: PieceVocabulary) {
      self.ids = ids
      self.vocabulary = vocabulary
      next = Array(1...ids.count)
      previous = Array(-1..<(ids.count - 1))
      for position in 0..<(ids.count - 1) { consider(position) }
    }

    var result: [Int32] { ids.filter { $0 >= 0 } }

    mutating func run() {
      while let pair = popBest() {
        let (left, right) = (pair.position, next[pair.position])
        guard ids[left] == pair.left, right < ids.count, ids[right] == pair.right else { continue }
        ids[left] = pair.merged
        ids[right] = -1
        next[left] = next[right]
        if next[left] < ids.count { previous[next[left]] = left }
        consider(left)
        if previous[left] >= 0 { consider(previous[left]) }
      }
    }

    /// Puts the piece at a position and the one after it on the heap, if they are a piece.
    private mutating func consider(_ position: Int) {
      let right = next[position]
      guard right < ids.count, let merged = vocabulary.merged(ids[position], ids[right]) else { return }
      let score = vocabulary.scores[Int(merged)]
      heap.append(Pair(score: score, position: position, left: ids[position], right: ids[right], merged: merged))
      var child = heap.count - 1
      while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    private mutating func popBest() -> Pair? {
      guard let best = heap.first else { return nil }
      heap.swapAt(0, heap.count - 1)
      heap.removeLast()
      var parent = 0
      while 2 * parent + 1 < heap.count {
        var child = 2 * parent + 1
        if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
        guard heap[child].isBefore(heap[parent]) else { break }
        heap.swapAt(child, parent)
        parent = child
      }
      return best
    }
  }
#endif
