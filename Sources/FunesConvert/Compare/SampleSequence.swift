// SPDX-License-Identifier: Apache-2.0
// Rows that are given to a model: sequences, each from a fresh state.

import Funes

/// What one session sees from a reset on.
public struct SampleSequence: Sendable {
  /// One run of a program over rows.
  public struct Call: Sendable {
    public var program: String
    /// Rows of every input, by its name.
    public var inputs: [String: ReferenceRows]
    public var rowCount: Int

    public init(program: String, inputs: [String: ReferenceRows], rowCount: Int) {
      self.program = program
      self.inputs = inputs
      self.rowCount = rowCount
    }

    /// Some of the rows.
    public func rows(_ range: Range<Int>) -> Call {
      Call(program: program, inputs: inputs.slice(range, of: rowCount), rowCount: range.count)
    }
  }

  /// In the order in which they run.
  public var calls: [Call]
  public var rowCount: Int { calls.reduce(0) { $0 + $1.rowCount } }

  public init(calls: [Call]) { self.calls = calls }

  /// The rows of one program, nil where there are none.
  public func call(of program: String) -> Call? { calls.first { $0.program == program } }

  /// What a model has positions and memories for: a stream in several sequences, each from a reset; of a program that sees its
  /// rows at once, or where several programs go together, the first rows of each call.
  public func pieces(fitting model: Model) -> [SampleSequence] {
    let programs = model.programs
    func room(_ call: Call) -> Int {
      model.programIndex(named: call.program).flatMap { model.rowLimit(of: $0) } ?? .max
    }
    guard calls.contains(where: { $0.rowCount > room($0) }) else { return [self] }
    if calls.count == 1, let index = model.programIndex(named: calls[0].program), !programs[index].isBlock {
      let room = room(calls[0])
      return stride(from: 0, to: rowCount, by: room).map { begin in
        SampleSequence(calls: [calls[0].rows(begin..<min(begin + room, rowCount))])
      }
    }
    return [SampleSequence(calls: calls.map { $0.rows(0..<min($0.rowCount, room($0))) })]
  }
}

extension [SampleSequence] {
  /// The rows of one program, one sequence after another.
  public func joined(_ program: String) -> SampleSequence.Call {
    var whole = SampleSequence.Call(program: program, inputs: [:], rowCount: 0)
    for call in compactMap({ $0.call(of: program) }) {
      whole.rowCount += call.rowCount
      for (name, rows) in call.inputs {
        whole.inputs[name] = whole.inputs[name]?.appending(rows) ?? rows
      }
    }
    return whole
  }
}
