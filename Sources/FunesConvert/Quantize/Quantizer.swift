// SPDX-License-Identifier: Apache-2.0
// Turns a float matrix into int8: scales, equalizer, rounding, and the range its activations may take.

/// Quantises matrices, the same bits on every machine: Double + − × ÷, sqrt and rounding only, in one order.
///
///     v_nk = W_nk / e_k                     e: see Equalizer; 1 where not equalised
///     s_n  = max_k |v_nk| / 127             as a float; 0 for a row of zeros
///     q_nk = round(v_nk / s_n)              half to even, in −127…127
///     qmax = min(32,639 or 127, floor((2^31 − 1) / max_n Σ_k |q_nk|))
///
/// The bound on qmax keeps every sum of products of a row inside int32, whatever the activations are.
public struct Quantizer: Sendable {
  public var precision: Precision
  /// A table that no product reads: its columns are equalised whatever the activations are, since there are none.
  public var isGathered: Bool

  public init(_ precision: Precision, isGathered: Bool = false) {
    self.precision = precision
    self.isGathered = isGathered
  }

  /// Quantises W (rows, cols), row-major, rows stacked gate after gate.
  public func quantize(
    _ values: [Float], rows: Int, cols: Int, groups: Int = 1, named name: String
  ) throws(ConversionError) -> QuantizedMatrix {
    precondition(values.count == rows * cols, "Quantizer: values.count is not rows · cols")
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .weightNotFinite(constant: name, index: index)
    }
    let equalizer =
      precision.isEqualized || isGathered
      ? Equalizer.columns(of: values, cols: cols, isGathered: isGathered) : nil
    var matrix = QuantizedMatrix(
      rows: rows, cols: cols, groups: groups, weights: [Int8](repeating: 0, count: rows * cols),
      scales: [Float](repeating: 0, count: rows), equalizer: equalizer,
      activationPlanes: precision.activations.planes, qmax: precision.activations.largest, signalEnergy: 0,
      errorEnergy: 0)
    var largestSum = 0
    for row in 0..<rows { largestSum = max(largestSum, quantizeRow(row, of: values, into: &matrix)) }
    if let scale = matrix.scales.max(), scale > 0x1p40 {
      throw .weightTooLarge(constant: name, found: Double(scale) * 127)
    }
    if largestSum > 0 { matrix.qmax = min(matrix.qmax, Int(Int32.max) / largestSum) }
    return matrix
  }

  /// Quantises one row and returns the sum of its weights' magnitudes.
  private func quantizeRow(_ row: Int, of values: [Float], into matrix: inout QuantizedMatrix) -> Int {
    let cols = matrix.cols
    let first = row * cols
    let equalizer = matrix.equalizer ?? []
    return values.withUnsafeBufferPointer { values in
      equalizer.withUnsafeBufferPointer { equalizer in
        matrix.weights.withUnsafeMutableBufferPointer { weights in
          func column(_ col: Int) -> Double { equalizer.isEmpty ? 1 : Double(equalizer[col]) }
          var largest = 0.0
          var signal = 0.0
          for col in 0..<cols {
            let value = Double(values[first + col])
            largest = max(largest, (value / column(col)).magnitude)
            signal += value * value
          }
          matrix.signalEnergy += signal
          guard largest >= Double(Equalizer.smallest) else {
            matrix.errorEnergy += signal
            return 0
          }
          let scale = Float(largest / 127)
          matrix.scales[row] = scale
          var error = 0.0
          var sum = 0
          for col in 0..<cols {
            let value = Double(values[first + col])
            let rounded = (value / column(col) / Double(scale)).rounded(.toNearestOrEven)
            let weight = min(max(rounded, -127), 127)
            let miss = value - weight * Double(scale) * column(col)
            error += miss * miss
            sum += Int(weight.magnitude)
            weights[first + col] = Int8(weight)
          }
          matrix.errorEnergy += error
          return sum
        }
      }
    }
  }
}
