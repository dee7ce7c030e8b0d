// SPDX-License-Identifier: Apache-2.0
// Bad files: norms, rotary positions and attention.

@testable import Funes

private let e = FileParts.everyOperator
private let numbers = 104
/// The most that ε and scales may be, 2^50, and turns and their rests stay below: 1 and 2^-24.
private let limit = 0x5880_0000, turn = 0x3F80_0000, rest = 0x3380_0000

/// A float among an operator's numbers.
private func float(_ op: String, _ slot: Int, _ bits: UInt32) -> BadFile {
  bad("\(op), number \(slot):", .operators, e.op(op), at: numbers + slot * 4, bits, .number, limit)
}

/// One of the turns of a rotary operator.
private func turns(_ constant: String, at index: Int, _ bits: UInt32, op: String, _ expected: Int) -> BadFile {
  let begin = Int(e.number(UInt64.self, .constants, e.constant(constant), 24))
  return bad("\(constant) at \(index)", .operators, e.op(op), .number, Int(bits), expected) { parts, _ in
    parts.set(bits, .data, begin + index * 4, 0)
  }
}

extension BadFile {
  static let attention: [BadFile] = norms + rotary + attending

  private static let norms: [BadFile] = [
    extent("norm", 16, op: "norm", 16, 17),
    number("norm", 0, 0, .extent, 17),
    number("norm", 0, 2, .extent, 17),
    constant("a longer gain", "norm", 0, takes: "rnn.b", .shape, 16, 17),
    constant("a longer bias", "norm", 1, takes: "gru.b", .shape, 96, 17),
    constant("a matrix for a gain", "norm", 0, takes: "table", .shape, 0, 17),
    constant("no gain", "norm", 0, takes: nil, .arity, 0, 1),
    float("norm", 1, 0),
    float("norm", 1, 0x007F_FFFF),
    float("norm", 1, Float.nan.bitPattern),
    float("norm", 1, 0x5880_0001),
    float("norm", 1, 0xB700_0000),
    extent("rms", 4, 5, op: "rms", 20, 24),
    number("rms", 0, 3, .shape, found: 6, 8),
    number("rms", 0, 5, .extent, 24),
    constant("a bias", "rms", 1, takes: "rms.g", .arity, 1, 1),
    float("rms", 1, Float.infinity.bitPattern),
    number("rms", 2, 1, .reserved, 0),
  ]

  private static let rotary: [BadFile] = [
    extent("rotary.q", 4, 5, op: "rotary.q", 20, 24),
    number("rotary.q", 0, 5, .extent, 24),
    number("rotary.q", 1, 0, .extent, 6),
    number("rotary.q", 1, -2, .extent, 6),
    number("rotary.q", 1, 3, .extent, 6),
    number("rotary.q", 1, 8, .extent, 6),
    number("rotary.q", 1, 6, .shape, found: 4, 6),
    number("rotary.q", 2, 2, .kind, 1),
    number("rotary.q", 2, -1, .kind, 1),
    number("rotary.q", 3, 1, .reserved, 0),
    constant("no turns", "rotary.q", 0, takes: nil, .arity, 0, 1),
    constant("turns of more dimensions", "rotary.q", 0, takes: "turns 6", .shape, 6, 4),
    turns("turns 4", at: 0, 0x3F80_0000, op: "rotary.q", turn),
    turns("turns 4", at: 1, 0x8000_0000, op: "rotary.q", turn),
    turns("turns 4", at: 2, 0x3380_0000, op: "rotary.q", rest),
    turns("turns 6", at: 5, 0xB000_0000, op: "rotary.k", rest),
    state("no position", "rotary.q", takes: nil, .arity, 0, 1),
    state("a cache for a position", "rotary.q", takes: "attention.keys", .state, 7, 4),
    changed("rotary.q.position", at: 20, 5, "rotary.q", nothing),
  ]

  private static let attending: [BadFile] = [
    input("a query of other width", "attention", 0, takes: "norm", .shape, 17, 4),
    input("keys of other width", "attention", 1, takes: "rotary.q", .shape, 24, 12),
    input("values of other width", "attention", 2, takes: "rotary.q", .shape, 24, 12),
    extent("attention", 23, op: "attention", 23, 24),
    number("attention", 0, 0, .extent, 65_536),
    number("attention", 0, 65_537, .extent, 65_536),
    number("attention", 0, 6, .shape, found: 12, 8),
    number("attention", 1, 0, .extent, 4),
    number("attention", 1, 8, .extent, 4),
    number("attention", 1, 3, .extent, found: 4, 3),
    number("attention", 1, 4, .shape, found: 12, 24),
    number("attention", 2, 0, .extent, 1 << 24),
    number("attention", 2, 1 << 24 + 1, .extent, 1 << 24),
    number("attention", 2, 4, .state, found: 3, 4),
    float("attention", 3, 0),
    float("attention", 3, 0xBF00_0000),
    float("attention", 3, Float.nan.bitPattern),
    float("attention", 3, 0x5880_0001),
    number("attention", 4, 3, .kind, 2),
    number("attention", 5, 1, .reserved, 0),
    state("no keys", "attention", 0, takes: nil, .arity, 0, 1),
    state("no values", "attention", 1, takes: nil, .arity, 1, 1),
    state("no slot", "attention", 2, takes: nil, .arity, 2, 1),
    state("no count of filled rows", "attention", 3, takes: nil, .arity, 3, 1),
    state("floats for a cache", "attention", 0, takes: "window.ring", .state, 3, 7),
    bad("one cache twice", .operators, e.op("attention"), .state, e.state("attention.keys"), e.state("attention.keys"))
    {
      $0.set32(.operators, $1, 92, UInt32($0.state("attention.keys")))
    },
    state("a count for a slot", "attention", 2, takes: "attention.filled", .state, 4, 3),
    state("a slot for a count", "attention", 3, takes: "attention.slot", .state, 3, 4),
    state("a position for a slot", "attention", 2, takes: "rotary.q.position", .state, nothing, 3),
    bad("bytes with a scale a row", .operators, e.op("attention"), .state, 1, 2) { parts, _ in
      parts.set8(.states, parts.state("attention.keys"), 5, 4)
      parts.set32(.states, parts.state("attention.keys"), 24, 1)
    },
    bad("keys of fewer rows than values", .operators, e.op("attention"), .state, 3, 2) { parts, _ in
      parts.set32(.states, parts.state("attention.keys"), 8, 2)
    },
    changed("attention.values", at: 12, 13, "attention", 12),
    changed("attention.slot", at: 20, 4, "attention", 3),
    changed("attention.filled", at: 20, 3, "attention", 4),
  ]
}
