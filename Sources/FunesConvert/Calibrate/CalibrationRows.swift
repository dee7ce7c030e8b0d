// SPDX-License-Identifier: Apache-2.0
// Rows that a model is fitted to and judged on, and how they are parted.

/// Why rows cannot calibrate a model.
public enum CalibrationError: Error, Equatable {
  /// There are fewer rows than are worth fitting to or judging by.
  case tooFewRows(part: String, found: Int, expected: Int)
  /// The rows are one sequence that cannot be cut, and no others are given to judge by.
  case oneSequence(program: String)
  /// A number among the rows is not finite, or larger than any model takes.
  case notFinite(program: String, input: String, row: Int)
  /// The graph has no program, or the program no input, of that name.
  case unknownInput(program: String, input: String)
  /// An input has another number of elements than rows times width.
  case width(program: String, input: String, found: Int, expected: Int)
  /// No matrix of the graph is multiplied with anything while the rows run.
  case nothingToFit
}

extension CalibrationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFewRows(let part, let found, let expected):
      "calibration: found \(counted(found, "row")) \(part), expected \(expected) or more"
    case .oneSequence(let program):
      "calibration: found one sequence of program \"\(program)\", which sees its rows at once and cannot be cut; "
        + "give more sequences, or others to judge by with --judge"
    case .notFinite(let program, let input, let row):
      "program \"\(program)\", input \"\(input)\": found a number in row \(row) that is not finite or exceeds "
        + "2^50, expected numbers that the model takes"
    case .unknownInput(let program, let input):
      "found rows for input \"\(input)\" of program \"\(program)\", which the model does not have"
    case .width(let program, let input, let found, let expected):
      "program \"\(program)\", input \"\(input)\": found \(found) elements, expected \(expected)"
    case .nothingToFit:
      "calibration: found no matrix of 8-bit weights that the rows are multiplied with, expected one or more"
    }
  }
}

/// Sequences to fit to, and sequences to judge by.
public struct CalibrationRows: Sendable {
  public var fit: [SampleSequence]
  public var judge: [SampleSequence]
  public var fitRowCount: Int { fit.reduce(0) { $0 + $1.rowCount } }
  public var judgeRowCount: Int { judge.reduce(0) { $0 + $1.rowCount } }

  /// Rows that a part must have at least.
  public static let fewestToFit = 8
  public static let fewestToJudge = 2
  /// Sequences from which on none is cut.
  private static let manySequences = 5

  public init(fit: [SampleSequence], judge: [SampleSequence]) {
    self.fit = fit
    self.judge = judge
  }

  /// Parts sequences by time: what comes first is fitted to, `share` of all rows, and the rest is judged by, so that no row
  /// is in both. Few sequences are cut where the share ends; the cut begins from a fresh state. Many, and those whose
  /// program sees all its rows at once, are parted between sequences, at the border nearest to the share.
  public init(
    splitting sequences: [SampleSequence], share: Double = 0.8, isBlock: (String) -> Bool
  ) throws(CalibrationError) {
    let sequences = sequences.filter { $0.rowCount > 0 }
    let total = sequences.reduce(0) { $0 + $1.rowCount }
    let expected = CalibrationRows.fewestToFit + CalibrationRows.fewestToJudge
    guard total >= expected else { throw .tooFewRows(part: "in all", found: total, expected: expected) }
    let target = Int((Double(total) * share).rounded())
    let isWhole =
      sequences.count >= CalibrationRows.manySequences
      || sequences.contains { $0.calls.count > 1 || $0.calls.contains { isBlock($0.program) } }
    (fit, judge) = ([], [])
    if isWhole {
      guard sequences.count > 1 else { throw .oneSequence(program: sequences[0].calls[0].program) }
      var count = 0
      var border = sequences.count - 1
      for (index, sequence) in sequences.enumerated() {
        let after = count + sequence.rowCount
        if after >= target {
          border = target - count < after - target ? index : index + 1
          break
        }
        count = after
      }
      border = min(max(border, 1), sequences.count - 1)
      fit = Array(sequences[..<border])
      judge = Array(sequences[border...])
    } else {
      var left = target
      for sequence in sequences {
        let call = sequence.calls[0]
        let count = min(left, call.rowCount)
        if count > 0 { fit.append(SampleSequence(calls: [call.rows(0..<count)])) }
        if count < call.rowCount { judge.append(SampleSequence(calls: [call.rows(count..<call.rowCount)])) }
        left -= count
      }
    }
  }

  /// Refuses what a model would refuse, before any work is done.
  public func check(_ graph: Graph) throws(CalibrationError) {
    guard fitRowCount >= CalibrationRows.fewestToFit else {
      throw .tooFewRows(part: "to fit", found: fitRowCount, expected: CalibrationRows.fewestToFit)
    }
    guard judgeRowCount >= CalibrationRows.fewestToJudge else {
      throw .tooFewRows(part: "to judge", found: judgeRowCount, expected: CalibrationRows.fewestToJudge)
    }
    for sequence in fit + judge { try sequence.check(graph) }
  }
}

extension SampleSequence {
  /// Refuses rows that the graph's programs do not have inputs for, or would refuse.
  public func check(_ graph: Graph) throws(CalibrationError) {
    for call in calls {
      let program = graph.programs.first { $0.name == call.program }
      for (name, rows) in call.inputs.sorted(by: { $0.key < $1.key }) {
        guard let port = program?.inputs.first(where: { $0.name == name }) else {
          throw .unknownInput(program: call.program, input: name)
        }
        let width = graph.values[port.value].width
        guard rows.count == width * call.rowCount else {
          throw .width(program: call.program, input: name, found: rows.count, expected: width * call.rowCount)
        }
        guard case .floats(let values) = rows, port.policy == .refuse,
          let index = values.firstIndex(where: { !($0.magnitude <= 0x1p50) })
        else { continue }
        throw .notFinite(program: call.program, input: name, row: index / max(1, width))
      }
    }
  }
}
