// SPDX-License-Identifier: Apache-2.0
// How far the columns of a matrix, or of the vectors that it multiplies, are apart in size: one scale serves all of them,
// so that a column far above the others takes the digits that they would need.

/// Magnitudes of columns: largest, usual, and the columns that stand out.
public struct ColumnRange: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    public var index: Int
    /// Largest magnitude in the column.
    public var largest: Float
  }

  public var columnCount: Int
  /// Largest magnitude of all.
  public var largest: Float
  /// Median of the columns' largest magnitudes, the lower of two.
  public var median: Float
  /// The largest columns, at most three, the larger first, the first of equals.
  public var worst: [Column]
  /// Largest over median; nil where the median is zero.
  public var ratio: Double? { median > 0 ? Double(largest) / Double(median) : nil }

  static let worstCount = 3

  /// - Parameter maxima: the largest magnitude of each column; at least one column.
  public init(maxima: [Float]) {
    precondition(!maxima.isEmpty, "ColumnRange: no columns")
    let order = maxima.indices.sorted { (maxima[$0], $1) > (maxima[$1], $0) }
    columnCount = maxima.count
    largest = maxima[order[0]]
    median = maxima[order[order.count / 2]]
    worst = order.prefix(ColumnRange.worstCount).map { Column(index: $0, largest: maxima[$0]) }
  }

  /// Of a matrix (rows, cols), row-major.
  public init(matrix values: [Float], cols: Int) {
    self.init(maxima: ColumnRange.raise([Float](repeating: 0, count: cols), by: values))
  }

  /// Each column's maximum after rows of `maxima.count` values have been seen; NaN counts as nothing.
  static func raise(_ maxima: [Float], by values: [Float]) -> [Float] {
    var maxima = maxima
    let cols = maxima.count
    maxima.withUnsafeMutableBufferPointer { maxima in
      values.withUnsafeBufferPointer { values in
        for begin in stride(from: 0, to: values.count - cols + 1, by: cols) {
          for col in 0..<cols {
            let magnitude = values[begin + col].magnitude
            if magnitude > maxima[col] { maxima[col] = magnitude }
          }
        }
      }
    }
    return maxima
  }
}
