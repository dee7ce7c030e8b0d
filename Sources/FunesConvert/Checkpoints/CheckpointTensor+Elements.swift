// SPDX-License-Identifier: Apache-2.0
// Decodes the elements of a tensor. Goals, in this order: refuse rather than change a value, read no byte outside the
// storage, copy float32 without touching it.

#if _endian(big)
  #error("checkpoints are little-endian; converting on a big-endian machine is not supported")
#endif

extension CheckpointTensor {
  /// The elements as float32, in row-major order.
  ///
  /// f16 and bf16 are exact; blocks have the bits that ggml's float32 arithmetic gives them. f64 is rounded to nearest; a finite value that would become infinite is refused. Whole
  /// numbers and booleans are taken when float32 holds them exactly.
  public func floats() throws(CheckpointError) -> FloatTensor {
    let bytes = try rowMajorBytes()
    let values: [Float]
    switch dtype {
    case .f32: values = copy(bytes)
    case .f16: values = copy(bytes).map(Float.init(halfBits:))
    case .bf16: values = (copy(bytes) as [UInt16]).map { Float(bitPattern: UInt32($0) << 16) }
    case .f64:
      let doubles: [Double] = copy(bytes)
      values = doubles.map { Float($0) }
      if let index = doubles.indices.first(where: { doubles[$0].isFinite && !values[$0].isFinite }) {
        throw .valueOutOfRange(file: file, tensor: name, index: index)
      }
    case .blocks(let block): values = block.decode(bytes)
    case .unicode, .byteString: throw .wrongType(file: file, tensor: name, found: dtype, expected: "numbers")
    default:
      var exact: [Float] = []
      for (index, integer) in try integers().enumerated() {
        guard let value = Float(exactly: integer) else {
          throw .valueOutOfRange(file: file, tensor: name, index: index)
        }
        exact.append(value)
      }
      values = exact
    }
    return FloatTensor(shape: shape, values: values)
  }

  /// The elements as float64, in row-major order; whole numbers are refused unless float64 holds them exactly.
  public func doubles() throws(CheckpointError) -> [Double] {
    if case .f64 = dtype { return copy(try rowMajorBytes()) }
    if dtype.isFloat { return try floats().values.map { Double($0) } }
    var values: [Double] = []
    for (index, integer) in try integers().enumerated() {
      guard let value = Double(exactly: integer) else {
        throw .valueOutOfRange(file: file, tensor: name, index: index)
      }
      values.append(value)
    }
    return values
  }

  /// The elements as whole numbers, in row-major order; booleans are 0 and 1. A tensor of floats is refused.
  public func integers() throws(CheckpointError) -> [Int64] {
    let bytes = try rowMajorBytes()
    switch dtype {
    case .i8: return (copy(bytes) as [Int8]).map(Int64.init)
    case .u8: return bytes.map(Int64.init)
    case .i16: return (copy(bytes) as [Int16]).map(Int64.init)
    case .u16: return (copy(bytes) as [UInt16]).map(Int64.init)
    case .i32: return (copy(bytes) as [Int32]).map(Int64.init)
    case .u32: return (copy(bytes) as [UInt32]).map(Int64.init)
    case .i64: return copy(bytes)
    case .u64:
      let values: [UInt64] = copy(bytes)
      if let index = values.firstIndex(where: { $0 > UInt64(Int64.max) }) {
        throw .valueOutOfRange(file: file, tensor: name, index: index)
      }
      return values.map { Int64(truncatingIfNeeded: $0) }
    case .bool: return bytes.map { $0 == 0 ? 0 : 1 }
    default: throw .wrongType(file: file, tensor: name, found: dtype, expected: "whole numbers")
    }
  }

  /// The elements as text, in row-major order, without the zeros that pad them.
  public func strings() throws(CheckpointError) -> [String] {
    let bytes = Array(try rowMajorBytes())
    var strings: [String] = []
    for index in 0..<elementCount {
      let element = bytes[(index * dtype.byteCount)..<((index + 1) * dtype.byteCount)]
      let string: String?
      switch dtype {
      case .unicode: string = text(utf32: copy(element))
      case .byteString: string = String(utf8Bytes: element.prefix(through: element.lastIndex { $0 != 0 }))
      default: throw .wrongType(file: file, tensor: name, found: dtype, expected: "text")
      }
      guard let string else { throw .invalidText(file: file, tensor: name, index: index) }
      strings.append(string)
    }
    return strings
  }

  /// The bytes of the elements, in row-major order.
  private func rowMajorBytes() throws(CheckpointError) -> ArraySlice<UInt8> {
    let width = dtype.byteCount
    if case .blocks = dtype { return try storage.read(offset: 0, count: byteCount) }
    guard elementCount > 0, let end = layout.end(of: shape) else { return [] }
    // Reads only what lies between the first and the last element; `init` checked that it is in the storage.
    let bytes = try storage.read(offset: layout.offset * width, count: (end - layout.offset) * width)
    if layout.isRowMajor(shape) { return bytes }
    var gathered = [UInt8](repeating: 0, count: elementCount * width)
    var indices = [Int](repeating: 0, count: shape.count)
    var element = 0
    for target in 0..<elementCount {
      let from = bytes.startIndex + element * width
      for byte in 0..<width { gathered[target * width + byte] = bytes[from + byte] }
      // Counts up like an odometer, last axis first.
      for axis in shape.indices.reversed() {
        indices[axis] += 1
        element += layout.strides[axis]
        if indices[axis] < shape[axis] { break }
        element -= layout.strides[axis] * shape[axis]
        indices[axis] = 0
      }
    }
    return gathered[...]
  }
}

/// Reads bytes as little-endian elements; a rest shorter than an element is left out.
private func copy<Element: BitwiseCopyable>(_ bytes: ArraySlice<UInt8>) -> [Element] {
  let count = bytes.count / MemoryLayout<Element>.stride
  return [Element](unsafeUninitializedCapacity: count) { buffer, initializedCount in
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: source.prefix(count * MemoryLayout<Element>.stride)))
    }
    initializedCount = count
  }
}

/// The text of UTF-32 code points without the zeros at its end; nil when one is no code point.
private func text(utf32 codes: [UInt32]) -> String? {
  var string = String.UnicodeScalarView()
  for code in codes.prefix(through: codes.lastIndex { $0 != 0 }) {
    guard let scalar = Unicode.Scalar(code) else { return nil }
    string.append(scalar)
  }
  return String(string)
}

extension Collection {
  /// The elements up to and with `index`; none when it is nil.
  fileprivate func prefix(through index: Index?) -> SubSequence {
    guard let index else { return prefix(0) }
    return self[startIndex...index]
  }
}

extension Float {
  /// The value of an IEEE 754 half, exactly. Written out since `Float16` is missing on some hosts.
  init(halfBits bits: UInt16) {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1f)
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      // Zero and subnormals: fraction · 2⁻²⁴, exact in float32.
      let magnitude = Float(fraction) * 0x1p-24
      self = Float(bitPattern: sign | magnitude.bitPattern)
    case 31: self = Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
