// SPDX-License-Identifier: Apache-2.0
// Rows that are given to a model: sequences, each from a fresh state.

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

  /// The same rows in sequences of at most `room`; those of several programs stay together.
  public func pieces(room: Int) -> [SampleSequence] {
    guard calls.count == 1, rowCount > room else { return [self] }
    return stride(from: 0, to: rowCount, by: room).map { begin in
      SampleSequence(calls: [calls[0].rows(begin..<min(begin + room, rowCount))])
    }
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
