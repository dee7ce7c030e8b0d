// SPDX-License-Identifier: Apache-2.0
// A cursor over bytes in memory: every little-endian field of every format is taken through it, so that no field is
// read past the end.

/// Takes fields from `bytes` one after another; `offset` never passes `bytes.count`.
struct ByteReader: Sendable {
  let bytes: [UInt8]
  private(set) var offset = 0
  /// The place of `bytes[0]`: offsets in errors count from it.
  private let origin: CheckpointPlace

  init(_ bytes: [UInt8], at origin: CheckpointPlace) {
    self.bytes = bytes
    self.origin = origin
  }

  var remaining: Int { bytes.count - offset }

  /// The place of the cursor.
  var place: CheckpointPlace { place(at: offset) }

  func place(at offset: Int) -> CheckpointPlace {
    var place = origin
    place.offset = (origin.offset ?? 0) + offset
    return place
  }

  /// Fails unless `count` bytes are left.
  func require(_ count: Int) throws(CheckpointError) {
    guard count >= 0, count <= remaining else {
      throw .truncated(at: place, needed: count, available: remaining)
    }
  }

  mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    try require(count)
    defer { offset += count }
    return bytes[offset..<(offset + count)]
  }

  mutating func skip(_ count: Int) throws(CheckpointError) {
    try require(count)
    offset += count
  }

  mutating func byte() throws(CheckpointError) -> UInt8 {
    try require(1)
    defer { offset += 1 }
    return bytes[offset]
  }

  /// A little-endian unsigned integer of so many bytes.
  private mutating func unsigned(_ count: Int) throws(CheckpointError) -> UInt64 {
    try require(count)
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    offset += count
    return value
  }

  mutating func uint16() throws(CheckpointError) -> Int { Int(try unsigned(2)) }

  mutating func uint32() throws(CheckpointError) -> Int { Int(try unsigned(4)) }

  mutating func int32() throws(CheckpointError) -> Int { Int(Int32(truncatingIfNeeded: try unsigned(4))) }

  mutating func uint64() throws(CheckpointError) -> UInt64 { try unsigned(8) }

  mutating func int64() throws(CheckpointError) -> Int64 { Int64(truncatingIfNeeded: try unsigned(8)) }

  /// A 64-bit count of bytes that are to follow somewhere; what does not fit `Int` is more than any file has.
  mutating func count64() throws(CheckpointError) -> Int {
    let start = place
    let value = try unsigned(8)
    guard let count = Int(exactly: value) else {
      throw .truncated(at: start, needed: Int.max, available: remaining)
    }
    return count
  }

  /// The bytes up to the next line feed, which is taken too.
  mutating func line() throws(CheckpointError) -> ArraySlice<UInt8> {
    guard let end = bytes[offset...].firstIndex(of: 0x0a) else {
      throw .truncated(at: place, needed: remaining + 1, available: remaining)
    }
    defer { offset = end + 1 }
    return bytes[offset..<end]
  }
}

extension String {
  /// The text of UTF-8 bytes; nil when they are not UTF-8.
  init?(utf8Bytes bytes: some Collection<UInt8>) {
    // Decoding repairs what is not UTF-8, so a difference shows that it was not.
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.utf8.elementsEqual(bytes) else { return nil }
    self = text
  }
}
