// SPDX-License-Identifier: Apache-2.0
// Taking back the last steps of a session, in time and memory that grow with its small states and not with its caches.

/// The last steps of one session, kept so that they can be taken back: a draft that was not accepted, an undo.
///
/// After each step `record` copies the session's states into a ring, all but the caches. A cache needs no copy, since its
/// rows stay where they are until their slots come round again: it is rolled back by its counters, which are among the
/// states kept. So n steps take n · (64 + bytes of the small states) bytes, whatever the context: `byteCount`. Of a pure
/// transformer that is its counters.
///
/// A step is what lies between two calls of `record`, be it a row or a block of rows. Caches have R rows of which W are
/// seen (FORMAT.md, ATTENTION): what R − W + 1 rows have pushed out of the window is still there, and as long as a cache
/// is not full nothing is lost. A rollback beyond that is refused, and so is, in a model with caches, one across a reset,
/// a restored or written state or a program that begins afresh.
///
/// Goes with one session for its life. Where several go with one session, a rollback by one ends what the others have
/// kept, in a model with caches: they begin to record anew. Neither `record` nor `rollBack` allocates or locks. It is no snapshot: it cannot be
/// saved, nor taken up by another session.
public struct Rewind: ~Copyable {
  /// Most steps that can be taken back.
  public let stepCapacity: Int
  /// Steps that have been recorded and not been taken back, at most `stepCapacity`.
  public private(set) var stepCount = 0

  /// Where small states lie among the states, then entries of `entryByteCount`, a ring; each a head of 64 bytes, rows run
  /// and epoch, and the small states.
  private let memory: UnsafeMutableRawPointer
  private let entries: UnsafeMutableRawPointer
  private let ranges: UnsafeMutablePointer<StateRange>
  private var rangeCount = 0
  private let ownsMemory: Bool
  private let entryByteCount: Int
  /// Where the session's states lie, by which it is known again.
  private let owner: UnsafeMutableRawPointer
  /// The entry of the latest record.
  private var latest = 0
  /// The session's rollbacks that this one has made or begun after: beyond those of another nothing of a cache is known.
  private var rollbackCount: UInt64
  private let hasCache: Bool

  private static let headByteCount = 64

  /// Small states side by side, in bytes from the first state.
  private struct StateRange {
    var offset: Int
    var byteCount: Int
  }

  /// Bytes that taking back so many steps of a model takes: (steps + 1) · (64 + its small states), and 64 for every four
  /// caches.
  ///
  /// - Throws: `SessionError.tooLarge` where that exceeds what an address can reach.
  public static func byteCount(_ model: Model, steps: Int) throws(SessionError) -> Int {
    precondition(steps >= 1, "Rewind: steps is below 1")
    let entry = entryByteCount(model)
    guard steps < 1 << 24, entry <= Int.max / 2 / (steps + 1) else { throw .tooLarge }
    return tableByteCount(model) + (steps + 1) * entry
  }

  /// Caches part the small states into one range more than there are of them, at most.
  private static func tableByteCount(_ model: Model) -> Int {
    var count = 1
    for index in 0..<model.stateCount where model.state(index).isCache { count += 1 }
    return (count * MemoryLayout<StateRange>.stride + 63) / 64 * 64
  }

  private static func entryByteCount(_ model: Model) -> Int {
    var byteCount = headByteCount
    for index in 0..<model.stateCount where !model.state(index).isCache {
      byteCount += Int(model.state(index).byteCount)
    }
    return byteCount
  }

  /// Begins to record; the session's present state is as far back as it goes.
  ///
  /// - Parameters:
  ///   - steps: most steps to take back.
  ///   - unsafeMemory: where they are kept, at a multiple of 64, at least `byteCount` bytes, valid while this is; nil to
  ///     allocate, which builds without an operating system refuse.
  public init(
    _ session: borrowing Session, steps: Int, unsafeMemory: UnsafeMutableRawBufferPointer? = nil
  ) throws(SessionError) {
    let needed = try Rewind.byteCount(session.model, steps: steps)
    if let unsafeMemory {
      guard unsafeMemory.count >= needed, let base = unsafeMemory.baseAddress else {
        throw .memoryTooSmall(found: unsafeMemory.count, expected: needed)
      }
      guard Int(bitPattern: base) & 63 == 0 else { throw .memoryMisaligned }
      memory = base
    } else {
      guard let taken = Session.takeMemory(needed) else { throw .outOfMemory(byteCount: needed) }
      memory = taken
    }
    ownsMemory = unsafeMemory == nil
    stepCapacity = steps
    entryByteCount = Rewind.entryByteCount(session.model)
    owner = session.memory + session.layout.states
    rollbackCount = session.rollbackCount
    var hasCache = false
    for index in 0..<session.model.stateCount where session.model.state(index).isCache { hasCache = true }
    self.hasCache = hasCache
    ranges = memory.bindMemory(to: StateRange.self, capacity: 1)
    entries = memory + Rewind.tableByteCount(session.model)
    var range = StateRange(offset: 0, byteCount: 0)
    for index in 0..<session.model.stateCount {
      let state = session.model.state(index)
      if !state.isCache { range.byteCount += Int(state.byteCount) }
      if state.isCache || index == session.model.stateCount - 1 {
        if range.byteCount > 0 {
          (ranges + rangeCount).initialize(to: range)
          rangeCount += 1
        }
        range = StateRange(offset: range.offset + range.byteCount + Int(state.byteCount), byteCount: 0)
      }
    }
    latest = steps
    record(session)
    stepCount = 0
  }

  deinit {
    if ownsMemory { Session.returnMemory(memory) }
  }

  /// Keeps the session's state after a step; the oldest makes room.
  @_noLocks
  public mutating func record(_ session: borrowing Session) {
    precondition(
      session.memory + session.layout.states == owner, "Rewind.record: this is not the session that it was made for")
    latest = latest == stepCapacity ? 0 : latest + 1
    stepCount = isInterrupted(session) ? 0 : min(stepCount + 1, stepCapacity)
    rollbackCount = session.rollbackCount
    var entry = self.entry(latest)
    entry.storeBytes(of: session.rowCount, as: UInt64.self)
    entry.storeBytes(of: session.epoch, toByteOffset: 8, as: UInt64.self)
    entry += Rewind.headByteCount
    for index in 0..<rangeCount {
      entry.copyMemory(from: owner + ranges[index].offset, byteCount: ranges[index].byteCount)
      entry += ranges[index].byteCount
    }
  }

  /// Brings the session's states back to what they were `steps` records before the latest; 0 takes back what was run since
  /// that. What it goes on with then has the bits of a session that never took those steps.
  ///
  /// Refused, the session stays as it is.
  public mutating func rollBack(_ session: inout Session, steps: Int) throws(RewindError) {
    precondition(
      session.memory + session.layout.states == owner, "Rewind.rollBack: this is not the session that it was made for")
    precondition(steps >= 0, "Rewind.rollBack: steps is below 0")
    guard steps <= stepCount else { throw .notRecorded(found: steps, kept: stepCount) }
    let target = latest >= steps ? latest - steps : latest - steps + stepCapacity + 1
    var entry = self.entry(target)
    let rowCount = entry.load(as: UInt64.self)
    try check(session, entry, rowCount)
    session.highest = max(session.highest, session.rowCount)
    session.rollbackCount &+= 1
    session.rowCount = rowCount
    rollbackCount = session.rollbackCount
    entry += Rewind.headByteCount
    for index in 0..<rangeCount {
      (owner + ranges[index].offset).copyMemory(from: entry, byteCount: ranges[index].byteCount)
      entry += ranges[index].byteCount
    }
    latest = target
    stepCount -= steps
  }

  @_noLocks
  private func entry(_ index: Int) -> UnsafeMutableRawPointer { entries + index * entryByteCount }

  /// Whether another has taken steps back since: rows run after that may stand where these were.
  @_noLocks
  private func isInterrupted(_ session: borrowing Session) -> Bool {
    hasCache && rollbackCount != session.rollbackCount
  }

  /// Whether the rows that attention saw at an entry are still in the caches.
  private func check(
    _ session: borrowing Session, _ entry: UnsafeMutableRawPointer, _ rowCount: UInt64
  ) throws(RewindError) {
    guard hasCache else { return }
    guard entry.load(fromByteOffset: 8, as: UInt64.self) == session.epoch, !isInterrupted(session) else {
      throw .begunAfresh
    }
    let model = session.model
    let written = max(session.highest, session.rowCount) - rowCount
    for index in 0..<model.operatorCount {
      let operation = model.operation(index)
      guard operation.opcode == Opcode.attention.rawValue else { continue }
      let rows = model.state(Int(operation.state(0))).lanes
      let window = Int(operation.number(2))
      let filled = Int(entry.load(fromByteOffset: offset(of: Int(operation.state(3)), model), as: UInt32.self))
      // The next row sees those before it, which the rows written since must not have reached.
      let seen = min(filled, window - 1)
      guard seen > 0 else { continue }
      let kept = rows - seen
      guard written <= UInt64(kept) else {
        throw .overwritten(rows: Int(clamping: written), kept: kept)
      }
    }
  }

  /// Where a small state lies in an entry.
  private func offset(of state: Int, _ model: Model) -> Int {
    var offset = Rewind.headByteCount
    for index in 0..<state where !model.state(index).isCache { offset += Int(model.state(index).byteCount) }
    return offset
  }
}

/// Why steps were not taken back. The session is as it was.
public enum RewindError: Error, Equatable, Sendable {
  /// More steps were asked for than are kept.
  case notRecorded(found: Int, kept: Int)
  /// Since then more rows were run than a cache keeps beyond its window.
  case overwritten(rows: Int, kept: Int)
  /// Since then caches began afresh: a reset, a state restored or written, a program that resets states, or steps that
  /// another `Rewind` of the session has taken back.
  case begunAfresh
}
