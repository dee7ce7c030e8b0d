// SPDX-License-Identifier: Apache-2.0
// Parts and orders of weights that fused and transposed layouts need.

extension FloatTensor {
  /// These indices of the first axis, in their order.
  func rows(_ indices: some Sequence<Int>) -> FloatTensor {
    let stride = shape.dropFirst().reduce(1, *)
    let picked = Array(indices)
    var values: [Float] = []
    values.reserveCapacity(picked.count * stride)
    for index in picked { values += self.values[(index * stride)..<((index + 1) * stride)] }
    return FloatTensor(shape: [picked.count] + shape.dropFirst(), values: values)
  }

  /// A matrix with its axes exchanged.
  var transposed: FloatTensor {
    precondition(shape.count == 2, "FloatTensor.transposed: not a matrix")
    let (rows, cols) = (shape[0], shape[1])
    var turned = [Float](repeating: 0, count: values.count)
    values.withUnsafeBufferPointer { values in
      for row in 0..<rows { for col in 0..<cols { turned[col * rows + row] = values[row * cols + col] } }
    }
    return FloatTensor(shape: [cols, rows], values: turned)
  }

  /// Every element multiplied.
  func scaled(by factor: Float) -> FloatTensor { FloatTensor(shape: shape, values: values.map { $0 * factor }) }
}
