// SPDX-License-Identifier: Apache-2.0

import Funes
import FunesConvert
import FunesTestSupport
import Testing

@Suite struct SessionTests {
  @Test func aFileWithEveryOperatorOpensAndRuns() throws {
    let loaded = try LoadedModel(.everyOperator())
    #expect(loaded.model.programs.map(\.name) == ["step", "encode"])
    var session = try Session(loaded.model, rows: 6)
    for program in 0..<2 {
      session.fillInputs(of: program, rows: 6, seed: 1)
      #expect(session.run(program, rows: 6) == RunResult(rows: 6, status: .ok))
      for output in 0..<session.outputCount(of: program) {
        let values = Array(session.unsafeOutput(output, of: program))
        #expect(!values.isEmpty && values.allSatisfy(\.isFinite))
      }
    }
  }

  @Test(arguments: [2, 3, 7, 20])
  func aBlockOfRowsEqualsSingleRowsBitForBit(rows: Int) throws {
    let loaded = try LoadedModel(.everyOperator())
    var block = try Session(loaded.model, rows: rows)
    block.fillInputs(of: 0, rows: rows, seed: 5)
    let x = Array(block.unsafeInput(0)), ids = Array(block.unsafeInputIDs(1))
    #expect(block.run(rows: rows).rows == rows)
    var single = try Session(loaded.model, rows: 1)
    var outputs: [[UInt32]] = [[], []]
    for row in 0..<rows {
      for column in 0..<5 { single.unsafeInput(0)[column] = x[row * 5 + column] }
      single.unsafeInputIDs(1)[0] = ids[row]
      #expect(single.run().rows == 1)
      for output in 0..<2 { outputs[output] += single.unsafeOutput(output).map(\.bitPattern) }
    }
    for output in 0..<2 { #expect(block.unsafeOutput(output).map(\.bitPattern) == outputs[output]) }
    var a = [UInt8](repeating: 0, count: block.snapshotByteCount), b = a
    block.snapshot(into: a.mutableSpan)
    single.snapshot(into: b.mutableSpan)
    #expect(a == b)
  }
}
