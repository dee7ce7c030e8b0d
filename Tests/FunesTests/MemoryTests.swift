// SPDX-License-Identifier: Apache-2.0
// A source that is remembered and asked for: the same bits of every instruction set, team and size of calls, and what is
// admitted.

import CFunesKernels
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

  private static func loaded(_ bits: CacheBits) throws -> LoadedModel {
    var converter = Converter()
    converter.cacheBits = bits
    return try LoadedModel(try converter.convert(.attending()).bytes)
  }

  @Test(arguments: CacheBits.allCases)
  func callsOfAnySizeTeamsAndInstructionSetsGiveTheSameBits(bits: CacheBits) throws {
    let loaded = try Self.loaded(bits)
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

  @Test func aCacheOfBytesIsReadWrittenAndRestored() throws {
    let loaded = try Self.loaded(.eight)
    let state = try #require(loaded.model.stateIndex(named: "memory.values"))
    #expect(loaded.model.states[state].heads == 1)
    #expect(loaded.model.states[state].byteCount == 832 + 832)
    var session = try Session(loaded.model, rows: 9)
    session.fillInputs(of: read, rows: 9, seed: 2)
    #expect(session.run(read, rows: 9).rows == 9)
    var values = session.stateValues(state)
    #expect(values[..<72].contains { $0 != 0 } && values[72...].allSatisfy { $0 == 0 })
    let kept = session.snapshotBytes()
    var other = try Session(loaded.model)
    try other.restore(from: kept.span)
    #expect(other.snapshotBytes() == kept)
    // What was read is written back to the same bytes, and other numbers to the nearest.
    try other.writeState(state, from: values.span)
    #expect(other.stateValues(state) == values)
    values.replaceSubrange(0..<4, with: [127, -3.4, 0.6, -127])
    try other.writeState(state, from: values.span)
    #expect(other.stateValues(state)[0..<4] == [127, -3, 1, -127])
    #expect(throws: SnapshotError.value(state: state)) {
      try other.writeState(state, from: [Float](repeating: .infinity, count: 828).span)
    }
    // −128 and a scale below zero are not what a step writes; 64 for the head, then the keys of 621 bytes and their scales.
    for (offset, byte) in [(64 + 640 + 832, 0x80), (64 + 640 + 832 + 832 + 3, 0xBF), (64 + 640 + 832 + 828, 1)]
      as [(Int, UInt8)]
    {
      var bytes = kept
      bytes[offset] = byte
      bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 64, bytes.count - 64) }, at: 12)
      bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 60) }, at: 60)
      #expect(throws: SnapshotError.value(state: state)) { try session.restore(from: bytes.span) }
    }
  }
}
