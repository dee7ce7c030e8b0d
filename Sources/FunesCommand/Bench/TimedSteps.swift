// SPDX-License-Identifier: Apache-2.0
// What is timed: the steps of one session, or of many that take each step together.

import Funes

/// Steps as an app takes them.
protocol TimedSteps: ~Copyable {
  /// Writes inputs, makes one call, and looks at an output.
  mutating func step() throws
  /// Goes back to where steps are to be timed, in no time that counts.
  mutating func goBack() throws
}

/// Steps of one session.
struct SessionSteps: TimedSteps, ~Copyable {
  private var session: Session
  private let load: BenchLoad
  private var inputs: PreparedRows
  private var place: StreamPlace?
  /// Folds in a value of each output, so that none is made in vain.
  private var sink: UInt32 = 0

  /// Makes the session and brings it to where the steps are to be timed.
  init(_ file: ModelFile, _ load: BenchLoad, threads: Int, isa: ISA) throws {
    var session = try Session(file, rows: load.rows, threads: threads, isa: isa)
    var inputs = PreparedRows(load)
    try inputs.fill(&session, load)
    let place = load.position == nil ? nil : try StreamPlace(session)
    self.place = place
    self.session = session
    self.inputs = inputs
    self.load = load
  }

  @inline(__always)
  mutating func step() throws {
    inputs.write(to: &session, load.programIndex)
    let result = session.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    if result.rows < load.rows { try beginAgain(after: result.status) }
    if let value = session.unsafeOutput(of: load.programIndex).first { sink ^= value.bitPattern }
  }

  mutating func goBack() throws { try place?.restore(&session) }

  /// Where positions have ended, from the beginning: this one call takes longer.
  private mutating func beginAgain(after status: Status) throws {
    guard status == .cacheFull, load.position == nil else { throw load.refused(status) }
    session.reset()
    inputs.write(to: &session, load.programIndex)
    let again = session.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    guard again.rows == load.rows else { throw load.refused(again.status) }
  }
}

/// Steps of many sessions together.
struct BatchSteps: TimedSteps, ~Copyable {
  private var batch: Batch
  private let load: BenchLoad
  private var inputs: PreparedRows
  private let places: UnsafeMutablePointer<StreamPlace>
  private let placeCount: Int
  private var sink: UInt32 = 0

  init(_ file: ModelFile, _ load: BenchLoad, count: Int, threads: Int, isa: ISA) throws {
    var batch = try Batch(file, count: count, rows: load.rows, threads: threads, isa: isa)
    var inputs = PreparedRows(load)
    for stream in 0..<count { try inputs.fill(&batch[stream], load) }
    let places = UnsafeMutablePointer<StreamPlace>.allocate(capacity: count)
    if load.position != nil {
      for stream in 0..<count { (places + stream).initialize(to: try StreamPlace(batch[stream])) }
    }
    self.places = places
    placeCount = load.position == nil ? 0 : count
    self.batch = batch
    self.inputs = inputs
    self.load = load
  }

  deinit {
    places.deinitialize(count: placeCount)
    places.deallocate()
  }

  @inline(__always)
  mutating func step() throws {
    writeInputs()
    let status = batch.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    if status != .ok { try beginAgain(after: status) }
    for stream in 0..<batch.count {
      if let value = batch[stream].unsafeOutput(of: load.programIndex).first { sink ^= value.bitPattern }
    }
  }

  mutating func goBack() throws {
    for stream in 0..<placeCount { try places[stream].restore(&batch[stream]) }
  }

  private mutating func writeInputs() {
    for stream in 0..<batch.count { inputs.write(to: &batch[stream], load.programIndex) }
  }

  private mutating func beginAgain(after status: Status) throws {
    guard status == .cacheFull, load.position == nil else { throw load.refused(status) }
    for stream in 0..<batch.count { batch[stream].reset() }
    writeInputs()
    let again = batch.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    guard again == .ok else { throw load.refused(again) }
  }
}

extension PreparedRows {
  /// Runs the rows that come before those that are timed.
  mutating func fill(_ session: inout Session, _ load: BenchLoad) throws {
    var rest = load.position ?? 0
    while rest > 0 {
      let rows = min(rest, load.rows)
      write(to: &session, load.programIndex)
      let result = session.run(load.programIndex, rows: rows, outputs: load.outputs)
      guard result.rows == rows else { throw load.refused(result.status) }
      rest -= rows
    }
  }
}

/// The state that every sample begins with.
struct StreamPlace: ~Copyable {
  private var rewind: Rewind
  private let snapshot: [UInt8]
  /// A sample has pushed rows out of a cache: from then on all of the state is copied back.
  private var needsSnapshot = false

  init(_ session: borrowing Session) throws {
    rewind = try Rewind(session, steps: 1)
    var bytes = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: bytes.mutableSpan)
    snapshot = bytes
  }

  mutating func restore(_ session: inout Session) throws {
    if !needsSnapshot {
      do throws(RewindError) {
        try rewind.rollBack(&session, steps: 0)
      } catch {
        needsSnapshot = true
      }
    }
    if needsSnapshot { try session.restore(from: snapshot.span) }
  }
}
