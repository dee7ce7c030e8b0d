// SPDX-License-Identifier: Apache-2.0
// The rows that a model is measured on.

import Funes

public struct MeasuredRows: Sendable {
  /// Of each program at most one call. Programs run in the order in which a sequence goes through them.
  public var sequences: [SampleSequence]
  /// Programs whose rows are random, since none were given.
  public private(set) var randomPrograms: Set<String> = []

  /// - Parameter sequences: none for one of random rows alone.
  public init(_ sequences: [SampleSequence]) {
    self.sequences = sequences.isEmpty ? [SampleSequence(calls: [])] : sequences
  }

  /// Rows of a program in all sequences.
  public func count(of program: String) -> Int {
    sequences.reduce(0) { $0 + ($1.call(of: program)?.rowCount ?? 0) }
  }

  /// Gives each program that has no rows random ones in each sequence: `count`, or as many as there is room for.
  public mutating func fillUp(_ model: Model, rows count: Int) {
    let programs = model.programs
    let given = Set(sequences.flatMap(\.calls).map(\.program))
    for (index, program) in programs.enumerated() where !given.contains(program.name) {
      let rows = min(count, model.rowLimit(of: index) ?? count)
      for place in sequences.indices {
        let inputs = program.randomRows(rows, seed: UInt64(index + place * programs.count) + 1)
        sequences[place].calls.append(.init(program: program.name, inputs: inputs, rowCount: rows))
      }
      randomPrograms.insert(program.name)
    }
  }

  /// Holds sequences to what the model has room for.
  public mutating func fit(_ model: Model) { sequences = sequences.flatMap { $0.pieces(fitting: model) } }
}
