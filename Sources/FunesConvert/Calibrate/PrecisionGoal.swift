// SPDX-License-Identifier: Apache-2.0
// What a search for 16-bit weights is to reach, or may spend.

/// A figure of the outputs on the rows to judge by, and what it must be.
public struct PrecisionTarget: Sendable, Equatable {
  public enum Figure: String, Sendable, CaseIterable {
    /// At least so many dB.
    case snr
    /// At least this cosine in every row.
    case cosine
    /// At most this Kullback-Leibler divergence from float, mean of all rows, in nats.
    case kld
    /// At least this share of rows with the same largest value.
    case top1
    /// At most this error.
    case maxAbs = "max-abs"

    /// What it can be, infinities left out.
    var range: ClosedRange<Double> {
      switch self {
      case .snr: -1000...1000
      case .cosine: -1...1
      case .top1: 0...1
      case .kld, .maxAbs: 0...Double.greatestFiniteMagnitude
      }
    }
  }

  public var figure: Figure
  public var value: Double

  public init(_ figure: Figure, _ value: Double) {
    self.figure = figure
    self.value = value
  }

  /// `snr 40`, `cosine 0.999`, `kld 0.001`, `top1 0.999`, `max-abs 0.02`.
  public init?(_ text: String) {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "=" })
    guard words.count == 2, let figure = Figure(rawValue: String(words[0])), let value = Double(words[1]),
      figure.range.contains(value)
    else { return nil }
    self.init(figure, value)
  }

  public var description: String { "\(figure.rawValue) \(value)" }

  /// The figure of the output where it is worst; NaN where it has no value.
  public func worst(of outputs: [OutputDifference]) -> Double {
    let values = outputs.map { output in
      switch figure {
      case .snr: output.difference.snr
      case .cosine: output.difference.lowestCosine
      case .kld: output.divergence
      case .top1: output.difference.agreement / 100
      case .maxAbs: output.difference.maxAbs
      }
    }
    if values.contains(where: \.isNaN) { return .nan }
    switch figure {
    case .snr, .cosine, .top1: return values.min() ?? .nan
    case .kld, .maxAbs: return values.max() ?? .nan
    }
  }

  /// Whether every output keeps it. NaN keeps none.
  public func holds(for outputs: [OutputDifference]) -> Bool {
    switch figure {
    case .snr, .cosine, .top1: worst(of: outputs) >= value
    case .kld, .maxAbs: worst(of: outputs) <= value
    }
  }
}

/// What ends a search.
public enum PrecisionGoal: Sendable, Equatable {
  /// As few bytes as keep this.
  case target(PrecisionTarget)
  /// The least error for at most so many bytes a weight.
  case budget(Double)

  public var description: String {
    switch self {
    case .target(let target): target.description
    case .budget(let bytes): "budget \(bytes)"
    }
  }
}
