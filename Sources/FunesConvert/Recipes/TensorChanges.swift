// SPDX-License-Identifier: Apache-2.0
// The changes of a tensor expression, in their order: reshape, permute, transpose, rows, columns, scale, add, gates.

/// Applies the changes of one expression to its base.
struct TensorChanges {
  let expression: TensorExpression
  /// The operator that errors name.
  let title: String

  func apply(to base: FloatTensor) throws(RecipeError) -> FloatTensor {
    var tensor = base
    if let shape = expression.reshape {
      guard Graph.elementCount(shape) == tensor.values.count else {
        throw impossible("reshape", tensor)
      }
      tensor.shape = shape
    }
    if let order = expression.permute {
      guard order.sorted() == Array(tensor.shape.indices) else { throw impossible("permute", tensor) }
      tensor = TensorChanges.permute(tensor, order)
    }
    if expression.isTransposed {
      guard tensor.shape.count == 2 else { throw impossible("transpose", tensor) }
      tensor = TensorChanges.permute(tensor, [1, 0])
    }
    if let rows = expression.rows { tensor = try cut(tensor, axis: 0, rows, "rows") }
    if let columns = expression.columns { tensor = try cut(tensor, axis: 1, columns, "columns") }
    if let scale = expression.scale {
      for index in tensor.values.indices { tensor.values[index] = Float(Double(tensor.values[index]) * scale) }
    }
    if let add = expression.add {
      for index in tensor.values.indices { tensor.values[index] = Float(Double(tensor.values[index]) + add) }
    }
    if let gates = expression.gates { tensor = try order(tensor, gates) }
    return tensor
  }

  /// Adds to gates, then brings them from the order of `letters` to ours.
  private func order(_ base: FloatTensor, _ letters: String) throws(RecipeError) -> FloatTensor {
    guard let order = GateOrder.permutation(letters) else {
      throw .unknownGates(operator: title, tensor: expression.title, found: letters)
    }
    let rows = base.shape.first ?? 0
    guard rows % order.count == 0 else {
      throw .gateRows(operator: title, tensor: expression.title, rows: rows, gates: order.count)
    }
    var source = base.values
    let block = source.count / order.count
    for (letter, number) in expression.addGate.sorted(by: { $0.key < $1.key }) {
      guard let position = GateOrder.position(of: letter, in: letters) else {
        throw .unknownGates(operator: title, tensor: expression.title, found: letter)
      }
      for index in position * block..<(position + 1) * block { source[index] = Float(Double(source[index]) + number) }
    }
    let values = order.flatMap { source[$0 * block..<($0 + 1) * block] }
    return FloatTensor(shape: base.shape, values: values)
  }

  private func cut(
    _ tensor: FloatTensor, axis: Int, _ range: Range<Int>, _ change: String
  ) throws(RecipeError) -> FloatTensor {
    guard axis < tensor.shape.count, range.upperBound <= tensor.shape[axis] else { throw impossible(change, tensor) }
    let inner = tensor.shape[(axis + 1)...].reduce(1, *)
    let outer = tensor.shape[..<axis].reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(outer * range.count * inner)
    for index in 0..<outer {
      let start = index * tensor.shape[axis] * inner
      values += tensor.values[start + range.lowerBound * inner..<start + range.upperBound * inner]
    }
    var shape = tensor.shape
    shape[axis] = range.count
    return FloatTensor(shape: shape, values: values)
  }

  /// Axis k of the result is axis `order[k]` of the tensor.
  static func permute(_ tensor: FloatTensor, _ order: [Int]) -> FloatTensor {
    let shape = order.map { tensor.shape[$0] }
    var strides = Array(repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * tensor.shape[axis + 1]
    }
    let steps = order.map { strides[$0] }
    var values = Array(repeating: Float(0), count: tensor.values.count)
    var place = Array(repeating: 0, count: shape.count)
    var offset = 0
    tensor.values.withUnsafeBufferPointer { source in
      for index in values.indices {
        values[index] = source[offset]
        var axis = shape.count - 1
        while axis >= 0 {
          place[axis] += 1
          offset += steps[axis]
          if place[axis] < shape[axis] { break }
          offset -= steps[axis] * shape[axis]
          place[axis] = 0
          axis -= 1
        }
      }
    }
    return FloatTensor(shape: shape, values: values)
  }

  private func impossible(_ change: String, _ tensor: FloatTensor) -> RecipeError {
    .impossibleChange(operator: title, tensor: expression.title, change: change, shape: tensor.shape)
  }
}
