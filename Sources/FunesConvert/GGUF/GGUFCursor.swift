// SPDX-License-Identifier: Apache-2.0
// A cursor over the head of a GGUF file, whose length nobody knows before its end: it reads the file through a window,
// and nothing is kept for a count that the rest of the file cannot hold.

/// Takes fields of a file one after another; `offset` never passes the end of the file.
struct GGUFCursor {
  private let source: ByteSource
  private(set) var offset = 0
  /// The bytes from `windowOffset` on that are in memory.
  private var window: [UInt8] = []
  private var windowOffset = 0

  /// Most bytes before the tensors' own: far above any vocabulary, so that memory stays bounded.
  static let headLimit = 1 << 28
  private static let windowByteCount = 1 << 16

  init(_ source: ByteSource) { self.source = source }

  /// Bytes of the file from here on.
  var remaining: Int { source.count - offset }

  /// The place of the cursor.
  var place: CheckpointPlace { CheckpointPlace(file: source.name, offset: offset) }

  /// Fails unless `count` bytes are left, and stand where a head may.
  func require(_ count: Int) throws(CheckpointError) {
    guard count >= 0, count <= remaining else {
      throw .truncated(at: place, needed: count, available: remaining)
    }
    guard count <= GGUFCursor.headLimit - offset else {
      throw .limitExceeded(
        at: place, .headerBytes, found: offset.addingReportingOverflow(count).partialValue, limit: GGUFCursor.headLimit)
    }
  }

  /// Fails unless so many items of at least so many bytes each can follow.
  func require(_ count: Int, ofBytes least: Int) throws(CheckpointError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: least)
    try require(overflow ? Int.max : bytes)
  }

  mutating func take(_ count: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
    try require(count)
    if offset + count > windowOffset + window.count {
      window = try source.read(offset: offset, count: max(count, min(GGUFCursor.windowByteCount, remaining)))
      windowOffset = offset
    }
    defer { offset += count }
    let begin = offset - windowOffset
    return window[begin..<(begin + count)]
  }

  /// A little-endian unsigned integer of so many bytes.
  mutating func unsigned(_ byteCount: Int) throws(CheckpointError) -> UInt64 {
    try take(byteCount).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func uint32() throws(CheckpointError) -> UInt32 { UInt32(truncatingIfNeeded: try unsigned(4)) }

  /// A 64-bit count of what is to follow, at least so many bytes each; more than the file can hold is refused.
  mutating func count(ofBytes least: Int) throws(CheckpointError) -> Int {
    let (start, available) = (place, remaining)
    guard let count = Int(exactly: try unsigned(8)) else {
      throw .truncated(at: start, needed: Int.max, available: available)
    }
    try require(count, ofBytes: least)
    return count
  }

  /// The bytes of a text: a 64-bit length, then as many.
  mutating func textBytes() throws(CheckpointError) -> ArraySlice<UInt8> { try take(try count(ofBytes: 1)) }
}
