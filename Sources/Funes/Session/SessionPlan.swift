// SPDX-License-Identifier: Apache-2.0
// What a step reads instead of the file: programs, runs, ports, operators and states with every pointer resolved, made
// once when a session begins, at the head of its block.

import CFunesKernels

/// How one operator goes over rows; its pointers are in the `funes_op` beside it.
struct PlannedOperator {
  var opcode: Opcode
  /// Nothing but the same row of outputs depends on a row of what it makes: see `Model.markTails`.
  var isTail = false
  /// The domain whose rows it goes over: its input's, or its output's where it has no input.
  var domain: Int32
  /// The domain that a subsample makes; 0 for others.
  var madeDomain: Int32
}

struct PlannedRun {
  var isSequential: Bool
  var operatorCount: Int32
}

/// An input or output: where its rows are and what it admits.
@usableFromInline struct PlannedPort {
  @usableFromInline var rows: funes_rows
  @usableFromInline var domain: Int32
  /// Above 0 for ids.
  var classes: Int32
  var replaces: Bool
  var low: Float
  var high: Float
}

struct PlannedState {
  var floats: UnsafeMutablePointer<Float>
  var initial: UnsafePointer<Float>?
  var count: Int
}

/// A counter that each row of a call raises until what it counts is full.
struct PlannedFilling {
  var counter: UnsafePointer<UInt32>
  /// What the counter may reach.
  var most: UInt32
  var perRow: UInt32
  /// Whether the program begins with the counter at 0.
  var isReset: Bool

  /// Rows that a call may still take.
  var room: UInt32 {
    @_noLocks get {
      let filled = isReset ? 0 : counter[0]
      return filled < most ? (most - filled) / perRow : 0
    }
  }
}

@usableFromInline struct PlannedProgram {
  @usableFromInline var ranges: ProgramRanges
  var isBlock: Bool
  /// Where its fillings begin, and how many it has.
  var filling: Int
  var fillingCount: Int
}

/// Typed pointers into the head of a session's block.
@usableFromInline struct SessionPlan {
  let operators: UnsafeMutablePointer<funes_op>
  let entries: UnsafeMutablePointer<PlannedOperator>
  @usableFromInline let programs: UnsafeMutablePointer<PlannedProgram>
  let runs: UnsafeMutablePointer<PlannedRun>
  @usableFromInline let ports: UnsafeMutablePointer<PlannedPort>
  let states: UnsafeMutablePointer<PlannedState>
  let resets: UnsafeMutablePointer<Int32>
  let fillings: UnsafeMutablePointer<PlannedFilling>
  @usableFromInline let programCount: Int
  let stateCount: Int

  /// Bytes that a model's plan takes.
  static func byteCount(_ model: Model) -> Int {
    var cursor = Cursor()
    cursor.reserve(funes_op.self, model.operatorCount)
    cursor.reserve(PlannedOperator.self, model.operatorCount)
    cursor.reserve(PlannedProgram.self, model.programCount)
    cursor.reserve(PlannedRun.self, model.count(.runs))
    cursor.reserve(PlannedPort.self, model.count(.ports))
    cursor.reserve(PlannedState.self, model.stateCount)
    cursor.reserve(Int32.self, model.count(.resets))
    cursor.reserve(PlannedFilling.self, model.fillingCount)
    return (cursor.offset + 63) / 64 * 64
  }

  /// Lays the plan out at `base` and fills it; `bases` says where states and values will be.
  init(_ model: Model, at base: UnsafeMutableRawPointer, _ bases: SessionBases) {
    var cursor = Cursor()
    operators = cursor.take(funes_op.self, model.operatorCount, base)
    entries = cursor.take(PlannedOperator.self, model.operatorCount, base)
    programs = cursor.take(PlannedProgram.self, model.programCount, base)
    runs = cursor.take(PlannedRun.self, model.count(.runs), base)
    ports = cursor.take(PlannedPort.self, model.count(.ports), base)
    states = cursor.take(PlannedState.self, model.stateCount, base)
    resets = cursor.take(Int32.self, model.count(.resets), base)
    fillings = cursor.take(PlannedFilling.self, model.fillingCount, base)
    programCount = model.programCount
    stateCount = model.stateCount
    var floats = bases.states.assumingMemoryBound(to: Float.self)
    for index in 0..<model.stateCount {
      let state = model.state(index)
      let count = Int(state.byteCount) / 4
      (states + index).initialize(
        to: PlannedState(floats: floats, initial: model.vector(state.initial), count: count))
      floats += count
    }
    for index in 0..<model.operatorCount {
      (operators + index).initialize(to: model.resolved(index, bases, states))
      (entries + index).initialize(to: model.planned(index))
    }
    model.markTails(of: entries)
    var filling = 0
    for index in 0..<model.programCount {
      var program = PlannedProgram(
        ranges: model.ranges(of: index), isBlock: model.program(index).isBlock, filling: filling, fillingCount: 0)
      for operation in program.ranges.operation..<(program.ranges.operation + program.ranges.operatorCount) {
        guard let (state, perRow) = model.filling(model.operation(operation)) else { continue }
        let counter = UnsafeRawPointer(states[state].floats).assumingMemoryBound(to: UInt32.self)
        (fillings + filling).initialize(
          to: PlannedFilling(
            counter: counter, most: model.state(state).limit - 1, perRow: perRow,
            isReset: model.resets(program.ranges, UInt32(state))))
        filling += 1
      }
      program.fillingCount = filling - program.filling
      (programs + index).initialize(to: program)
    }
    for index in 0..<model.count(.runs) {
      let run = model.run(index)
      (runs + index).initialize(
        to: PlannedRun(isSequential: run.isSequential, operatorCount: Int32(run.operatorCount)))
    }
    for index in 0..<model.count(.ports) {
      let port = model.port(index)
      let value = Int(port.value)
      (ports + index).initialize(
        to: PlannedPort(
          rows: model.rows(of: value, bases), domain: Int32(model.value(value).domain), classes: Int32(port.classes),
          replaces: port.replaces, low: port.low, high: port.high))
    }
    for index in 0..<model.count(.resets) {
      (resets + index).initialize(to: model.record(.resets, index).i32(0))
    }
  }

  /// Places arrays one after the other, each aligned to 16.
  private struct Cursor {
    var offset = 0

    mutating func reserve<T>(_ type: T.Type, _ count: Int) {
      offset = (offset + MemoryLayout<T>.stride * count + 15) / 16 * 16
    }

    mutating func take<T>(_ type: T.Type, _ count: Int, _ base: UnsafeMutableRawPointer) -> UnsafeMutablePointer<T> {
      defer { reserve(type, count) }
      return (base + offset).bindMemory(to: T.self, capacity: count)
    }
  }
}

extension Model {
  /// Operators of all programs that fill something up.
  fileprivate var fillingCount: Int {
    var count = 0
    for index in 0..<operatorCount where filling(operation(index)) != nil { count += 1 }
    return count
  }
}
