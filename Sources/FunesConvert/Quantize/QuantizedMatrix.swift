// SPDX-License-Identifier: Apache-2.0
// A matrix in integers, in logical order: what the quantizer makes, the packer writes, and reports and tests read.

/// W ≈ w · scale(row) · equalizer(column), w the weights or, with a second plane, 255 · weights + low.
public struct QuantizedMatrix: Sendable, Equatable {
  public var rows: Int
  public var cols: Int
  /// Gates of a unit; rows are stacked gate after gate.
  public var groups: Int
  /// (rows, cols) in −127…127: −128 has no opposite, so it is never used. Of 16-bit weights the high plane.
  public var weights: [Int8]
  /// (rows, cols), the low plane of 16-bit weights, in −127…127; nil for weights of 8 bits.
  public var low: [Int8]?
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

  /// 1 or 2 int8 planes of a weight.
  public var weightPlanes: Int { low == nil ? 1 : 2 }

  /// The int8 planes, the high one first.
  var planes: [[Int8]] { [weights] + (low.map { [$0] } ?? []) }

  /// The integer of the weight at `index`, row · cols + col.
  func weight(_ index: Int) -> Int { low.map { 255 * Int(weights[index]) + Int($0[index]) } ?? Int(weights[index]) }

  /// Sum of each row's weights in one plane.
  func rowSums(of plane: [Int8]) -> [Int32] {
    (0..<rows).map { row in
      plane[row * cols..<(row + 1) * cols].reduce(Int32(0)) { $0 + Int32($1) }
    }
  }

  /// w = 255 · high + low with both in −127…127, for w in −32,512…32,512: one way each, high the nearest to w / 255.
  static func planes(of weight: Int) -> (high: Int8, low: Int8) {
    // Rounded down after 127 is added, that is to the nearest: 255 is odd, so nothing lies halfway.
    let raised = weight + 127
    let high = raised >= 0 ? raised / 255 : -((254 - raised) / 255)
    return (Int8(high), Int8(weight - 255 * high))
  }

  /// Sets a row's integers in all planes and returns the sum of their magnitudes, of the plane where it is larger: what
  /// bounds qmax.
  @discardableResult
  mutating func set(row: Int, to integers: [Int]) -> Int {
    let first = row * cols
    var (sum, lowSum) = (0, 0)
    for (col, weight) in integers.enumerated() {
      if low == nil {
        sum += abs(weight)
        weights[first + col] = Int8(weight)
      } else {
        let planes = QuantizedMatrix.planes(of: weight)
        sum += abs(Int(planes.high))
        lowSum += abs(Int(planes.low))
        weights[first + col] = planes.high
        low![first + col] = planes.low
      }
    }
    return max(sum, lowSum)
  }

  /// Ŵ (rows, cols), each weight rounded to the nearest float.
  public var dequantized: [Float] {
    var values = [Float](repeating: 0, count: rows * cols)
    for row in 0..<rows {
      let scale = Double(scales[row])
      for col in 0..<cols {
        let column = Double(equalizer?[col] ?? 1)
        values[row * cols + col] = Float(Double(weight(row * cols + col)) * scale * column)
      }
    }
    return values
  }
}
