// SPDX-License-Identifier: Apache-2.0
// Bytes out, through one buffer that is flushed when it is full and when the reader is about to wait.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A buffered writer over a descriptor or, in tests, into whatever a closure takes.
final class ByteWriter {
  typealias Sink = (UnsafeRawBufferPointer) throws(StreamError) -> Void

  private let sink: Sink
  private var buffer: [UInt8] = []
  private let capacity: Int
  /// The latest byte written; nil before the first.
  private(set) var lastByte: UInt8?

  init(capacity: Int = 1 << 16, sink: @escaping Sink) {
    self.capacity = capacity
    self.sink = sink
    buffer.reserveCapacity(capacity + 4096)
  }

  /// Writes to a descriptor that stays open.
  convenience init(descriptor: Int32, name: String) {
    self.init { (bytes: UnsafeRawBufferPointer) throws(StreamError) in
      var written = 0
      while written < bytes.count {
        let count = systemWrite(descriptor, bytes.baseAddress! + written, bytes.count - written)
        if count >= 0 {
          written += count
        } else if errno == EPIPE {
          throw .outputClosed
        } else if errno != EINTR {
          throw .cannotWrite(file: name, code: errno)
        }
      }
    }
  }

  func write(_ byte: UInt8) throws(StreamError) {
    buffer.append(byte)
    lastByte = byte
    if buffer.count >= capacity { try flush() }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
    guard let last = bytes.last else { return }
    buffer.append(contentsOf: bytes)
    lastByte = last
    if buffer.count >= capacity { try flush() }
  }

  func write(_ bytes: [UInt8]) throws(StreamError) {
    for byte in bytes { try write(byte) }
  }

  func write(littleEndian word: UInt32) throws(StreamError) {
    for shift in stride(from: UInt32(0), to: 32, by: 8) { buffer.append(UInt8(truncatingIfNeeded: word >> shift)) }
    lastByte = buffer[buffer.count - 1]
    if buffer.count >= capacity { try flush() }
  }

  func write(_ text: String) throws(StreamError) {
    guard let last = text.utf8.last else { return }
    buffer.append(contentsOf: text.utf8)
    lastByte = last
    if buffer.count >= capacity { try flush() }
  }

  func flush() throws(StreamError) {
    if buffer.isEmpty { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    let failure: StreamError? = buffer.withUnsafeBytes { content in
      do throws(StreamError) { try sink(content) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }
}

private func systemWrite(_ descriptor: Int32, _ address: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, address, count)
}
