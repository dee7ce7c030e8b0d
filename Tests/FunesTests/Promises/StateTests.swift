// SPDX-License-Identifier: Apache-2.0
// What a session promises about its state: reset, snapshot, restore, read and set.

import CFunesKernels
import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct StateTests {
  /// Models whose states are of every kind, in one lane and several.
  static let graphs: [Graph] = [
    .everyOperator(), .everyMemory(), .streaming(.projectedLSTM, inputs: 3, units: 18, outputs: 2),
  ]

  @Test(arguments: graphs.indices)
  func resetEqualsAFreshSession(index: Int) throws {
    let loaded = try LoadedModel(Self.graphs[index])
    var session = try Session(loaded.model, rows: 5)
    let fresh = session.snapshotBytes()
    let first = session.hash(rows: 50, seed: 1)
    #expect(session.rowCount == 50 && session.snapshotBytes() != fresh)
    session.reset()
    #expect(session.rowCount == 0 && session.snapshotBytes() == fresh)
    #expect(session.hash(rows: 50, seed: 1) == first)
  }

  @Test(arguments: graphs.indices)
  func aRestoredSessionGoesOnAsIfItHadNeverStopped(index: Int) throws {
    let loaded = try LoadedModel(Self.graphs[index])
    var session = try Session(loaded.model)
    var other = try Session(loaded.model, rows: 10)
    for point in 0..<12 as Range<UInt64> {
      // Points lie at every phase of the subsamples and windows.
      _ = session.hash(rows: Int(point) * 7 + 1, seed: 100 + point)
      let saved = session.snapshotBytes()
      let expected = session.hash(rows: point == 3 ? 1_000 : 60, seed: point)
      let end = session.snapshotBytes()
      try other.restore(from: saved.span)
      #expect(other.snapshotBytes() == saved)
      try session.restore(from: saved.span)
      #expect(session.hash(rows: point == 3 ? 1_000 : 60, seed: point) == expected)
      #expect(session.snapshotBytes() == end)
    }
  }

  @Test func aDamagedSnapshotLeavesTheRunningStateAlone() throws {
    let loaded = try LoadedModel(.everyOperator())
    var session = try Session(loaded.model)
    _ = session.hash(rows: 9, seed: 1)
    let saved = session.snapshotBytes()
    _ = session.hash(rows: 9, seed: 2)
    let running = session.snapshotBytes()
    var accepted = 0
    for bit in 0..<(saved.count * 8) {
      var damaged = saved
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        try session.restore(from: damaged.span)
        accepted += 1
      } catch {}
    }
    #expect(accepted == 0 && session.snapshotBytes() == running)
    for count in 0..<saved.count {
      #expect(throws: SnapshotError.byteCount(found: count, expected: saved.count)) {
        try session.restore(from: Array(saved[..<count]).span)
      }
    }
    #expect(throws: SnapshotError.byteCount(found: saved.count + 1, expected: saved.count)) {
      try session.restore(from: (saved + [0]).span)
    }
    #expect(session.snapshotBytes() == running)
    try session.restore(from: saved.span)
    #expect(session.snapshotBytes() == saved)
  }

  @Test func anIDThatIsStillToBeFedStandsBesideTheStates() throws {
    let loaded = try LoadedModel(.everyOperator())
    var session = try Session(loaded.model)
    let plain = session.snapshotBytes()
    func pendingID(_ bytes: [UInt8]) -> Int32? { Session.pendingID(ofSnapshot: bytes.span) }
    #expect(pendingID(plain) == nil)
    for id in [0, 7, Int32.max] {
      var bytes = plain
      session.snapshot(into: bytes.mutableSpan, pendingID: id)
      #expect(pendingID(bytes) == id)
      try session.restore(from: bytes.span)
      #expect(session.snapshotBytes() == plain)
      #expect(pendingID(Array(bytes[..<63])) == nil)
    }
  }

  @Test func aSnapshotOfAnotherModelIsRefused() throws {
    let loaded = try LoadedModel(.everyOperator())
    var parts = FileParts.everyOperator
    parts.fingerprint[0] ^= 1
    let other = try LoadedModel(parts.bytes)
    var session = try Session(loaded.model)
    let (saved, foreign) = (session.snapshotBytes(), try Session(other.model).snapshotBytes())
    #expect(throws: SnapshotError.otherModel) { try session.restore(from: foreign.span) }
    #expect(session.snapshotBytes() == saved)
  }

  /// Snapshots whose checksums are right and whose header or values are not.
  @Test func whatNoStepWritesIsRefused() throws {
    let loaded = try LoadedModel(.everyOperator())
    var session = try Session(loaded.model)
    _ = session.hash(rows: 3, seed: 1)
    let running = session.snapshotBytes()
    func expect(_ error: SnapshotError, _ offset: Int, _ value: UInt32) {
      var forged = running
      forged.set(value, at: offset)
      forged.set(forged.withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 64, $0.count - 64) }, at: 12)
      forged.set(forged.withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 60) }, at: 60)
      #expect(throws: error) { try session.restore(from: forged.span) }
      #expect(session.snapshotBytes() == running)
    }
    expect(.notASnapshot, 0, 0)
    expect(.notASnapshot, 8, 1)
    expect(.otherModel, 16, 64)
    expect(.damaged, 56, 1 << 31 + 1)
    var offset = 64
    for index in 0..<loaded.model.stateCount {
      let state = loaded.model.state(index)
      let floats: [UInt32] = [0x7FC0_0000, 0x7F80_0000, 0xFF80_0000, 0x5880_0001, 0xD880_0001, .max]
      let halves: [UInt32] = [0x7C00, 0xFC00, 0x7E00_0000, 0xFFFF_0000, .max]
      let counts: [UInt32] = state.limit == none ? [] : [state.limit, .max]
      for value in state.isCounter ? counts : state.isCache ? halves : floats {
        expect(.value(state: index), offset, value)
      }
      if state.isCache {
        expect(.value(state: index), offset + state.lanes * state.width * 2, 1)
        expect(.value(state: index), offset + Int(state.byteCount) - 4, 0x8000_0000)
      } else if state.storedWidth < state.paddedWidth {
        expect(.value(state: index), offset + state.storedWidth * 4, 1)
        expect(.value(state: index), offset + Int(state.byteCount) - 4, 0x8000_0000)
      }
      offset += Int(state.byteCount)
    }
  }

  @Test(arguments: graphs.indices)
  func statesSetByNameAreTheStatesThatWereRead(index: Int) throws {
    let loaded = try LoadedModel(Self.graphs[index])
    // Two sessions that ran on other numbers: their counters agree, their floats do not.
    var session = try Session(loaded.model)
    var other = try Session(loaded.model)
    for program in 0..<loaded.model.programCount {
      _ = session.hash(of: program, rows: 41, seed: 1)
      _ = other.hash(of: program, rows: 41, seed: 2)
    }
    for state in loaded.model.states where state.kind != .counter {
      let index = try #require(loaded.model.stateIndex(named: state.name))
      let values = session.stateValues(index)
      #expect(values.count == state.lanes * state.width && values.contains { $0 != 0 })
      try other.writeState(index, from: values.span)
      #expect(other.stateValues(index) == values)
    }
    #expect(other.snapshotBytes() == session.snapshotBytes())
    #expect(other.hash(rows: 30, seed: 3) == session.hash(rows: 30, seed: 3))
  }

  @Test func aStateIsSetWhollyOrNotAtAll() throws {
    let loaded = try LoadedModel(.everyOperator())
    var session = try Session(loaded.model)
    _ = session.hash(rows: 5, seed: 1)
    let before = session.snapshotBytes()
    let index = try #require(loaded.model.stateIndex(named: "gru.hidden"))
    for absurd in HostileInputTests.absurd {
      var values = [Float](repeating: 1, count: 17)
      values[16] = absurd
      #expect(throws: SnapshotError.value(state: index)) { try session.writeState(index, from: values.span) }
    }
    #expect(session.snapshotBytes() == before)
  }

  /// A state of several lanes keeps each lane apart from the other's padding.
  @Test func aStateOfTwoLanesIsReadAndWrittenByOperatorsLaneByLane() throws {
    var b = GraphBuilder(name: "lanes")
    let x = b.value("x", [10])
    let state = b.state("state", .value, lanes: 2, width: 5)
    let before = b.add("before", .stateRead(state), [], shape: [10])
    b.operators.append(Graph.Operator(name: "after", operation: .stateWrite(state), inputs: [x], outputs: []))
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: before)], runs: [b.run(isSequential: true)], resets: [])
    ]
    let loaded = try LoadedModel(graph)
    var session = try Session(loaded.model, rows: 2)
    let rows = (0..<20).map { Float($0) }
    for (position, value) in rows.enumerated() { session.unsafeInput()[position] = value }
    #expect(session.run(rows: 2).rows == 2)
    #expect(Array(session.unsafeOutput()) == [Float](repeating: 0, count: 10) + rows[..<10])
    #expect(session.stateValues(state) == Array(rows[10...]))
    try session.restore(from: session.snapshotBytes().span)
  }
}
