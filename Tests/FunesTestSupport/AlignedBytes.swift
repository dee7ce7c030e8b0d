// SPDX-License-Identifier: Apache-2.0
// Bytes where a model or a session may live: aligned, and freed with their owner.

/// Memory at a multiple of 64.
public final class AlignedBytes {
  public let bytes: UnsafeMutableRawBufferPointer

  public init(count: Int) {
    bytes = .allocate(byteCount: count, alignment: 64)
    _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  public convenience init(_ contents: [UInt8]) {
    self.init(count: contents.count)
    bytes.copyBytes(from: contents)
  }

  deinit { bytes.deallocate() }
}
