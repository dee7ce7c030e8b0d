// SPDX-License-Identifier: Apache-2.0
// Collects symbols by id from wherever they come, and refuses what could not be told apart: two alike, two of one id,
// ids without a symbol. Memory is in proportion to the symbols that came, never to an id.

import Funes

struct VocabularyBuilder {
  /// By bytes: a vocabulary may hold both spellings of one character.
  private(set) var ids: [[UInt8]: Int] = [:]
  private var symbols: [Int: String] = [:]
  let file: String

  /// Most symbols: ids are 32-bit, and a file's limit is not far above.
  static let limit = 1 << 21
  /// Most bytes of a symbol: the longest known have half as many, and each may be tried at each character of a text.
  static let byteLimit = 512

  init(file: String) { self.file = file }

  var count: Int { symbols.count }

  mutating func add(_ symbol: String, id: Int, at path: @autoclosure () -> String) throws(TokenizerError) {
    guard TokenizerNode.isSymbol(symbol) else { throw .fault(file: file, at: path(), .notText) }
    guard (0..<VocabularyBuilder.limit).contains(id) else {
      throw .fault(file: file, at: path(), .outOfRange(found: id, expected: 0...(VocabularyBuilder.limit - 1)))
    }
    let bytes = Array(symbol.utf8)
    guard bytes.count <= VocabularyBuilder.byteLimit else {
      throw .fault(
        file: file, at: path(),
        .tooMany(what: "bytes of a symbol", found: bytes.count, limit: VocabularyBuilder.byteLimit))
    }
    if let earlier = ids[bytes] {
      throw .fault(file: file, at: path(), .duplicate(symbol: symbol, id: id, earlier: earlier))
    }
    if symbols[id] != nil {
      throw .fault(file: file, at: path(), .duplicate(symbol: symbol, id: id, earlier: id))
    }
    ids[bytes] = id
    symbols[id] = symbol
  }

  func id(_ symbol: String) -> Int? { ids[Array(symbol.utf8)] }

  /// All symbols in the order of their ids.
  func all(at path: String) throws(TokenizerError) -> [String] {
    var all: [String] = []
    all.reserveCapacity(symbols.count)
    for id in 0..<symbols.count {
      guard let symbol = symbols[id] else { throw .fault(file: file, at: path, .hole(id: id)) }
      all.append(symbol)
    }
    guard !all.isEmpty else {
      throw .fault(file: file, at: path, .wrongKind(found: "no symbol", expected: "one at least"))
    }
    return all
  }
}
