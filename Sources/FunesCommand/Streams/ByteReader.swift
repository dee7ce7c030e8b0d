// SPDX-License-Identifier: Apache-2.0
// Bytes in, through one buffer: whole rows and lines as they come, without ever waiting for more than is needed.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A buffered reader over a descriptor or, in tests, over whatever a closure gives.
///
/// Before it waits for input it flushes the writer that it was given, so that results are out while nothing comes in
/// and are gathered while much does. An interrupt ends the input.
final class ByteReader {
  typealias Source = (UnsafeMutableRawBufferPointer) throws(StreamError) -> Int

  let name: String
  /// Bytes taken since the beginning.
  private(set) var offset = 0
  private(set) var isAtEnd = false
  private let source: Source
  private let partner: ByteWriter?
  private var buffer: UnsafeMutableRawBufferPointer
  private var begin = 0
  private var end = 0

  init(name: String, flushing partner: ByteWriter? = nil, capacity: Int = 1 << 16, source: @escaping Source) {
    self.name = name
    self.source = source
    self.partner = partner
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Reads a descriptor that stays open.
  convenience init(descriptor: Int32, name: String, flushing partner: ByteWriter? = nil) {
    self.init(name: name, flushing: partner) { (space: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int in
      while true {
        if Interrupt.isRequested { return 0 }
        let count = read(descriptor, space.baseAddress, space.count)
        if count >= 0 { return count }
        if errno != EINTR { throw .cannotRead(file: name, code: errno) }
      }
    }
  }

  /// The next `count` bytes, valid until the next call; nil where the input ends before them.
  func take(_ count: Int) throws(StreamError) -> UnsafeRawBufferPointer? {
    while end - begin < count {
      guard try fill(for: count) else { return nil }
    }
    return consume(count)
  }

  /// Everything that is left, but no more than `limit` bytes: one more than is wanted shows an input that is too long.
  func takeAll(upTo limit: Int) throws(StreamError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit, let byte = try takeByte() { bytes.append(byte) }
    return bytes
  }

  /// What is left after `take` has returned nil.
  var remainder: Int { end - begin }

  func takeByte() throws(StreamError) -> UInt8? {
    if begin == end {
      guard try fill(for: 1) else { return nil }
    }
    defer {
      begin += 1
      offset += 1
    }
    return buffer[begin]
  }

  /// The next line without its end (LF or CRLF), valid until the next call. Nil at the end. The last line may lack an
  /// end, but what an interrupt cuts off is no line.
  func takeLine(limit: Int, line: Int) throws(StreamError) -> UnsafeRawBufferPointer? {
    var searched = 0
    while true {
      for position in (begin + searched)..<end where buffer[position] == UInt8(ascii: "\n") {
        let length = position - begin
        let taken = consume(length + 1)
        return ByteReader.withoutReturn(taken, length)
      }
      searched = end - begin
      guard searched <= limit else { throw .lineTooLong(line: line, limit: limit) }
      if try !fill(for: searched + 1) {
        return searched == 0 || Interrupt.isRequested ? nil : ByteReader.withoutReturn(consume(searched), searched)
      }
    }
  }

  private static func withoutReturn(_ bytes: UnsafeRawBufferPointer, _ length: Int) -> UnsafeRawBufferPointer {
    let hasReturn = length > 0 && bytes[length - 1] == UInt8(ascii: "\r")
    return UnsafeRawBufferPointer(rebasing: bytes[..<(hasReturn ? length - 1 : length)])
  }

  private func consume(_ count: Int) -> UnsafeRawBufferPointer {
    defer {
      begin += count
      offset += count
    }
    return UnsafeRawBufferPointer(rebasing: buffer[begin..<(begin + count)])
  }

  /// Reads more behind what is unread, making room for `needed` bytes; false at the end.
  private func fill(for needed: Int) throws(StreamError) -> Bool {
    if isAtEnd { return false }
    if begin > 0 {
      buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + begin, byteCount: end - begin)
      end -= begin
      begin = 0
    }
    if needed > buffer.count {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, 2 * buffer.count), alignment: 16)
      larger.baseAddress!.copyMemory(from: buffer.baseAddress!, byteCount: end)
      buffer.deallocate()
      buffer = larger
    }
    try partner?.flush()
    let count = try source(UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
    isAtEnd = count == 0
    end += count
    return count > 0
  }
}
