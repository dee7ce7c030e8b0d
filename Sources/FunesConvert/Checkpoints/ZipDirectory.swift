// SPDX-License-Identifier: Apache-2.0
// The end record of a zip archive, which says where the directory is, and the records of the directory.

/// Where the directory of an archive stands.
struct ZipDirectory {
  var offset: Int
  var byteCount: Int
  var entryCount: Int

  private static let endByteCount = 22
  private static let end64ByteCount = 56
  private static let locatorByteCount = 20

  /// Finds the end record: the last one whose comment ends exactly with the file.
  init(_ source: ByteSource) throws(CheckpointError) {
    let tailCount = min(source.count, ZipDirectory.endByteCount + 0xffff)
    let tailOffset = source.count - tailCount
    let tail = try source.read(offset: tailOffset, count: tailCount)
    let place = CheckpointPlace(file: source.name, offset: tailOffset)
    var start = tailCount - ZipDirectory.endByteCount
    while start >= 0 {
      if tail[start...].starts(with: [0x50, 0x4b, 0x05, 0x06]) {
        let commentCount = Int(tail[start + 20]) | Int(tail[start + 21]) << 8
        if start + ZipDirectory.endByteCount + commentCount == tailCount { break }
      }
      start -= 1
    }
    guard start >= 0 else {
      throw .zip(at: CheckpointPlace(file: source.name, offset: source.count), .noEndRecord)
    }
    var reader = ByteReader(tail, at: place)
    try reader.skip(start + 4)
    let endOffset = tailOffset + start
    let disks = (try reader.uint16(), try reader.uint16())
    let counts = (try reader.uint16(), try reader.uint16())
    byteCount = try reader.uint32()
    offset = try reader.uint32()
    entryCount = counts.1
    var directoryEnd = endOffset
    let isSaturated = counts.1 == 0xffff || byteCount == 0xffff_ffff || offset == 0xffff_ffff
    let hasLocator = try ZipDirectory.hasLocator(source, before: endOffset)
    if isSaturated || hasLocator {
      directoryEnd = try ZipDirectory.end64Offset(source, before: endOffset)
      try readEnd64(source, at: directoryEnd)
    } else {
      guard disks == (0, 0), counts.0 == counts.1 else {
        throw .zip(at: CheckpointPlace(file: source.name, offset: endOffset), .severalParts)
      }
    }
    let (found, overflow) = offset.addingReportingOverflow(byteCount)
    guard !overflow, found == directoryEnd else {
      throw .zip(
        at: CheckpointPlace(file: source.name, offset: endOffset),
        .directoryMismatch(found: overflow ? Int.max : found, expected: directoryEnd))
    }
    guard entryCount <= ZipArchive.entryLimit else {
      throw .limitExceeded(
        at: CheckpointPlace(file: source.name, offset: endOffset), .entries, found: entryCount,
        limit: ZipArchive.entryLimit)
    }
  }

  /// Some writers add the ZIP64 records where they are not needed.
  private static func hasLocator(_ source: ByteSource, before endOffset: Int) throws(CheckpointError) -> Bool {
    guard endOffset >= locatorByteCount + end64ByteCount else { return false }
    return try source.read(offset: endOffset - locatorByteCount, count: 4) == [0x50, 0x4b, 0x06, 0x07]
  }

  /// The ZIP64 end record, found through its locator, which stands right before the end record.
  private static func end64Offset(_ source: ByteSource, before endOffset: Int) throws(CheckpointError) -> Int {
    let offset = endOffset - locatorByteCount
    var reader = ByteReader(
      try source.read(offset: offset, count: locatorByteCount), at: CheckpointPlace(file: source.name, offset: offset))
    try reader.signature(0x0706_4b50)
    let disk = try reader.uint32()
    let end64Offset = try reader.count64()
    guard disk == 0, try reader.uint32() <= 1 else {
      throw .zip(at: CheckpointPlace(file: source.name, offset: offset), .severalParts)
    }
    guard end64Offset == offset - end64ByteCount else {
      throw .zip(
        at: CheckpointPlace(file: source.name, offset: offset),
        .directoryMismatch(found: end64Offset, expected: offset - end64ByteCount))
    }
    return end64Offset
  }

  private mutating func readEnd64(_ source: ByteSource, at start: Int) throws(CheckpointError) {
    let place = CheckpointPlace(file: source.name, offset: start)
    var reader = ByteReader(try source.read(offset: start, count: ZipDirectory.end64ByteCount), at: place)
    try reader.signature(0x0606_4b50)
    // Size of the record and the versions of the writer and the reader needed.
    try reader.skip(12)
    let disks = (try reader.uint32(), try reader.uint32())
    let counts = (try reader.count64(), try reader.count64())
    guard disks == (0, 0), counts.0 == counts.1 else { throw .zip(at: place, .severalParts) }
    // What the end record says in fewer bits must be the same, or mean "see here".
    try ZipDirectory.agree(&entryCount, counts.1, unless: 0xffff, at: place)
    try ZipDirectory.agree(&byteCount, try reader.count64(), unless: 0xffff_ffff, at: place)
    try ZipDirectory.agree(&offset, try reader.count64(), unless: 0xffff_ffff, at: place)
  }

  private static func agree(
    _ short: inout Int, _ long: Int, unless saturated: Int, at place: CheckpointPlace
  ) throws(CheckpointError) {
    guard short == long || short == saturated else {
      throw .zip(at: place, .directoryMismatch(found: long, expected: short))
    }
    short = long
  }
}

extension ByteReader {
  /// Takes a record's signature.
  mutating func signature(_ expected: UInt32) throws(CheckpointError) {
    let place = self.place
    let found = UInt32(truncatingIfNeeded: try uint32())
    guard found == expected else { throw .zip(at: place, .wrongSignature(found: found, expected: expected)) }
  }
}

extension ZipArchive {
  /// One record of the directory, checked against the entry's own header.
  static func entry(_ reader: inout ByteReader, _ source: ByteSource) throws(CheckpointError) -> ZipEntry {
    let recordPlace = reader.place
    try reader.signature(0x0201_4b50)
    try reader.skip(4)
    let flags = try reader.uint16()
    let method = try reader.uint16()
    try reader.skip(4)
    let checksum = UInt32(truncatingIfNeeded: try reader.uint32())
    var packedByteCount = try reader.uint32()
    var byteCount = try reader.uint32()
    let nameCount = try reader.uint16()
    let extraCount = try reader.uint16()
    let commentCount = try reader.uint16()
    try reader.skip(8)
    var headerOffset = try reader.uint32()
    guard let name = String(utf8Bytes: try reader.take(nameCount)) else { throw .zip(at: recordPlace, .invalidName) }
    var extra = ByteReader(Array(try reader.take(extraCount)), at: reader.place)
    try reader.skip(commentCount)
    try readExtra(&extra, &byteCount, &packedByteCount, &headerOffset)

    let place = CheckpointPlace(file: source.name, entry: name)
    // Bit 0 encrypts; bit 13 hides the fields of the entry's own header.
    guard flags & 0x2001 == 0 else { throw .zip(at: place, .encrypted) }
    guard method == 0 || method == 8 else { throw .zip(at: place, .unsupportedMethod(found: method)) }
    if method == 0, packedByteCount != byteCount {
      throw .zip(at: place, .storedSizeMismatch(found: packedByteCount, expected: byteCount))
    }
    let expanded = packedByteCount.multipliedReportingOverflow(by: expansionLimit)
    let limit = max(smallByteCount, expanded.overflow ? Int.max : expanded.partialValue)
    guard method == 0 || byteCount <= limit else {
      throw .limitExceeded(at: place, .expandedBytes, found: byteCount, limit: limit)
    }
    var header = ByteReader(
      try source.read(offset: headerOffset, count: 30), at: CheckpointPlace(file: source.name, offset: headerOffset))
    try header.signature(0x0403_4b50)
    try header.skip(22)
    let ownNameCount = try header.uint16()
    let ownExtraCount = try header.uint16()
    let ownName = try source.read(offset: headerOffset + 30, count: ownNameCount)
    guard name.utf8.elementsEqual(ownName) else {
      throw .zip(at: place, .nameMismatch(found: String(decoding: ownName, as: UTF8.self)))
    }
    let dataOffset = headerOffset + 30 + ownNameCount + ownExtraCount
    guard dataOffset <= source.count, packedByteCount <= source.count - dataOffset else {
      throw .truncated(
        at: CheckpointPlace(file: source.name, entry: name, offset: nil), needed: packedByteCount,
        available: max(0, source.count - dataOffset))
    }
    return ZipEntry(
      name: name, packedByteCount: packedByteCount, byteCount: byteCount, checksum: checksum,
      isDeflated: method == 8, headerOffset: headerOffset, dataOffset: dataOffset)
  }

  /// The ZIP64 field of a record: the 64-bit values of those that do not fit 32 bits, in a fixed order.
  private static func readExtra(
    _ extra: inout ByteReader, _ byteCount: inout Int, _ packedByteCount: inout Int, _ headerOffset: inout Int
  ) throws(CheckpointError) {
    // Fields of other tags may be damaged or padded; they say nothing that matters here.
    while extra.remaining >= 4 {
      let tag = try extra.uint16()
      let count = try extra.uint16()
      guard tag == 1 else {
        try extra.skip(min(count, extra.remaining))
        continue
      }
      if byteCount == 0xffff_ffff { byteCount = try extra.count64() }
      if packedByteCount == 0xffff_ffff { packedByteCount = try extra.count64() }
      if headerOffset == 0xffff_ffff { headerOffset = try extra.count64() }
      return
    }
  }
}
