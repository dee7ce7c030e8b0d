// SPDX-License-Identifier: Apache-2.0
// A call that is asked for the last row alone: the bits of a call that makes all, and the same state, however a prompt is
// cut into blocks.

import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct LastRowTests {
  static let graphs: [Graph] = [
    .decoder(), .everyOperator(), .everyMemory(), .images(), .frames(),
    .streaming(.lstm, inputs: 3, units: 18, outputs: 2),
  ]

  @Test(arguments: graphs, [1, 7, 64, 130])
  func aPromptInBlocksEndsAsRowByRow(graph: Graph, most: Int) throws {
    let loaded = try LoadedModel(graph)
    let total = 130
    var source = try Session(loaded.model, rows: total)
    source.fillInputs(of: 0, rows: total, seed: 3)
    var single = try Session(loaded.model)
    var latest: [[UInt32]] = Array(repeating: [], count: single.outputCount())
    var block = try Session(loaded.model, rows: most)
    var begin = 0
    while begin < total {
      let count = min(most, total - begin)
      var made = [Bool](repeating: false, count: latest.count)
      for row in 0..<count {
        block.setInputRow(row, source.inputRow(begin + row))
        single.setInputRow(0, source.inputRow(begin + row))
        #expect(single.run().rows == 1)
        for (output, bits) in single.outputBits().enumerated() where !bits.isEmpty {
          latest[output] = bits
          made[output] = true
        }
      }
      #expect(block.run(rows: count, outputs: .last) == RunResult(rows: count, status: .ok))
      for (output, bits) in block.outputBits().enumerated() {
        #expect(block.outputRows(output) == (made[output] ? 1 : 0))
        #expect(bits == (made[output] ? latest[output] : []), "output \(output), rows \(begin) and \(count) more")
      }
      begin += count
    }
    #expect(block.snapshotBytes() == single.snapshotBytes())
  }

  @Test func aBlockProgramGivesItsLastRow() throws {
    let loaded = try LoadedModel(.everyOperator())
    var whole = try Session(loaded.model, rows: 9)
    var last = try Session(loaded.model, rows: 9)
    whole.fillInputs(of: 1, rows: 9, seed: 4)
    last.fillInputs(of: 1, rows: 9, seed: 4)
    #expect(whole.run(1, rows: 9) == last.run(1, rows: 9, outputs: .last))
    for output in 0..<whole.outputCount(of: 1) {
      let width = whole.outputWidth(output, of: 1)
      #expect(last.outputBits(of: 1)[output] == whole.outputBits(of: 1)[output].suffix(width))
    }
    #expect(whole.snapshotBytes() == last.snapshotBytes())
  }

  @Test func theLastRowIsThatBeforeARefusedOne() throws {
    let loaded = try LoadedModel(.decoder())
    var whole = try Session(loaded.model, rows: 8)
    var last = try Session(loaded.model, rows: 8)
    for rows in [5, 0] {
      whole.fillInputs(of: 0, rows: 8, seed: 4)
      last.fillInputs(of: 0, rows: 8, seed: 4)
      last.unsafeInput()[rows * 12 + 3] = .nan
      if rows > 0 { #expect(whole.run(rows: rows).rows == rows) }
      #expect(last.run(rows: 8, outputs: .last) == RunResult(rows: rows, status: .notFinite))
      #expect(last.outputBits()[0] == (rows > 0 ? Array(whole.outputBits()[0].suffix(12)) : []))
      #expect(whole.snapshotBytes() == last.snapshotBytes())
    }
  }

  /// What only outputs wait for runs once: of a decoder the operators after attention, of a program around states none
  /// that a state waits for.
  @Test func theTailIsWhatOnlyOutputsWaitFor() throws {
    let loaded = try LoadedModel(.decoder())
    let session = try Session(loaded.model)
    let tail = (0..<loaded.model.operatorCount).filter { session.plan.entries[$0].isTail }
    let names = tail.map { loaded.model.operators[$0].name }
    #expect(names == ["seen", "sum", "rms", "gate", "silu", "gelu", "up", "gated", "down", "gelu tanh", "y"])
    let every = try LoadedModel(.everyMemory())
    let other = try Session(every.model)
    let found = (0..<every.model.operatorCount).filter { other.plan.entries[$0].isTail }
    #expect(found.isEmpty, "\(found.map { every.model.operators[$0].name })")
  }
}
