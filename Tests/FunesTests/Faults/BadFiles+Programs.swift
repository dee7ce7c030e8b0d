// SPDX-License-Identifier: Apache-2.0
// Bad files: programs, runs, resets and ports.

@testable import Funes

private let e = FileParts.everyOperator

extension BadFile {
  static let programs: [BadFile] = tilings + ports

  private static let tilings: [BadFile] = {
    let runs = e.count(.runs), ports = e.count(.ports), operators = e.count(.operators), states = e.count(.states)
    let name = e.number(UInt32.self, .programs, 0, 0)
    let reset = e.state("back.hidden")
    return [
      bad("the name of an earlier program at", .programs, 1, at: 0, name, .name, 0),
      bad("the name of an earlier program, written twice", .programs, 1, .name, e.count(.strings), 0) {
        $0.set32(.programs, $1, 0, UInt32($0.count(.strings)))
        $0.sections[0] += Array("step\0".utf8)
      },
      bad("flags", .programs, 0, at: 4, UInt32(2), .reserved, 1),
      bad("reserved", .programs, 0, at: 20, UInt8(1), .reserved, 0),
      bad("reserved", .programs, 1, at: 31, UInt8(1), .reserved, 0),
      bad("runs", .programs, 0, at: 8, UInt32(0), .extent, 1),
      bad("runs", .programs, 0, at: 8, UInt32(runs + 1), .tiling, runs),
      bad("runs", .programs, 0, at: 8, UInt32.max, .tiling, runs),
      bad("ports", .programs, 0, at: 12, UInt32(ports + 1), .tiling, ports),
      bad("ports", .programs, 0, at: 12, UInt32.max, .tiling, ports),
      bad("resets", .programs, 1, at: 16, UInt32(2), .tiling, 1),
      bad("resets", .programs, 0, at: 16, UInt32.max, .tiling, 1),
      bad("a run of no program", whole: .runs, .tiling, runs, runs - 1) { $0.set32(.programs, 0, 8, 2) },
      bad("a port of no program", whole: .ports, .tiling, ports, ports - 1) { $0.set32(.programs, 1, 12, 2) },
      bad("a reset of no program", whole: .resets, .tiling, 1, 0) { $0.set32(.programs, 1, 16, 0) },
      bad("kind", .runs, 0, at: 0, UInt32(2), .kind, 1),
      bad("operators", .runs, 0, at: 4, UInt32(0), .extent, 1),
      bad("operators", .runs, 0, at: 4, UInt32(operators + 1), .tiling, operators),
      bad("operators", .runs, 0, at: 4, UInt32.max, .tiling, operators),
      bad("an operator of no run", whole: .operators, .tiling, operators, operators - 1) { $0.set32(.runs, 3, 4, 6) },
      bad("state", .resets, 0, at: 0, UInt32(states), .index, states),
      bad("state", .resets, 0, at: 0, UInt32.max, .index, states),
      bad("a state twice", .resets, 1, .order, reset, reset) {
        $0.grow(.resets, to: 2)
        $0.set32(.resets, $1, 0, UInt32(reset))
        $0.set32(.programs, 1, 16, 2)
      },
      bad("a smaller state after a larger", .resets, 1, .order, 0, reset) {
        $0.grow(.resets, to: 2)
        $0.set32(.resets, $1, 0, 0)
        $0.set32(.programs, 1, 16, 2)
      },
    ]
  }()

  private static let ports: [BadFile] = {
    let x = e.port("x"), ids = e.port("ids"), y = e.port("y"), last = e.port("last"), values = e.count(.values)
    let high = Int(Float(3).bitPattern), low = Int(Float(-2).bitPattern)
    return [
      bad("a program without inputs", .programs, 1, .port, 0, 1) { parts, _ in
        parts.set8(.ports, parts.port("source"), 8, 1)
      },
      bad("direction", .ports, y, at: 8, UInt8(2), .kind, 1),
      bad("policy", .ports, x, at: 9, UInt8(2), .kind, 1),
      bad("reserved", .ports, x, at: 10, UInt16(1), .reserved, 0),
      bad("reserved", .ports, x, at: 28, UInt8(1), .reserved, 0),
      bad("reserved", .ports, last, at: 47, UInt8(1), .reserved, 0),
      bad("value", .ports, x, at: 0, UInt32(values), .index, values),
      bad("no value", .ports, x, at: 0, UInt32.max, .index, values),
      bad("text", .ports, y, at: 24, UInt32(2), .index, 2),
      bad("low", .ports, x, at: 16, Float.nan.bitPattern, .number, high),
      bad("low", .ports, x, at: 16, (-Float.infinity).bitPattern, .number, high),
      bad("low above high", .ports, x, at: 16, Float(4).bitPattern, .number, high),
      bad("high", .ports, x, at: 20, Float.nan.bitPattern, .number, found: low, Int(Float.nan.bitPattern)),
      bad("high above 2^50", .ports, x, at: 20, UInt32(0x5880_0001), .number, found: low, 0x5880_0001),
      bad("low without a policy", .ports, ids, at: 16, UInt32(1), .reserved, 0),
      bad("high of an output", .ports, y, .reserved, 1 << 32, 0) { $0.set32(.ports, $1, 20, 1) },
      bad("an output before an input", .ports, x, .port, 1, 0) {
        $0.set8(.ports, $1, 8, 1)
        $0.set64(.ports, $1, 16, 0)
      },
      bad("an input of another domain", .ports, x, .port, 2, 1) { parts, _ in
        parts.set16(.values, parts.value("x"), 6, 2)
      },
      bad("an input that an operator makes", .ports, x, .producer, 2, 0x8000_0000) {
        $0.set32(.ports, $1, 0, UInt32($0.value("join")))
      },
      bad("the value of another input", .ports, x, .producer, 0x8000_0001, 0x8000_0000) {
        $0.set32(.ports, $1, 0, UInt32($0.value("ids")))
      },
      bad("classes of ids", .ports, ids, at: 12, UInt32(0), .classes, 1),
      bad("classes of ids", .ports, ids, at: 12, UInt32(1 << 28 + 1), .classes, 1),
      bad("classes of ids", .ports, ids, at: 12, UInt32.max, .classes, 1),
      bad("classes of floats", .ports, x, at: 12, UInt32(3), .classes, 0),
      bad("classes of an output", .ports, y, at: 12, UInt32(1), .classes, 0),
      bad("an input as output", .ports, y, .producer, 0x8000_0000, 0) {
        $0.set32(.ports, $1, 0, UInt32($0.value("x")))
      },
      bad("a later program's value as output", .ports, y, .producer, e.op("flat"), 0) {
        $0.set32(.ports, $1, 0, UInt32($0.value("flat")))
      },
      bad("an earlier program's value as output", .ports, last, .producer, e.op("mean"), e.op("flat")) {
        $0.set32(.ports, $1, 0, UInt32($0.value("mean")))
      },
    ]
  }()
}
