// SPDX-License-Identifier: Apache-2.0
// Numbers that no sensor should send: refused rows leave no trace, replaced ones are what the port says, weights that
// overflow leave states finite, and a caller's float environment changes nothing and is given back.

import CFunesTestSupport
import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct HostileInputTests {
  static let absurd: [Float] = [
    .nan, -.nan, .signalingNaN, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    Float(0x1p50).nextUp, -Float(0x1p50).nextUp,
  ]
  static let odd: [Float] = [
    -0.0, 0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 0x1p50, -0x1p50, 1e-38,
  ]

  /// The state after each number of rows, and the outputs of each row, of a session that takes one row at a time.
  private func reference(_ model: Model, _ rows: [[[UInt32]]]) throws -> (states: [[UInt8]], outputs: [[[UInt32]]]) {
    var session = try Session(model)
    var states = [session.snapshotBytes()]
    var outputs: [[[UInt32]]] = []
    for row in rows {
      session.setInputRow(0, row)
      #expect(session.run() == RunResult(rows: 1, status: .ok))
      states.append(session.snapshotBytes())
      outputs.append(session.outputBits())
    }
    return (states, outputs)
  }

  @Test func aRefusedRowLeavesNoTrace() throws {
    let loaded = try LoadedModel(.streaming(.gru, inputs: 7, units: 17, outputs: 3))
    let rowCount = 5
    var session = try Session(loaded.model, rows: rowCount)
    session.fillInputs(of: 0, rows: rowCount, seed: 4)
    let rows = (0..<rowCount).map { session.inputRow($0) }
    let (states, outputs) = try reference(loaded.model, rows)
    for bad in 0..<rowCount {
      for position in 0..<7 {
        for value in Self.absurd {
          session.reset()
          for row in 0..<rowCount { session.setInputRow(row, rows[row]) }
          session.unsafeInput()[bad * 7 + position] = value
          #expect(session.run(rows: rowCount) == RunResult(rows: bad, status: .notFinite))
          #expect(session.snapshotBytes() == states[bad])
          #expect(session.outputRows() == bad)
          #expect(session.outputBits() == [outputs[..<bad].flatMap { $0[0] }])
        }
      }
    }
  }

  @Test func oddNumbersAreNumbers() throws {
    let loaded = try LoadedModel(.streaming(.lstm, inputs: 7, units: 17, outputs: 3))
    for position in 0..<7 {
      for value in Self.odd {
        var session = try Session(loaded.model, rows: 3)
        session.fillInputs(of: 0, rows: 3, seed: 4)
        session.unsafeInput()[7 + position] = value
        #expect(session.run(rows: 3) == RunResult(rows: 3, status: .ok))
        #expect(session.unsafeOutput().allSatisfy { $0.isFinite })
        try session.restore(from: session.snapshotBytes().span)
      }
    }
  }

  /// Of two inputs one replaces and one refuses: ids out of range.
  @Test(arguments: [-1, 4, .max, .min] as [Int32])
  func anIdOutOfRangeIsRefused(id: Int32) throws {
    let loaded = try LoadedModel(.everyOperator())
    let rowCount = 6
    var session = try Session(loaded.model, rows: rowCount)
    session.fillInputs(of: 0, rows: rowCount, seed: 4)
    let rows = (0..<rowCount).map { session.inputRow($0) }
    let (states, outputs) = try reference(loaded.model, rows)
    for bad in 0..<rowCount {
      session.reset()
      for row in 0..<rowCount { session.setInputRow(row, rows[row]) }
      session.unsafeInputIDs(1)[bad] = id
      #expect(session.run(rows: rowCount) == RunResult(rows: bad, status: .idOutOfRange))
      #expect(session.snapshotBytes() == states[bad])
      let expected = (0..<2).map { output in outputs[..<bad].flatMap { $0[output] } }
      #expect(session.outputBits() == expected)
      // The second output has a row for every second one; none is left over from an earlier call.
      #expect(session.outputRows(0) == bad && session.outputRows(1) == (bad + 1) / 2)
    }
  }

  @Test func aPolicyReplacesAndClamps() throws {
    let loaded = try LoadedModel(.everyOperator())
    let cases: [(sent: Float, taken: Float)] = [
      (.nan, 0), (.signalingNaN, 0), (.infinity, 0), (-.infinity, 0), (.greatestFiniteMagnitude, 3),
      (-.greatestFiniteMagnitude, -2), (0x1p50, 3), (3.5, 3), (-2.5, -2), (2.5, 2.5),
      (.leastNonzeroMagnitude, .leastNonzeroMagnitude),
    ]
    for position in 0..<5 {
      for (sent, taken) in cases {
        var session = try Session(loaded.model, rows: 2)
        var expected = try Session(loaded.model, rows: 2)
        session.fillInputs(of: 0, rows: 2, seed: 4)
        expected.fillInputs(of: 0, rows: 2, seed: 4)
        session.unsafeInput()[5 + position] = sent
        expected.unsafeInput()[5 + position] = taken
        #expect(session.run(rows: 2) == RunResult(rows: 2, status: .ok))
        #expect(expected.run(rows: 2) == RunResult(rows: 2, status: .ok))
        #expect(session.snapshotBytes() == expected.snapshotBytes() && session.outputBits() == expected.outputBits())
      }
    }
  }

  @Test func aBlockIsRefusedWhole() throws {
    let loaded = try LoadedModel(.everyOperator())
    var session = try Session(loaded.model, rows: 4)
    session.fillInputs(of: 1, rows: 4, seed: 2)
    #expect(session.run(1, rows: 4).rows == 4)
    #expect(session.outputRows(0, of: 1) == 4 && session.outputRows(1, of: 1) == 1)
    let before = session.snapshotBytes()
    for position in 0..<24 {
      session.fillInputs(of: 1, rows: 4, seed: 3)
      session.unsafeInput(of: 1)[position] = .nan
      #expect(session.run(1, rows: 4) == RunResult(rows: 0, status: .notFinite))
      #expect(session.snapshotBytes() == before)
      #expect(session.outputRows(0, of: 1) == 0 && session.outputRows(1, of: 1) == 0)
    }
  }

  @Test func aStepShowsItsRowOrNothing() throws {
    let loaded = try LoadedModel(.streaming(.rnn, inputs: 2, units: 3, outputs: 2))
    var session = try Session(loaded.model)
    var output: [Float] = [7, 7]
    #expect(session.step([1, .nan].span, into: output.mutableSpan) == .notFinite && output == [7, 7])
    #expect(session.step([1, 2].span, into: output.mutableSpan) == .ok && output != [7, 7])
  }

  /// `step` through a model whose one output is subsampled: every second step writes nothing.
  @Test func aStepBetweenASubsamplesRowsWritesNothing() throws {
    var b = GraphBuilder(name: "half")
    let x = b.value("x", [2])
    let phase = b.state("phase", .counter, limit: 2)
    let y = b.add("y", .subsample(stride: 2, phase: phase), [x], shape: [2], domain: 2)
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y)], runs: [b.run()], resets: [])
    ]
    let loaded = try LoadedModel(graph)
    var session = try Session(loaded.model)
    var output: [Float] = [0, 0]
    for (row, expected) in [1, 1, 3, 3, 5].enumerated() as EnumeratedSequence<[Float]> {
      let value = Float(row + 1)
      #expect(session.step([value, value].span, into: output.mutableSpan) == .ok)
      #expect(output == [expected, expected])
    }
  }

  /// Weights of ±127 with scales and equalizers at their limits: sums overflow binary32 in every gate.
  @Test(arguments: TestCell.allCases, [0x1p40, 0x1p20, 0x1p-126] as [Float])
  func statesStayFiniteWhateverTheWeights(cell: TestCell, scale: Float) throws {
    var parts = try FileParts(.streaming(cell, inputs: 5, units: 18, outputs: 3))
    parts.fill(TestWeights(isExtreme: true, scale: scale, equalizer: scale), seed: 3)
    let loaded = try LoadedModel(parts.bytes)
    var hashes: Set<UInt32> = []
    for isa in ISA.allCases where isa.isAvailable {
      var session = try Session(loaded.model, isa: isa)
      var crc: UInt32 = 0
      var numbers = TestNumbers(seed: 5)
      for step in 0..<1_000 {
        for column in 0..<5 {
          session.unsafeInput()[column] =
            step % 3 == 0 ? Self.odd[numbers.below(Self.odd.count)] : 0x1p50 * numbers.float()
        }
        #expect(session.run().rows == 1)
        crc = session.outputHash(from: crc)
        if step % 100 == 99 { try session.restore(from: session.snapshotBytes().span) }
      }
      hashes.insert(crc)
    }
    #expect(hashes.count == 1)
  }

  @Test(arguments: 0..<4 as Range<Int32>, [0, 1] as [Int32])
  func theCallersFloatEnvironmentIsNeitherFeltNorKept(rounding: Int32, flushes: Int32) throws {
    let loaded = try LoadedModel(.everyOperator())
    for threads in 1...2 {
      var session = try Session(loaded.model, threads: threads)
      let usual = float_control_read()
      // The inputs, subnormals among them, are made in the usual environment, the calls in the caller's.
      var rows: [[[UInt32]]] = []
      for seed in 0..<50 as Range<UInt64> {
        session.fillInputs(of: 0, rows: 1, seed: seed)
        for column in 0..<5 where seed % 2 == 0 { session.unsafeInput()[column] *= 0x1p-130 }
        rows.append(session.inputRow(0))
      }
      var crcs: [UInt32] = []
      for control in [usual, float_control_value(rounding, flushes)] {
        session.reset()
        var crc: UInt32 = 0
        float_control_write(control)
        for row in rows {
          session.setInputRow(0, row)
          _ = session.run()
          crc = session.outputHash(from: crc)
        }
        let left = float_control_read()
        float_control_write(usual)
        #expect(left == control & 0xFFFF_FFC0)
        crcs.append(crc)
      }
      #expect(crcs[0] == crcs[1])
    }
  }
}
