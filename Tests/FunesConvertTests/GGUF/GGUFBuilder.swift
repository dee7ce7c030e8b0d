// SPDX-License-Identifier: Apache-2.0
// Builds small GGUF files field by field, so that a test can break exactly one rule.

@testable import FunesConvert

/// A GGUF file to be built; what is not nil overrides the truth.
struct GGUFBuilder {
  struct Tensor {
    var name: [UInt8]
    /// Innermost first, as the file has them.
    var extents: [UInt64]
    var type = 0
    var data: [UInt8] = []
    var offset: UInt64?
    var axes: Int?

    init(_ name: String, _ extents: [UInt64], type: Int = 0, data: [UInt8] = []) {
      self.name = Array(name.utf8)
      self.extents = extents
      self.type = type
      self.data = data
    }
  }

  var magic = Array("GGUF".utf8)
  var version = 3
  /// Keys with their types and values, as bytes.
  var metadata: [(key: [UInt8], value: [UInt8])] = []
  var tensors: [Tensor] = []
  var keyCount: UInt64?
  var tensorCount: UInt64?
  var alignment = 32
  /// Follows the last tensor and its padding.
  var trailing: [UInt8] = []

  /// Bytes before the first tensor's.
  var head: [UInt8] {
    var file = magic
    file.append32(version)
    file.append64(tensorCount ?? UInt64(tensors.count))
    file.append64(keyCount ?? UInt64(metadata.count))
    for (key, value) in metadata { file += GGUFBuilder.text(key) + value }
    var offset = 0
    for tensor in tensors {
      file += GGUFBuilder.text(tensor.name)
      file.append32(tensor.axes ?? tensor.extents.count)
      for extent in tensor.extents { file.append64(extent) }
      file.append32(tensor.type)
      file.append64(tensor.offset ?? UInt64(offset))
      offset += padded(tensor.data.count)
    }
    return file
  }

  var bytes: [UInt8] {
    var file = head
    file += [UInt8](repeating: 0, count: padded(file.count) - file.count)
    for tensor in tensors {
      file += tensor.data + [UInt8](repeating: 0, count: padded(tensor.data.count) - tensor.data.count)
    }
    return file + trailing
  }

  private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  // MARK: Values

  mutating func add(_ key: String, _ value: [UInt8]) { metadata.append((Array(key.utf8), value)) }

  static func text(_ bytes: [UInt8]) -> [UInt8] { littleEndian(bytes.count, 8) + bytes }

  static func text(_ text: String) -> [UInt8] { self.text(Array(text.utf8)) }

  static func uint32(_ value: Int) -> [UInt8] { littleEndian(4, 4) + littleEndian(value, 4) }

  static func float32(_ value: Float) -> [UInt8] { littleEndian(6, 4) + littleEndian(Int(value.bitPattern), 4) }

  static func bool(_ value: UInt8) -> [UInt8] { littleEndian(7, 4) + [value] }

  static func string(_ value: String) -> [UInt8] { littleEndian(8, 4) + text(value) }

  static func list(_ type: Int, count: UInt64, _ values: [UInt8]) -> [UInt8] {
    var bytes = littleEndian(9, 4) + littleEndian(type, 4)
    bytes.append64(count)
    return bytes + values
  }

  static func strings(_ values: [String]) -> [UInt8] {
    list(8, count: UInt64(values.count), values.flatMap { text($0) })
  }

  static func float32s(_ values: [Float]) -> [UInt8] {
    list(6, count: UInt64(values.count), FunesConvertTests.bytes(of: values))
  }

  static func int32s(_ values: [Int]) -> [UInt8] {
    list(5, count: UInt64(values.count), values.flatMap { littleEndian($0, 4) })
  }
}
