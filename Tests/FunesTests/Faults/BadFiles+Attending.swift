// SPDX-License-Identifier: Apache-2.0
// Bad files: attention over blocks and memories, and what is added to scores.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let parts: FileParts = {
  do { return try FileParts(.attending()) } catch { preconditionFailure("attending: \(error)") }
}()
private let inputs = 16, outputs = 48, constants = 56, states = 88, numbers = 104
/// The most that a scale may be, 2^50, and the most rows.
private let limit = 0x5880_0000, most = 1 << 24

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

/// A field of a state is changed under its operator.
private func state(
  _ name: String, at offset: Int, _ value: UInt32, _ op: String, _ found: Int, _ expected: Int
) -> BadFile {
  broken("\(name) at \(offset): \(value)", op, .state, found, expected) { parts, _ in
    parts.set32(.states, parts.state(name), offset, value)
  }
}

extension BadFile {
  static let blockAndMemory: [BadFile] = blocks + biases + memories + spare

  private static let blocks: [BadFile] = [
    field("look", 0, 0, .extent, 65_536),
    field("look", 0, 65_537, .extent, 65_536),
    field("look", 0, 6, .shape, found: 8, 6),
    field("look", 1, 0, .extent, 4),
    field("look", 1, 8, .extent, 4),
    field("look", 1, 3, .extent, found: 4, 3),
    field("look", 1, 4, .shape, found: 4, 2),
    field("look", 2, -1, .extent, most),
    field("look", 2, Int32(most) + 1, .extent, most),
    field("look", 3, 0, .number, limit),
    field("look", 3, Int32(bitPattern: Float.nan.bitPattern), .number, limit),
    field("look", 3, 0x5880_0001, .number, limit),
    field("look", 5, 1, .reserved, 0),
    field("inner", 2, 3, .shape, found: 8, 3),
    field("inner", 2, 4, .shape, found: 6, 4),
    width("look.v", 2, op: "look.v", 4, 3),
    width("look", 11, op: "look", 11, 3),
    slot("keys of other width", "look", at: inputs + 4, parts.value("look.q"), .shape, 8, 2),
    slot("narrower values", "inner", at: inputs + 8, parts.value("look.k"), .shape, 12, 2),
    slot("no values", "look", at: inputs + 8, nil, .arity, 2, 3),
    slot("a state", "look", at: states, 0, .arity, 0, 0),
    broken("rows of a stream", "look", .placement, 0, 1) { parts, _ in parts.set32(.programs, 0, 4, 0) },
    broken("rows one by one", "look", .placement, 1, 0) { parts, _ in
      parts.set32(.runs, 0, 0, 1)
    },
  ]

  private static let biases: [BadFile] = [
    field("look", 4, 4, .kind, 2),
    field("look", 4, 3, .kind, 2),
    field("look", 4, -1, .kind, 2),
    field("inner", 4, 4, .kind, 3),
    field("sloping", 4, 3, .kind, 2),
    field("look", 4, 0, .arity, found: 0, 0),
    field("plain", 4, 1, .arity, found: 0, 1),
    slot("no table of distances", "look", at: constants, nil, .arity, 0, 1),
    slot("a second constant", "look", at: constants + 4, 0, .arity, 1, 1),
    slot("a matrix of distances", "look", at: constants, parts.constant("look.q.w"), .shape, 0, 4),
    slot("distances that heads do not divide", "look", at: constants, parts.constant("slopes.s"), .shape, 1, 4),
    slot("distances without a middle", "look", at: constants, parts.constant("inner.m"), .shape, 8, 4),
    slot("a shorter mask", "inner", at: constants, parts.constant("look.b"), .shape, 20, 4),
    slot("a slope too many", "slopes", at: constants, parts.constant("sloping.s"), .shape, 2, 1),
    slot("a slope too few", "sloping", at: constants, parts.constant("slopes.s"), .shape, 1, 2),
    slot("no distance", "near", at: constants, parts.constant("additive.v"), .shape, 3, 2),
  ]

  private static let memories: [BadFile] = [
    field("remember", 0, 0, .extent, most),
    field("remember", 0, -1, .extent, most),
    field("remember", 0, 4, .shape, found: 6, 4),
    field("remember", 0, 1, .state, found: 3, 6),
    field("remember", 1, 1, .reserved, 0),
    slot("no keys", "remember", at: states, nil, .arity, 0, 1),
    slot("no values", "remember", at: states + 4, nil, .arity, 1, 1),
    slot("no count", "remember", at: states + 8, nil, .arity, 2, 1),
    slot("a fourth state", "remember", at: states + 12, 0, .arity, 3, 3),
    slot("one cache twice", "remember", at: states + 4, parts.state("memory.keys"), .state, 0, 0),
    slot(
      "an output", "remember", at: outputs, parts.value("looked"), .producer, parts.op("looked"), parts.op("remember")),
    state("memory.filled", at: 20, 207, "remember", 207, 208),
    state("memory.keys", at: 8, 206, "remember", 208, 207),
    state("memory.values", at: 8, 208, "remember", 208, 207),
    state("memory.values", at: 12, 5, "remember", 5, 4),
    field("recall", 0, 4, .shape, found: 6, 4),
    field("recall", 1, 2, .state, found: 3, 6),
    field("recall", 2, 0, .number, limit),
    field("recall", 3, 2, .kind, 1),
    field("recall", 3, -1, .kind, 1),
    field("recall", 3, 1, .arity, found: 0, 1),
    field("recall", 4, 1, .reserved, 0),
    field("additive", 3, 0, .arity, found: 0, 0),
    slot("no score", "additive", at: constants, nil, .arity, 0, 1),
    slot("a longer score", "additive", at: constants, parts.constant("near.b"), .shape, 4, 3),
    slot("a counter for keys", "recall", at: states, parts.state("memory.filled"), .state, 208, 2),
    slot("a slot for a count", "recall", at: states + 8, parts.state("near.slot"), .state, 3, 208),
    broken("recall of other width", "recall", .state, 4, 3) { parts, _ in
      parts.set32(.values, parts.value("recall"), 12, 3)
    },
    broken("an additive score of two heads", "recall", .extent, 2, 1) {
      $0.set32(.operators, $1, constants, UInt32($0.constant("additive.v")))
      $0.set(Int32(1), .operators, $1, numbers + 12)
    },
  ]

  private static let spare: [BadFile] = [
    field("sloping", 2, 6, .state, found: 5, 6),
    state("sloping.values", at: 8, 3, "sloping", 3, 5),
    state("sloping.slot", at: 20, 3, "sloping", 3, 5),
    state("sloping.filled", at: 20, 4, "sloping", 4, 6),
  ]
}
