// SPDX-License-Identifier: Apache-2.0
// Many streams over one model that take each step together.

#if !hasFeature(Embedded)
  import CFunesKernels

  /// Streams over one `Model` that are stepped together, so that its weights are read once for all of them.
  ///
  /// Each stream is a `Session` like any other: `batch[3].withInput { … }` writes its input, `batch[3].withOutput { … }` reads
  /// what it made, and it may be reset, saved, restored, even run alone between the steps of the batch. Outputs and states
  /// have the bits that they have where every stream is stepped by itself. What a batch saves is the reading of weights, in
  /// linear operators and cells; attention and all that has no weights goes stream by stream.
  public struct Batch: ~Copyable {
    /// Streams.
    public let count: Int
    private let sessions: UnsafeMutablePointer<Session>
    /// How the latest call ended for each stream.
    private let results: UnsafeMutablePointer<RunResult>
    /// The streams that take the current call together.
    private let together: UnsafeMutablePointer<Int32>
    private let plans: UnsafeMutablePointer<UnsafePointer<funes_op>?>
    private let scratch: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>
    private let threadScratch: UnsafeMutableRawPointer
    /// What every stream was made with, and must still have: a slot can be assigned to.
    private let model: Model
    private let rowCapacity: Int
    private var context: funes_context

    /// Makes `count` sessions, each with memory of its own.
    ///
    /// - Parameters:
    ///   - rows: most rows of one call, of each stream.
    ///   - threads: the team, fixed for the batch's life. Results do not depend on it.
    ///   - isa: the instruction set; nil for the best that the machine has.
    public init(_ model: Model, count: Int, rows: Int = 1, threads: Int = 1, isa: ISA? = nil) throws(SessionError) {
      try self.init(model, count, rows, threads) { () throws(SessionError) in
        try Session(model, rows: rows, threads: threads, isa: isa)
      }
    }

    /// Makes `count` sessions over a file, which lives at least as long as they do.
    public init(_ file: ModelFile, count: Int, rows: Int = 1, threads: Int = 1, isa: ISA? = nil) throws(SessionError) {
      try self.init(file.model, count, rows, threads) { () throws(SessionError) in
        try Session(file, rows: rows, threads: threads, isa: isa)
      }
    }

    private init(
      _ model: Model, _ count: Int, _ rows: Int, _ threads: Int, _ session: () throws(SessionError) -> Session
    ) throws(SessionError) {
      precondition(count >= 1, "Batch: count is at least 1")
      guard count <= 1 << 16, rows <= 1 << 24 else { throw .tooLarge }
      let sessions = UnsafeMutablePointer<Session>.allocate(capacity: count)
      var made = 0
      do throws(SessionError) {
        while made < count {
          (sessions + made).initialize(to: try session())
          made += 1
        }
      } catch {
        sessions.deinitialize(count: made)
        sessions.deallocate()
        throw error
      }
      self.count = count
      self.sessions = sessions
      results = .allocate(capacity: count)
      results.initialize(repeating: RunResult(rows: 0, status: .ok), count: count)
      together = .allocate(capacity: count)
      together.initialize(repeating: 0, count: count)
      plans = .allocate(capacity: count)
      plans.initialize(repeating: nil, count: count)
      scratch = .allocate(capacity: count)
      scratch.initialize(repeating: nil, count: count)
      self.model = model
      rowCapacity = rows
      let perThread = model.scratchByteCounts(rows: min(rows, 1 << 12) * min(count, 1 << 12)).perThread
      threadScratch = .allocate(byteCount: max(64, perThread * threads), alignment: 64)
      context = sessions[0].context
      context.thread_scratch = threadScratch.assumingMemoryBound(to: UInt8.self)
      context.thread_scratch_bytes = perThread
    }

    deinit {
      sessions.deinitialize(count: count)
      sessions.deallocate()
      results.deallocate()
      together.deallocate()
      plans.deallocate()
      scratch.deallocate()
      threadScratch.deallocate()
    }

    /// One stream, to write its inputs, read its outputs, reset, save or restore it.
    public subscript(stream: Int) -> Session {
      @_noLocks
      unsafeAddress {
        precondition(stream >= 0 && stream < count, "Batch: no such stream")
        return UnsafePointer(sessions + stream)
      }
      @_noLocks
      unsafeMutableAddress {
        precondition(stream >= 0 && stream < count, "Batch: no such stream")
        return sessions + stream
      }
    }

    /// How the latest call ended for a stream.
    @_noLocks
    public func result(of stream: Int) -> RunResult {
      precondition(stream >= 0 && stream < count, "Batch: no such stream")
      return results[stream]
    }

    /// Runs a program over `rows` rows of every stream, as `Session.run` does for one.
    ///
    /// A stream whose input is refused stops before the refused row and leaves the others alone: `result(of:)` says how each
    /// ended.
    /// - Returns: `.ok`, or how the first of the streams that did not run every row ended.
    @_noLocks
    @discardableResult
    public mutating func run(_ program: Int = 0, rows: Int = 1, outputs: OutputRows = .all) -> Status {
      precondition(rows >= 1 && rows <= rowCapacity, "Batch.run: rows is not in 1...rowCapacity")
      precondition(program >= 0 && program < sessions[0].programCount, "Batch.run: no such program")
      let saved = funes_float_environment_enter()
      let ranges = sessions[0].plan.programs[program].ranges
      var status = Status.ok
      var whole = 0
      context.turn &+= 1
      for stream in 0..<count {
        let isOurs = sessions[stream].model.base == model.base && sessions[stream].rowCapacity == rowCapacity
        precondition(isOurs, "Batch.run: a stream was replaced by a session of another model or row capacity")
        let result = sessions[stream].begin(program, rows: rows, outputs: outputs)
        results[stream] = result
        if result.rows == rows {
          together[whole] = Int32(stream)
          plans[whole] = UnsafePointer(sessions[stream].plan.operators)
          scratch[whole] = sessions[stream].context.scratch
          whole += 1
        } else {
          if case .ok = status { status = result.status }
          if result.rows > 0 { sessions[stream].execute(ranges) }
        }
      }
      if whole == 1 {
        sessions[Int(together[0])].execute(ranges)
      } else if whole > 1 {
        execute(ranges, whole)
      }
      funes_float_environment_leave(saved)
      return status
    }

    /// One row of every stream of a model with one float input and one output: (count, inputWidth) in, (count, outputWidth)
    /// out. A stream whose row is refused leaves its part of the output alone.
    @_noLocks
    @discardableResult
    public mutating func step(_ inputs: Span<Float>, into outputs: consuming MutableSpan<Float>) -> Status {
      let width = sessions[0].inputWidth(), outputWidth = sessions[0].outputWidth()
      let fits = inputs.count == width * count && outputs.count == outputWidth * count
      precondition(fits, "Batch.step: inputs or outputs are not one row of each stream")
      for stream in 0..<count {
        let input = sessions[stream].unsafeInput()
        precondition(input.count == width * rowCapacity, "Batch.step: a stream was replaced by one of another width")
        for position in 0..<width { input[position] = inputs[stream * width + position] }
      }
      let status = run()
      for stream in 0..<count where results[stream].rows == 1 {
        let output = sessions[stream].unsafeOutput()
        for position in 0..<output.count { outputs[stream * outputWidth + position] = output[position] }
      }
      return status
    }

    @_noLocks
    private mutating func execute(_ ranges: ProgramRanges, _ whole: Int) {
      let first = Int(together[0])
      let rows = sessions[first].domainRows[1]
      var operation = ranges.operation
      for index in ranges.run..<(ranges.run + ranges.runCount) {
        let run = sessions[first].plan.runs[index]
        let end = operation + Int(run.operatorCount)
        if run.isSequential {
          for row in 0..<rows {
            for operation in operation..<end { perform(operation, row: row, rows: 1, whole) }
          }
        } else {
          for operation in operation..<end { performWide(operation, whole) }
        }
        operation = end
      }
    }

    /// An operator of a wide run: together where every stream has the same rows, which subsamples may have made differ.
    @_noLocks
    private mutating func performWide(_ operation: Int, _ whole: Int) {
      let wanted = sessions[Int(together[0])].wantedRows(of: operation)
      var isSame = true
      for index in 1..<whole {
        let other = sessions[Int(together[index])].wantedRows(of: operation)
        if other.first != wanted.first || other.count != wanted.count { isSame = false }
      }
      if isSame {
        perform(operation, row: wanted.first, rows: wanted.count, whole)
      } else {
        for index in 0..<whole {
          let stream = Int(together[index])
          let wanted = sessions[stream].wantedRows(of: operation)
          sessions[stream].perform(operation, row: wanted.first, rows: wanted.count)
        }
      }
    }

    @_noLocks
    private mutating func perform(_ operation: Int, row: Int32, rows: Int32, _ whole: Int) {
      var streams = funes_streams(count: Int32(whole), plans: plans, scratch: scratch)
      switch sessions[0].plan.entries[operation].opcode {
      case .linear: funes_linear_streams(&streams, Int32(operation), &context, row, rows)
      case .rnn, .lstm, .gru: funes_cell_streams(&streams, Int32(operation), &context, row, rows)
      default:
        for index in 0..<whole { sessions[Int(together[index])].perform(operation, row: row, rows: rows) }
      }
    }
  }
#endif
