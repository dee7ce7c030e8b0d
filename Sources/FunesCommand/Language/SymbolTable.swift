// SPDX-License-Identifier: Apache-2.0
// A model's text table, ready for use: characters to ids on the way in, ids to symbols on the way out.

import Funes

/// The labels of an output, or the vocabulary of an input or output.
struct SymbolTable: Equatable, Sendable {
  enum Kind: Sendable { case labels, characters, bytes, pieces, tokens }

  let kind: Kind
  /// In the order of ids; empty for bytes.
  let symbols: [String]
  /// The id of what is not in the table; nil to refuse it.
  let unknown: Int32?
  let isLowerCased: Bool
  /// Each line of input is one sequence.
  let isLineSequence: Bool
  /// What stands between symbols on output.
  let separator: String
  /// Where the kind is pieces: what turns text into ids and back.
  let pieces: PieceVocabulary?
  /// Where the kind is tokens.
  let tokenizer: Tokenizer?

  /// Ids of ASCII characters, −1 for none.
  private let asciiIDs: [Int32]
  private let otherIDs: [Unicode.Scalar: Int32]

  init(
    kind: Kind, symbols: [String], unknown: Int32? = nil, isLowerCased: Bool = false, isLineSequence: Bool = false,
    separator: String = "", pieces: PieceVocabulary? = nil, tokenizer: Tokenizer? = nil
  ) {
    self.kind = kind
    self.symbols = symbols
    self.unknown = unknown
    self.isLowerCased = isLowerCased
    self.isLineSequence = isLineSequence
    self.separator = separator
    self.pieces = pieces
    self.tokenizer = tokenizer
    var asciiIDs = [Int32](repeating: -1, count: 128)
    var otherIDs: [Unicode.Scalar: Int32] = [:]
    if kind == .characters {
      for (id, symbol) in symbols.enumerated() {
        guard let scalar = symbol.unicodeScalars.first, symbol.unicodeScalars.count == 1 else { continue }
        if scalar.isASCII { asciiIDs[Int(scalar.value)] = Int32(id) } else { otherIDs[scalar] = Int32(id) }
      }
    }
    self.asciiIDs = asciiIDs
    self.otherIDs = otherIDs
  }

  /// The ids of one character of input, mostly one: none where the table neither has it nor an id for the unknown;
  /// several where its lower case is several characters.
  func ids(of scalar: Unicode.Scalar, _ body: (Int32) -> Void) -> Bool {
    forEachCased(scalar) { cased in
      guard let id = id(of: cased) else { return false }
      body(id)
      return true
    }
  }

  /// Whether a table of characters itself has this one, which is no ASCII.
  func contains(_ scalar: Unicode.Scalar) -> Bool { otherIDs[scalar] != nil }

  /// Calls `body` with the character, or those of its lower case where the table wants that, while it returns true.
  func forEachCased(_ scalar: Unicode.Scalar, _ body: (Unicode.Scalar) -> Bool) -> Bool {
    guard isLowerCased, !(scalar.isASCII && !(0x41...0x5A).contains(scalar.value)) else { return body(scalar) }
    return scalar.properties.lowercaseMapping.unicodeScalars.allSatisfy(body)
  }

  private func id(of scalar: Unicode.Scalar) -> Int32? {
    if scalar.isASCII {
      let id = asciiIDs[Int(scalar.value)]
      return id >= 0 ? id : unknown
    }
    return otherIDs[scalar] ?? unknown
  }

  /// Whether a text begins with an id of its own.
  var beginsTexts: Bool { pieces?.begin != nil || tokenizer?.rules.before.isEmpty == false }

  /// The same table, each line of input being one sequence.
  var asLines: SymbolTable { with(isLineSequence: true) }

  /// The same table, all of the input being one sequence.
  var asText: SymbolTable { with(isLineSequence: false) }

  private func with(isLineSequence: Bool) -> SymbolTable {
    SymbolTable(
      kind: kind, symbols: symbols, unknown: unknown, isLowerCased: isLowerCased, isLineSequence: isLineSequence,
      separator: separator, pieces: pieces, tokenizer: tokenizer)
  }

  /// The symbol of an id as text; of a table of bytes, nil: see `write`.
  func symbol(_ id: Int) -> String? {
    kind != .bytes && symbols.indices.contains(id) ? symbols[id] : nil
  }

  /// Writes the symbol of an id alone: text, or the byte itself; `SymbolWriter` writes one after another.
  func write(_ id: Int, to output: ByteWriter) throws(StreamError) {
    if kind == .bytes {
      try output.write(UInt8(truncatingIfNeeded: id))
    } else if let symbol = symbol(id) {
      try output.write(symbol)
    }
  }
}
