// SPDX-License-Identifier: Apache-2.0
// Times steps one by one, or a few at a time where they are shorter than a look at the clock deserves. Nothing is
// allocated between the first sample and the last.

import Funes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct StepTimer: ~Copyable {
  /// Below so many nanoseconds a step, several make one sample, which then takes the second figure at least.
  static let shortest = 2_000.0, sampleTime = 5_000.0
  private static let mostSamples = 1 << 21

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
    var rest = load.position ?? 0
    while rest > 0 {
      let rows = min(rest, load.rows)
      inputs.write(to: &session, load.programIndex)
      let result = session.run(load.programIndex, rows: rows, outputs: load.outputs)
      guard result.rows == rows else { throw BenchError.refused(program: load.program.name, status: result.status) }
      rest -= rows
    }
    place = load.position == nil ? nil : try StreamPlace(session)
    self.session = session
    self.inputs = inputs
    self.load = load
  }

  /// Runs untimed, chooses how many steps make a sample, and times them.
  mutating func measure(warmUp: Double, seconds: Double) throws -> StepTimes {
    let stepTime = try self.warmUp(seconds: warmUp)
    let stepsPerSample =
      stepTime < StepTimer.shortest ? max(1, Int((StepTimer.sampleTime / max(stepTime, 1)).rounded(.up))) : 1
    let expected = seconds * 1e9 / (stepTime * Double(stepsPerSample))
    var samples = [Int64](repeating: 0, count: Int(min(max(2 * expected, 16), Double(StepTimer.mostSamples))))
    let count = try fill(&samples, stepsPerSample, seconds: seconds)
    return StepTimes(nanoseconds: Array(samples[..<count]), stepsPerSample: stepsPerSample)
  }

  /// The usual time of a step, in nanoseconds.
  private mutating func warmUp(seconds: Double) throws -> Double {
    let begin = StepTimer.now()
    let end = begin + Int64(seconds * 1e9)
    var batch = 1
    var shortest = Double.infinity
    var now = begin
    repeat {
      let before = StepTimer.now()
      for _ in 0..<batch { try step() }
      now = StepTimer.now()
      shortest = min(shortest, Double(now - before) / Double(batch))
      try place?.restore(&session)
      if now - before < 20_000, batch < 64 { batch *= 2 }
    } while now < end || now - begin < 100_000
    return shortest
  }

  private mutating func fill(_ samples: inout [Int64], _ stepsPerSample: Int, seconds: Double) throws -> Int {
    let end = StepTimer.now() + Int64(seconds * 1e9)
    var count = 0
    repeat {
      let before = StepTimer.now()
      for _ in 0..<stepsPerSample { try step() }
      let after = StepTimer.now()
      samples[count] = after - before
      count += 1
      try place?.restore(&session)
      if after >= end, count >= 3 { break }
    } while count < samples.count
    return count
  }

  /// One call as an app makes it.
  @inline(__always)
  private mutating func step() throws {
    inputs.write(to: &session, load.programIndex)
    let result = session.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    if result.rows < load.rows { try beginAgain(after: result) }
    if let value = session.unsafeOutput(of: load.programIndex).first { sink ^= value.bitPattern }
  }

  /// Where positions have ended, from the beginning: this one call takes longer.
  private mutating func beginAgain(after result: RunResult) throws {
    guard result.status == .cacheFull, load.position == nil else {
      throw BenchError.refused(program: load.program.name, status: result.status)
    }
    session.reset()
    inputs.write(to: &session, load.programIndex)
    let again = session.run(load.programIndex, rows: load.rows, outputs: load.outputs)
    guard again.rows == load.rows else {
      throw BenchError.refused(program: load.program.name, status: again.status)
    }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
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
