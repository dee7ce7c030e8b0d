// SPDX-License-Identifier: Apache-2.0
// What all PyTorch files have in common: the names of storages and element types, and persistent ids.

/// Reads PyTorch files of every age.
enum Torch {
  /// The element type that a storage class stands for, as in `torch.FloatStorage`.
  static func storageType(_ global: PickleGlobal) -> DType? {
    switch global.module {
    case "torch", "torch.cuda", "torch.storage": storageTypes[global.name]
    default: nil
    }
  }

  /// The element type of a name such as `torch.float32`.
  static func elementType(_ global: PickleGlobal) -> DType? {
    global.module == "torch" ? elementTypes[global.name] : nil
  }

  private static let storageTypes: [String: DType] = [
    "FloatStorage": .f32, "DoubleStorage": .f64, "HalfStorage": .f16, "BFloat16Storage": .bf16, "LongStorage": .i64,
    "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8, "BoolStorage": .bool,
    // Bytes whose meaning the tensor tells.
    "UntypedStorage": .u8,
  ]

  private static let elementTypes: [String: DType] = [
    "float32": .f32, "float64": .f64, "float16": .f16, "bfloat16": .bf16, "int64": .i64, "int32": .i32, "int16": .i16,
    "int8": .i8, "uint8": .u8, "uint16": .u16, "uint32": .u32, "uint64": .u64, "bool": .bool,
  ]

  /// A storage or class named by a persistent id:
  /// ("storage", class, key, location, element count, [view]) or ("module", class, file, source).
  ///
  /// The location, as in "cuda:0", does not matter here. The view is (key, offset, element count) or none.
  static func resolve(
    _ heap: inout PickleHeap, _ id: PickleValue, _ place: CheckpointPlace
  ) throws(CheckpointError) -> PickleValue {
    let invalid = CheckpointError.torch(at: place, .invalidPersistentID)
    guard let fields = heap.elements(id), let kind = fields.first?.string else { throw invalid }
    if kind == "module", fields.count >= 2, heap.global(fields[1]) != nil { return fields[1] }
    guard kind == "storage", fields.count >= 5, let type = heap.global(fields[1]), let key = fields[2].string,
      let count = fields[4].integer, count >= 0
    else { throw invalid }
    guard let dtype = storageType(type) else {
      throw .unsupportedType(file: place.file, tensor: "storage \(key)", found: type.path)
    }
    var storage = PickleStorage(key: key, dtype: dtype, count: count)
    if fields.count > 5, fields[5] != .none {
      guard let view = heap.elements(fields[5]), view.count == 3, let offset = view[1].integer,
        let viewCount = view[2].integer, offset >= 0, viewCount >= 0, offset <= count, viewCount <= count - offset
      else { throw invalid }
      storage.viewOffset = offset
      storage.count = viewCount
    }
    return try heap.add(.storage(storage), at: place)
  }
}
