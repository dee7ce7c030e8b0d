// SPDX-License-Identifier: Apache-2.0
// Bad files: what holds for every operator: slots, arity, order and domains.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let e = FileParts.everyOperator
/// Where an operator's slots begin.
private let inputs = 16, outputs = 48, constants = 56, states = 88, numbers = 104

extension FileParts {
  /// Appends a value like another, made by `producer`, and returns its index.
  mutating func appendValue(like other: String, producer: Int) -> UInt32 {
    let index = value(other)
    let record = sections[Section.values.rawValue][index * 48..<(index + 1) * 48]
    sections[Section.values.rawValue] += record
    set32(.values, count(.values) - 1, 20, UInt32(producer))
    return UInt32(count(.values) - 1)
  }

  /// Divides a run: the first `operatorCount` stay, the rest become one of kind `second`.
  mutating func divide(run: Int, after operatorCount: Int, second: UInt32) {
    let all = number(UInt32.self, .runs, run, 4)
    let at = (run + 1) * 8
    sections[Section.runs.rawValue].insert(contentsOf: [UInt8](repeating: 0, count: 8), at: at)
    set32(.runs, run, 4, UInt32(operatorCount))
    set32(.runs, run + 1, 0, second)
    set32(.runs, run + 1, 4, all - UInt32(operatorCount))
    let program = run < Int(number(UInt32.self, .programs, 0, 8)) ? 0 : 1
    set32(.programs, program, 8, number(UInt32.self, .programs, program, 8) + 1)
  }
}

/// A chain of as many subsamples as there may be, domains 2...15, and a copy of the last.
private let subsamples: FileParts = {
  var b = GraphBuilder(name: "subsamples")
  var value = b.value("x", [1])
  let x = value
  for domain in 2...15 {
    let phase = b.state("phase \(domain)", .counter, limit: 2)
    value = b.add("half \(domain)", .subsample(stride: 2, phase: phase), [value], shape: [1], domain: domain)
  }
  value = b.add("copy", .copy, [value], shape: [1], domain: 15)
  var graph = b.graph
  graph.programs = [
    Graph.Program(
      name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
      outputs: [Graph.Port(name: "y", value: value)], runs: [b.run()], resets: [])
  ]
  do { return try FileParts(graph) } catch { preconditionFailure("subsamples: \(error)") }
}()

extension BadFile {
  static let operators: [BadFile] = slots + arities + domains

  private static let slots: [BadFile] = {
    let embed = e.op("embed"), join = e.op("join"), sum = e.op("sum"), flat = e.op("flat"), keep = e.op("keep")
    let values = e.count(.values), states = 88
    return [
      bad("opcode", .operators, embed, at: 0, UInt16(0), .kind, Opcode.highest.rawValue),
      bad(
        "opcode", .operators, embed, at: 0, UInt16(Opcode.highest.rawValue + 1), .kind,
        Opcode.highest.rawValue),
      bad("opcode", .operators, embed, at: 0, UInt16.max, .kind, Opcode.highest.rawValue),
      bad("reserved", .operators, embed, at: 2, UInt16(1), .reserved, 0),
      bad("reserved", .operators, embed, at: 8, UInt64(1), .reserved, 0),
      bad("an input after an empty slot", .operators, join, at: inputs + 16, UInt32(0), .index, nothing),
      bad("input", .operators, join, at: inputs, UInt32(values), .index, values),
      bad("input", .operators, join, at: inputs, UInt32.max - 1, .index, values),
      bad("a later program's input", .operators, join, .order, e.port("source"), 0) {
        $0.set32(.operators, $1, inputs, UInt32($0.value("source")))
      },
      bad("an earlier program's input", .operators, flat, .order, 0, e.port("source")) {
        $0.set32(.operators, $1, inputs, UInt32($0.value("x")))
      },
      bad("an earlier program's value", .operators, flat, .order, e.op("join"), flat) {
        $0.set32(.operators, $1, inputs, UInt32($0.value("join")))
      },
      bad("what is made later", .operators, sum, .order, e.op("rnn"), sum) {
        $0.set32(.operators, $1, inputs + 4, UInt32($0.value("rnn")))
      },
      bad("its own output", .operators, sum, .order, sum, sum) {
        $0.set32(.operators, $1, inputs + 4, UInt32($0.value("sum")))
      },
      bad("a second output without a first", .operators, keep, at: outputs + 4, UInt32(0), .index, nothing),
      bad("output", .operators, embed, at: outputs + 4, UInt32(values), .index, values),
      bad("one output twice", .operators, embed, at: outputs + 4, UInt32(e.value("embed")), .index, values),
      bad("another's output", .operators, embed, .producer, e.op("hot"), embed) {
        $0.set32(.operators, $1, outputs + 4, UInt32($0.value("hot")))
      },
      bad("constant", .operators, embed, at: constants, UInt32(e.count(.constants)), .index, e.count(.constants)),
      bad("constant", .operators, embed, at: constants + 28, UInt32.max - 1, .index, e.count(.constants)),
      bad("state", .operators, embed, at: states, UInt32(e.count(.states)), .index, e.count(.states)),
      bad("state", .operators, embed, at: states + 12, UInt32.max - 1, .index, e.count(.states)),
    ]
  }()

  private static let arities: [BadFile] = {
    let embed = e.op("embed"), join = e.op("join"), sum = e.op("sum"), before = e.op("before"), keep = e.op("keep")
    let rnn = e.op("rnn"), linear = e.op("linear")
    return [
      bad("no input", .operators, embed, .arity, 0, 1) { $0.set32(.operators, $1, inputs, .max) },
      bad("one input to join", .operators, join, .arity, 1, 8) {
        $0.set32(.operators, $1, inputs + 4, .max)
        $0.set32(.operators, $1, inputs + 8, .max)
      },
      bad("three inputs to add", .operators, sum, .arity, 3, 2) {
        $0.set32(.operators, $1, inputs + 8, UInt32($0.value("join")))
      },
      bad("an input to a state's reader", .operators, before, .arity, 1, 0) {
        $0.set32(.operators, $1, inputs, UInt32($0.value("join")))
      },
      bad("no output", .operators, embed, .arity, 0, 1) {
        $0.set32(.operators, $1, outputs, .max)
        $0.set32(.values, $0.value("embed"), 20, UInt32($0.op("rnn")))
        $0.set32(.operators, $0.op("rnn"), outputs + 4, UInt32($0.value("embed")))
      },
      bad("two outputs", .operators, embed, .arity, 2, 1) {
        let second = $0.appendValue(like: "embed", producer: $1)
        $0.set32(.operators, $1, outputs + 4, second)
      },
      bad("an output of a state's writer", .operators, keep, .arity, 1, 0) {
        let output = $0.appendValue(like: "last", producer: $1)
        $0.set32(.operators, $1, outputs, output)
      },
      bad("no matrix", .operators, linear, .arity, 0, 1) { $0.set32(.operators, $1, constants, .max) },
      bad("no bias", .operators, rnn, .arity, 2, 3) { $0.set32(.operators, $1, constants + 8, .max) },
      bad("a constant too many", .operators, embed, .arity, 1, 1) { $0.set32(.operators, $1, constants + 4, 0) },
      bad("a constant too many", .operators, linear, .arity, 2, 2) { $0.set32(.operators, $1, constants + 8, 0) },
      bad("a constant of an operator that takes none", .operators, sum, .arity, 0, 0) {
        $0.set32(.operators, $1, constants, 0)
      },
      bad("a state of an operator that has none", .operators, sum, .arity, 0, 0) {
        $0.set32(.operators, $1, states, 0)
      },
      bad("a state too many", .operators, rnn, .arity, 1, 1) { $0.set32(.operators, $1, states + 4, 2) },
      bad("a number of an operator that has none", .operators, sum, at: numbers, Int32(1), .reserved, 0),
      bad("a number too many", .operators, e.op("half"), at: numbers + 4, Int32(-1), .reserved, 0),
    ]
  }()

  private static let domains: [BadFile] = [
    bad("inputs of two domains", .operators, e.op("square"), .domain, 1, 2) {
      $0.set32(.operators, $1, inputs + 4, UInt32($0.value("gru")))
    },
    bad("an output of another domain", .operators, e.op("relu"), .domain, 1, 2) { parts, _ in
      parts.set16(.values, parts.value("relu"), 6, 1)
    },
    bad("an output of a domain in a sequential run", .operators, e.op("before"), .domain, 2, 1) { parts, _ in
      parts.set16(.values, parts.value("before"), 6, 2)
    },
    bad("a fifteenth subsample", .operators, 14, .domain, 16, 15, in: subsamples) {
      $0.set16(.operators, $1, 0, UInt16(Opcode.subsample.rawValue))
    },
    bad("a subsample that makes no new domain", .operators, 1, .domain, 2, 3, in: subsamples) { parts, _ in
      parts.set16(.values, 2, 6, 2)
    },
    bad("a subsample in a sequential run", .operators, e.op("half"), .placement, 1, 0) { parts, _ in
      parts.set32(.runs, 2, 0, 1)
    },
    bad("a subsample's rows in a sequential run", .operators, e.op("linear"), .placement, 2, 1) { parts, _ in
      parts.divide(run: 2, after: 4, second: 1)
    },
    bad("a subsample of one row", .operators, e.op("half"), .placement, 0, 1) {
      // What it takes becomes a state, read once a call.
      let window = $0.op("window"), value = $0.value("window")
      $0.fixedArenaByteCount = 256
      $0.set16(.operators, window, 0, UInt16(Opcode.stateRead.rawValue))
      $0.set32(.operators, window, inputs, .max)
      $0.set32(.operators, window, states, UInt32($0.state("feedback")))
      $0.set32(.operators, window, states + 4, .max)
      $0.set64(.operators, window, numbers, 0)
      $0.set16(.values, value, 6, 0)
      $0.set32(.values, value, 8, 1)
      $0.set32(.values, value, 12, 15)
      _ = $1
    },
    bad("the last row in a sequential run", .operators, e.op("last"), .placement, 1, 0) { parts, _ in
      parts.divide(run: 3, after: 5, second: 1)
    },
    bad("the last row of a subsample", .operators, e.op("log"), .placement, 2, 1) {
      $0.set16(.operators, $1, 0, UInt16(Opcode.last.rawValue))
      $0.set32(.operators, $1, inputs, UInt32($0.value("half")))
      $0.set32(.operators, $1, numbers, 0)
    },
    bad("a reversed cell in a stream", .operators, e.op("rnn"), at: numbers + 4, Int32(4), .placement, found: 0, 1),
    bad("a reversed cell in a sequential run", .operators, e.op("back"), .placement, 1, 0) { parts, _ in
      parts.set32(.runs, 3, 0, 1)
    },
    bad("a reversed cell whose state is not reset", .operators, e.op("back"), .placement, e.state("back.hidden"), 1) {
      parts, _ in parts.set32(.resets, 0, 0, UInt32(parts.state("memory")))
    },
  ]
}
