// SPDX-License-Identifier: Apache-2.0

import Funes
import FunesConvert
import FunesTestSupport
import Testing

/// Streams stepped together have the bits that each has alone.
@Suite struct BatchTests {
  /// More streams than a kernel takes at one time.
  private static let counts = [1, 2, 5, 37]

  private static var graphs: [Graph] {
    [
      .everyOperator(), .streaming(.lstm, inputs: 9, units: 21, outputs: 4),
      .streaming(.gru, inputs: 5, units: 33, outputs: 3),
      .streaming(.resetBeforeGRU, inputs: 32, units: 160, outputs: 5),
    ]
  }

  @Test(arguments: graphs, counts)
  func streamsTogetherHaveTheBitsOfStreamsApart(graph: Graph, count: Int) throws {
    let loaded = try LoadedModel(graph)
    for isa in ISA.allCases where isa.isAvailable {
      var batch = try Batch(loaded.model, count: count, rows: 3, threads: isa.description == "scalar" ? 2 : 1, isa: isa)
      var apart = (0..<count).map { _ in [UInt32]() }
      var together = apart
      for call in 0..<4 {
        for program in 0..<batch[0].programCount {
          let rows = 1 + call % 3
          for stream in 0..<count { batch[stream].fillInputs(of: program, rows: rows, seed: seed(stream, call)) }
          #expect(batch.run(program, rows: rows) == .ok)
          for stream in 0..<count { together[stream] += outputs(of: batch[stream], program) }
        }
      }
      for stream in 0..<count {
        var session = try Session(loaded.model, rows: 3, isa: isa)
        for call in 0..<4 {
          for program in 0..<session.programCount {
            let rows = 1 + call % 3
            session.fillInputs(of: program, rows: rows, seed: seed(stream, call))
            #expect(session.run(program, rows: rows).status == .ok)
            apart[stream] += outputs(of: session, program)
          }
        }
        #expect(state(of: batch[stream]) == state(of: session), "\(isa), stream \(stream)")
      }
      #expect(together == apart, "\(isa)")
    }
  }

  @Test func aRefusedRowStopsItsStreamOnly() throws {
    let loaded = try LoadedModel(.streaming(.lstm, inputs: 3, units: 20, outputs: 2))
    var batch = try Batch(loaded.model, count: 3, rows: 2)
    var alone = try Session(loaded.model, rows: 2)
    for stream in 0..<3 { batch[stream].fillInputs(of: 0, rows: 2, seed: UInt64(stream)) }
    batch[1].unsafeInput()[3] = .nan
    #expect(batch.run(rows: 2) == .notFinite)
    #expect(batch.result(of: 0) == RunResult(rows: 2, status: .ok))
    #expect(batch.result(of: 1) == RunResult(rows: 1, status: .notFinite))
    #expect(batch.result(of: 2) == RunResult(rows: 2, status: .ok))
    for stream in 0..<3 {
      alone.reset()
      alone.fillInputs(of: 0, rows: 2, seed: UInt64(stream))
      _ = alone.run(rows: stream == 1 ? 1 : 2)
      #expect(outputs(of: batch[stream], 0) == outputs(of: alone, 0), "stream \(stream)")
      #expect(state(of: batch[stream]) == state(of: alone), "stream \(stream)")
    }
  }

  @Test func aStepTakesARowOfEachStream() throws {
    let loaded = try LoadedModel(.streaming(.gru, inputs: 3, units: 20, outputs: 2))
    var batch = try Batch(loaded.model, count: 4)
    let inputs = (0..<12).map { Float($0) / 10 }
    var found = [Float](repeating: -1, count: 8)
    #expect(batch.step(inputs.span, into: found.mutableSpan) == .ok)
    for stream in 0..<4 {
      var session = try Session(loaded.model)
      var expected = [Float](repeating: 0, count: 2)
      session.step(Array(inputs[(3 * stream)..<(3 * stream + 3)]).span, into: expected.mutableSpan)
      #expect(Array(found[(2 * stream)..<(2 * stream + 2)]) == expected, "stream \(stream)")
    }
  }

  private func seed(_ stream: Int, _ call: Int) -> UInt64 { UInt64(stream * 100 + call) }

  private func outputs(of session: borrowing Session, _ program: Int) -> [UInt32] {
    var bits: [UInt32] = []
    for output in 0..<session.outputCount(of: program) {
      bits += session.unsafeOutput(output, of: program).map(\.bitPattern)
    }
    return bits
  }

  private func state(of session: borrowing Session) -> [UInt8] {
    var saved = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: saved.mutableSpan)
    return saved
  }
}
