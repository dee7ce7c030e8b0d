// SPDX-License-Identifier: Apache-2.0
// Bad files: the shapes, constants, states and numbers of each operator.

@testable import Funes

private let e = FileParts.everyOperator
private let outputs = 48, numbers = 104

extension BadFile {
  static let shapes: [BadFile] = elementwise + remembering + cells + cellStates

  private static let elementwise: [BadFile] = [
    input("ids where floats are taken", "join", takes: "ids", .element, 2, 1),
    input("floats where ids are taken", "embed", takes: "x", .element, 1, 2),
    constant("a matrix of other columns", "linear", 0, takes: "rnn.x", .shape, 51, 15),
    constant("a matrix of three groups", "linear", 0, takes: "gru.h", .shape, 3, 1),
    constant("a vector for a matrix", "linear", 0, takes: "rnn.b", .shape, 0, 1),
    constant("a longer bias", "linear", 1, takes: "lstm.b", .shape, 128, 16),
    constant("a matrix for a bias", "linear", 1, takes: "table", .shape, 0, 16),
    extent("linear", 4, op: "linear", 4, 3),
    bad("more classes than rows", .operators, e.op("embed"), .classes, 5, 4) { parts, _ in
      parts.set32(.ports, parts.port("ids"), 12, 5)
    },
    extent("embed", 7, op: "embed", 7, 6),
    bad("two ids", .operators, e.op("hot"), .shape, 2, 1) { parts, _ in
      parts.set32(.values, parts.value("ids"), 8, 2)
      parts.set32(.values, parts.value("embed"), 8, 12)
    },
    number("hot", 0, 5, .shape, found: 4, 5),
    bad("fewer classes than ids", .operators, e.op("hot"), .classes, 4, 3) {
      $0.set32(.operators, $1, numbers, 3)
      $0.set32(.values, $0.value("hot"), 8, 3)
    },
    input("an addend of other width", "sum", 1, takes: "x", .shape, 5, 15),
    extent("sum", 14, op: "sum", 14, 15),
    extent("square", 1, op: "square", 1, 2),
    number("join", 0, 0, .extent, 5),
    number("join", 0, -1, .extent, 5),
    number("join", 0, 2, .extent, 5),
    number("join", 0, 5, .shape, found: 6, 5),
    extent("join", 16, op: "join", 16, 15),
    number("slice", 0, 0, .extent, 3),
    number("slice", 1, -1, .shape, 3),
    number("slice", 1, 3, .shape, 3),
    number("slice", 1, .max, .shape, 3),
    number("slice", 2, 0, .shape, 2),
    number("slice", 2, 3, .shape, 2),
    number("slice", 2, .max, .shape, 2),
    number("slice", 2, .min, .shape, 2),
    extent("slice", 1, op: "slice", 1, 2),
    number("relu", 0, 0, .kind, 8),
    number("relu", 0, 9, .kind, 8),
    number("relu", 0, -1, .kind, 8),
    extent("relu", 2, op: "relu", 2, 3),
    number("soft", 0, 0, .extent, 8),
    number("soft", 0, 3, .extent, 8),
    number("log", 0, .min, .extent, 17),
    number("unit", 0, .max, .extent, 5),
    extent("soft", 2, 3, op: "soft", 6, 8),
    extent("log", 18, op: "log", 18, 17),
    extent("unit", 4, op: "unit", 4, 5),
    extent("flat", 5, op: "flat", 5, 6),
    extent("last", 4, op: "last", 4, 5),
  ]

  private static let remembering: [BadFile] = [
    extent("mean", 16, op: "mean", 16, 17),
    state("no mean", "mean", takes: nil, .arity, 0, 1),
    state("no counter", "mean", 1, takes: nil, .arity, 1, 1),
    state("another kind of state", "mean", takes: "rnn.hidden", .state, 1, 6),
    state("another kind of counter", "mean", 1, takes: "mean", .state, 6, 4),
    changed("mean", at: 8, 2, "mean", 1),
    changed("mean", at: 12, 16, "mean", 17),
    changed("seen", at: 20, 5, "mean", 1 << 24 + 1),
    number("window", 0, 0, .extent, 65_536),
    number("window", 0, 65_537, .extent, 65_536),
    number("window", 1, 0, .extent, 65_536),
    number("window", 1, 65_537, .extent, 65_536),
    number("window", 0, 2, .shape, found: 51, 17),
    bad("a window of more than 2^24 rows", .operators, e.op("window"), .extent, 1_000, 1 << 24) {
      $0.rowArenaByteCount = 1 << 20
      $0.set32(.values, $0.value("window"), 8, 1_000)
      $0.set32(.operators, $1, numbers, 1_000)
      $0.set32(.operators, $1, numbers + 4, 65_536)
    },
    bad("a ring of a window of one row", .operators, e.op("window"), .arity, 1, 0) {
      $0.set32(.values, $0.value("window"), 8, 1)
      $0.set32(.operators, $1, numbers, 1)
    },
    state("no ring", "window", takes: nil, .arity, 0, 1),
    state("no position", "window", 1, takes: nil, .arity, 1, 1),
    changed("window.ring", at: 8, 5, "window", 4),
    changed("window.ring", at: 12, 18, "window", 17),
    changed("window.position", at: 20, 5, "window", 4),
    number("half", 0, 1, .extent, 65_536),
    number("half", 0, 65_537, .extent, 65_536),
    extent("half", 3, 16, op: "half", 48, 51),
    state("no phase", "half", takes: nil, .arity, 0, 1),
    changed("phase", at: 20, 3, "half", 2),
    state("no state to read", "before", takes: nil, .arity, 0, 1),
    state("a counter to read", "before", takes: "phase", .state, 4, 5),
    state("a cache to read", "before", takes: "attention.keys", .state, 7, 5),
    state("a smaller state to read", "before", takes: "memory", .shape, 15, 5),
    state("a counter to write", "after", takes: "phase", .state, 4, 5),
    state("a cache to write", "after", takes: "attention.values", .state, 7, 5),
    state("a larger state to write", "keep", takes: "feedback", .shape, 5, 15),
  ]

  private static let cells: [BadFile] = [
    number("rnn", 0, -1, .kind, 4),
    number("rnn", 0, 5, .kind, 4),
    number("rnn", 0, 256, .kind, found: 1, 0),
    number("gru", 0, 5 * 256, .kind, found: 5, 4),
    number("rnn", 1, 16, .kind, 15),
    number("rnn", 1, .min, .kind, 15),
    number("rnn", 1, 1, .kind, 0),
    number("gru", 1, 1, .kind, 0),
    number("lstm", 1, 2, .kind, 0),
    number("rnn", 2, 0, .extent, 65_536),
    number("rnn", 2, 65_537, .extent, 65_536),
    number("rnn", 3, 0, .extent, 65_536),
    number("rnn", 3, .max, .extent, 65_536),
    number("rnn", 3, 2, .extent, 1),
    number("lstm", 4, Int32(bitPattern: Float.nan.bitPattern), .number, 0x5880_0000),
    number("lstm", 4, Int32(bitPattern: Float.infinity.bitPattern), .number, 0x5880_0000),
    bad("a negative clip", .operators, e.op("lstm"), .number, 0xBF80_0000, 0x5880_0000) {
      $0.set32(.operators, $1, numbers + 16, 0xBF80_0000)
    },
    number("lstm", 5, 0x5880_0001, .number, 0x5880_0000),
    constant("a matrix of four gates", "rnn", 0, takes: "lstm.x", .shape, 4, 1),
    constant("a vector for a matrix", "rnn", 1, takes: "rnn.b", .shape, 0, 1),
    constant("a projection of other columns", "lstm", 4, takes: "table", .shape, 6, 18),
    constant("a vector for a projection", "lstm", 4, takes: "lstm.b", .shape, 0, 1),
    constant("a recurrent matrix of other columns", "lstm", 1, takes: "lstm.x", .shape, 15, 7),
    constant("a recurrent matrix of other units", "gru", 1, takes: "inner.h", .shape, 4, 17),
    constant("a longer bias", "rnn", 2, takes: "lstm.b", .shape, 128, 16),
    constant("a candidate where the reset comes after", "gru", 4, takes: "back.hn", .arity, 4, 0),
    constant("a candidate's input where the reset comes after", "gru", 5, takes: "back.xn", .arity, 5, 0),
    constant("no candidate where the reset comes before", "back", 4, takes: nil, .arity, 4, 1),
    constant("no candidate's input where the reset comes before", "back", 5, takes: nil, .arity, 5, 1),
    constant("a candidate of other rows", "back", 4, takes: "rnn.x", .shape, 15, 5),
    constant("a candidate of other columns", "back", 4, takes: "back.xn", .shape, 6, 5),
    constant("a candidate's input of other rows", "back", 5, takes: "table", .shape, 4, 5),
    constant("a candidate's input of other columns", "back", 5, takes: "back.hn", .shape, 5, 6),
    constant("b_hn where the reset comes before", "back", 3, takes: "gru.bhn", .arity, 3, 0),
    constant("a longer b_hn", "gru", 3, takes: "gru.b", .shape, 96, 32),
    constant("a longer peephole", "lstm", 3, takes: "lstm.b", .shape, 128, 96),
    input("an input of other width", "rnn", takes: "x", .shape, 5, 15),
    extent("rnn", 14, op: "rnn", 14, 15),
    bad("gates of other width", .operators, e.op("gru"), .shape, 15, 51) {
      $0.set32(.operators, $1, outputs + 4, $0.appendValue(like: "rnn", producer: $1))
    },
  ]

  private static let cellStates: [BadFile] = [
    state("a state of an inner axis", "inner", takes: "rnn.hidden", .arity, 1, 0),
    state("a cell state of an inner axis", "inner", 1, takes: "lstm.cell", .arity, 1, 0),
    state("no hidden state", "rnn", takes: nil, .arity, 0, 1),
    state("no cell state", "lstm", 1, takes: nil, .arity, 1, 1),
    state("another kind of hidden state", "rnn", takes: "feedback", .state, 5, 1),
    state("another kind of cell state", "lstm", 1, takes: "lstm.hidden", .state, 1, 2),
    changed("rnn.hidden", at: 8, 2, "rnn", 1),
    changed("rnn.hidden", at: 12, 16, "rnn", 15),
    changed("lstm.hidden", at: 12, 18, "lstm", 7),
    changed("lstm.cell", at: 12, 7, "lstm", 18),
  ]
}
