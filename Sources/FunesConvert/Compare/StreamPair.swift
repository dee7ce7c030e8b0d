// SPDX-License-Identifier: Apache-2.0
// One program of a file and of its graph in double precision, stepped side by side for as long as one likes.

import Funes

/// Why a model has no long stream.
public enum LongStreamError: Error, Equatable {
  /// The program sees its rows at once.
  case noStream(program: String, streams: [String])
  /// Positions or a memory end before.
  case tooManySteps(program: String, found: Int, limit: Int)
}

extension LongStreamError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noStream(let program, []):
      "program \"\(program)\": found one that sees its rows at once, expected a stream; the model has none"
    case .noStream(let program, let streams):
      "program \"\(program)\": found one that sees its rows at once, expected a stream; --program "
        + streams.joined(separator: " or ")
    case .tooManySteps(let program, let found, let limit):
      "program \"\(program)\": found \(found) steps, expected at most \(limit), where its positions or memory end"
    }
  }
}

/// One output or state over one stream.
public struct StreamSignal: Sendable, Equatable {
  /// The output's or state's name.
  public var name: String
  public var isState: Bool
  public var drift: Drift
}

/// Steps the int8 side and the reference together.
///
/// Outputs are compared in every row; hidden, cell, mean and other float states after every 64 rows at least, and at the
/// end of each part. Rings and caches are copies of values that other operators make, and counters hold no floats: they
/// are not looked at.
public final class StreamPair {
  public let info: ProgramInfo
  private let file: ModelFile
  private let program: Int
  private let runner: ModelRunner
  private let reference: FloatReference
  /// The states that are compared, by index in the file and in the graph.
  private let states: [(name: String, model: Int, graph: Int, width: Int)]

  /// Most rows between two looks at the states.
  private static let interval = 64

  /// - Parameters:
  ///   - graph: what the file was made of.
  ///   - program: index of the program that is stepped.
  public init(_ file: ModelFile, graph: Graph, program: Int) throws {
    let programs = file.model.programs
    info = programs[program]
    guard !info.isBlock else {
      throw LongStreamError.noStream(program: info.name, streams: programs.filter { !$0.isBlock }.map(\.name))
    }
    self.file = file
    self.program = program
    runner = try ModelRunner(file)
    reference = FloatReference(graph)
    states = graph.states.enumerated().compactMap { index, state in
      switch state.kind {
      case .hidden, .cell, .value, .mean:
        file.model.stateIndex(named: state.name).map { (state.name, $0, index, state.lanes * state.width) }
      case .ring, .counter, .cache: nil
      }
    }
  }

  /// Rows that positions and memories have room for; nil for any number.
  public var rowLimit: Int? { file.model.rowLimit(of: program) }

  /// As many of `steps` as double precision takes within so many multiplications, and as there is room for: `steps`
  /// itself or the largest of 1, 2 and 5 times a power of ten below, but no fewer than `least`.
  public func affordable(_ steps: Int, multiplications: Int, least: Int) -> Int {
    let products = file.model.operators[info.operators].reduce(1) { $0 + $1.multiplyCount }
    var affordable = steps
    if affordable > multiplications / products {
      var unit = 1
      while 10 * unit * products <= multiplications { unit *= 10 }
      let factor = [5, 2, 1].first { $0 * unit * products <= multiplications } ?? 1
      affordable = max(least, factor * unit)
    }
    return min(affordable, steps, rowLimit ?? steps)
  }

  /// Runs rows from a reset and compares what comes out in parts.
  ///
  /// - Parameters:
  ///   - ends: where each part ends, in rows from the reset, ascending.
  ///   - take: makes the next rows.
  ///   - progress: told how many rows are done.
  public func run(
    partsEndingAt ends: [Int], take: (_ count: Int) throws -> [String: ReferenceRows], progress: (Int) throws -> Void
  ) throws -> [StreamSignal] {
    let steps = ends.last ?? 0
    if let rowLimit, steps > rowLimit {
      throw LongStreamError.tooManySteps(program: info.name, found: steps, limit: rowLimit)
    }
    try begin()
    var outputs = info.outputs.map {
      StreamSignal(name: $0.name, isState: false, drift: Drift(partCount: ends.count))
    }
    var kept = states.map { StreamSignal(name: $0.name, isState: true, drift: Drift(partCount: ends.count)) }
    var done = 0
    for (part, end) in ends.enumerated() {
      while done < end {
        let count = min(StreamPair.interval, end - done)
        let inputs = try take(count)
        let found = try runner.run(program, inputs: inputs, rows: count, chunk: count)
        let expected = try reference.run(program: info.name, inputs: inputs, rows: count, trace: false)
        for (index, port) in info.outputs.enumerated() {
          outputs[index].drift.add(
            expected: expected.outputs[port.name]?.values ?? [], found: found[index].values, width: port.width,
            part: part)
        }
        for (index, state) in states.enumerated() {
          kept[index].drift.add(
            expected: reference.states[state.graph].map(Float.init), found: runner.state(state.model),
            width: state.width, part: part)
        }
        done += count
        try progress(done)
      }
    }
    return outputs + kept
  }

  /// Resets both sides; where a source is encoded before anything is stepped, a short random one is.
  private func begin() throws {
    runner.reset()
    reference.reset()
    guard let encode = file.model.generation?.encodeProgram, encode != program else { return }
    let source = file.model.programs[encode]
    let count = min(16, file.model.rowLimit(of: encode) ?? 16)
    let rows = source.randomRows(count, seed: 1)
    _ = try runner.run(encode, inputs: rows, rows: count)
    _ = try reference.run(program: source.name, inputs: rows, rows: count, trace: false)
  }
}
