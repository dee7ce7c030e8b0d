// SPDX-License-Identifier: Apache-2.0
// Equalizers to choose among where it can be measured what they do.

/// How an equalizer follows from a matrix's columns and from what they are multiplied with:
///
///     e_k = m_k^(p/4) / a_k^(q/4),   m_k = max_n |W_nk|,  a_k = sqrt(H_kk / vectors)
///
/// brought near 1 by a power of two as `Equalizer` does. Powers are of quarters so that roots alone make them: the same bits
/// on every machine. p alone is what `Equalizer` knows (p = 2); q gives finer steps to weights that large numbers meet.
struct EqualizerChoice: Equatable, Sendable {
  /// Quarters of the exponent of m.
  var weights: Int
  /// Quarters of the exponent of 1/a.
  var inputs: Int

  /// What is tried: weights alone with exponents 0 to 1, then together with the inputs.
  static let all =
    [0, 1, 2, 3, 4].map { EqualizerChoice(weights: $0, inputs: 0) }
    + [(2, 1), (2, 2), (1, 1), (3, 1)].map { EqualizerChoice(weights: $0.0, inputs: $0.1) }

  var description: String {
    let parts = [("w", weights), ("x", -inputs)].filter { $0.1 != 0 }
    return parts.isEmpty
      ? "none" : parts.map { "\($0.0)^\(Decimal.fixed(Double($0.1) / 4, digits: 2))" }.joined(separator: " ")
  }

  /// e of each column; nil where all are 1.
  func columns(of values: [Float], hessian: Hessian) -> [Float]? {
    let cols = hessian.cols
    guard weights != 0 || inputs != 0 else { return nil }
    let maxima = Equalizer.columnMaxima(of: values, cols: cols)
    let diagonal = hessian.diagonal
    // A column that meets next to nothing would get an e without bounds: it is taken to meet a thousandth of the mean.
    let mean = diagonal.reduce(0, +) / Double(cols)
    let raw = (0..<cols).map { col -> Float in
      guard maxima[col] >= Equalizer.smallest else { return 0 }
      let size = max(diagonal[col], mean * 1e-6)
      let up = EqualizerChoice.power(Double(maxima[col]), weights)
      let down = size > 0 ? EqualizerChoice.power((size / Double(max(1, hessian.vectorCount))).squareRoot(), inputs) : 1
      return Float(up / down)
    }
    return Equalizer.centered(raw)
  }

  /// x^(quarters/4).
  private static func power(_ x: Double, _ quarters: Int) -> Double {
    let root = x.squareRoot()
    switch quarters {
    case 0: return 1
    case 1: return root.squareRoot()
    case 2: return root
    case 3: return root * root.squareRoot()
    default: return x
    }
  }
}
