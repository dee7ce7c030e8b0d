// SPDX-License-Identifier: Apache-2.0
// A model's text tables as Swift values, tokenizers with all their parts.

#if !hasFeature(Embedded)
  extension Model {
    /// A text table; nil for a record that is part of one.
    func textInfo(_ index: Int) -> TextInfo? {
      let record = record(.texts, index)
      guard let kind = TextInfo.Kind(rawValue: Int(record.u32(0))) else { return nil }
      let isPieces = kind == .pieces
      let unknown = record.u32(8) == none ? nil : Int(record.u32(8))
      let symbols = symbolRange(of: index).map { string(self.record(.symbols, $0).u32(0)) }
      let flags = record.u32(12)
      let method = TokenizerRules.Method(rawValue: record.u32(0))
      return TextInfo(
        kind: kind, symbols: symbols, unknown: unknown, isLowerCased: flags & 1 == 1, isLineSequence: flags & 2 == 2,
        separator: method == nil ? string(record.u32(16)) : "",
        scores: isPieces ? vectorValues(Int(record.u32(20))) : [],
        begin: isPieces && record.u32(24) != none ? Int(record.u32(24)) : nil,
        tokenizer: method.map { rules($0, index, symbols, unknown) })
    }

    private func symbolRange(of index: Int) -> Range<Int> {
      let first = (0..<index).reduce(0) { $0 + Int(record(.texts, $1).u32(4)) }
      return first..<(first + Int(record(.texts, index).u32(4)))
    }

    private func rules(
      _ method: TokenizerRules.Method, _ index: Int, _ symbols: [String], _ unknown: Int?
    ) -> TokenizerRules {
      let record = record(.texts, index)
      let flags = record.u32(12)
      var rules = TokenizerRules(method: method, symbols: symbols, unknown: unknown)
      rules.isLineSequence = flags & 2 != 0
      rules.hasByteSymbols = flags & 4 != 0
      rules.fallsBackToBytes = flags & 8 != 0
      rules.fusesUnknown = flags & 16 != 0
      rules.prefersWholeWords = flags & 32 != 0
      rules.addsPrefixSpace = flags & 64 != 0
      rules.decoding = DecodingStyle(rawValue: UInt8(record.u8(14))) ?? .joined
      rules.splitting = (16..<20).compactMap { SplittingStep(rawValue: UInt8(record.u8($0))) }
      rules.normalization = (24..<32).compactMap { NormalizingStep(rawValue: UInt8(record.u8($0))) }
      if method == .words { rules.longestWord = Int(record.u32(20)) }
      if method == .unigram {
        // First numbers, then rests where there are any.
        let scores = vectorValues(Int(record.u32(20)))
        rules.scores = symbols.indices.map {
          Double(scores[$0]) + (scores.count > symbols.count ? Double(scores[symbols.count + $0]) : 0)
        }
      }
      var part = index + 1
      while part < count(.texts), self.record(.texts, part).u32(0) >= 8 {
        add(part, to: &rules)
        part += 1
      }
      return rules
    }

    private func add(_ part: Int, to rules: inout TokenizerRules) {
      let record = record(.texts, part)
      let values = symbolRange(of: part).map { self.record(.symbols, $0).u32(0) }
      let flags = record.u32(12)
      let pairs = stride(from: 0, to: values.count - 1, by: 2)
      switch record.u32(0) {
      case 8:
        rules.merges = pairs.map { TokenizerRules.Merge(left: Int32(values[$0]), right: Int32(values[$0 + 1])) }
      case 9:
        rules.map = pairs.map { TokenizerRules.Replacement(from: string(values[$0]), to: string(values[$0 + 1])) }
      case 10:
        rules.added += values.map {
          TokenizerRules.AddedToken(
            id: Int($0), isSpecial: flags & 1 != 0, isNormalized: flags & 2 != 0, stripsLeft: flags & 4 != 0,
            stripsRight: flags & 8 != 0, isSingleWord: flags & 16 != 0)
        }
      default:
        let ids = values.map { Int($0) }
        let before = Int(record.u32(8))
        (rules.before, rules.after) = (Array(ids.prefix(before)), Array(ids.dropFirst(before)))
      }
    }
  }
#endif
