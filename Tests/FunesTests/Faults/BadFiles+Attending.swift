// SPDX-License-Identifier: Apache-2.0
// Bad files: attention over blocks and memories, and what is added to scores.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let file: OperatorFaults = {
  do { return OperatorFaults(parts: try FileParts(.attending())) } catch { preconditionFailure("attending: \(error)") }
}()
private let parts = file.parts
private let inputs = 16, outputs = 48, constants = 56, states = 88, numbers = 104
/// The most that a scale may be, 2^50, and the most rows.
private let limit = 0x5880_0000, most = 1 << 24

extension BadFile {
  static let blockAndMemory: [BadFile] = blocks + biases + memories + spare

  private static let blocks: [BadFile] = [
    file.field("look", 0, 0, .extent, 65_536),
    file.field("look", 0, 65_537, .extent, 65_536),
    file.field("look", 0, 6, .shape, found: 8, 6),
    file.field("look", 1, 0, .extent, 4),
    file.field("look", 1, 8, .extent, 4),
    file.field("look", 1, 3, .extent, found: 4, 3),
    file.field("look", 1, 4, .shape, found: 4, 2),
    file.field("look", 2, -1, .extent, most),
    file.field("look", 2, Int32(most) + 1, .extent, most),
    file.field("look", 3, 0, .number, limit),
    file.field("look", 3, Int32(bitPattern: Float.nan.bitPattern), .number, limit),
    file.field("look", 3, 0x5880_0001, .number, limit),
    file.field("look", 5, 1, .reserved, 0),
    file.field("inner", 2, 3, .shape, found: 8, 3),
    file.field("inner", 2, 4, .shape, found: 6, 4),
    file.width("look.v", 2, op: "look.v", 4, 3),
    file.width("look", 11, op: "look", 11, 3),
    file.slot("keys of other width", "look", at: inputs + 4, parts.value("look.q"), .shape, 8, 2),
    file.slot("narrower values", "inner", at: inputs + 8, parts.value("look.k"), .shape, 12, 2),
    file.slot("no values", "look", at: inputs + 8, nil, .arity, 2, 3),
    file.slot("a state", "look", at: states, 0, .arity, 0, 0),
    file.broken("rows of a stream", "look", .placement, 0, 1) { parts, _ in parts.set32(.programs, 0, 4, 0) },
    file.broken("rows one by one", "look", .placement, 1, 0) { parts, _ in
      parts.set32(.runs, 0, 0, 1)
    },
  ]

  private static let biases: [BadFile] = [
    file.field("look", 4, 4, .kind, 2),
    file.field("look", 4, 3, .kind, 2),
    file.field("look", 4, -1, .kind, 2),
    file.field("inner", 4, 4, .kind, 3),
    file.field("sloping", 4, 3, .kind, 2),
    file.field("look", 4, 0, .arity, found: 0, 0),
    file.field("plain", 4, 1, .arity, found: 0, 1),
    file.slot("no table of distances", "look", at: constants, nil, .arity, 0, 1),
    file.slot("a second constant", "look", at: constants + 4, 0, .arity, 1, 1),
    file.slot("a matrix of distances", "look", at: constants, parts.constant("look.q.w"), .shape, 0, 4),
    file.slot("distances that heads do not divide", "look", at: constants, parts.constant("slopes.s"), .shape, 1, 4),
    file.slot("distances without a middle", "look", at: constants, parts.constant("inner.m"), .shape, 8, 4),
    file.slot("a shorter mask", "inner", at: constants, parts.constant("look.b"), .shape, 20, 4),
    file.slot("a slope too many", "slopes", at: constants, parts.constant("sloping.s"), .shape, 2, 1),
    file.slot("a slope too few", "sloping", at: constants, parts.constant("slopes.s"), .shape, 1, 2),
    file.slot("no distance", "near", at: constants, parts.constant("additive.v"), .shape, 3, 2),
  ]

  private static let memories: [BadFile] = [
    file.field("remember", 0, 0, .extent, most),
    file.field("remember", 0, -1, .extent, most),
    file.field("remember", 0, 4, .shape, found: 6, 4),
    file.field("remember", 0, 1, .state, found: 3, 6),
    file.field("remember", 1, 1, .reserved, 0),
    file.slot("no keys", "remember", at: states, nil, .arity, 0, 1),
    file.slot("no values", "remember", at: states + 4, nil, .arity, 1, 1),
    file.slot("no count", "remember", at: states + 8, nil, .arity, 2, 1),
    file.slot("a fourth state", "remember", at: states + 12, 0, .arity, 3, 3),
    file.slot("one cache twice", "remember", at: states + 4, parts.state("memory.keys"), .state, 0, 0),
    file.slot(
      "an output", "remember", at: outputs, parts.value("looked"), .producer, parts.op("looked"), parts.op("remember")),
    file.state("memory.filled", at: 20, 207, "remember", 207, 208),
    file.state("memory.keys", at: 8, 206, "remember", 208, 207),
    file.state("memory.values", at: 8, 208, "remember", 208, 207),
    file.state("memory.values", at: 12, 5, "remember", 5, 4),
    file.field("recall", 0, 4, .shape, found: 6, 4),
    file.field("recall", 1, 2, .state, found: 3, 6),
    file.field("recall", 2, 0, .number, limit),
    file.field("recall", 3, 2, .kind, 1),
    file.field("recall", 3, -1, .kind, 1),
    file.field("recall", 3, 1, .arity, found: 0, 1),
    file.field("recall", 4, 1, .reserved, 0),
    file.field("additive", 3, 0, .arity, found: 0, 0),
    file.slot("no score", "additive", at: constants, nil, .arity, 0, 1),
    file.slot("a longer score", "additive", at: constants, parts.constant("near.b"), .shape, 4, 3),
    file.slot("a counter for keys", "recall", at: states, parts.state("memory.filled"), .state, 208, 2),
    file.slot("a slot for a count", "recall", at: states + 8, parts.state("near.slot"), .state, 3, 208),
    file.broken("recall of other width", "recall", .state, 4, 3) { parts, _ in
      parts.set32(.values, parts.value("recall"), 12, 3)
    },
    file.broken("an additive score of two heads", "recall", .extent, 2, 1) {
      $0.set32(.operators, $1, constants, UInt32($0.constant("additive.v")))
      $0.set(Int32(1), .operators, $1, numbers + 12)
    },
  ]

  private static let spare: [BadFile] = [
    file.field("sloping", 2, 6, .state, found: 5, 6),
    file.state("sloping.values", at: 8, 3, "sloping", 3, 5),
    file.state("sloping.slot", at: 20, 3, "sloping", 3, 5),
    file.state("sloping.filled", at: 20, 4, "sloping", 4, 6),
  ]
}
