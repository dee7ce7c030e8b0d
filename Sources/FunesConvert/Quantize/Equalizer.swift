// SPDX-License-Identifier: Apache-2.0
// Column equalisation: one positive number a column that weights are divided by and activations multiplied with, so that
// large columns do not coarsen the small ones of the same row.

/// The equalizer e of a matrix W (rows, cols):
///
///     e_k = 2^−s · sqrt(max_n |W_nk|),   s = mean over k of the exponents of e, rounded down
///
/// so W_nk / e_k is quantised and x_k · e_k read: (W / e)(x · e) = W x. A common factor of all e changes no quantised
/// number, only magnitudes, so the geometric mean is brought near 1 by a power of two: that is exact, and equal on every
/// machine, which an n-th root by log and exp would not be. Max and sqrt are exact and correctly rounded.
struct Equalizer {
  /// Columns and rows with nothing above this are zero.
  static let smallest: Float = 0x1p-100
  /// Bounds of e, within those of FORMAT.md.
  private static let bounds: ClosedRange<Float> = 0x1p-40...0x1p40

  /// One e a column, 1 for columns of zeros; nil where all columns are alike and nothing is to be equalised.
  static func columns(of values: [Float], cols: Int) -> [Float]? {
    let largest = columnMaxima(of: values, cols: cols)
    var exponentSum = 0
    var count = 0
    for value in largest where value >= smallest {
      exponentSum += Int(value.squareRoot().exponent)
      count += 1
    }
    guard count > 0 else { return nil }
    let shift = Float(sign: .plus, exponent: -floorDivide(exponentSum, count), significand: 1)
    let columns = largest.map { value -> Float in
      guard value >= smallest else { return 1 }
      return min(max(value.squareRoot() * shift, bounds.lowerBound), bounds.upperBound)
    }
    let isUniform = zip(largest, columns).allSatisfy { $0 < smallest || $1 == columns[firstNonzero(largest)] }
    return isUniform ? nil : columns
  }

  private static func columnMaxima(of values: [Float], cols: Int) -> [Float] {
    var largest = [Float](repeating: 0, count: cols)
    largest.withUnsafeMutableBufferPointer { largest in
      values.withUnsafeBufferPointer { values in
        for row in stride(from: 0, to: values.count, by: cols) {
          for col in 0..<cols {
            let magnitude = values[row + col].magnitude
            if magnitude > largest[col] { largest[col] = magnitude }
          }
        }
      }
    }
    return largest
  }

  private static func firstNonzero(_ largest: [Float]) -> Int {
    largest.firstIndex { $0 >= smallest } ?? 0
  }

  private static func floorDivide(_ a: Int, _ b: Int) -> Int {
    a >= 0 ? a / b : -((-a + b - 1) / b)
  }
}
