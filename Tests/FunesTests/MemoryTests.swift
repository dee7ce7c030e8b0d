// SPDX-License-Identifier: Apache-2.0
// A source that is remembered and asked for: the same bits of every instruction set, team and size of calls, and what is
// admitted.

import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct MemoryTests {
  private let read = 0, ask = 1

  /// Remembers random rows, asks random rows in calls of `block`, and returns all that came out and what was kept.
  private func hash(
    _ loaded: LoadedModel, source: Int = 60, rows: Int = 40, block: Int, threads: Int = 1, isa: ISA? = nil
  ) throws -> (made: [UInt32], kept: [UInt8]) {
    var whole = try Session(loaded.model, rows: rows)
    whole.fillInputs(of: ask, rows: rows, seed: 4)
    let inputs = (0..<rows).map { whole.inputRow($0, of: ask) }
    var session = try Session(loaded.model, rows: 103, threads: threads, isa: isa)
    session.fillInputs(of: read, rows: source, seed: 3)
    #expect(session.run(read, rows: source) == RunResult(rows: source, status: .ok))
    var made = session.unsafeOutput(of: read).map(\.bitPattern)
    for first in stride(from: 0, to: rows, by: block) {
      let count = min(block, rows - first)
      for row in 0..<count { session.setInputRow(row, of: ask, inputs[first + row]) }
      #expect(session.run(ask, rows: count) == RunResult(rows: count, status: .ok))
      made += session.unsafeOutput(of: ask).map(\.bitPattern)
    }
    return (made, session.snapshotBytes())
  }

  @Test func callsOfAnySizeTeamsAndInstructionSetsGiveTheSameBits() throws {
    let loaded = try LoadedModel(.attending())
    let expected = try hash(loaded, block: 1)
    #expect(expected.made.contains { Float(bitPattern: $0) != 0 })
    for block in [1, 7, 40] {
      for isa in ISA.allCases where isa.isAvailable {
        for threads in [1, 2] {
          let found = try hash(loaded, block: block, threads: threads, isa: isa)
          #expect(found == expected, "\(block) rows, \(threads) threads, \(isa)")
        }
      }
    }
  }

  @Test func aMemoryTakesWhatFitsAndIsAskedEmpty() throws {
    let loaded = try LoadedModel(.attending())
    #expect((0..<2).map { loaded.model.rowLimit(of: $0) } == [103, nil])
    var session = try Session(loaded.model, rows: 104)
    session.fillInputs(of: ask, rows: 1, seed: 1)
    #expect(session.run(ask) == RunResult(rows: 1, status: .ok))
    let answer = Array(session.unsafeOutput(of: ask))
    #expect(answer.allSatisfy { $0.isFinite })
    // Two rows are remembered a row: 104 are 208, one too many. A block runs nothing then.
    let before = session.snapshotBytes()
    session.fillInputs(of: read, rows: 104, seed: 1)
    #expect(session.run(read, rows: 104) == RunResult(rows: 0, status: .cacheFull))
    #expect(session.snapshotBytes() == before)
    // The program begins its memory afresh, so it fits again and again.
    for _ in 0..<3 {
      session.fillInputs(of: read, rows: 103, seed: 1)
      #expect(session.run(read, rows: 103) == RunResult(rows: 103, status: .ok))
    }
  }

  @Test func anotherSourceGivesAnotherAnswerAndTheSameSourceTheSame() throws {
    let loaded = try LoadedModel(.attending())
    var session = try Session(loaded.model, rows: 9)
    var answers: [[UInt32]] = []
    for seed in [1, 2, 1] as [UInt64] {
      session.fillInputs(of: read, rows: 9, seed: seed)
      #expect(session.run(read, rows: 9).rows == 9)
      for state in loaded.model.states.indices {
        let name = loaded.model.states[state].name
        if name.hasPrefix("near") || name.hasPrefix("sloping") { session.resetState(state) }
      }
      session.fillInputs(of: ask, rows: 1, seed: 8)
      #expect(session.run(ask).rows == 1)
      answers.append(session.unsafeOutput(of: ask).map(\.bitPattern))
    }
    #expect(answers[0] == answers[2] && answers[0] != answers[1])
  }

  @Test func theStepsBeforeAreTakenBackWhereCachesHaveRowsToSpare() throws {
    let loaded = try LoadedModel(.attending())
    var session = try Session(loaded.model, rows: 4)
    session.fillInputs(of: read, rows: 4, seed: 1)
    #expect(session.run(read, rows: 4).rows == 4)
    var rewind = try Rewind(session, steps: 2)
    for seed in 0..<5 as Range<UInt64> {
      session.fillInputs(of: ask, rows: 1, seed: seed)
      #expect(session.run(ask).rows == 1)
      rewind.record(session)
    }
    // "near" has no row to spare: what it pushed out is gone after the next.
    try rewind.rollBack(&session, steps: 1)
    #expect(throws: RewindError.self) { try rewind.rollBack(&session, steps: 1) }
  }
}
