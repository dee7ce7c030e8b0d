// SPDX-License-Identifier: Apache-2.0
// Where the time of a step goes: each operator's, by a look at the clock after each.

import Funes

/// The times of one program's operators on this machine.
public struct OperatorTimes: Sendable, Equatable {
  public var program: String
  /// By operator in execution order, nanoseconds of one call: the median of all calls, less one look at the clock.
  public var nanoseconds: [Double]
  /// The same of whole calls that look at the clock before and after only.
  public var wholeNanoseconds: Double
  /// What a look at the clock takes.
  public var clockNanoseconds: Double
  /// Rows of one call: 1 of a stream.
  public var rowCount: Int
  public var callCount: Int
  public var isa: String
  public var threads: Int

  /// Calls that run before any is timed, and the time that calls of both sorts together may take, in nanoseconds.
  private static let warmUp = 20
  private static let budget: Int64 = 1_000_000_000
  private static let mostCalls = 2_000
  private static let fewestCalls = 5

  /// Runs calls of `rows` rows of the inputs, one after another, from the beginning again where they end or where
  /// positions do, half of them with a look at the clock after each operator.
  public init(
    _ file: ModelFile, program: Int, inputs: [String: ReferenceRows], rows: Int, of total: Int, isa: ISA
  ) throws {
    let info = file.model.programs[program]
    var session = try Session(file, rows: rows, threads: 1, isa: isa)
    let operators = file.model.operators[info.operators]
    let samples = UnsafeMutableBufferPointer<Int64>.allocate(capacity: operators.count)
    samples.initialize(repeating: 0)
    defer { samples.deallocate() }
    var times: [[Int64]] = Array(repeating: [], count: operators.count)
    var whole: [Int64] = []
    var call = 0
    let begin = Session.nanoseconds()
    while call < OperatorTimes.warmUp + 2 * OperatorTimes.mostCalls {
      if call >= OperatorTimes.warmUp + 2 * OperatorTimes.fewestCalls,
        Session.nanoseconds() - begin > OperatorTimes.budget
      {
        break
      }
      let first = call * rows % max(rows, total - rows + 1)
      for (index, port) in info.inputs.enumerated() {
        try session.fill(index, port, of: program, inputs[port.name], first, rows)
      }
      let isWhole = call % 2 == 0
      let before = Session.nanoseconds()
      let result: RunResult
      if isWhole {
        result = session.run(program, rows: rows)
      } else {
        for index in samples.indices { samples[index] = 0 }
        result = session.run(program, rows: rows, addingTo: samples)
      }
      let after = Session.nanoseconds()
      guard result.status == .ok else {
        guard result.status == .cacheFull, session.rowCount > 0 else {
          throw ModelRunError.refusedRow(program: info.name, row: first + result.rows, status: result.status)
        }
        session.reset()
        continue
      }
      call += 1
      guard call > OperatorTimes.warmUp else { continue }
      if isWhole {
        whole.append(after - before)
      } else {
        for index in samples.indices { times[index].append(samples[index]) }
      }
    }
    let clock = Double(Session.clockNanoseconds)
    self.program = info.name
    nanoseconds = times.map { max(0, OperatorTimes.median($0) - clock) }
    wholeNanoseconds = max(0, OperatorTimes.median(whole) - clock)
    clockNanoseconds = clock
    rowCount = rows
    callCount = whole.count + (times.first?.count ?? 0)
    self.isa = isa.name
    threads = 1
  }

  private static func median(_ samples: [Int64]) -> Double {
    samples.isEmpty ? 0 : Double(samples.sorted()[samples.count / 2])
  }
}

extension Session {
  fileprivate mutating func fill(
    _ index: Int, _ port: PortInfo, of program: Int, _ rows: ReferenceRows?, _ first: Int, _ count: Int
  ) throws(ModelRunError) {
    let range = (first * port.width)..<((first + count) * port.width)
    switch rows {
    case .floats(let floats)? where range.upperBound <= floats.count:
      _ = unsafeInput(index, of: program).update(fromContentsOf: floats[range])
    case .ids(let ids)? where range.upperBound <= ids.count:
      _ = unsafeInputIDs(index, of: program).update(fromContentsOf: ids[range])
    default: throw .wrongInputs(program: "\(program)", expected: [port.name])
    }
  }
}
