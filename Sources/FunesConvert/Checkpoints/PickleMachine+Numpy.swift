// SPDX-License-Identifier: Apache-2.0
// Numpy's scalars and arrays inside pickles, which checkpoints hold beside their tensors.

extension PickleMachine {
  /// (type, bytes) as a number.
  mutating func numpyScalar(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard arguments.count == 2, case .bytes(let bytes) = arguments[1] else {
      throw wrongValue(arguments.last ?? .none, "the bytes of a number")
    }
    let dtype = try numpyType(arguments[0])
    guard bytes.count == dtype.byteCount else { throw wrongValue(arguments[1], "\(dtype.byteCount) bytes") }
    let scalar = try CheckpointTensor(
      name: "", shape: [], dtype: dtype, file: place.file, storage: .bytes(bytes, at: place))
    if dtype.isInteger, let integer = try scalar.integers().first {
      return dtype == .bool ? .bool(integer != 0) : .integer(integer)
    }
    if dtype.isFloat, let double = try scalar.doubles().first { return .float(double) }
    return .string(try scalar.strings().first ?? "")
  }

  /// (version, shape, type, is in Fortran order, bytes) as a tensor whose numbers are in the pickle.
  func numpyArray(_ state: PickleValue) throws(CheckpointError) -> PickleTensor {
    guard let fields = heap.elements(state), fields.count == 5, let shape = heap.integers(fields[1]),
      case .bool(let isColumnMajor) = fields[3], case .bytes(let bytes) = fields[4]
    else { throw wrongValue(state, "the state of a numpy array") }
    return array(bytes, try numpyType(fields[2]), shape, isColumnMajor: isColumnMajor)
  }

  /// (bytes, type, shape, order) as a tensor, which is how protocol 5 writes arrays.
  func numpyBuffer(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleTensor {
    guard arguments.count == 4, case .bytes(let bytes) = arguments[0], let shape = heap.integers(arguments[2]),
      let order = arguments[3].string, order == "C" || order == "F"
    else { throw wrongValue(arguments.first ?? .none, "the bytes, type, shape and order of a numpy array") }
    return array(bytes, try numpyType(arguments[1]), shape, isColumnMajor: order == "F")
  }

  private func array(_ bytes: [UInt8], _ dtype: DType, _ shape: [Int], isColumnMajor: Bool) -> PickleTensor {
    let storage = PickleStorage(key: "", dtype: dtype, count: bytes.count / dtype.byteCount, inline: bytes)
    return PickleTensor(
      storage: storage, dtype: dtype, shape: shape,
      layout: isColumnMajor ? TensorLayout(columnMajor: shape) : TensorLayout(rowMajor: shape))
  }

  private func numpyType(_ value: PickleValue) throws(CheckpointError) -> DType {
    guard case .numpyType(let descr, let order) = heap[value] else { throw wrongValue(value, "a numpy type") }
    return try NpyHeader.dtype(order + descr, at: place, tensor: "")
  }
}
