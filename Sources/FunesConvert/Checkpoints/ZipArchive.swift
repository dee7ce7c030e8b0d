// SPDX-License-Identifier: Apache-2.0
// The directory of a zip archive, checked whole when it is opened: every entry lies in the file, apart from all others.
// Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.

/// One member of a zip archive.
struct ZipEntry: Sendable {
  var name: String
  /// Bytes in the file, and after unpacking.
  var packedByteCount: Int
  var byteCount: Int
  var checksum: UInt32
  var isDeflated: Bool
  /// The entry's own header, and its first byte of data.
  var headerOffset: Int
  var dataOffset: Int
}

/// A zip archive whose directory has been read; ZIP64 is understood, several parts and encryption are refused.
struct ZipArchive: Sendable {
  let source: ByteSource
  /// In the order of the directory.
  let entries: [ZipEntry]
  private let indices: [String: Int]

  /// Most entries of an archive.
  static let entryLimit = 1 << 20
  /// An entry may unpack to this many bytes whatever its packed size, and to `expansionLimit` times its packed size.
  static let smallByteCount = 16 << 20
  static let expansionLimit = 100

  init(_ source: ByteSource) throws(CheckpointError) {
    let directory = try ZipDirectory(source)
    var entries: [ZipEntry] = []
    var indices: [String: Int] = [:]
    var reader = ByteReader(
      try source.read(offset: directory.offset, count: directory.byteCount),
      at: CheckpointPlace(file: source.name, offset: directory.offset))
    while reader.remaining > 0 {
      let entry = try ZipArchive.entry(&reader, source)
      guard indices.updateValue(entries.count, forKey: entry.name) == nil else {
        throw .zip(at: CheckpointPlace(file: source.name, entry: entry.name), .duplicateEntry)
      }
      entries.append(entry)
    }
    guard entries.count == directory.entryCount else {
      throw .zip(
        at: CheckpointPlace(file: source.name, offset: directory.offset),
        .directoryMismatch(found: entries.count, expected: directory.entryCount))
    }
    // No byte of data may belong to two entries.
    var previousEnd = 0
    for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
      guard entry.headerOffset >= previousEnd else {
        throw .zip(
          at: CheckpointPlace(file: source.name, entry: entry.name, offset: entry.headerOffset),
          .overlap(previousEnd: previousEnd))
      }
      previousEnd = entry.dataOffset + entry.packedByteCount
    }
    guard previousEnd <= directory.offset else {
      throw .zip(
        at: CheckpointPlace(file: source.name, offset: directory.offset), .overlap(previousEnd: previousEnd))
    }
    self.source = source
    self.entries = entries
    self.indices = indices
  }

  subscript(name: String) -> ZipEntry? {
    indices[name].map { entries[$0] }
  }

  /// The whole entry, unpacked, with its checksum verified.
  func read(_ entry: ZipEntry) throws(CheckpointError) -> [UInt8] {
    let place = CheckpointPlace(file: source.name, entry: entry.name)
    var bytes = try source.read(offset: entry.dataOffset, count: entry.packedByteCount)
    if entry.isDeflated {
      switch Inflate.unpack(bytes, limit: entry.byteCount) {
      case .complete(let unpacked) where unpacked.count == entry.byteCount: bytes = unpacked
      case .complete, .partial: throw .zip(at: place, .expandedSizeMismatch(expected: entry.byteCount))
      case .damaged: throw .zip(at: place, .damagedStream)
      }
    }
    let checksum = Inflate.checksum(bytes)
    guard checksum == entry.checksum else {
      throw .zip(at: place, .wrongChecksum(found: checksum, expected: entry.checksum))
    }
    return bytes
  }

  /// The first bytes of an entry, at most `count`, without verifying its checksum.
  func prefix(_ entry: ZipEntry, count: Int) throws(CheckpointError) -> [UInt8] {
    let count = min(count, entry.byteCount)
    guard entry.isDeflated else { return try source.read(offset: entry.dataOffset, count: count) }
    let packed = try source.read(offset: entry.dataOffset, count: min(entry.packedByteCount, 2 * count + 1024))
    switch Inflate.unpack(packed, limit: count) {
    case .complete(let bytes), .partial(let bytes): return bytes
    case .damaged: throw .zip(at: CheckpointPlace(file: source.name, entry: entry.name), .damagedStream)
    }
  }
}
