// SPDX-License-Identifier: Apache-2.0
// One word to symbols: byte-pair encoding after Sennrich et al. 2016, arXiv:1508.07909; WordPiece after Schuster and
// Nakajima 2012; the unigram model after Kudo 2018, arXiv:1804.10959.

#if !hasFeature(Embedded)
  /// Merges by their rank.
  struct MergeTable: PairMerging, Sendable {
    /// A pair of ids to its place in the order, above, and the id of what it becomes, below.
    private let ranks: [UInt64: UInt64]

    /// A merge whose text is no symbol is left out; of a pair that stands twice the last place counts, as in
    /// `tokenizers`.
    init(_ merges: [TokenizerRules.Merge], symbols: [[UInt8]], index: SymbolIndex) {
      var ranks: [UInt64: UInt64] = [:]
      ranks.reserveCapacity(merges.count)
      for (rank, merge) in merges.enumerated().reversed() {
        let key = MergeTable.key(merge.left, merge.right)
        let (left, right) = (symbols[Int(merge.left)], symbols[Int(merge.right)])
        guard ranks[key] == nil, left.count + right.count <= index.longest else { continue }
        guard let id = index.id(left + right) else { continue }
        ranks[key] = UInt64(rank) << 32 | UInt64(UInt32(id))
      }
      self.ranks = ranks
    }

    /// Ranks are below 2^24, so that a float holds them.
    func merge(_ left: Int32, _ right: Int32) -> (priority: Float, id: Int32)? {
      ranks[MergeTable.key(left, right)].map { (-Float($0 >> 32), Int32(truncatingIfNeeded: $0)) }
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
      UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }
  }

  extension Tokenizer {
    // MARK: Merges

    func appendMerged(_ word: ArraySlice<Unicode.Scalar>, to ids: inout [Int32]) {
      let bytes = Tokenizer.utf8(word)
      if rules.prefersWholeWords, let id = index.id(bytes) { return ids.append(id) }
      var parts: [Int32] = []
      parts.reserveCapacity(bytes.count)
      if rules.hasByteSymbols {
        for byte in bytes { appendSymbol(letterIDs[Int(byte)], isSameUnknown: false, to: &parts) }
      } else {
        var wasUnknown = false
        for scalar in word {
          let character = Array(String(scalar).utf8)
          if let id = index.id(character) {
            parts.append(id)
            wasUnknown = false
          } else if let fallback = byteSymbols(character) {
            parts += fallback
            wasUnknown = false
          } else {
            appendSymbol(-1, isSameUnknown: wasUnknown && rules.fusesUnknown, to: &parts)
            wasUnknown = true
          }
        }
      }
      guard parts.count > 1 else { return ids += parts }
      var merge = PairMerge(parts, merges)
      merge.run()
      ids += merge.result
    }

    /// An id, or the unknown for −1, where there is one.
    private func appendSymbol(_ id: Int32, isSameUnknown: Bool, to ids: inout [Int32]) {
      if id >= 0 { return ids.append(id) }
      if let unknown = rules.unknown, !isSameUnknown { ids.append(Int32(unknown)) }
    }

    /// The ids of a character's bytes, where all of them have symbols.
    private func byteSymbols(_ character: some Collection<UInt8>) -> [Int32]? {
      guard rules.fallsBackToBytes else { return nil }
      let found = character.map { byteIDs[Int($0)] }
      return found.contains(-1) ? nil : found
    }

    // MARK: Words

    func appendLongest(_ word: ArraySlice<Unicode.Scalar>, to ids: inout [Int32]) {
      func refuse() { if let unknown = rules.unknown { ids.append(Int32(unknown)) } }
      guard word.count <= rules.longestWord else { return refuse() }
      let bytes = Tokenizer.utf8(word)
      var found: [Int32] = []
      var begin = 0
      while begin < bytes.count {
        let rest = begin == 0 ? bytes : Array("##".utf8) + bytes[begin...]
        var best: (length: Int, id: Int32)?
        // What is no more than the sign has no character of the word.
        index.prefixes(of: rest[...]) { length, id in if begin == 0 || length > 2 { best = (length, id) } }
        guard let best else { return refuse() }
        found.append(best.id)
        begin += best.length - (begin == 0 ? 0 : 2)
      }
      ids += found
    }

    // MARK: Unigram

    /// The cut with the greatest sum of scores; among equals the one whose last symbol begins first. Returns false
    /// where a character is unknown and there is no id for that.
    func appendBest(_ word: ArraySlice<Unicode.Scalar>, to ids: inout [Int32]) -> Bool {
      let bytes = Tokenizer.utf8(word)
      // For each place the best sum of scores that ends there, where its last symbol begins, and the symbol.
      var sums = [Double](repeating: 0, count: bytes.count + 1)
      var begins = [Int32](repeating: -1, count: bytes.count + 1)
      var symbols = [Int32](repeating: -1, count: bytes.count + 1)
      var begin = 0
      for scalar in word {
        let width = String(scalar).utf8.count
        var isWhole = false
        func offer(_ length: Int, _ id: Int32, _ score: Double) {
          let (end, sum) = (begin + length, sums[begin] + score)
          guard begins[end] < 0 || sum > sums[end] else { return }
          (sums[end], begins[end], symbols[end]) = (sum, Int32(begin), id)
        }
        index.prefixes(of: bytes[begin...]) { length, id in
          offer(length, id, rules.scores[Int(id)])
          if length == width { isWhole = true }
        }
        if !isWhole { offer(width, -1, unknownScore) }
        begin += width
      }
      var cuts: [(range: Range<Int>, id: Int32)] = []
      var end = bytes.count
      let unknown = rules.unknown.map { Int32($0) } ?? -1
      while end > 0 {
        let (begin, id) = (Int(begins[end]), symbols[end] < 0 ? unknown : symbols[end])
        if id == unknown, let next = cuts.last, next.id == unknown, rules.fusesUnknown {
          cuts[cuts.count - 1].range = begin..<next.range.upperBound
        } else {
          cuts.append((begin..<end, id))
        }
        end = begin
      }
      for cut in cuts.reversed() {
        if cut.id != unknown {
          ids.append(cut.id)
        } else if let id = index.id(bytes[cut.range]) {
          // Unknowns side by side may spell a symbol.
          ids.append(id)
        } else if let fallback = byteSymbols(bytes[cut.range]) {
          ids += fallback
        } else {
          guard unknown >= 0 else { return false }
          ids.append(unknown)
        }
      }
      return true
    }

    static func utf8(_ word: ArraySlice<Unicode.Scalar>) -> [UInt8] {
      var view = String.UnicodeScalarView()
      view.append(contentsOf: word)
      return Array(String(view).utf8)
    }
  }
#endif
