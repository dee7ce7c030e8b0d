// SPDX-License-Identifier: Apache-2.0
// Turns a float matrix into int8 planes: scales, equalizer, rounding, and the range its activations may take.

/// Quantises matrices, the same bits on every machine: Double + − × ÷, sqrt and rounding only, in one order.
///
///     v_nk = W_nk / e_k                     e: see Equalizer; 1 where not equalised
///     s_n  = max_k |v_nk| / L               as a float; 0 for a row of zeros
///     q_nk = round(v_nk / s_n)              half to even, in −L…L; L = 127, or 32,512 for weights of 16 bits
///     q_nk = 255 · high_nk + low_nk         for weights of 16 bits, high_nk = round(q_nk / 255)
///     qmax = min(32,639 or 127, floor((2^31 − 1) / max_n Σ_k |q_nk|)), q each plane in turn
///
/// The bound on qmax keeps every sum of products of a row's plane inside int32, whatever the activations are.
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
      low: precision.weights == .sixteen ? [Int8](repeating: 0, count: rows * cols) : nil,
      scales: [Float](repeating: 0, count: rows), equalizer: equalizer,
      activationPlanes: precision.activations.planes, qmax: precision.activations.largest, signalEnergy: 0,
      errorEnergy: 0)
    var largestSum = 0
    for row in 0..<rows { largestSum = max(largestSum, quantizeRow(row, of: values, into: &matrix)) }
    if let scale = matrix.scales.max(), scale > 0x1p40 {
      throw .weightTooLarge(constant: name, found: Double(scale) * Double(precision.weights.largest))
    }
    if largestSum > 0 { matrix.qmax = min(matrix.qmax, Int(Int32.max) / largestSum) }
    return matrix
  }

  /// Quantises one row and returns the sum of its weights' magnitudes, of the plane where it is larger.
  private func quantizeRow(_ row: Int, of values: [Float], into matrix: inout QuantizedMatrix) -> Int {
    let cols = matrix.cols
    let first = row * cols
    let limit = Double(precision.weights.largest)
    let equalizer = matrix.equalizer ?? []
    var integers = [Int](repeating: 0, count: cols)
    values.withUnsafeBufferPointer { values in
      equalizer.withUnsafeBufferPointer { equalizer in
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
          return
        }
        let scale = Float(largest / limit)
        matrix.scales[row] = scale
        var error = 0.0
        integers.withUnsafeMutableBufferPointer { integers in
          for col in 0..<cols {
            let value = Double(values[first + col])
            let rounded = (value / column(col) / Double(scale)).rounded(.toNearestOrEven)
            let weight = min(max(rounded, -limit), limit)
            let miss = value - weight * Double(scale) * column(col)
            error += miss * miss
            integers[col] = Int(weight)
          }
        }
        matrix.errorEnergy += error
      }
    }
    return matrix.set(row: row, to: integers)
  }
}
