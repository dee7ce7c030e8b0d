// SPDX-License-Identifier: Apache-2.0
// Bad files: tokenizers, their steps, scores and parts.

import FunesConvert
import FunesTestSupport

@testable import Funes

/// The file with every operator and three tokenizers that no port names. Records from `base` on: unigram, its map,
/// added tokens, those of other flags, frame; merges, their pairs; words.
private let e: FileParts = {
  var graph = Graph.everyOperator()
  var unigram = TokenizerRules(method: .unigram, symbols: ["u", "a", "b", "c"], unknown: 0)
  unigram.scores = [0, -1, -2.1, -3]
  unigram.splitting = [.whiteSpace, .metaspaceAlwaysSplit]
  unigram.normalization = [.map, .stripRight]
  unigram.map = [.init(from: "B", to: "b")]
  unigram.added = [
    .init(id: 0, isSpecial: true), .init(id: 1, isSingleWord: true), .init(id: 2, isSpecial: true),
  ]
  unigram.before = [1]
  unigram.after = [2, 3]
  _ = graph.addText(unigram)
  var merges = TokenizerRules(method: .merges, symbols: ["a", "b", "ab"])
  merges.merges = [.init(left: 0, right: 1)]
  _ = graph.addText(merges)
  _ = graph.addText(TokenizerRules(method: .words, symbols: ["a"], unknown: 0))
  graph.metadata["source"] = String(repeating: "s", count: 4_096)
  do {
    return try FileParts(graph)
  } catch {
    preconditionFailure("FileParts: \(error)")
  }
}()

extension BadFile {
  static let tokenizers: [BadFile] = {
    let texts = e.count(.texts), symbols = e.count(.symbols), constants = e.count(.constants)
    let base = texts - 8
    let (map, added, others, frame, merges, pairs, words) = (
      base + 1, base + 2, base + 3, base + 4, base + 5, base + 6, base + 7
    )
    // Entries of SYMS: of words one, of the pairs two, of merges three, of the frame three, then those of both added, one
    // and two, of the map two and of unigram four.
    let (pair, framed, marked) = (symbols - 3, symbols - 9, symbols - 11)
    let long = (0..<e.count(.metadata)).map { e.number(UInt32.self, .metadata, $0, 4) }.first { offset in
      e.sections[0][Int(offset)...].prefix { $0 != 0 }.count == 4_096
    }!
    func lengthy(_ name: String, _ symbol: Int, _ expected: Int) -> BadFile {
      bad(name, .symbols, symbol, .stringByteCount, 4_096, expected, in: e) { $0.set32(.symbols, $1, 0, long) }
    }
    func field<T: FixedWidthInteger & Sendable>(
      _ name: String, _ record: Int, at offset: Int, _ value: T, _ rule: ModelError.Rule, found: Int? = nil,
      _ expected: Int
    ) -> BadFile {
      bad(name, .texts, record, rule, found ?? Int(value), expected, in: e) { $0.set(value, .texts, $1, offset) }
    }
    func entry(_ name: String, _ symbol: Int, _ value: UInt32, _ rule: ModelError.Rule, _ expected: Int) -> BadFile {
      bad(name, .symbols, symbol, rule, Int(value), expected, in: e) { $0.set32(.symbols, $1, 0, value) }
    }
    return [
      field("more symbols than there are", words, at: 4, UInt32(2), .tiling, found: symbols + 1, symbols),
      field("more symbols than 2^31", words, at: 4, UInt32.max, .tiling, found: symbols - 1 + 0xFFFF_FFFF, symbols),
      field("unknown of a tokenizer", base, at: 8, UInt32(4), .index, 4),
      field("flags of a tokenizer", base, at: 12, UInt8(1), .reserved, found: 1, 0x7E),
      field("flags of a tokenizer", base, at: 15, UInt8(1), .reserved, found: 1 << 24, 0x7E),
      field("decoding", base, at: 14, UInt8(9), .kind, 8),
      field("a splitting step", base, at: 16, UInt8(7), .kind, 0),
      field("a splitting step", base, at: 17, UInt8(22), .kind, 0),
      field("a splitting step after the last", base, at: 19, UInt8(1), .reserved, 0),
      field("a normalising step", base, at: 24, UInt8(14), .kind, 0),
      field("a normalising step after the last", base, at: 31, UInt8(1), .reserved, 0),
      field("the map twice", base, at: 25, UInt8(9), .extent, found: 2, 1),
      field("scores beyond the constants", base, at: 20, UInt32(constants), .index, constants),
      field("scores in a matrix", base, at: 20, UInt32(e.constant("table")), .shape, found: 0, 4),
      field("a number of merges", merges, at: 20, UInt32(1), .reserved, 0),
      field("longest word", words, at: 20, UInt32(0), .extent, 65_536),
      field("longest word", words, at: 20, UInt32(65_537), .extent, 65_536),
      field("a part of no tokenizer", 0, at: 0, UInt32(9), .order, 7),
      field("parts out of order", added, at: 0, UInt32(9), .order, found: 9 << 32, 9 << 32),
      field("added tokens of the same flags", others, at: 12, UInt32(1), .order, found: 10 << 32 | 2, 10 << 32 | 2),
      field("merges of words", map, at: 0, UInt32(8), .extent, found: 2, 2),
      field("reserved of a part", map, at: 16, UInt8(1), .reserved, 0),
      field("before in a map", map, at: 8, UInt32(1), .reserved, 2),
      field("before in a frame", frame, at: 8, UInt32(4), .reserved, 3),
      field("flags of a map", map, at: 12, UInt32(1), .reserved, 31),
      field("flags of added tokens", others, at: 12, UInt32(32), .reserved, 31),
      field("all flags of added tokens", others, at: 12, UInt32.max, .reserved, 31),
      field("flags of a frame", frame, at: 12, UInt32(1), .reserved, 31),
      entry("a merge of no symbol", pair, 3, .index, 3),
      entry("an id in the frame", framed, 4, .index, 4),
      entry("an added token", marked, 4, .index, 4),
      entry("an added token twice", marked, 0, .order, 0),
      lengthy("a long symbol of merges", symbols - 6, 512),
      lengthy("a long symbol of unigram", symbols - 18, 512),
      lengthy("a long replacement", symbols - 13, 64),
      bad("symbols of more than 2^26 bytes", .symbols, 1 << 14, .stringByteCount, 1 << 26 + 4_096, 1 << 26, in: e) {
        let count = 20_000
        var entry = [UInt8](repeating: 0, count: 4)
        entry.set(long, at: 0)
        $0.sections[Section.symbols.rawValue].insert(
          contentsOf: Array(repeatElement(entry, count: count).joined()), at: 0)
        $0.set32(.texts, 0, 4, $0.number(UInt32.self, .texts, 0, 4) + UInt32(count))
        _ = $1
      },
      bad("a port of a part", .ports, 0, .kind, map, 7, in: e) { $0.set32(.ports, $1, 24, UInt32(map)) },
      bad("half a merge", .texts, pairs, .extent, 1, 2, in: e) { $0.set32(.texts, $1, 4, 1) },
    ]
  }()

  /// What the others are made from.
  static let goodTokenizers = e.bytes
}
