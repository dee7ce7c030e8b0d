// SPDX-License-Identifier: Apache-2.0
// A vocabulary of scored pieces (FORMAT.md, TEXT, kind 4), ready for use: what the encoder looks pieces up in and the
// decoder takes their bytes from. Byte-pair encoding after Sennrich et al. 2016, arXiv:1508.07909, in the form of
// SentencePiece, with a score for each piece in place of an order of merges.

#if !hasFeature(Embedded)
  /// Pieces of text and their ids.
  public struct PieceVocabulary: Sendable, Equatable, PairMerging {
    /// In the order of ids.
    public let symbols: [String]
    /// One a piece; the better of two is merged first.
    public let scores: [Float]
    /// The id of a character that has neither a piece nor bytes; nil to refuse it.
    public let unknown: Int32?
    /// The id put before each text.
    public let begin: Int32?

    /// What each id writes.
    let bytes: [[UInt8]]
    /// Ids of the pieces that characters become and merges make. By bytes: a piece may be spelt in two ways in Unicode.
    private let ids: [[UInt8]: Int32]
    /// Ids of the pieces `<0x00>` to `<0xFF>`, −1 for none.
    private let byteIDs: [Int32]
    /// Characters that stand side by side in a piece, see `areNeighbours`.
    private let neighbours: Set<UInt64>

    /// There is a score for each symbol; `unknown` and `begin` are ids of symbols.
    public init(symbols: [String], scores: [Float], unknown: Int? = nil, begin: Int? = nil) {
      precondition(symbols.count == scores.count, "PieceVocabulary: scores are not as many as symbols")
      self.symbols = symbols
      self.scores = scores
      self.unknown = unknown.map(Int32.init)
      self.begin = begin.map(Int32.init)
      var bytes: [[UInt8]] = []
      var ids: [[UInt8]: Int32] = [:]
      var byteIDs = [Int32](repeating: -1, count: 256)
      var neighbours: Set<UInt64> = []
      for (id, symbol) in symbols.enumerated() {
        let utf8 = Array(symbol.utf8)
        if id == begin {
          bytes.append([])
        } else if let byte = ByteSymbols.byte(utf8) {
          bytes.append([byte])
          if byteIDs[Int(byte)] < 0 { byteIDs[Int(byte)] = Int32(id) }
        } else {
          bytes.append(utf8)
          guard id != unknown, !utf8.isEmpty, ids[utf8] == nil else { continue }
          ids[utf8] = Int32(id)
          for (left, right) in zip(symbol.unicodeScalars, symbol.unicodeScalars.dropFirst()) {
            neighbours.insert(PieceVocabulary.pair(left, right))
          }
        }
      }
      self.bytes = bytes
      self.ids = ids
      self.byteIDs = byteIDs
      self.neighbours = neighbours
    }

    /// The vocabulary of a model's text table; nil where that is of another kind.
    public init?(_ text: TextInfo) {
      guard text.kind == .pieces else { return nil }
      self.init(symbols: text.symbols, scores: text.scores, unknown: text.unknown, begin: text.begin)
    }

    // MARK: For the encoder

    /// The piece of these bytes, of those that take part in merging.
    func id(of bytes: [UInt8]) -> Int32? { ids[bytes] }

    /// The piece of two pieces side by side.
    func merge(_ left: Int32, _ right: Int32) -> (priority: Float, id: Int32)? {
      ids[bytes[Int(left)] + bytes[Int(right)]].map { (scores[Int($0)], $0) }
    }

    /// Whether a merge can ever join pieces that end and begin with these characters: some piece has them side by side.
    /// Where none has, text may be cut and its parts be merged apart, with the same result.
    func areNeighbours(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
      neighbours.contains(PieceVocabulary.pair(left, right))
    }

    private static func pair(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> UInt64 {
      UInt64(left.value) << 32 | UInt64(right.value)
    }

    /// The ids of a character that is no piece: of its bytes, or of the unknown; nil where it has neither.
    func fallback(_ character: [UInt8]) -> [Int32]? {
      let found = character.map { byteIDs[Int($0)] }
      if found.allSatisfy({ $0 >= 0 }) { return found }
      return unknown.map { [$0] }
    }
  }
#endif
