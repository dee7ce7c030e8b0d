// SPDX-License-Identifier: Apache-2.0
// Steps taken back: what follows has the bits of a session that never took them, in bytes that do not grow with caches.

import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct RewindTests {
  /// Every operator that keeps something, in models whose caches do not come round within the test.
  static let graphs: [Graph] =
    [.everyMemory(), .longDecoder(rows: 512)]
    + TestCell.allCases.map { .streaming($0, inputs: 3, units: 18, outputs: 2) }

  /// Steps of changing sizes, rolled back at random, against a session that is made anew for the rows that stayed.
  @Test(arguments: graphs)
  func whatFollowsARollbackHasTheBitsOfAFreshSession(graph: Graph) throws {
    let loaded = try LoadedModel(graph)
    let total = 60
    var source = try Session(loaded.model, rows: total)
    source.fillInputs(of: 0, rows: total, seed: 11)
    var session = try Session(loaded.model, rows: 5)
    var rewind = try Rewind(session, steps: 8)
    var numbers = TestNumbers(seed: 5)
    // The rows of each step that stands.
    var steps: [[Int]] = []
    for turn in 0..<40 {
      if !steps.isEmpty, turn % 3 == 2 {
        let back = numbers.below(min(rewind.stepCount, steps.count) + 1)
        // Some rows are run and not recorded: they go too.
        session.setInputRow(0, source.inputRow(numbers.below(total)))
        #expect(session.run().rows == 1)
        try rewind.rollBack(&session, steps: back)
        steps.removeLast(back)
      } else {
        let rows = (0..<(1 + numbers.below(5))).map { _ in numbers.below(total) }
        for (index, row) in rows.enumerated() { session.setInputRow(index, source.inputRow(row)) }
        #expect(session.run(rows: rows.count).rows == rows.count)
        rewind.record(session)
        steps.append(rows)
      }
    }
    var fresh = try Session(loaded.model, rows: 5)
    for rows in steps {
      for (index, row) in rows.enumerated() { fresh.setInputRow(index, source.inputRow(row)) }
      #expect(fresh.run(rows: rows.count).rows == rows.count)
    }
    #expect(session.rowCount == fresh.rowCount)
    for row in 0..<20 {
      session.setInputRow(0, source.inputRow(row))
      fresh.setInputRow(0, source.inputRow(row))
      #expect(session.run() == fresh.run())
      #expect(session.outputBits() == fresh.outputBits(), "row \(row)")
    }
  }

  /// Of a transformer nothing is kept but counters, and a rollback is as good as setting them by hand.
  @Test func ofATransformerARollbackMovesCounters() throws {
    let loaded = try LoadedModel(.longDecoder(rows: 64))
    var session = try Session(loaded.model)
    _ = session.hash(rows: 20, seed: 1)
    let before = session.snapshotBytes()
    var rewind = try Rewind(session, steps: 9)
    for step in 0..<9 as Range<UInt64> {
      _ = session.hash(rows: 1, seed: 100 + step)
      rewind.record(session)
    }
    let after = session.snapshotBytes()
    try rewind.rollBack(&session, steps: 9)
    let found = session.snapshotBytes()
    var offset = 64
    for index in 0..<loaded.model.stateCount {
      let state = loaded.model.state(index)
      let range = offset..<(offset + Int(state.byteCount))
      #expect(found[range] == (state.isCache ? after : before)[range])
      offset = range.upperBound
    }
  }

  /// n steps take n times the small states: the length of a cache is nowhere among them.
  @Test func bytesGrowWithStepsAndNotWithCaches() throws {
    func bytes(_ graph: Graph, _ steps: Int) throws -> Int {
      let loaded = try LoadedModel(graph)
      return try withExtendedLifetime(loaded) { try Rewind.byteCount(loaded.model, steps: steps) }
    }
    // Four counters of 64 bytes each and a head of 64.
    #expect(try bytes(.longDecoder(rows: 8), 1) == 64 + 2 * 320)
    #expect(try bytes(.longDecoder(rows: 4_096), 1) == 64 + 2 * 320)
    #expect(try bytes(.longDecoder(rows: 8), 100) == 64 + 101 * 320)
    // 18 hidden and 18 cell units take two blocks of 16 floats each.
    #expect(try bytes(.streaming(.lstm, inputs: 3, units: 18, outputs: 2), 10) == 64 + 11 * (64 + 2 * 128))
    #expect(throws: SessionError.tooLarge) { try bytes(.decoder(), 1 << 24) }
    let loaded = try LoadedModel(.decoder())
    let session = try Session(loaded.model)
    #expect(throws: SessionError.memoryTooSmall(found: 64, expected: 704)) {
      let memory = AlignedBytes(count: 64)
      _ = try Rewind(session, steps: 1, unsafeMemory: memory.bytes)
    }
  }

  @Test func whatTheWindowHasOverwrittenIsNotBroughtBack() throws {
    // Its caches have as many rows as its window, five.
    let loaded = try LoadedModel(.decoder())
    var session = try Session(loaded.model)
    var rewind = try Rewind(session, steps: 16)
    func step(_ seed: UInt64) {
      _ = session.hash(rows: 1, seed: seed)
      rewind.record(session)
    }
    for seed in 0..<3 as Range<UInt64> { step(seed) }
    try rewind.rollBack(&session, steps: 3)
    for seed in 0..<9 as Range<UInt64> { step(seed) }
    let running = session.snapshotBytes()
    // The row now to be written sees four before it, so that of five slots one may have been written over.
    #expect(throws: RewindError.overwritten(rows: 2, kept: 1)) { try rewind.rollBack(&session, steps: 2) }
    #expect(throws: RewindError.overwritten(rows: 8, kept: 4)) { try rewind.rollBack(&session, steps: 8) }
    #expect(throws: RewindError.notRecorded(found: 17, kept: 9)) { try rewind.rollBack(&session, steps: 17) }
    #expect(session.snapshotBytes() == running && rewind.stepCount == 9)
    try rewind.rollBack(&session, steps: 1)
    // What was written beyond stays written: the step before is as far away as it was.
    #expect(throws: RewindError.overwritten(rows: 2, kept: 1)) { try rewind.rollBack(&session, steps: 1) }
    var fresh = try Session(loaded.model)
    for seed in 0..<8 as Range<UInt64> { _ = fresh.hash(rows: 1, seed: seed) }
    #expect(session.hash(rows: 30, seed: 77) == fresh.hash(rows: 30, seed: 77))
  }

  /// Where nothing was seen yet nothing can have been lost.
  @Test func theBeginningIsAlwaysInReach() throws {
    let loaded = try LoadedModel(.decoder())
    var session = try Session(loaded.model)
    let first = try Session(loaded.model).snapshotBytes()
    var rewind = try Rewind(session, steps: 1)
    let expected = session.hash(rows: 40, seed: 1)
    rewind.record(session)
    try rewind.rollBack(&session, steps: 1)
    #expect(session.rowCount == 0 && session.snapshotBytes().count == first.count)
    #expect(session.hash(rows: 40, seed: 1) == expected)
  }

  /// Of a cache with rows to spare so many more rows can be taken back.
  @Test(arguments: [0, 1, 6]) func rowsToSpareAreRowsToTakeBack(spare: Int) throws {
    let loaded = try LoadedModel(.longDecoder(rows: 5, spare: spare))
    var session = try Session(loaded.model)
    var rewind = try Rewind(session, steps: 16)
    for seed in 0..<20 as Range<UInt64> {
      _ = session.hash(rows: 1, seed: seed)
      rewind.record(session)
    }
    let kept = spare + 1
    #expect(throws: RewindError.overwritten(rows: kept + 1, kept: kept)) {
      try rewind.rollBack(&session, steps: kept + 1)
    }
    try rewind.rollBack(&session, steps: kept)
    var fresh = try Session(loaded.model)
    for seed in 0..<UInt64(20 - kept) { _ = fresh.hash(rows: 1, seed: seed) }
    #expect(session.hash(rows: 30, seed: 77) == fresh.hash(rows: 30, seed: 77))
  }

  /// What an encoder left in a memory stays, also where rows that were remembered later are taken back.
  @Test func aMemoryIsRolledBackByItsLength() throws {
    var graph = Graph.attending()
    // A stream that remembers, so that its rows are steps.
    graph.programs[0].resets = []
    let loaded = try LoadedModel(graph)
    var session = try Session(loaded.model, rows: 9)
    var fresh = try Session(loaded.model, rows: 9)
    _ = session.hash(rows: 9, seed: 1)
    _ = fresh.hash(rows: 9, seed: 1)
    var rewind = try Rewind(session, steps: 4)
    _ = session.hash(rows: 9, seed: 2)
    rewind.record(session)
    _ = session.hash(rows: 9, seed: 3)
    try rewind.rollBack(&session, steps: 1)
    for seed in 5..<8 as Range<UInt64> {
      #expect(session.hash(of: 1, rows: 9, seed: seed) == fresh.hash(of: 1, rows: 9, seed: seed))
    }
    #expect(session.hash(rows: 9, seed: 9) == fresh.hash(rows: 9, seed: 9))
  }

  /// Where a table of positions is at its end, rows taken back make room.
  @Test func positionsTakenBackAreFreeAgain() throws {
    let loaded = try LoadedModel(.images())
    let count = try #require(loaded.model.programIndex(named: "count"))
    var session = try Session(loaded.model)
    var fresh = try Session(loaded.model)
    _ = session.hash(of: count, rows: 9, seed: 1)
    _ = fresh.hash(of: count, rows: 9, seed: 1)
    var rewind = try Rewind(session, steps: 4)
    for step in 0..<4 as Range<UInt64> {
      _ = session.hash(of: count, rows: 1, seed: 20 + step)
      rewind.record(session)
    }
    #expect(session.run(count).status == .cacheFull)
    try rewind.rollBack(&session, steps: 4)
    for step in 0..<4 as Range<UInt64> {
      let found = session.hash(of: count, rows: 1, seed: step)
      #expect(found != 0 && found == fresh.hash(of: count, rows: 1, seed: step))
    }
    #expect(session.run(count).status == .cacheFull)
  }

  @Test func noRollbackCrossesAFreshBegin() throws {
    let loaded = try LoadedModel(.decoder())
    var session = try Session(loaded.model)
    var rewind = try Rewind(session, steps: 4)
    let other = try Session(loaded.model)
    let saved = session.snapshotBytes()
    for event in 0..<3 {
      _ = session.hash(rows: 1, seed: 1)
      rewind.record(session)
      switch event {
      case 0: session.reset()
      case 1: try session.restore(from: saved.span)
      default: session.takeStates(of: other)
      }
      _ = session.hash(rows: 1, seed: 2)
      rewind.record(session)
      #expect(throws: RewindError.begunAfresh) { try rewind.rollBack(&session, steps: 1) }
      try rewind.rollBack(&session, steps: 0)
    }
    // Without caches a reset is taken back as any step.
    let cell = try LoadedModel(.streaming(.gru, inputs: 3, units: 18, outputs: 2))
    var one = try Session(cell.model)
    _ = one.hash(rows: 5, seed: 1)
    let before = one.snapshotBytes()
    var steps = try Rewind(one, steps: 2)
    one.reset()
    steps.record(one)
    try steps.rollBack(&one, steps: 1)
    #expect(one.snapshotBytes() == before)
  }

  /// What one takes back is lost to another, whose rows may since have been written over.
  @Test func aRollbackEndsWhatAnotherHasKept() throws {
    let loaded = try LoadedModel(.decoder())
    var session = try Session(loaded.model)
    var one = try Rewind(session, steps: 8)
    var other = try Rewind(session, steps: 8)
    for seed in 0..<6 as Range<UInt64> {
      _ = session.hash(rows: 1, seed: seed)
      one.record(session)
      other.record(session)
    }
    try one.rollBack(&session, steps: 1)
    for steps in 0..<2 {
      #expect(throws: RewindError.begunAfresh) { try other.rollBack(&session, steps: steps) }
    }
    // It begins anew with five rows, of which the rows that were taken back wrote over one.
    other.record(session)
    #expect(other.stepCount == 0)
    _ = session.hash(rows: 1, seed: 50)
    other.record(session)
    _ = session.hash(rows: 1, seed: 51)
    other.record(session)
    #expect(throws: RewindError.overwritten(rows: 2, kept: 1)) { try other.rollBack(&session, steps: 2) }
    try other.rollBack(&session, steps: 1)
    #expect(throws: RewindError.begunAfresh) { try one.rollBack(&session, steps: 0) }
    // What was written beyond a rollback stays written for one that is made after it.
    var late = try Rewind(session, steps: 8)
    #expect(throws: RewindError.notRecorded(found: 1, kept: 0)) { try late.rollBack(&session, steps: 1) }
    _ = session.hash(rows: 1, seed: 52)
    late.record(session)
    try late.rollBack(&session, steps: 1)
    var fresh = try Session(loaded.model)
    for seed in [0, 1, 2, 3, 4, 50] as [UInt64] { _ = fresh.hash(rows: 1, seed: seed) }
    #expect(session.hash(rows: 30, seed: 77) == fresh.hash(rows: 30, seed: 77))
  }

  @Test func statesGoFromOneSessionToAnother() throws {
    for graph in Self.graphs {
      let loaded = try LoadedModel(graph)
      var one = try Session(loaded.model, rows: 3)
      var two = try Session(loaded.model)
      _ = one.hash(rows: 9, seed: 1)
      two.takeStates(of: one)
      #expect(two.snapshotBytes() == one.snapshotBytes() && two.rowCount == 9)
    }
  }
}

extension Graph {
  /// The small decoder with a window of so many rows, and caches of more.
  static func longDecoder(rows: Int, spare: Int = 0) -> Graph {
    var graph = Graph.decoder()
    graph.name = "decoder of \(rows) rows and \(spare)"
    for index in graph.states.indices where graph.states[index].kind == .cache {
      graph.states[index].lanes = rows + spare
    }
    for (name, limit) in [("slot", rows + spare), ("filled", rows + spare + 1)] {
      graph.states[graph.states.firstIndex { $0.name == name }!].limit = limit
    }
    for index in graph.programs[0].runs[0].operators.indices {
      guard case .attention(var attention) = graph.programs[0].runs[0].operators[index].operation else { continue }
      attention.window = rows
      graph.programs[0].runs[0].operators[index].operation = .attention(attention)
    }
    return graph
  }
}
