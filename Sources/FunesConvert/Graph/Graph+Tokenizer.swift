// SPDX-License-Identifier: Apache-2.0
// A tokenizer as a text table of a graph: its numbers become a constant, all else stays with the table.

import Funes

extension Graph {
  /// Appends a tokenizer's table and, where it has scores, their constant. Returns the index for `Port.text`.
  public mutating func addText(_ rules: TokenizerRules) -> Int {
    var table = TextTable(kind: .merges, symbols: rules.symbols, unknown: rules.unknown)
    switch rules.method {
    case .merges: break
    case .words: table.kind = .words
    case .unigram: table.kind = .unigram
    }
    table.isLineSequence = rules.isLineSequence
    if rules.method == .unigram {
      // What a float32 leaves of a score stands behind all of them, where any has such a rest.
      let first = rules.scores.map { Float($0) }
      let rests = zip(rules.scores, first).map { Float($0 - Double($1)) }
      let values = rests.contains { $0 != 0 } ? first + rests : first
      table.scores = constants.count
      constants.append(Constant(name: "tokenizer.\(texts.count).scores", layout: .vector, values: values))
    }
    table.tokenizer = rules
    texts.append(table)
    return texts.count - 1
  }
}
