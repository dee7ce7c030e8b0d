// SPDX-License-Identifier: Apache-2.0
// Bad files: constants and their numbers, states, values, text, symbols, self-test and generation.

@testable import Funes

private let e = FileParts.everyOperator
private let notANumber: UInt32 = 0x7FC0_0000
private let infinity: UInt32 = 0x7F80_0000
/// 2^40 and 2^50: the most that scales and vectors may be.
private let scaleLimit = 0x5380_0000
private let vectorLimit = 0x5880_0000

/// A float of a constant is set, `offset` bytes from where the constant begins.
private func number(
  _ name: String, of constant: String, at offset: Int, _ bits: UInt32, _ limit: Int, in parts: FileParts = e
) -> BadFile {
  let begin = Int(parts.number(UInt64.self, .constants, parts.constant(constant), 24))
  let index = parts.constant(constant)
  return bad("\(name) of \(constant)", .constants, index, .number, Int(bits), limit, in: parts) { parts, _ in
    parts.set(bits, .data, begin + offset, 0)
  }
}

/// Bytes of the states before one.
private func before(_ state: Int) -> Int {
  (0..<state).reduce(0) { total, index in
    let kind = e.number(UInt8.self, .states, index, 4)
    let lanes = Int(e.number(UInt32.self, .states, index, 8))
    let width = Int(e.number(UInt32.self, .states, index, 12))
    switch kind {
    case 3: return total + (lanes * width + 15) / 16 * 64
    case 7: return total + (lanes * width * 2 + 63) / 64 * 64
    default: return total + lanes * ((width + 15) / 16 * 64)
    }
  }
}

extension BadFile {
  static let records: [BadFile] = constants + numbers + states + values + texts + generation

  private static let constants: [BadFile] = {
    let matrix = e.constant("table"), vector = e.constant("feedback.0"), last = e.count(.constants) - 1
    let data = e.count(.data)
    return [
      bad("kind", .constants, matrix, at: 4, UInt8(0), .kind, 2),
      bad("kind", .constants, matrix, at: 4, UInt8(3), .kind, 2),
      bad("reserved", .constants, matrix, at: 32, UInt8(1), .reserved, 0),
      bad("reserved", .constants, vector, at: 63, UInt8(1), .reserved, 0),
      bad("rows", .constants, matrix, at: 8, UInt32(0), .extent, 1 << 28),
      bad("rows", .constants, matrix, at: 8, UInt32(1 << 28 + 1), .extent, 1 << 28),
      bad("rows", .constants, vector, at: 8, UInt32.max, .extent, 1 << 28),
      bad("weight planes", .constants, matrix, at: 5, UInt8(0), .planes, 2),
      bad("weight planes", .constants, matrix, at: 5, UInt8(3), .planes, 2),
      bad("weight planes", .constants, matrix, at: 5, UInt8(255), .planes, 2),
      // A second plane of the table is 128 bytes of tiles and 64 of row sums; zeros are numbers wherever they are read.
      bad("a second plane that is not there", .constants, vector, .tiling, 320, 512) { parts, vector in
        parts.set8(.constants, vector - 1, 5, 2)
        for offset in 256..<512 { parts.set(UInt8(0), .data, offset, 0) }
      },
      bad("a second plane that nobody has", .constants, vector, .tiling, 512, 320, in: .everyOperatorWide) {
        parts, vector in
        parts.set8(.constants, vector - 1, 5, 1)
        for offset in 128..<512 { parts.set(UInt8(0), .data, offset, 0) }
      },
      bad("activation planes", .constants, matrix, at: 6, UInt8(0), .planes, 2),
      bad("activation planes", .constants, matrix, at: 6, UInt8(3), .planes, 2),
      bad("flags", .constants, matrix, at: 7, UInt8(2), .reserved, 1),
      bad("columns", .constants, matrix, at: 12, UInt32(0), .extent, 65_536),
      bad("columns", .constants, matrix, at: 12, UInt32(65_537), .extent, 65_536),
      bad("groups", .constants, matrix, at: 16, UInt32(0), .extent, 4),
      bad("groups", .constants, matrix, at: 16, UInt32(5), .extent, 4),
      bad("groups that do not divide the 4 rows", .constants, matrix, at: 16, UInt32(3), .extent, found: 4, 3),
      bad("qmax of two planes", .constants, matrix, at: 20, UInt32(127), .qmax, 32_639),
      bad("qmax of two planes", .constants, matrix, at: 20, UInt32(32_640), .qmax, 32_639),
      bad("qmax of two planes", .constants, matrix, at: 20, UInt32.max, .qmax, 32_639),
      bad("qmax 0 of one plane", .constants, matrix, .qmax, 0, 127) {
        $0.set8(.constants, $1, 6, 1)
        $0.set32(.constants, $1, 20, 0)
      },
      bad("qmax 128 of one plane", .constants, matrix, .qmax, 128, 127) {
        $0.set8(.constants, $1, 6, 1)
        $0.set32(.constants, $1, 20, 128)
      },
      bad("weight planes of a vector", .constants, vector, at: 5, UInt8(1), .reserved, 0),
      bad("activation planes of a vector", .constants, vector, at: 6, UInt8(1), .reserved, 0),
      bad("flags of a vector", .constants, vector, at: 7, UInt8(1), .reserved, 0),
      bad("columns of a vector", .constants, vector, at: 12, UInt32(0), .reserved, found: 1, 0),
      bad("groups of a vector", .constants, vector, at: 16, UInt32(1), .reserved, 0),
      bad("qmax of a vector", .constants, vector, at: 20, UInt32(1), .reserved, 0),
      bad("an overlap", .constants, vector, at: 24, UInt64(256), .tiling, 320),
      bad("a gap", .constants, vector, at: 24, UInt64(384), .tiling, 320),
      bad("an offset", .constants, vector, at: 24, UInt64.max, .tiling, 320),
      bad("more rows than the data has", .constants, last, at: 8, UInt32(64), .tiling, found: data + 64, data),
      bad("the largest matrix", .constants, matrix, .tiling, 1 << 44 + 1 << 31 + 1 << 18, data) {
        $0.set32(.constants, $1, 8, 1 << 28)
        $0.set32(.constants, $1, 12, 65_536)
      },
      bad("data that ends too early", .constants, last, .tiling, data, data - 64) { parts, _ in
        parts.sections[Section.data.rawValue].removeLast(64)
      },
      bad("data that nobody has", whole: .data, .tiling, data + 64, data) { $0.grow(.data, to: data + 64) },
    ]
  }()

  /// The table is (4, 6): 128 bytes of tiles, 16 scales, 16 row sums, 8 of the equalizer.
  private static let numbers: [BadFile] = [
    number("a scale", of: "table", at: 128, notANumber, scaleLimit),
    number("a scale", of: "table", at: 132, infinity, scaleLimit),
    number("a scale", of: "table", at: 136, 0xBF80_0000, scaleLimit),
    number("a scale", of: "table", at: 140, 0x8000_0000, scaleLimit),
    number("a scale", of: "table", at: 128, 0x5380_0001, scaleLimit),
    number("a pad's scale", of: "table", at: 188, infinity, scaleLimit),
    number("an equalizer", of: "table", at: 256, notANumber, scaleLimit),
    number("an equalizer", of: "table", at: 276, 0x8000_0001, scaleLimit),
    number("a pad's equalizer", of: "table", at: 284, 0x5380_0001, scaleLimit),
    // With a second plane: 256 of tiles, 16 scales, twice 16 row sums, 8 of the equalizer.
    number("a scale of two planes", of: "table", at: 256, notANumber, scaleLimit, in: .everyOperatorWide),
    number("a pad's scale of two planes", of: "table", at: 316, infinity, scaleLimit, in: .everyOperatorWide),
    number("an equalizer of two planes", of: "table", at: 448, 0x8000_0001, scaleLimit, in: .everyOperatorWide),
    number("a pad's equalizer of two planes", of: "table", at: 476, 0x5380_0001, scaleLimit, in: .everyOperatorWide),
    number("a value", of: "rnn.b", at: 0, notANumber, vectorLimit),
    number("a value", of: "rnn.b", at: 4, 0xFFFF_FFFF, vectorLimit),
    number("a value", of: "rnn.b", at: 8, infinity, vectorLimit),
    number("a value", of: "rnn.b", at: 12, 0xFF80_0000, vectorLimit),
    number("a value", of: "rnn.b", at: 56, 0x5880_0001, vectorLimit),
    number("a pad", of: "rnn.b", at: 60, 0xD880_0001, vectorLimit),
  ]

  private static let states: [BadFile] = {
    let hidden = e.state("rnn.hidden"), counter = e.state("phase"), first = e.state("feedback")
    let cache = e.state("attention.keys")
    let constants = e.count(.constants), limit = 1 << 24
    let initial = Int(e.number(UInt64.self, .constants, e.constant("feedback.0"), 24))
    return [
      bad("kind", .states, hidden, at: 4, UInt8(0), .kind, 7),
      bad("kind", .states, hidden, at: 4, UInt8(8), .kind, 7),
      bad("reserved", .states, hidden, at: 6, UInt16(1), .reserved, 0),
      bad("reserved", .states, hidden, at: 28, UInt32(1), .reserved, 0),
      bad("heads of what is no cache", .states, hidden, at: 24, UInt32(1), .extent, 0),
      bad("heads of halves", .states, cache, at: 24, UInt32(2), .extent, 0),
      bad("bytes without heads", .states, cache, .extent, 0, 12) { $0.set8(.states, $1, 5, 4) },
      bad("bytes of heads that do not divide a row", .states, cache, .extent, 5, 12) {
        $0.set8(.states, $1, 5, 4)
        $0.set32(.states, $1, 24, 5)
      },
      bad("bytes that are no cache", .states, hidden, at: 5, UInt8(4), .element, 1),
      bad("type", .states, hidden, at: 5, UInt8(2), .element, 1),
      bad("type of a counter", .states, counter, at: 5, UInt8(1), .element, 2),
      bad("type of a cache", .states, cache, at: 5, UInt8(1), .element, 3),
      bad("limit of a cache", .states, cache, at: 20, UInt32(5), .extent, 0),
      bad("an initial constant of a cache", .states, cache, at: 16, UInt32(0), .index, constants),
      bad("lanes", .states, hidden, at: 8, UInt32(0), .extent, limit),
      bad("lanes", .states, hidden, at: 8, UInt32(limit + 1), .extent, limit),
      bad("lanes of a counter", .states, counter, at: 8, UInt32(2), .extent, 1),
      bad("width", .states, hidden, at: 12, UInt32(0), .extent, limit),
      bad("width", .states, hidden, at: 12, UInt32.max, .extent, limit),
      bad("width of a counter", .states, counter, at: 12, UInt32(2), .extent, 1),
      bad("limit", .states, hidden, at: 20, UInt32(5), .extent, 0),
      bad("limit of a counter", .states, counter, at: 20, UInt32(0), .extent, 1),
      bad("the largest extents", .states, hidden, .extent, 64 + 1 << 50, 1 << 36) {
        $0.set32(.states, $1, 8, 1 << 24)
        $0.set32(.states, $1, 12, 1 << 24)
      },
      bad("the largest ring", .states, e.state("window.ring"), .extent, 1 << 50 + 448, 1 << 36) {
        $0.set32(.states, $1, 8, 1 << 24)
        $0.set32(.states, $1, 12, 1 << 24)
      },
      bad("the largest cache", .states, cache, .extent, 1 << 49 + before(cache), 1 << 36) {
        $0.set32(.states, $1, 8, 1 << 24)
        $0.set32(.states, $1, 12, 1 << 24)
      },
      bad("an initial constant", .states, hidden, at: 16, UInt32(constants), .index, constants),
      bad("an initial constant of a counter", .states, counter, at: 16, UInt32(1), .index, constants),
      bad("a matrix to begin with", .states, first, at: 16, UInt32(e.constant("table")), .shape, 16),
      bad(
        "an initial vector of other size", .states, first, at: 16, UInt32(e.constant("lstm.b")), .shape, found: 128, 16),
      bad("a pad that begins as 1", .states, first, .reserved, 0x3F80_0000, 0) { parts, _ in
        parts.set(Float(1).bitPattern, .data, initial + 60, 0)
      },
    ]
  }()

  private static let values: [BadFile] = {
    let x = e.value("x"), window = e.value("window"), last = e.value("last")
    let fixed = Int(e.fixedArenaByteCount), arena = Int(e.rowArenaByteCount)
    let place = Int(e.number(UInt64.self, .values, x, 24))
    return [
      bad("type", .values, x, at: 4, UInt8(0), .kind, 2),
      bad("type", .values, x, at: 4, UInt8(3), .kind, 2),
      bad("rank", .values, x, at: 5, UInt8(0), .extent, 3),
      bad("rank", .values, x, at: 5, UInt8(4), .extent, 3),
      bad("extent", .values, x, at: 8, UInt32(0), .extent, 1 << 24),
      bad("extent", .values, x, at: 8, UInt32(1 << 24 + 1), .extent, 1 << 24),
      bad("extent", .values, x, at: 8, UInt32.max, .extent, 1 << 24),
      bad("extent beyond the rank", .values, x, at: 12, UInt32(0), .extent, 1),
      bad("extent beyond the rank", .values, x, at: 16, UInt32(2), .extent, 1),
      bad("extents of a large product", .values, window, .extent, 1 << 48, 1 << 24) {
        $0.set32(.values, $1, 8, 1 << 24)
        $0.set32(.values, $1, 12, 1 << 24)
      },
      bad("reserved", .values, x, at: 32, UInt8(1), .reserved, 0),
      bad("reserved", .values, x, at: 47, UInt8(1), .reserved, 0),
      bad("domain", .values, x, at: 6, UInt16(16), .domain, 15),
      bad("an odd place", .values, x, at: 24, UInt64(32), .arenaOffset, arena),
      bad("a place after the arena", .values, x, at: 24, UInt64(arena), .arenaOffset, arena),
      bad("a place", .values, x, at: 24, UInt64.max - 63, .arenaOffset, arena),
      bad("a place after the fixed arena", .values, last, at: 24, UInt64(fixed), .arenaOffset, fixed),
      bad("larger than the arena", .values, x, at: 8, UInt32(arena / 4 + 1), .arenaOffset, found: place, arena),
      bad("an input port, in its operator's stead", .values, e.value("embed"), .producer, 0x8000_0001, e.count(.ports))
      {
        $0.set32(.values, $1, 20, 0x8000_0001)
      },
      bad("producer", .values, e.value("embed"), at: 20, UInt32(0x8000_0002), .producer, e.count(.ports)),
      bad("producer", .values, e.value("embed"), at: 20, UInt32.max, .producer, e.count(.ports)),
      bad("producer", .values, e.value("embed"), at: 20, UInt32(e.count(.operators)), .producer, e.count(.operators)),
      bad("another producer", .values, e.value("embed"), at: 20, UInt32(1), .producer, e.count(.operators)),
      bad("ids made by an operator", .values, e.value("embed"), .element, 2, 1) { $0.set8(.values, $1, 4, 2) },
    ]
  }()

  private static let texts: [BadFile] = {
    let symbols = e.count(.symbols)
    return [
      bad("kind", .texts, 0, at: 0, UInt32(0), .kind, 11),
      bad("kind", .texts, 0, at: 0, UInt32(12), .kind, 11),
      bad("flags", .texts, 0, at: 12, UInt32(4), .reserved, 3),
      bad("reserved", .texts, 0, at: 20, UInt8(1), .reserved, 0),
      bad("reserved", .texts, 0, at: 31, UInt8(1), .reserved, 0),
      bad("symbols of labels", .texts, 0, at: 4, UInt32(0), .extent, 1),
      bad("symbols of bytes", .texts, 0, at: 0, UInt32(3), .extent, 0),
      bad("unknown", .texts, 0, at: 8, UInt32(3), .index, 3),
      bad("unknown byte 256", .texts, 0, .index, 256, 256) {
        $0.set32(.texts, $1, 0, 3)
        $0.set32(.texts, $1, 4, 0)
        $0.set32(.texts, $1, 8, 256)
      },
      bad("symbols", .texts, 1, at: 4, UInt32(5), .tiling, found: symbols + 1, symbols),
      bad("symbols", .texts, 1, at: 4, UInt32.max, .tiling, found: nothing + 3, symbols),
      bad("symbols of no table", whole: .symbols, .tiling, symbols, symbols - 1) { $0.set32(.texts, 1, 4, 3) },
      bad("program", .goldens, 0, at: 0, UInt32(2), .golden, 2),
      bad("rows", .goldens, 1, at: 4, UInt32(0), .golden, 65_536),
      bad("rows", .goldens, 1, at: 4, UInt32(65_537), .golden, 65_536),
    ]
  }()

  private static let generation: [BadFile] = [
    bad("reserved", .generation, 0, at: 52, UInt8(1), .reserved, 0),
    bad("reserved", .generation, 0, at: 63, UInt8(1), .reserved, 0),
    bad("second stop id", .generation, 0, at: 32, UInt32(4), .classes, 4),
    bad("stop ids that do not ascend", .generation, 0, at: 32, UInt32(3), .order, 3),
    bad("last stop id", .generation, 0, at: 40, UInt32(0), .order, nothing),
    bad("pad id of sources of any length", .generation, 0, at: 44, UInt32(0), .index, nothing),
    bad("source rows without a pad id", .generation, 0, at: 48, UInt32(9), .classes, found: nothing, 0),
    bad("source rows", .generation, 0, at: 48, UInt32(65_537), .extent, 65_536),
    bad("source rows without an encoder", .generation, 0, .extent, 9, 0) {
      $0.set32(.generation, $1, 0, .max)
      $0.set32(.generation, $1, 44, 0)
      $0.set32(.generation, $1, 48, 9)
    },
    bad("encode program", .generation, 0, at: 0, UInt32(2), .index, 2),
    bad("step program", .generation, 0, at: 4, UInt32(2), .index, 2),
    bad("no step program", .generation, 0, at: 4, UInt32.max, .index, 2),
    bad("longest", .generation, 0, at: 20, UInt32(0), .extent, 1 << 24),
    bad("longest", .generation, 0, at: 20, UInt32(1 << 24 + 1), .extent, 1 << 24),
    bad("output", .generation, 0, at: 24, UInt32(2), .index, 2),
    bad("input", .generation, 0, at: 28, UInt32(2), .index, 2),
    bad("an input of floats", .generation, 0, at: 28, UInt32(0), .classes, 0),
    bad("start id", .generation, 0, at: 12, UInt32(4), .classes, 4),
    bad("no start id", .generation, 0, at: 12, UInt32.max, .classes, 4),
    bad("stop id", .generation, 0, at: 16, UInt32(4), .classes, 4),
    bad("appended id where floats are read", .generation, 0, at: 8, UInt32(0), .classes, 0),
    bad("appended id without an encoder", .generation, 0, .index, 1, nothing) {
      $0.set32(.generation, $1, 0, .max)
      $0.set32(.generation, $1, 8, 1)
    },
  ]
}
