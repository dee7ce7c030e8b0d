// SPDX-License-Identifier: Apache-2.0
// A call with a look at the clock after each operator: where the time of a step goes.

#if !hasFeature(Embedded)
  import CFunesKernels
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  extension Session {
    /// As `run` over all rows of the outputs, the same bits, with the time of each operator added up.
    ///
    /// - Parameter times: nanoseconds for each of the program's operators, in order; what a look at the clock takes,
    ///   `clockNanoseconds`, is in each of them, once for each row of a sequential run.
    public mutating func run(
      _ program: Int = 0, rows: Int = 1, addingTo times: UnsafeMutableBufferPointer<Int64>
    ) -> RunResult {
      precondition(rows >= 1 && rows <= rowCapacity, "Session.run: rows is not in 1...rowCapacity")
      precondition(program >= 0 && program < plan.programCount, "Session.run: no such program")
      let ranges = plan.programs[program].ranges
      precondition(times.count == ranges.operatorCount, "Session.run: times.count is not the program's operators")
      let saved = funes_float_environment_enter()
      defer { funes_float_environment_leave(saved) }
      let result = begin(program, rows: rows, outputs: .all)
      guard result.rows > 0 else { return result }
      var first = ranges.operation
      var latest = Session.nanoseconds()
      func take(_ operation: Int) {
        let now = Session.nanoseconds()
        times[operation - ranges.operation] += now - latest
        latest = now
      }
      for index in ranges.run..<(ranges.run + ranges.runCount) {
        let run = plan.runs[index]
        let end = first + Int(run.operatorCount)
        if run.isSequential {
          for row in 0..<domainRows[1] {
            for operation in first..<end {
              perform(operation, row: row, rows: 1)
              take(operation)
            }
          }
        } else {
          for operation in first..<end {
            let wanted = wantedRows(of: operation)
            perform(operation, row: wanted.first, rows: wanted.count)
            take(operation)
          }
        }
        first = end
      }
      return result
    }

    /// What two looks at the clock are apart with nothing between: the least of many.
    public static var clockNanoseconds: Int64 {
      (0..<1000).reduce(Int64.max) { least, _ in
        let before = nanoseconds()
        return min(least, nanoseconds() - before)
      }
    }

    /// Nanoseconds on a clock that only goes forward.
    public static func nanoseconds() -> Int64 {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
  }
#endif
