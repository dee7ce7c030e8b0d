// SPDX-License-Identifier: Apache-2.0
// A matrix in integers, in logical order: what the quantizer makes, the packer writes, and reports and tests read.

/// W ≈ weights · scale(row) · equalizer(column).
public struct QuantizedMatrix: Sendable, Equatable {
  public var rows: Int
  public var cols: Int
  /// Gates of a unit; rows are stacked gate after gate.
  public var groups: Int
  /// (rows, cols) in −127…127: −128 has no opposite, so it is never used.
  public var weights: [Int8]
  /// One a row; 0 for a row of zeros.
  public var scales: [Float]
  /// One a column; nil for ones.
  public var equalizer: [Float]?
  /// 1 or 2 int8 planes of a quantised activation.
  public var activationPlanes: Int
  /// Largest magnitude of a quantised activation.
  public var qmax: Int
  /// Σ W² and Σ (W − Ŵ)².
  public var signalEnergy: Double
  public var errorEnergy: Double

  /// 10 log10(Σ W² / Σ (W − Ŵ)²); nil where nothing was lost.
  public var weightSNR: Double? { decibels(signal: signalEnergy, error: errorEnergy) }

  /// Sum of each row's int8 weights.
  var rowSums: [Int32] {
    (0..<rows).map { row in
      weights[row * cols..<(row + 1) * cols].reduce(Int32(0)) { $0 + Int32($1) }
    }
  }

  /// Ŵ (rows, cols), each weight rounded to the nearest float.
  public var dequantized: [Float] {
    var values = [Float](repeating: 0, count: rows * cols)
    for row in 0..<rows {
      let scale = Double(scales[row])
      for col in 0..<cols {
        let column = Double(equalizer?[col] ?? 1)
        values[row * cols + col] = Float(Double(weights[row * cols + col]) * scale * column)
      }
    }
    return values
  }
}
