// SPDX-License-Identifier: Apache-2.0
// One tensor of a checkpoint: its name, type and shape, checked when the file was read, and its elements, which are
// decoded only when they are asked for.

/// A named tensor in a checkpoint.
///
/// Not an array: nothing of the elements is in memory until `floats()` or one of its siblings is called, and nothing is
/// kept after it returns.
public struct CheckpointTensor: Sendable {
  /// The tensor's name in the checkpoint, unchanged; see `Checkpoint` for nested names.
  public let name: String
  /// Extent of each axis, outermost first; empty for a scalar.
  public let shape: [Int]
  public let dtype: DType
  /// The product of `shape`.
  public let elementCount: Int
  /// The file that the tensor is in, for errors.
  let file: String
  let storage: TensorStorage
  /// Elements of the storage before the first, and between neighbours on each axis.
  let layout: TensorLayout

  /// Checks that the tensor lies inside its storage. Blocks have the plain layout.
  init(
    name: String, shape: [Int], dtype: DType, file: String, storage: TensorStorage, layout: TensorLayout? = nil
  ) throws(CheckpointError) {
    guard shape.count <= CheckpointTensor.axisLimit else {
      throw .limitExceeded(
        at: CheckpointPlace(file: file, entry: name), .axes, found: shape.count, limit: CheckpointTensor.axisLimit)
    }
    guard let elementCount = TensorLayout.elementCount(of: shape),
      !elementCount.multipliedReportingOverflow(by: max(8, dtype.byteCount)).overflow
    else { throw .invalidShape(file: file, tensor: name, found: shape) }
    let layout = layout ?? TensorLayout(rowMajor: shape)
    guard layout.strides.count == shape.count, layout.strides.allSatisfy({ $0 >= 0 }) else {
      throw .invalidStrides(file: file, tensor: name, found: layout.strides)
    }
    let available = dtype.byteCount > 0 ? storage.byteCount / dtype.byteCount * dtype.elementsTogether : 0
    guard layout.offset >= 0, let end = layout.end(of: shape), end <= available else {
      let needed = layout.offset >= 0 ? layout.end(of: shape) ?? Int.max : layout.offset
      throw .storageExceeded(file: file, tensor: name, needed: needed, available: available)
    }
    // Strides of zero make many elements of few; what they may make is bounded.
    guard elementCount <= max(available, CheckpointTensor.broadcastLimit) else {
      throw .limitExceeded(
        at: CheckpointPlace(file: file, entry: name), .broadcastElements, found: elementCount,
        limit: max(available, CheckpointTensor.broadcastLimit))
    }
    self.name = name
    self.shape = shape
    self.dtype = dtype
    self.elementCount = elementCount
    self.file = file
    self.storage = storage
    self.layout = layout
  }

  /// Bytes that the elements take in the file, without what stands between them.
  public var byteCount: Int { elementCount / dtype.elementsTogether * dtype.byteCount }

  /// Most axes of a tensor, as in numpy.
  static let axisLimit = 64
  /// Most elements of a tensor that has more elements than its storage.
  static let broadcastLimit = 1 << 20
}

/// Where the elements of a tensor stand in its storage, counted in elements.
struct TensorLayout: Sendable, Equatable {
  var offset: Int
  var strides: [Int]

  init(offset: Int, strides: [Int]) {
    self.offset = offset
    self.strides = strides
  }

  /// The last axis is contiguous. The shape's product is known to fit.
  init(rowMajor shape: [Int]) {
    offset = 0
    strides = TensorLayout.contiguousStrides(shape)
  }

  /// The first axis is contiguous (Fortran order).
  init(columnMajor shape: [Int]) {
    offset = 0
    strides = TensorLayout.contiguousStrides(shape.reversed()).reversed()
  }

  /// The product of the extents; nil when one is negative or the product does not fit, also where an extent is zero.
  static func elementCount(of shape: [Int]) -> Int? {
    var product = 1
    for extent in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow else { return nil }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  /// One past the last element used; nil when it does not fit. `offset` when there are no elements.
  func end(of shape: [Int]) -> Int? {
    guard !shape.contains(0) else { return offset }
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (span, spanOverflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (next, overflow) = last.addingReportingOverflow(span)
      guard !spanOverflow, !overflow else { return nil }
      last = next
    }
    let (end, overflow) = last.addingReportingOverflow(1)
    return overflow ? nil : end
  }

  /// Whether the elements stand in row-major order without gaps; strides of axes of one element do not matter.
  func isRowMajor(_ shape: [Int]) -> Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() {
      if extent != 1 && stride != expected { return false }
      expected *= max(extent, 1)
    }
    return true
  }

  private static func contiguousStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var next = 1
    for axis in shape.indices.reversed() {
      strides[axis] = next
      // The guard is for shapes whose product is checked later: the value is then not used.
      next = next.multipliedReportingOverflow(by: max(shape[axis], 1)).partialValue
    }
    return strides
  }
}
