// SPDX-License-Identifier: Apache-2.0
// What a model's outputs should be on rows that it was not fitted to, and how far a file is from them.

import Funes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One output of a program against the float reference, over all sequences.
public struct OutputDifference: Sendable, Equatable {
  public var program: String
  public var output: String
  public var difference: Difference
  /// Mean Kullback-Leibler divergence from the reference, in nats, of the probabilities that each row's values are or are
  /// logits of; 0 unless asked for.
  public var divergence = 0.0
}

/// The float reference's outputs over sequences: made once, held against many files.
public struct JudgedOutputs: Sendable {
  private let sequences: [SampleSequence]
  /// By sequence, call and output.
  private let expected: [[[ReferenceResult.Rows]]]
  private let ports: [String: [Graph.Port]]
  /// Values that a softmax made: probabilities, where others are taken for logits.
  private let probabilities: Set<Int>

  /// Runs the reference. `progress` is told of rows done, and of how many.
  public init(
    _ graph: Graph, _ sequences: [SampleSequence], progress: (Int, Int) -> Void = { _, _ in }
  ) throws {
    self.sequences = sequences
    let runner = ReferenceRunner(graph)
    var expected: [[[ReferenceResult.Rows]]] = []
    let total = sequences.reduce(0) { $0 + $1.rowCount }
    var done = 0
    for sequence in sequences {
      runner.reset()
      expected.append(
        try sequence.calls.map { call in
          let index = graph.programs.firstIndex { $0.name == call.program } ?? 0
          defer {
            done += call.rowCount
            progress(done, total)
          }
          return try runner.run(index, inputs: call.inputs, rows: call.rowCount, chunk: nil)
        })
    }
    self.expected = expected
    probabilities = Set(
      graph.programs.flatMap(\.operators).filter { if case .softmax = $0.operation { true } else { false } }
        .flatMap(\.outputs))
    ports = Dictionary(graph.programs.map { ($0.name, $0.outputs) }) { first, _ in first }
  }

  /// Runs a file over the sequences and compares what it puts out; divergences only where they are asked for, since they cost
  /// an exponential a value.
  public func differences(of file: ModelFile, diverging: Bool = false) throws -> [OutputDifference] {
    let runner = try ModelRunner(file)
    var found: [OutputDifference] = []
    for (sequence, expected) in zip(sequences, expected) {
      runner.reset()
      for (call, expected) in zip(sequence.calls, expected) {
        let index = file.model.programIndex(named: call.program) ?? 0
        let rows = try runner.run(index, inputs: call.inputs, rows: call.rowCount)
        for ((port, expected), made) in zip(zip(ports[call.program] ?? [], expected), rows) {
          let key = found.firstIndex { $0.program == call.program && $0.output == port.name }
          let at = key ?? found.count
          if key == nil {
            found.append(OutputDifference(program: call.program, output: port.name, difference: Difference()))
          }
          let width = max(1, expected.width)
          found[at].difference.add(expected: expected.values, found: made.values, width: width)
          guard diverging else { continue }
          let scores: RowScores = probabilities.contains(port.value) ? .probabilities : .logits
          for first in stride(from: 0, to: made.values.count, by: width) {
            let p = scores.logProbabilities(expected.values[first..<first + width])
            let q = scores.logProbabilities(made.values[first..<first + width])
            found[at].divergence += zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
          }
        }
      }
    }
    for index in found.indices {
      found[index].divergence /= Double(max(1, found[index].difference.rowCount))
    }
    return found
  }
}

extension [OutputDifference] {
  /// Error energy as a share of the signal's, over all outputs: each counts alike, however large its numbers are.
  var errorShare: Double { reduce(0) { $0 + $1.difference.errorShare } }
}
