// SPDX-License-Identifier: Apache-2.0
// Pieces and tokenizers behind one face: characters in, ids out as they become certain, and ids in, text out.

import Funes

/// Turns characters into ids where a text is more than its characters.
struct TextEncoder {
  private var pieces: PieceEncoder?
  private var tokens: TokenEncoder?

  /// Nil for tables of characters, bytes or labels.
  init?(_ table: SymbolTable, isContinued: Bool) {
    pieces = table.pieces.map { PieceEncoder($0, isContinued: isContinued) }
    tokens = table.tokenizer.map { TokenEncoder($0, isContinued: isContinued) }
    if pieces == nil && tokens == nil { return nil }
  }

  /// Returns false where a character is refused: this one, or for a tokenizer one not far before.
  mutating func push(_ scalar: Unicode.Scalar, into ids: inout [Int32]) -> Bool {
    pieces?.push(scalar, into: &ids) ?? tokens?.push(scalar, into: &ids) ?? true
  }

  /// Ends the text. Returns false where a character of its end is refused.
  mutating func finish(into ids: inout [Int32]) -> Bool {
    pieces?.finish(into: &ids)
    return tokens?.finish(into: &ids) ?? true
  }
}

/// Turns ids into text where a text is more than its symbols.
struct TextJoiner {
  private var pieces: PieceDecoder?
  private var tokens: TokenDecoder?

  init?(_ table: SymbolTable, isContinued: Bool) {
    pieces = table.pieces.map { PieceDecoder($0, isContinued: isContinued) }
    tokens = table.tokenizer.map { TokenDecoder($0, isContinued: isContinued) }
    if pieces == nil && tokens == nil { return nil }
  }

  mutating func push(_ id: Int) -> String { pieces?.push(id) ?? tokens?.push(id) ?? "" }

  mutating func finish() -> String { pieces?.finish() ?? tokens?.finish() ?? "" }
}
