// SPDX-License-Identifier: Apache-2.0
// Where the bytes of a tensor lie until somebody asks for them.

/// The undecoded bytes that one or more tensors look into.
enum TensorStorage: Sendable {
  /// A piece of the file itself.
  case range(ByteSource, offset: Int, byteCount: Int)
  /// A member of an archive, without its first bytes.
  case entry(ZipArchive, ZipEntry, dropping: Int)
  /// Bytes that were found inside a pickle.
  case bytes([UInt8], at: CheckpointPlace)

  /// Bytes in all, without reading them.
  var byteCount: Int {
    switch self {
    case .range(_, _, let byteCount): byteCount
    case .entry(_, let entry, let dropping): max(0, entry.byteCount - dropping)
    case .bytes(let bytes, _): bytes.count
    }
  }

  /// Reads the bytes `[offset, offset + count)`; a packed entry is unpacked and its checksum verified as a whole.
  func read(offset: Int, count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    switch self {
    case .range(let source, let start, _):
      return try source.read(offset: start + offset, count: count)[...]
    case .entry(let archive, let entry, let dropping):
      return try TensorStorage.slice(
        try archive.read(entry), offset + dropping, count, CheckpointPlace(file: archive.source.name, entry: entry.name)
      )
    case .bytes(let bytes, let place):
      return try TensorStorage.slice(bytes, offset, count, place)
    }
  }

  private static func slice(
    _ bytes: [UInt8], _ offset: Int, _ count: Int, _ place: CheckpointPlace
  ) throws(CheckpointError) -> ArraySlice<UInt8> {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      throw .truncated(at: place, needed: count, available: max(0, bytes.count - offset))
    }
    return bytes[offset..<(offset + count)]
  }
}
