// SPDX-License-Identifier: Apache-2.0
// The rows that a report is made over: sequences that each begin at a reset.

import Funes

public struct ReportRows: Sendable {
  /// Rows of one program's inputs within a sequence.
  public struct Part: Sendable {
    public var inputs: [String: ReferenceRows]
    public var count: Int

    public init(inputs: [String: ReferenceRows], count: Int) {
      self.inputs = inputs
      self.count = count
    }
  }

  /// By program. Programs run in the order in which a sequence goes through them.
  public var sequences: [[String: Part]]
  /// Programs whose rows are random, since none were given.
  public var randomPrograms: Set<String> = []

  public init(sequences: [[String: Part]]) { self.sequences = sequences }

  /// Sequences as they calibrate a model.
  public init(_ sequences: [CalibrationSequence]) {
    self.sequences = sequences.map { sequence in
      Dictionary(sequence.calls.map { ($0.program, Part(inputs: $0.inputs, count: $0.rowCount)) }) { first, _ in first }
    }
  }

  /// Rows of a program in all sequences.
  public func count(of program: String) -> Int { sequences.reduce(0) { $0 + ($1[program]?.count ?? 0) } }

  /// Gives each program that has no rows random ones in each sequence: `count`, or as many as there is room for.
  public mutating func fillUp(_ model: Model, rows count: Int) {
    let programs = model.programs
    let given = Set(sequences.flatMap(\.keys))
    for (index, program) in programs.enumerated() where !given.contains(program.name) {
      let rows = min(count, model.rowLimit(of: index) ?? count)
      for place in sequences.indices {
        let inputs = program.randomRows(rows, seed: UInt64(index + place * programs.count) + 1)
        sequences[place][program.name] = Part(inputs: inputs, count: rows)
      }
      randomPrograms.insert(program.name)
    }
  }

  /// The rows of one program one sequence after another.
  public func joined(_ program: String) -> Part {
    var whole = Part(inputs: [:], count: 0)
    for part in sequences.compactMap({ $0[program] }) {
      whole.count += part.count
      for (name, rows) in part.inputs {
        whole.inputs[name] = whole.inputs[name]?.appending(rows) ?? rows
      }
    }
    return whole
  }
}

extension ReportRows.Part {
  /// Rows `range` of each input.
  public func rows(_ range: Range<Int>) -> [String: ReferenceRows] { inputs.slice(range, of: count) }
}

extension SampleRows {
  /// The rows of a file as sequences: each of a tensor's batch begins at a reset, and has at most the rows that the program
  /// takes.
  ///
  /// - Parameter limit: most rows of a program in all sequences; what is beyond is left out.
  public static func sequences(path: String, for graph: Graph, limit: Int) throws -> ReportRows {
    var left: [String: Int] = [:]
    var sequences: [[String: ReportRows.Part]] = []
    for sequence in try self.sequences(path: path, for: graph) {
      var parts: [String: ReportRows.Part] = [:]
      for call in sequence.calls where call.rowCount > 0 && left[call.program, default: limit] > 0 {
        let isBlock = graph.programs.first { $0.name == call.program }?.isBlock ?? false
        let count = isBlock ? call.rowCount : min(left[call.program, default: limit], call.rowCount)
        left[call.program, default: limit] -= count
        parts[call.program] = ReportRows.Part(inputs: call.inputs.slice(0..<count, of: call.rowCount), count: count)
      }
      // Beyond the limit nothing is left of a sequence.
      if !parts.isEmpty { sequences.append(parts) }
    }
    guard !sequences.isEmpty else { throw SampleError.nothingToCompare }
    return ReportRows(sequences: sequences)
  }
}

extension ReportRows {
  /// Cuts sequences of a stream that are longer than its positions and memories have room for into several, each from a
  /// reset.
  public mutating func fit(_ model: Model) {
    let programs = model.programs
    var fitting: [[String: Part]] = []
    for sequence in sequences {
      guard sequence.count == 1, let (name, part) = sequence.first,
        let index = model.programIndex(named: name), !programs[index].isBlock,
        let limit = model.rowLimit(of: index), part.count > limit
      else {
        fitting.append(sequence)
        continue
      }
      for begin in stride(from: 0, to: part.count, by: limit) {
        let count = min(limit, part.count - begin)
        fitting.append([name: Part(inputs: part.rows(begin..<(begin + count)), count: count)])
      }
    }
    sequences = fitting
  }
}
