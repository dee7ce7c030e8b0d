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
    // Of a merge that stands twice the last place counts.
    var seen: Set<UInt64> = []
    table.tokenizer?.merges = rules.merges.reversed().filter {
      seen.insert(UInt64(UInt32(bitPattern: $0.left)) << 32 | UInt64(UInt32(bitPattern: $0.right))).inserted
    }.reversed()
    texts.append(table)
    return texts.count - 1
  }
}

extension Graph {
  /// Rows of an id that may be there for padding alone, as tables are often rounded up.
  private static let paddingRows = 128

  /// A line for each input whose text table has far fewer symbols than the input has ids: perhaps that of another model.
  public var symbolNotes: [String] {
    var notes: [String] = []
    for input in programs.flatMap(\.inputs) {
      guard let text = input.text, texts.indices.contains(text), texts[text].kind != .bytes else { continue }
      let (found, ids) = (texts[text].symbols.count, input.classes)
      guard ids - found > Graph.paddingRows else { continue }
      let note = "tokenizer: found \(found) symbols for \(ids) ids; \(ids - found) ids have no text"
      if !notes.contains(note) { notes.append(note) }
    }
    return notes
  }
}
