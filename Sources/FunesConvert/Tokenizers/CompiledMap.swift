// SPDX-License-Identifier: Apache-2.0
// SentencePiece's compiled map of characters: 32-bit byte count of a double-array trie, the trie's 32-bit units, then
// what keys become, each text ended by NUL. It is read into plain pairs, checked one by one, and the trie forgotten:
// the runtime then follows no index that a stranger wrote.
//
// Units after S. Yata's Darts-clone: bit 8 marks a key's end, the low 31 bits of a leaf are its value, bits 0–7 and 31
// the label, bits 10–30 the offset, shifted by 8 where bit 9 is set.

import Funes

enum CompiledMap {
  /// Most pairs, far above those of any normaliser known.
  static let limit = 1 << 19
  /// Most bytes that a character becomes: Unicode's own longest are 18 characters, in 33 bytes.
  static let byteLimit = 64
  /// Most units of a trie; SentencePiece's own maps have some 60,000.
  static let unitLimit = 1 << 20
  /// Most places on the ways to all keys. Keys with equal ends share places, so that a short trie may have very many.
  static let visitLimit = 1 << 20

  /// The pairs in the order of their keys.
  static func replacements(
    _ blob: [UInt8], file: String, at path: String
  ) throws(TokenizerError) -> [TokenizerRules.Replacement] {
    func broken(_ found: String, _ expected: String) -> TokenizerError {
      .fault(file: file, at: path, .map(found: found, expected: expected))
    }
    func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(blob[offset + $1]) << UInt32(8 * $1) } }
    guard blob.count >= 8 else { throw broken("\(blob.count) bytes", "a trie and its texts") }
    let trieByteCount = Int(word(0))
    guard trieByteCount % 4 == 0, trieByteCount >= 4, trieByteCount <= blob.count - 4 else {
      throw broken("a trie of \(trieByteCount) bytes", "whole units within \(blob.count - 4) bytes")
    }
    guard trieByteCount / 4 <= unitLimit else { throw broken("\(trieByteCount / 4) units", "at most \(unitLimit)") }
    let units = stride(from: 4, to: 4 + trieByteCount, by: 4).map(word)
    let texts = blob[(4 + trieByteCount)...]

    func text(_ offset: Int) throws(TokenizerError) -> String {
      guard offset < texts.count, let end = texts[(texts.startIndex + offset)...].firstIndex(of: 0) else {
        throw broken("a text at \(offset)", "one within \(texts.count) bytes, ended by NUL")
      }
      let bytes = texts[(texts.startIndex + offset)..<end]
      guard bytes.count <= byteLimit else { throw broken("a text of \(bytes.count) bytes", "at most \(byteLimit)") }
      guard let text = String(utf8Bytes: bytes) else {
        throw broken("a text that is none", "utf-8")
      }
      return text
    }

    func child(of unit: UInt32, at position: Int) -> Int { position ^ Int(unit >> 10) << Int((unit & 0x200) >> 6) }
    var replacements: [TokenizerRules.Replacement] = []
    var visitCount = 0
    var stack: [(position: Int, key: [UInt8])] = [(child(of: units[0], at: 0), [])]
    while let (base, key) = stack.popLast() {
      for label in UInt8(1)...255 {
        let position = base ^ Int(label)
        guard position < units.count, units[position] & 0x8000_00FF == UInt32(label) else { continue }
        visitCount += 1
        guard visitCount <= visitLimit else { throw broken("more than \(visitLimit) places", "at most \(visitLimit)") }
        let (unit, longer) = (units[position], key + [label])
        let next = child(of: unit, at: position)
        guard longer.count <= 256 else { throw broken("a key of more than 256 bytes", "at most 256") }
        stack.append((next, longer))
        guard unit >> 8 & 1 == 1 else { continue }
        guard next < units.count else { throw broken("a value at \(next)", "one within \(units.count) units") }
        guard let from = String(utf8Bytes: longer) else { throw broken("a key that is no text", "utf-8") }
        guard replacements.count < limit else { throw broken("more than \(limit) keys", "at most \(limit)") }
        replacements.append(.init(from: from, to: try text(Int(units[next] & 0x7FFF_FFFF))))
      }
    }
    return replacements.sorted { $0.from.utf8.lexicographicallyPrecedes($1.from.utf8) }
  }
}
