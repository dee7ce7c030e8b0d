// SPDX-License-Identifier: Apache-2.0
// Bad files: factors, constants, positions, pooling and patches.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let file: OperatorFaults = {
  do { return OperatorFaults(parts: try FileParts(.images())) } catch { preconditionFailure("images: \(error)") }
}()
private let parts = file.parts
private let inputs = 16, constants = 56, states = 88, numbers = 104
/// The most that a factor may be, 2^50.
private let limit = 0x5880_0000

extension BadFile {
  static let images: [BadFile] = factors + positions + pools + patches

  private static let factors: [BadFile] = [
    file.field("small", 0, Int32(bitPattern: Float.infinity.bitPattern), .number, limit),
    file.field("small", 0, Int32(bitPattern: 0xFF80_0000), .number, found: 0xFF80_0000, limit),
    file.field("small", 0, Int32(bitPattern: Float.nan.bitPattern), .number, limit),
    file.field("small", 0, 0x5880_0001, .number, limit),
    file.field("small", 1, 1, .reserved, 0),
    file.width("small", 7, op: "small", 70, 60),
    file.slot("no vector", "token", at: constants, nil, .arity, 0, 1),
    file.slot("a longer vector", "token", at: constants, parts.constant("places.v"), .shape, 60, 6),
    file.slot("a matrix", "token", at: constants, parts.constant("tokens.w"), .shape, 0, 6),
    file.slot("an input", "token", at: inputs, parts.value("image"), .arity, 1, 0),
    file.broken("a row for each row", "token", .domain, 1, 0) { parts, _ in
      parts.set16(.values, parts.value("token"), 6, 1)
    },
    file.broken("one row in a sequential run", "one", .domain, 0, 1) { parts, _ in
      parts.fixedArenaByteCount = 512
      parts.set16(.values, parts.value("one"), 6, 0)
    },
  ]

  private static let positions: [BadFile] = [
    file.slot("no table", "counted", at: constants, nil, .arity, 0, 1),
    file.slot("a table of other columns", "counted", at: constants, parts.constant("order"), .shape, 6, 4),
    file.slot("a vector for a table", "counted", at: constants, parts.constant("one.v"), .shape, 0, 1),
    file.slot("no counter", "counted", at: states, nil, .arity, 0, 1),
    file.slot("a counter of another table", "counted", at: states, parts.state("position"), .state, 104, 14),
    file.broken("a higher limit", "counted", .state, 15, 14) { parts, _ in
      parts.set32(.states, parts.state("place"), 20, 15)
    },
    file.width("counted", 5, op: "counted", 5, 4),
    file.field("counted", 0, 1, .reserved, 0),
    file.broken("a table for one row", "in order", .placement, 0, 1) {
      // What it takes becomes a constant, of one row.
      let embedded = $0.op("embedded")
      $0.fixedArenaByteCount = 512
      $0.set16(.operators, embedded, 0, UInt16(Opcode.constant.rawValue))
      $0.set32(.operators, embedded, inputs, .max)
      $0.set32(.operators, embedded, constants, UInt32($0.constant("token.v")))
      $0.set16(.values, $0.value("embedded"), 6, 0)
      _ = $1
    },
  ]

  private static let pools: [BadFile] = [
    file.field("weighted", 0, -1, .extent, 65_536),
    file.field("weighted", 0, 65_537, .extent, 65_536),
    file.field("weighted", 0, 9, .shape, found: 60, 6),
    file.field("weighted", 1, 0, .extent, 65_536),
    file.field("weighted", 1, 65_537, .extent, 65_536),
    file.field("weighted", 1, 4, .extent, 6),
    file.field("weighted", 1, 3, .shape, found: 20, 3),
    file.field("plain", 1, 2, .extent, 1),
    file.field("weighted", 2, 1, .reserved, 0),
    file.field("weighted", 0, 0, .placement, 1),
    file.field("all", 0, 2, .domain, found: 0, 1),
    file.width("all", 7, op: "all", 6, 7),
    file.slot("scores of other width", "weighted", at: inputs + 4, parts.value("small"), .shape, 60, 2),
    file.broken("the first row of a stream", "first", .placement, 0, 1) { parts, _ in
      // Without the pools before it, which may not stand there either.
      for op in ["all", "even"] { parts.set32(.operators, parts.op(op), numbers, 1) }
      for op in ["all", "even"] { parts.set16(.values, parts.value(op), 6, 1) }
      parts.set32(.programs, 1, 4, 0)
    },
    file.broken("the rows of a stream", "all", .placement, 0, 1) { parts, _ in parts.set32(.programs, 1, 4, 0) },
    file.broken("all rows in a sequential run", "all", .placement, 1, 0) { parts, _ in parts.set32(.runs, 1, 0, 1) },
    file.broken("the first of one row", "together", .placement, 0, 1) {
      $0.set16(.operators, $1, 0, UInt16(Opcode.first.rawValue))
      for slot in 1..<3 { $0.set32(.operators, $1, inputs + slot * 4, .max) }
      $0.set32(.operators, $1, numbers, 0)
    },
    file.width("first", 5, op: "first", 5, 6),
  ]

  private static let patches: [BadFile] = [
    file.field("patches", 0, 2 + 2 << 16, .kind, found: 2, 1),
    file.field("patches", 0, -1, .kind, 1),
    file.field("patches", 0, 0, .extent, 0xFFFF),
    file.field("patches", 0, 3, .shape, found: 70, 105),
    file.field("patches", 1, 0, .extent, 65_536),
    file.field("patches", 1, 65_537, .extent, 65_536),
    file.field("patches", 2, .min, .extent, 65_536),
    file.field("patches", 2, 8, .shape, found: 70, 80),
    file.field("patches", 3, 2 << 16, .extent, found: 0, 7),
    file.field("patches", 3, 8 + 2 << 16, .extent, found: 8, 7),
    file.field("patches", 3, 3, .extent, found: 0, 9),
    file.field("patches", 3, 2 + 2 << 16, .shape, found: 108, 3 * 3 * 8),
    file.field("patches", 4, 3 << 16, .extent, found: 0, 0xFFFF),
    file.field("patches", 4, 2, .extent, found: 0, 0xFFFF),
    file.field("patches", 4, 1 + 3 << 16, .shape, found: 108, 5 * 3 * 12),
    file.field("patches", 5, 3 + 1 << 16, .extent, found: 3, 3),
    file.field("patches", 5, 1 + 2 << 16, .extent, found: 2, 2),
    file.field("patches", 5, 1, .shape, found: 108, 3 * 2 * 12),
    file.width("patches", 13, op: "patches", 117, 108),
    file.broken("patches of more than 2^24 values", "patches", .extent, 65_535 * 257, 1 << 24) {
      $0.rowArenaByteCount = 1 << 28
      $0.set32(.values, $0.value("image"), 8, 65_535)
      $0.set32(.values, $0.value("image"), 12, 1)
      $0.set32(.values, $0.value("image"), 16, 1)
      $0.set(Int32(bitPattern: 65_535 + 1 << 16), .operators, $1, numbers)
      $0.set32(.operators, $1, numbers + 4, 1)
      $0.set32(.operators, $1, numbers + 8, 1)
      $0.set32(.operators, $1, numbers + 12, 257 + 1 << 16)
      $0.set32(.operators, $1, numbers + 16, 1 + 1 << 16)
      $0.set32(.operators, $1, numbers + 20, 128)
    },
  ]
}
