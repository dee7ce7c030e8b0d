// SPDX-License-Identifier: Apache-2.0
// The step: check the input rows, reset what the program resets, go over its runs.

import CFunesKernels

/// How a call ended.
public enum Status: Int32, Sendable {
  /// Every row was run.
  case ok = 0
  /// An input was not finite or exceeded 2^50 in magnitude.
  case notFinite = 1
  /// An id was outside its input's classes.
  case idOutOfRange = 2
  /// The rows before this one have filled a table of positions or a memory: see `Model.rowLimit(of:)`.
  case cacheFull = 3
}

/// What a call did: the rows it ran, and why it stopped there.
public struct RunResult: Equatable, Sendable {
  /// Rows run. The state is as after the last of them: a refused row leaves no trace.
  public var rows: Int
  public var status: Status

  public init(rows: Int, status: Status) {
    self.rows = rows
    self.status = status
  }
}

/// Which rows of its outputs a call is asked for.
public enum OutputRows: Sendable {
  /// All that it makes.
  case all
  /// The last that it makes of each, with the bits that it has among all. Operators that only outputs wait for, and that
  /// look at one row at a time, run over that row alone: of a prompt only the last row is turned into scores.
  case last
}

extension Session {
  /// Runs a program over `rows` rows of its inputs, written before through `withInput`.
  ///
  /// A row that its input's policy refuses, or for which positions or memories have no room, ends the call before it; a
  /// block program then runs nothing. `rows` times one row and one call of `rows` rows give the same bits in a program
  /// that is a stream. States become the same whichever `outputs` are asked for.
  @_noLocks
  public mutating func run(_ program: Int = 0, rows: Int = 1, outputs: OutputRows = .all) -> RunResult {
    precondition(rows >= 1 && rows <= rowCapacity, "Session.run: rows is not in 1...rowCapacity")
    precondition(program >= 0 && program < plan.programCount, "Session.run: no such program")
    let saved = funes_float_environment_enter()
    let result = begin(program, rows: rows, outputs: outputs)
    if result.rows > 0 { execute(plan.programs[program].ranges) }
    funes_float_environment_leave(saved)
    return result
  }

  /// Everything of a call but its operators: admits rows, resets what the program resets, counts.
  @_noLocks
  mutating func begin(_ program: Int, rows: Int, outputs: OutputRows) -> RunResult {
    let planned = plan.programs[program]
    var result = plan.admit(planned, rows: rows)
    if result.rows < rows, planned.isBlock { result.rows = 0 }
    for domain in 0..<domainRows.count { domainRows[domain] = 0 }
    isLastRowOnly = outputs == .last
    context.turn &+= 1
    if result.rows > 0 {
      domainRows[0] = 1
      domainRows[1] = Int32(result.rows)
      for index in planned.ranges.reset..<(planned.ranges.reset + planned.ranges.resetCount) {
        resetState(Int(plan.resets[index]))
      }
      if planned.ranges.resetCount > 0 { beginEpoch() }
      rowCount &+= UInt64(result.rows)
    }
    return result
  }

  /// Rows of an output that the latest call wrote: none where that call refused its first row.
  @_noLocks
  public func outputRows(_ index: Int = 0, of program: Int = 0) -> Int {
    outputRows(outputPort(index, of: program))
  }

  @_noLocks
  @inlinable
  @inline(__always)
  func outputRows(_ port: PlannedPort) -> Int {
    let made = Int(domainRows[Int(port.domain)])
    return isLastRowOnly ? min(made, 1) : made
  }

  /// The row, of those that the latest call made of an output, with which what it was asked for begins.
  @_noLocks
  @inlinable
  @inline(__always)
  func firstOutputRow(_ port: PlannedPort) -> Int {
    isLastRowOnly ? max(0, Int(domainRows[Int(port.domain)]) - 1) : 0
  }

  @_noLocks
  mutating func execute(_ ranges: ProgramRanges) {
    let rows = domainRows[1]
    var first = ranges.operation
    for index in ranges.run..<(ranges.run + ranges.runCount) {
      let run = plan.runs[index]
      let end = first + Int(run.operatorCount)
      if run.isSequential {
        for row in 0..<rows {
          for operation in first..<end { perform(operation, row: row, rows: 1) }
        }
      } else {
        for operation in first..<end {
          let wanted = wantedRows(of: operation)
          perform(operation, row: wanted.first, rows: wanted.count)
        }
      }
      first = end
    }
  }

  /// The rows that an operator of a wide run goes over: all of its domain, or the last where no other is asked for.
  @_noLocks
  func wantedRows(of operation: Int) -> (first: Int32, count: Int32) {
    let rows = domainRows[Int(plan.entries[operation].domain)]
    return isLastRowOnly && plan.entries[operation].isTail && rows > 0 ? (rows - 1, 1) : (0, rows)
  }

  /// One operator over some rows: the whole engine on one screen.
  @_noLocks
  mutating func perform(_ index: Int, row: Int32, rows: Int32) {
    let op = plan.operators + index
    let entry = plan.entries[index]
    if rows == 0 {
      if entry.madeDomain > 0 { domainRows[Int(entry.madeDomain)] = 0 }
      return
    }
    switch entry.opcode {
    case .linear: funes_linear(op, &context, row, rows)
    case .embedding: funes_embedding(op, &context, row, rows)
    case .oneHot: funes_one_hot(op, &context, row, rows)
    case .rnn, .lstm, .gru: funes_cell_rows(op, &context, row, rows)
    case .add: funes_add(op, &context, row, rows)
    case .multiply: funes_multiply(op, &context, row, rows)
    case .concat: funes_concat(op, &context, row, rows)
    case .slice: funes_slice(op, &context, row, rows)
    case .activate: funes_activate(op, &context, row, rows)
    case .softmax: funes_softmax(op, &context, row, rows)
    case .logSoftmax: funes_log_softmax(op, &context, row, rows)
    case .l2Normalize: funes_l2_normalize(op, &context, row, rows)
    case .copy: funes_copy(op, &context, row, rows)
    case .last: funes_last(op, &context, row, rows)
    case .mean: funes_mean(op, &context, row, rows)
    case .window: funes_window(op, &context, row, rows)
    case .subsample: domainRows[Int(entry.madeDomain)] = funes_subsample(op, &context, rows)
    case .stateRead: funes_state_read(op, &context, row, rows)
    case .stateWrite: funes_state_write(op, &context, row, rows)
    case .layerNorm: funes_layer_norm(op, &context, row, rows)
    case .rmsNorm: funes_rms_norm(op, &context, row, rows)
    case .rotary: funes_rotary(op, &context, row, rows)
    case .attention: funes_attention(op, &context, row, rows)
    case .scale: funes_scale(op, &context, row, rows)
    case .constant: funes_constant(op, &context, row, rows)
    case .position: funes_position(op, &context, row, rows)
    case .first: funes_first(op, &context, row, rows)
    case .pool: funes_pool(op, &context, row, rows)
    case .patches: funes_patches(op, &context, row, rows)
    case .frames: funes_frames(op, &context, row, rows)
    case .blockAttention: funes_block_attention(op, &context, row, rows)
    case .remember: funes_remember(op, &context, row, rows)
    case .memoryAttention: funes_memory_attention(op, &context, row, rows)
    }
  }
}

// A session's own methods that do not mutate it are called with a copy of all its fields: a few hundred bytes a step.
extension SessionPlan {
  /// How many of the rows the inputs' policies admit, and have room.
  @_noLocks
  @inline(__always)
  func admit(_ program: PlannedProgram, rows: Int) -> RunResult {
    let ranges = program.ranges
    var result = RunResult(rows: rows, status: .ok)
    for index in ranges.port..<(ranges.port + ranges.inputCount) {
      // A row at a time: its width fits the kernels' counts, that of all rows may not.
      var row = 0
      while row < result.rows, admits(ports + index, row) { row += 1 }
      if row < result.rows {
        result = RunResult(rows: row, status: ports[index].classes > 0 ? .idOutOfRange : .notFinite)
      }
    }
    for index in program.filling..<(program.filling + program.fillingCount) {
      let room = fillings[index].room
      if room < UInt32(result.rows) { result = RunResult(rows: Int(room), status: .cacheFull) }
    }
    return result
  }

  /// Whether an input's policy admits a row, which it may change first.
  @_noLocks
  private func admits(_ port: UnsafePointer<PlannedPort>, _ row: Int) -> Bool {
    let width = port.pointee.rows.width
    let values = port.pointee.rows.base + row * Int(width)
    if port.pointee.classes > 0 {
      let ids = UnsafeMutableRawPointer(values).assumingMemoryBound(to: Int32.self)
      return funes_first_bad_id(ids, width, port.pointee.classes) == width
    }
    if port.pointee.replaces {
      funes_replace_absurd(values, width, port.pointee.low, port.pointee.high)
      return true
    }
    return funes_first_absurd(values, width) == width
  }
}
