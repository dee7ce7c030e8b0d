// SPDX-License-Identifier: Apache-2.0
// The order of float vectors in the file: biases follow the padded rows of their matrix, states and peepholes pad each
// lane to whole blocks of 16.

enum VectorPacker {
  /// The values as the file holds them, without the padding to 64 bytes that ends the constant.
  static func padded(_ constant: Graph.Constant) throws(ConversionError) -> [Float] {
    let values = constant.values
    switch constant.layout {
    case .matrix: preconditionFailure("VectorPacker: a matrix is no vector")
    case .vector: return values
    case .grouped(let groups):
      guard groups >= 1, values.count % groups == 0 else {
        throw .wrongValueCount(
          constant: constant.name, found: values.count, expected: roundUp(values.count, to: max(groups, 1)))
      }
      return TilePacker(rows: values.count, cols: 1, groups: groups).padded(values)
    case .lanes(let lanes):
      guard lanes >= 1, values.count % lanes == 0 else {
        throw .wrongValueCount(
          constant: constant.name, found: values.count, expected: roundUp(values.count, to: max(lanes, 1)))
      }
      let width = values.count / lanes
      var padded: [Float] = []
      for lane in 0..<lanes {
        padded += values[lane * width..<(lane + 1) * width]
        padded += repeatElement(0, count: roundUp(width, to: 16) - width)
      }
      return padded
    }
  }

  /// Refuses values that the runtime would refuse.
  static func check(_ constant: Graph.Constant) throws(ConversionError) {
    for (index, value) in constant.values.enumerated() {
      guard value.isFinite else { throw .weightNotFinite(constant: constant.name, index: index) }
      guard value.magnitude <= 0x1p50 else {
        throw .weightTooLarge(constant: constant.name, found: Double(value))
      }
    }
  }
}
