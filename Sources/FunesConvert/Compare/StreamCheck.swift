// SPDX-License-Identifier: Apache-2.0
// Runs a model for a very long time beside double precision, over inputs that need no data, and looks for what only time
// brings out: numbers that are none, errors that grow, states that run away.

import Funes

/// What one case brought out.
public struct StreamResult: Sendable, Equatable {
  public var stream: StreamCase
  /// In tenths.
  public var signals: [StreamSignal]

  /// What no model may do, in words; empty where the case passes.
  public var faults: [String] {
    signals.flatMap { signal in
      let title = "\(stream.rawValue), \(signal.isState ? "state" : "output") \"\(signal.name)\""
      if !signal.drift.isFinite { return ["\(title): found numbers that are not finite, expected none"] }
      guard signal.drift.isGrowing else { return [] }
      return [
        "\(title): found an error that grows, by \(Decimal.fixed(signal.drift.growth, digits: 1)) dB from the second tenth"
          + " to the last while SNR falls by \(Decimal.fixed(signal.drift.loss, digits: 1)) dB, expected none that does"
      ]
    }
  }
}

/// Holds a model's file against its graph in double precision through every case, each from a reset.
public final class StreamCheck {
  private let pair: StreamPair
  /// Full scale of each input.
  private let levels: [Float]

  /// Most multiplications of one case where nobody says how many steps: a minute or two of the reference.
  private static let affordable = 100_000_000_000

  /// - Parameters:
  ///   - graph: what the file was made of.
  ///   - program: index of the program that is stepped.
  ///   - levels: full scale by input; 1 for inputs that are not named, or the ends of the range that an input is clamped
  ///     to.
  public init(_ file: ModelFile, graph: Graph, program: Int, levels: [String: Float] = [:]) throws {
    pair = try StreamPair(file, graph: graph, program: program)
    self.levels = pair.info.inputs.map { port in
      levels[port.name] ?? (port.replaces ? max(port.range.lowerBound.magnitude, port.range.upperBound.magnitude) : 1)
    }
  }

  /// A million steps, or as many as double precision takes in a minute or two a case, but no fewer than 10,000; never more
  /// than positions and memories have room for.
  public var standardSteps: Int {
    pair.affordable(1_000_000, multiplications: StreamCheck.affordable, least: 10_000)
  }

  /// Runs every case from a reset.
  ///
  /// - Parameter progress: told steps done of all cases together, of how many, and which case it is.
  public func run(
    steps: Int, progress: (_ done: Int, _ total: Int, _ stream: StreamCase) throws -> Void = { _, _, _ in }
  ) throws -> [StreamResult] {
    let total = steps * StreamCase.allCases.count
    return try StreamCase.allCases.enumerated().map { index, stream in
      try run(stream, steps: steps) { try progress(index * steps + $0, total, stream) }
    }
  }

  /// Runs one case from a reset.
  public func run(_ stream: StreamCase, steps: Int, progress: (_ done: Int) throws -> Void) throws -> StreamResult {
    var rows = StreamRows(stream, steps: steps, ports: pair.info.inputs, levels: levels)
    let tenths = (1...10).map { ($0 * steps + 9) / 10 }
    let signals = try pair.run(partsEndingAt: tenths, take: { rows.take($0) }, progress: progress)
    return StreamResult(stream: stream, signals: signals)
  }
}
