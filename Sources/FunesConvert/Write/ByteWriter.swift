// SPDX-License-Identifier: Apache-2.0
// Little-endian numbers into a growing array of bytes: what every record of the file is written with.

struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  mutating func append(_ value: UInt8) { bytes.append(value) }
  mutating func append(_ value: UInt16) { appendInteger(value) }
  mutating func append(_ value: UInt32) { appendInteger(value) }
  mutating func append(_ value: UInt64) { appendInteger(value) }
  mutating func append(_ value: Int32) { appendInteger(value) }
  mutating func append(_ value: Float) { appendInteger(value.bitPattern) }

  mutating func append(contentsOf more: some Collection<UInt8>) { bytes.append(contentsOf: more) }

  /// An index or offset, NONE where there is none.
  mutating func append(index: Int?) { append(index.map { UInt32($0) } ?? .max) }

  /// Exactly `count` indices, NONE beyond those given.
  mutating func append(indices: [Int?], count: Int) {
    precondition(indices.count <= count, "ByteWriter: more indices than slots")
    for slot in 0..<count { append(index: slot < indices.count ? indices[slot] : nil) }
  }

  mutating func zeros(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }

  /// Zeros up to the next multiple of `alignment`.
  mutating func pad(to alignment: Int) { zeros(roundUp(count, to: alignment) - count) }

  /// Appends `count` bytes of zero and lets `body` fill them in place.
  mutating func append(count: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
    let first = bytes.count
    zeros(count)
    bytes.withUnsafeMutableBufferPointer { body(UnsafeMutableBufferPointer(rebasing: $0[first..<first + count])) }
  }

  private mutating func appendInteger<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

/// The next multiple of `alignment` at or above `count`.
func roundUp(_ count: Int, to alignment: Int) -> Int {
  (count + alignment - 1) / alignment * alignment
}
