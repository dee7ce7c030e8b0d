// SPDX-License-Identifier: Apache-2.0
// A tokenizer ready for use: from the plain rules of a model's text table to what texts are cut with. Goals, in this
// order: the ids of Hugging Face's `tokenizers` for the same rules; time in proportion to the text, but for a
// logarithm; memory that no text can make large.

#if !hasFeature(Embedded)
  /// Turns texts into ids and ids into texts; `TokenEncoder` and `TokenDecoder` do so as they come.
  ///
  /// Costs a few milliseconds to make for a large vocabulary: make it once.
  public struct Tokenizer: Sendable, Equatable {
    public let rules: TokenizerRules

    let normalizer: TextNormalizer
    let splitter: TextSplitter
    let merges: MergeTable
    let index: SymbolIndex
    /// Ids of symbols `<0x00>` to `<0xFF>`, −1 for none.
    let byteIDs: [Int32]
    /// With byte symbols, the id of each byte's, −1 for none.
    let letterIDs: [Int32]
    /// Unigram: what an unknown character costs.
    let unknownScore: Double
    /// What a symbol writes, and which ones are nothing on output.
    let special: Set<Int>
    private let raw: AddedTokens
    private let normal: AddedTokens
    /// Whether a text may be cut between a visible character and a blank, with the same ids.
    let isCutAtBlanks: Bool

    /// Far from any real score, by SentencePiece's own choice.
    private static let unknownPenalty = 10.0

    /// Most characters of an added token after normalisation: one that becomes longer is not found in texts.
    private static let tokenLimit = 512

    /// The rules hold ids of symbols alone, and scores, where there are any, one a symbol: what `Model` checks of a
    /// file.
    public init(_ rules: TokenizerRules) {
      self.rules = rules
      normalizer = TextNormalizer(rules.normalization, map: rules.map)
      splitter = TextSplitter(rules.splitting, addsPrefixSpace: rules.addsPrefixSpace)
      let bytes = rules.symbols.map { symbol -> [UInt8] in
        guard rules.hasByteSymbols else { return Array(symbol.utf8) }
        return ByteSymbols.bytes(of: symbol) ?? []
      }
      let index = SymbolIndex(
        bytes.enumerated().filter { rules.scores.isEmpty || rules.scores[$0.offset] > TokenizerRules.noPart }.map {
          ($0.element, Int32($0.offset))
        })
      self.index = index
      byteIDs = Tokenizer.byteIDs(rules)
      letterIDs = rules.hasByteSymbols ? (0..<256).map { index.id([UInt8($0)]) ?? -1 } : []
      merges = MergeTable(rules.merges, symbols: bytes, index: index)
      unknownScore = (rules.scores.filter { $0 > TokenizerRules.noPart }.min() ?? 0) - Tokenizer.unknownPenalty
      special = Set(rules.added.filter(\.isSpecial).map(\.id))
      let texts = rules.added.map { ($0, Array(rules.symbols[$0.id].unicodeScalars)) }
      raw = AddedTokens(texts.filter { !$0.0.isNormalized })
      let normalizer = normalizer
      normal = AddedTokens(
        texts.filter(\.0.isNormalized).map { ($0.0, normalizer.normalized($0.1)) }.filter {
          $0.1.count <= Tokenizer.tokenLimit
        })
      isCutAtBlanks = Tokenizer.isCutAtBlanks(rules, normalizer)
    }

    public static func == (left: Tokenizer, right: Tokenizer) -> Bool { left.rules == right.rules }

    /// The ids of a whole text, with those that stand before and after it; nil where it has a character that is
    /// refused.
    public func ids(of text: String) -> [Int32]? {
      var encoder = TokenEncoder(self)
      var ids: [Int32] = []
      for scalar in text.unicodeScalars where !encoder.push(scalar, into: &ids) { return nil }
      return encoder.finish(into: &ids) ? ids : nil
    }

    /// The text of ids; special tokens are nothing.
    public func text(of ids: some Sequence<Int32>) -> String {
      var decoder = TokenDecoder(self)
      var text = ""
      for id in ids { text += decoder.push(Int(id)) }
      return text + decoder.finish()
    }

    /// The ids of a stretch of a text. One that is not the last is followed by a blank. `isFirst` where a text begins
    /// with it, `isContinued` where it goes on from a part of an earlier stretch, and afterwards whether the next one
    /// does. Returns false where a character is refused.
    func append(_ text: [Unicode.Scalar], isFirst: Bool, isContinued wasContinued: inout Bool, to ids: inout [Int32])
      -> Bool
    {
      for part in raw.parts(of: text) {
        let isContinued = wasContinued
        wasContinued = part.id == nil
        if let id = part.id {
          ids.append(id)
          continue
        }
        let begins = isFirst && part.range.lowerBound == 0
        let normalized = normalizer.normalized(Array(text[part.range]), isContinued: isContinued)
        for inner in normal.parts(of: normalized) {
          if let id = inner.id {
            ids.append(id)
            continue
          }
          let isAtFront = inner.range.lowerBound == 0
          let words = splitter.words(
            Array(normalized[inner.range]), isFirst: begins && isAtFront, isContinued: isContinued && isAtFront)
          for word in words where !append(word: word, to: &ids) { return false }
        }
      }
      return true
    }

    private func append(word: ArraySlice<Unicode.Scalar>, to ids: inout [Int32]) -> Bool {
      guard !word.isEmpty else { return true }
      switch rules.method {
      case .merges: appendMerged(word, to: &ids)
      case .words: appendLongest(word, to: &ids)
      case .unigram: return appendBest(word, to: &ids)
      }
      return true
    }

    private static func byteIDs(_ rules: TokenizerRules) -> [Int32] {
      var byteIDs = [Int32](repeating: -1, count: 256)
      guard rules.fallsBackToBytes else { return byteIDs }
      for (id, symbol) in rules.symbols.enumerated() {
        if let byte = ByteSymbols.byte(symbol.utf8), byteIDs[Int(byte)] < 0 { byteIDs[Int(byte)] = Int32(id) }
      }
      return byteIDs
    }

    /// Where a symbol or token reaches over a blank, or words are whole texts whose cuts are weighed together, a text
    /// must stay whole.
    private static func isCutAtBlanks(_ rules: TokenizerRules, _ normalizer: TextNormalizer) -> Bool {
      func reachesOver(_ scalars: some Sequence<Unicode.Scalar>) -> Bool {
        scalars.contains { $0 == TextNormalizer.mark || TextNormalizer.isWhiteSpace($0) }
      }
      for token in rules.added {
        let scalars = Array(rules.symbols[token.id].unicodeScalars)
        if token.stripsRight || reachesOver(scalars) { return false }
        if token.isNormalized, reachesOver(normalizer.normalized(scalars)) { return false }
      }
      let splitting: Set<SplittingStep> = [
        .gpt2, .llama3, .qwen2, .bert, .whiteSpace, .metaspaceNeverSplit, .metaspaceFirstSplit, .metaspaceAlwaysSplit,
      ]
      if !splitting.isDisjoint(with: rules.splitting) { return true }
      guard rules.method == .merges, rules.symbols.contains(String(TextNormalizer.mark)) else { return false }
      return !rules.symbols.contains { symbol in
        let scalars = symbol.unicodeScalars
        return zip(scalars, scalars.dropFirst()).contains { $0 != TextNormalizer.mark && $1 == TextNormalizer.mark }
      }
    }
  }
#endif
