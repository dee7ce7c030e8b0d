// SPDX-License-Identifier: Apache-2.0
// Numpy's files: one array (`.npy`), or a zip archive of arrays (`.npz`).

/// Reads `.npy` and `.npz` files.
enum Npy {
  static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
  /// The name of the only tensor of a `.npy` file.
  static let tensorName = "array"

  static func read(array source: ByteSource) throws(CheckpointError) -> [CheckpointTensor] {
    let place = CheckpointPlace(file: source.name)
    let header = try NpyHeader(try source.prefix(NpyHeader.byteLimit), at: place, tensor: tensorName)
    let storage = TensorStorage.range(source, offset: header.byteCount, byteCount: source.count - header.byteCount)
    return [try tensor(tensorName, header, storage, file: source.name)]
  }

  /// The arrays of an archive, named as numpy names them: without the suffix `.npy`.
  static func read(archive: ZipArchive) throws(CheckpointError) -> [CheckpointTensor] {
    var tensors: [CheckpointTensor] = []
    for entry in archive.entries {
      let place = CheckpointPlace(file: archive.source.name, entry: entry.name)
      guard entry.name.hasSuffix(".npy") else { throw .zip(at: place, .unexpectedEntry) }
      let name = String(entry.name.dropLast(4))
      let header = try NpyHeader(
        try archive.prefix(entry, count: NpyHeader.byteLimit), at: place, tensor: name)
      let storage = TensorStorage.entry(archive, entry, dropping: header.byteCount)
      tensors.append(try tensor(name, header, storage, file: archive.source.name))
    }
    return tensors
  }

  /// A tensor whose bytes are exactly those after the header.
  private static func tensor(
    _ name: String, _ header: NpyHeader, _ storage: TensorStorage, file: String
  ) throws(CheckpointError) -> CheckpointTensor {
    guard let elementCount = TensorLayout.elementCount(of: header.shape) else {
      throw .invalidShape(file: file, tensor: name, found: header.shape)
    }
    let (expected, overflow) = elementCount.multipliedReportingOverflow(by: header.dtype.byteCount)
    guard !overflow else { throw .invalidShape(file: file, tensor: name, found: header.shape) }
    guard storage.byteCount == expected else {
      throw .wrongByteCount(file: file, tensor: name, found: storage.byteCount, expected: expected)
    }
    return try CheckpointTensor(
      name: name, shape: header.shape, dtype: header.dtype, file: file, storage: storage,
      layout: header.isColumnMajor ? TensorLayout(columnMajor: header.shape) : nil)
  }
}
