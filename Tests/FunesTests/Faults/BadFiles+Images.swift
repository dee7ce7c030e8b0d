// SPDX-License-Identifier: Apache-2.0
// Bad files: factors, constants, positions, pooling and patches.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let parts: FileParts = {
  do { return try FileParts(.images()) } catch { preconditionFailure("images: \(error)") }
}()
private let inputs = 16, constants = 56, states = 88, numbers = 104
/// The most that a factor may be, 2^50.
private let limit = 0x5880_0000

private func broken(
  _ name: String, _ op: String, _ rule: ModelError.Rule, _ found: Int, _ expected: Int,
  _ edit: @escaping @Sendable (inout FileParts, Int) -> Void
) -> BadFile { bad(name, .operators, parts.op(op), rule, found, expected, in: parts, edit) }

private func field(
  _ op: String, _ slot: Int, _ value: Int32, _ rule: ModelError.Rule, found: Int? = nil, _ expected: Int
) -> BadFile {
  broken("\(op), number \(slot): \(value)", op, rule, found ?? Int(value), expected) {
    $0.set(value, .operators, $1, numbers + slot * 4)
  }
}

private func width(_ value: String, _ extent: UInt32, op: String, _ found: Int, _ expected: Int) -> BadFile {
  broken("\(value) of other width", op, .shape, found, expected) { parts, _ in
    let rank = Int(parts.number(UInt8.self, .values, parts.value(value), 5))
    parts.set32(.values, parts.value(value), 4 + rank * 4, extent)
  }
}

private func slot(
  _ name: String, _ op: String, at offset: Int, _ index: Int?, _ rule: ModelError.Rule, _ found: Int, _ expected: Int
) -> BadFile {
  broken(name, op, rule, found, expected) { $0.set32(.operators, $1, offset, index.map { UInt32($0) } ?? .max) }
}

extension BadFile {
  static let images: [BadFile] = factors + positions + pools + patches

  private static let factors: [BadFile] = [
    field("small", 0, Int32(bitPattern: Float.infinity.bitPattern), .number, limit),
    field("small", 0, Int32(bitPattern: 0xFF80_0000), .number, found: 0xFF80_0000, limit),
    field("small", 0, Int32(bitPattern: Float.nan.bitPattern), .number, limit),
    field("small", 0, 0x5880_0001, .number, limit),
    field("small", 1, 1, .reserved, 0),
    width("small", 7, op: "small", 70, 60),
    slot("no vector", "token", at: constants, nil, .arity, 0, 1),
    slot("a longer vector", "token", at: constants, parts.constant("places.v"), .shape, 60, 6),
    slot("a matrix", "token", at: constants, parts.constant("tokens.w"), .shape, 0, 6),
    slot("an input", "token", at: inputs, parts.value("image"), .arity, 1, 0),
    broken("a row for each row", "token", .domain, 1, 0) { parts, _ in parts.set16(.values, parts.value("token"), 6, 1)
    },
    broken("one row in a sequential run", "one", .domain, 0, 1) { parts, _ in
      parts.fixedArenaByteCount = 512
      parts.set16(.values, parts.value("one"), 6, 0)
    },
  ]

  private static let positions: [BadFile] = [
    slot("no table", "counted", at: constants, nil, .arity, 0, 1),
    slot("a table of other columns", "counted", at: constants, parts.constant("order"), .shape, 6, 4),
    slot("a vector for a table", "counted", at: constants, parts.constant("one.v"), .shape, 0, 1),
    slot("no counter", "counted", at: states, nil, .arity, 0, 1),
    slot("a counter of another table", "counted", at: states, parts.state("position"), .state, 104, 14),
    broken("a higher limit", "counted", .state, 15, 14) { parts, _ in parts.set32(.states, parts.state("place"), 20, 15)
    },
    width("counted", 5, op: "counted", 5, 4),
    field("counted", 0, 1, .reserved, 0),
    broken("a table for one row", "in order", .placement, 0, 1) {
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
    field("weighted", 0, -1, .extent, 65_536),
    field("weighted", 0, 65_537, .extent, 65_536),
    field("weighted", 0, 9, .shape, found: 60, 6),
    field("weighted", 1, 0, .extent, 65_536),
    field("weighted", 1, 65_537, .extent, 65_536),
    field("weighted", 1, 4, .extent, 6),
    field("weighted", 1, 3, .shape, found: 20, 3),
    field("plain", 1, 2, .extent, 1),
    field("weighted", 2, 1, .reserved, 0),
    field("weighted", 0, 0, .placement, 1),
    field("all", 0, 2, .domain, found: 0, 1),
    width("all", 7, op: "all", 6, 7),
    slot("scores of other width", "weighted", at: inputs + 4, parts.value("small"), .shape, 60, 2),
    broken("the first row of a stream", "first", .placement, 0, 1) { parts, _ in
      // Without the pools before it, which may not stand there either.
      for op in ["all", "even"] { parts.set32(.operators, parts.op(op), numbers, 1) }
      for op in ["all", "even"] { parts.set16(.values, parts.value(op), 6, 1) }
      parts.set32(.programs, 1, 4, 0)
    },
    broken("the rows of a stream", "all", .placement, 0, 1) { parts, _ in parts.set32(.programs, 1, 4, 0) },
    broken("all rows in a sequential run", "all", .placement, 1, 0) { parts, _ in parts.set32(.runs, 1, 0, 1) },
    broken("the first of one row", "together", .placement, 0, 1) {
      $0.set16(.operators, $1, 0, UInt16(Opcode.first.rawValue))
      for slot in 1..<3 { $0.set32(.operators, $1, inputs + slot * 4, .max) }
      $0.set32(.operators, $1, numbers, 0)
    },
    width("first", 5, op: "first", 5, 6),
  ]

  private static let patches: [BadFile] = [
    field("patches", 0, 2 + 2 << 16, .kind, found: 2, 1),
    field("patches", 0, -1, .kind, 1),
    field("patches", 0, 0, .extent, 0xFFFF),
    field("patches", 0, 3, .shape, found: 70, 105),
    field("patches", 1, 0, .extent, 65_536),
    field("patches", 1, 65_537, .extent, 65_536),
    field("patches", 2, .min, .extent, 65_536),
    field("patches", 2, 8, .shape, found: 70, 80),
    field("patches", 3, 2 << 16, .extent, found: 0, 7),
    field("patches", 3, 8 + 2 << 16, .extent, found: 8, 7),
    field("patches", 3, 3, .extent, found: 0, 9),
    field("patches", 3, 2 + 2 << 16, .shape, found: 108, 3 * 3 * 8),
    field("patches", 4, 3 << 16, .extent, found: 0, 0xFFFF),
    field("patches", 4, 2, .extent, found: 0, 0xFFFF),
    field("patches", 4, 1 + 3 << 16, .shape, found: 108, 5 * 3 * 12),
    field("patches", 5, 3 + 1 << 16, .extent, found: 3, 3),
    field("patches", 5, 1 + 2 << 16, .extent, found: 2, 2),
    field("patches", 5, 1, .shape, found: 108, 3 * 2 * 12),
    width("patches", 13, op: "patches", 117, 108),
    broken("patches of more than 2^24 values", "patches", .extent, 65_535 * 257, 1 << 24) {
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
