// SPDX-License-Identifier: Apache-2.0
// Tables of positions and memories end: which rows are admitted, and that no other leaves a trace.

import CFunesKernels
import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct FillingTests {
  private let count = 2, read = 1

  @Test func rowsThatFitAreRunAndNoOther() throws {
    let loaded = try LoadedModel(.images())
    #expect((0..<3).map { loaded.model.rowLimit(of: $0) } == [nil, 103, 13])
    var session = try Session(loaded.model, rows: 16)
    session.fillInputs(of: count, rows: 16, seed: 1)
    #expect(session.run(count, rows: 16) == RunResult(rows: 13, status: .cacheFull))
    #expect(session.outputRows(of: count) == 13 && session.rowCount == 13)
    let rows = Array(session.unsafeOutput(of: count)).map(\.bitPattern)
    let full = session.snapshotBytes()
    #expect(session.run(count) == RunResult(rows: 0, status: .cacheFull))
    #expect(session.outputRows(of: count) == 0)
    #expect(session.snapshotBytes() == full)
    // A snapshot of a full session is one; begun anew, rows go in calls of any size.
    try session.restore(from: full.span)
    session.reset()
    var single: [UInt32] = []
    session.fillInputs(of: count, rows: 16, seed: 1)
    let inputs = (0..<16).map { session.inputRow($0, of: count) }
    for first in stride(from: 0, to: 16, by: 5) {
      let last = min(first + 5, 16)
      for row in first..<last { session.setInputRow(row - first, of: count, inputs[row]) }
      let result = session.run(count, rows: last - first)
      #expect(
        result
          == (first < 10 ? RunResult(rows: 5, status: .ok) : RunResult(rows: first == 10 ? 3 : 0, status: .cacheFull)))
      single += session.unsafeOutput(of: count).map(\.bitPattern)
    }
    #expect(single == rows)
  }

  @Test func aRowThatIsRefusedBeforeTheEndIsTheReason() throws {
    let loaded = try LoadedModel(.images())
    var session = try Session(loaded.model, rows: 16)
    for (bad, expected) in [
      (12, RunResult(rows: 12, status: .notFinite)), (13, RunResult(rows: 13, status: .notFinite)),
      (14, RunResult(rows: 13, status: .cacheFull)),
    ] {
      session.reset()
      session.fillInputs(of: count, rows: 16, seed: 1)
      session.unsafeInput(of: count)[bad * 4] = .nan
      #expect(session.run(count, rows: 16) == expected)
    }
  }

  /// A block program that begins with its counter at 0 has all its room in each call, and runs all rows or none.
  @Test func blocksRunWholeOrNotAtAll() throws {
    let loaded = try LoadedModel(.images())
    var session = try Session(loaded.model, rows: 104)
    session.fillInputs(of: read, rows: 104, seed: 2)
    #expect(session.run(read, rows: 103) == RunResult(rows: 103, status: .ok))
    let before = session.snapshotBytes()
    #expect(session.run(read, rows: 104) == RunResult(rows: 0, status: .cacheFull))
    #expect(session.snapshotBytes() == before)
    #expect(session.run(read, rows: 103) == RunResult(rows: 103, status: .ok))
  }

  @Test func aCounterBeyondItsTableIsNoSnapshot() throws {
    let loaded = try LoadedModel(.images())
    var session = try Session(loaded.model, rows: 13)
    session.fillInputs(of: count, rows: 13, seed: 1)
    #expect(session.run(count, rows: 13).status == .ok)
    var bytes = session.snapshotBytes()
    // `place` is the second state, each of 64 bytes.
    let offset = 64 + 64
    #expect(bytes.number(UInt32.self, at: offset) == 13)
    bytes.set(UInt32(14), at: offset)
    bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 64, $0.count - 64) }, at: 12)
    bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 60) }, at: 60)
    #expect(throws: SnapshotError.value(state: 1)) { try session.restore(from: bytes.span) }
  }
}
