// SPDX-License-Identifier: Apache-2.0
// Steps sessions of every operator and cell and counts what the process asks of the allocator meanwhile: nothing.
// From `AllocationProof STEPS`; to a line a session, and exit status 0 where every count is zero.

import CAllocationCounter
import CFunes
import Funes
import FunesC
import FunesConvert
import FunesTestSupport
import Glibc

@main
struct AllocationProof {
  var failures = 0

  static func main() throws {
    var proof = AllocationProof()
    try proof.proveAll()
    exit(proof.failures == 0 ? 0 : 1)
  }

  mutating func proveAll() throws {
    guard allocation_counter_is_active() == 1 else {
      print("not counted: a sanitizer owns the allocator")
      return
    }
    let steps = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1000 : 1000
    checkCounter()
    try prove("every operator", .everyOperator(), steps: steps)
    try prove("images", .images(), steps: steps)
    try prove("frames", .frames(), steps: steps)
    try prove("attending", .attending(), steps: steps)
    try prove("attending, caches of bytes", .attending(), cacheBits: .eight, steps: steps / 4)
    try prove("decoder", .decoder(), steps: steps)
    try prove("every operator, 16-bit weights", .everyOperator(), precision: .high, steps: steps / 2)
    for cell in TestCell.allCases {
      try prove("\(cell) 20→24", .streaming(cell, inputs: 20, units: 24, outputs: 6), steps: steps)
    }
    // Enough weights for the thread team: see FUNES_NEAR_BYTES.
    try prove("lstm 128→256", .streaming(.lstm, inputs: 128, units: 256, outputs: 3072), steps: steps / 4)
    try prove(
      "projected lstm 128→320", .streaming(.projectedLSTM, inputs: 128, units: 320, outputs: 6144), steps: steps / 4)
    try prove(
      "gru, reset before 64→256", .streaming(.resetBeforeGRU, inputs: 64, units: 256, outputs: 4096), steps: steps / 4)
    try prove("rnn 64→512", .streaming(.rnn, inputs: 64, units: 512, outputs: 2048), steps: steps / 4)
  }

  /// The counter sees an allocation where there is one.
  mutating func checkCounter() {
    let before = allocation_call_count()
    for _ in 0..<10 { UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 64).deallocate() }
    let counted = allocation_call_count() - before
    print("control: 10 allocations and 10 frees, counted \(counted)")
    if counted != 20 { fail("the counter missed some") }
  }

  mutating func prove(
    _ name: String, _ graph: Graph, precision: Precision = .default, cacheBits: CacheBits = .sixteen, steps: Int
  ) throws {
    var converter = Converter(precision: precision)
    converter.cacheBits = cacheBits
    let file = AlignedBytes(try converter.convert(graph).bytes)
    let model = try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes))
    for threads in 1...2 {
      for rows in [1, 5] {
        var session = try Session(model, rows: rows, threads: threads)
        let counts = run(&session, steps: rows == 1 ? steps : steps / 10)
        report("\(name), \(threads) threads, \(rows) rows", counts)
      }
      var batch = try Batch(model, count: 5, rows: 2, threads: threads)
      report("\(name), \(threads) threads, 5 streams of 2 rows", (run(&batch, steps: steps / 20), 0, steps / 20))
      guard graph.programs.count == 1 else { continue }
      let counts = runFromC(file, threads, steps / 10)
      report("\(name), \(threads) threads, from C", counts)
    }
  }

  mutating func fail(_ reason: String) {
    print("FAILED: \(reason)")
    failures += 1
  }

  mutating func report(_ name: String, _ counts: (run: Int, state: Int, steps: Int)) {
    print("\(name): \(counts.steps) steps: \(counts.run) allocator calls in run, \(counts.state) in state functions")
    if counts.run != 0 || counts.state != 0 { fail("\(name): allocates") }
  }

  /// Allocator calls of `steps` calls of every program, and of resets, snapshots and restores in between.
  mutating func run(_ session: inout Session, steps: Int) -> (run: Int, state: Int, steps: Int) {
    let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: session.snapshotByteCount)
    defer { memory.deallocate() }
    // Unoptimised code makes the metadata of generic types when it first meets them.
    session.snapshot(into: MutableSpan(_unsafeElements: memory))
    do { try session.restore(from: Span(_unsafeElements: UnsafeBufferPointer(memory))) } catch { fail("\(error)") }
    var inRun = 0
    var inState = 0
    var rewind: Rewind
    do { rewind = try Rewind(session, steps: 4) } catch { fatalError("\(error)") }
    do { try rewind.rollBack(&session, steps: 0) } catch { fail("\(error)") }
    for step in 0..<steps {
      for program in 0..<session.programCount {
        // What may fill up begins anew before it has.
        if let limit = session.model.rowLimit(of: program), step % (limit / session.rowCapacity) == 0 {
          session.reset()
        }
        session.fillInputs(of: program, rows: session.rowCapacity, seed: UInt64(step))
        let before = allocation_call_count()
        let result = session.run(program, rows: session.rowCapacity, outputs: step % 2 == 0 ? .all : .last)
        rewind.record(session)
        inRun += allocation_call_count() - before
        if result.rows != session.rowCapacity { fail("step \(step), program \(program): \(result)") }
      }
      guard step % 64 == 63 else { continue }
      let before = allocation_call_count()
      session.snapshot(into: MutableSpan(_unsafeElements: memory))
      if step % 128 == 127 { session.reset() }
      do { try session.restore(from: Span(_unsafeElements: UnsafeBufferPointer(memory))) } catch {
        fail("step \(step): \(error)")
      }
      rewind.record(session)
      do { try rewind.rollBack(&session, steps: 0) } catch { fail("step \(step): \(error)") }
      inState += allocation_call_count() - before
    }
    return (inRun, inState, steps)
  }

  /// Allocator calls of `steps` calls of every program of streams together.
  mutating func run(_ batch: inout Batch, steps: Int) -> Int {
    var calls = 0
    for step in 0..<steps {
      for program in 0..<batch[0].programCount {
        for stream in 0..<batch.count {
          if let limit = batch[stream].model.rowLimit(of: program), step % (limit / 2) == 0 { batch[stream].reset() }
          batch[stream].fillInputs(of: program, rows: 2, seed: UInt64(step * 10 + stream))
        }
        let before = allocation_call_count()
        let status = batch.run(program, rows: 2, outputs: step % 2 == 0 ? .all : .last)
        calls += allocation_call_count() - before
        if status != .ok { fail("step \(step), program \(program): \(status)") }
      }
    }
    return calls
  }

  /// The same through funes.h, in memory of the caller.
  mutating func runFromC(_ file: AlignedBytes, _ threads: Int, _ steps: Int) -> (run: Int, state: Int, steps: Int) {
    var model = funes_model()
    var session: OpaquePointer?
    guard funes_model_open(file.bytes.baseAddress, file.bytes.count, &model, nil) == FUNES_OK else { return (1, 0, 0) }
    let memory = AlignedBytes(count: funes_model_session_byte_count(&model, 1, Int32(threads)))
    let base = memory.bytes.baseAddress
    guard funes_session_open(&model, 1, Int32(threads), base, memory.bytes.count, &session, nil) == FUNES_OK else {
      return (1, 0, 0)
    }
    defer { funes_session_close(session) }
    // Room for the widest rows of the models above.
    let capacity = 8192
    let x = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
    let y = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
    defer {
      x.deallocate()
      y.deallocate()
    }
    for index in 0..<capacity { x[index] = Float(index % 7) / 7 }
    let begin = allocation_call_count()
    for _ in 0..<steps where funes_session_step(session, x, y) != FUNES_OK { fail("from C: a step was refused") }
    return (allocation_call_count() - begin, 0, steps)
  }
}
