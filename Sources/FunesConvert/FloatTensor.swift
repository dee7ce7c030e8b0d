// SPDX-License-Identifier: Apache-2.0
// A named array of numbers as a checkpoint holds it: what every reader makes and every importer takes.

/// A dense row-major array of numbers read from a checkpoint.
public struct FloatTensor: Sendable, Equatable {
  /// Extent of each axis, outermost first; empty for a scalar.
  public var shape: [Int]
  /// Row-major elements; `values.count` is the product of `shape`.
  public var values: [Float]

  public init(shape: [Int], values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "FloatTensor: values.count is not the product of shape")
    self.shape = shape
    self.values = values
  }
}
