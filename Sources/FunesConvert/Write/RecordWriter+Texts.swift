// SPDX-License-Identifier: Apache-2.0
// The records of text tables and their symbols: a tokenizer is a record and its parts, one after another.

import Funes

/// A part of a tokenizer: what its record says beside its kind, and the numbers that stand in SYMS.
private struct TextPart {
  var kind: UInt32
  var before = 0
  var flags: UInt32 = 0
  var numbers: [Int]
}

extension RecordWriter {
  func texts() -> ByteWriter {
    var writer = ByteWriter()
    for text in graph.texts {
      writer.append(text.kind.rawValue)
      writer.append(index: text.symbols.count)
      writer.append(index: text.unknown)
      if let rules = text.tokenizer {
        append(rules, scores: text.scores, to: &writer)
        for part in parts(of: rules) {
          writer.append(part.kind)
          writer.append(index: part.numbers.count)
          writer.append(index: part.before)
          writer.append(part.flags)
          writer.zeros(16)
        }
      } else {
        writer.append(UInt32((text.isLowerCased ? 1 : 0) + (text.isLineSequence ? 2 : 0)))
        writer.append(index: table[text.separator])
        writer.append(index: text.kind == .pieces ? text.scores : 0)
        writer.append(index: text.kind == .pieces ? text.begin : 0)
        writer.zeros(4)
      }
    }
    return writer
  }

  func symbols() -> ByteWriter {
    var writer = ByteWriter()
    for text in graph.texts {
      for symbol in text.symbols { writer.append(index: table[symbol]) }
      for number in (text.tokenizer.map(parts) ?? []).flatMap(\.numbers) { writer.append(index: number) }
    }
    return writer
  }

  /// The record of a text table: parts of those before stand between.
  func textRecord(_ text: Int) -> Int {
    graph.texts[..<text].reduce(text) { $0 + ($1.tokenizer.map { parts(of: $0).count } ?? 0) }
  }

  private func append(_ rules: TokenizerRules, scores: Int?, to writer: inout ByteWriter) {
    let flags: [(Bool, UInt32)] = [
      (rules.isLineSequence, 2), (rules.hasByteSymbols, 4), (rules.fallsBackToBytes, 8), (rules.fusesUnknown, 16),
      (rules.prefersWholeWords, 32), (rules.addsPrefixSpace, 64),
    ]
    writer.append(flags.reduce(UInt32(rules.decoding.rawValue) << 16) { $0 | ($1.0 ? $1.1 : 0) })
    writer.append(contentsOf: RecordWriter.codes(rules.splitting.map(\.rawValue), count: 4))
    switch rules.method {
    case .merges: writer.zeros(4)
    case .words: writer.append(index: rules.longestWord)
    case .unigram: writer.append(index: scores)
    }
    writer.append(contentsOf: RecordWriter.codes(rules.normalization.map(\.rawValue), count: 8))
  }

  private static func codes(_ codes: [UInt8], count: Int) -> [UInt8] {
    precondition(codes.count <= count, "RecordWriter: a tokenizer has more steps than a record")
    return codes + [UInt8](repeating: 0, count: count - codes.count)
  }

  private func parts(of rules: TokenizerRules) -> [TextPart] {
    var parts = [
      TextPart(kind: 8, numbers: rules.merges.flatMap { [Int($0.left), Int($0.right)] }),
      TextPart(kind: 9, numbers: rules.map.flatMap { [table[$0.from], table[$0.to]] }),
    ]
    var added: [UInt32: [Int]] = [:]
    for token in rules.added {
      let flags: [(Bool, UInt32)] = [
        (token.isSpecial, 1), (token.isNormalized, 2), (token.stripsLeft, 4), (token.stripsRight, 8),
        (token.isSingleWord, 16),
      ]
      added[flags.reduce(0) { $0 | ($1.0 ? $1.1 : 0) }, default: []].append(token.id)
    }
    for (flags, ids) in added.sorted(by: { $0.key < $1.key }) {
      parts.append(TextPart(kind: 10, flags: flags, numbers: ids.sorted()))
    }
    parts.append(TextPart(kind: 11, before: rules.before.count, numbers: rules.before + rules.after))
    return parts.filter { !$0.numbers.isEmpty }
  }
}
