// SPDX-License-Identifier: Apache-2.0
// Unpacks the deflate streams of zip entries and pictures by zlib, into memory whose size was decided before.

import CZlib

/// Unpacks raw deflate streams (RFC 1951) and computes the checksum of zip.
enum Inflate {
  /// How a stream ended.
  enum Outcome: Equatable {
    /// The stream ended within the limit.
    case complete([UInt8])
    /// The limit was reached; these are the first bytes.
    case partial([UInt8])
    /// The stream is damaged or cut.
    case damaged
  }

  /// Unpacks at most `limit` bytes of `packed`. Allocates `limit` bytes: the caller bounds it by the size of `packed`.
  ///
  /// - Parameter isWrapped: whether zlib's header and checksum stand around the stream, as in PNG; zip has none.
  static func unpack(_ packed: [UInt8], limit: Int, isWrapped: Bool = false) -> Outcome {
    var stream = z_stream()
    // Negative window bits: no zlib header.
    guard
      inflateInit2_(&stream, isWrapped ? MAX_WBITS : -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        == Z_OK
    else { return .damaged }
    defer { inflateEnd(&stream) }
    var status = Z_OK
    // One byte more than the limit shows whether the stream goes on.
    var bytes = [UInt8](unsafeUninitializedCapacity: limit + 1) { output, initializedCount in
      packed.withUnsafeBufferPointer { input in
        var taken = 0
        while status == Z_OK && initializedCount <= limit {
          // zlib counts in 32 bits.
          let inputCount = min(input.count - taken, 1 << 30)
          let outputCount = min(limit + 1 - initializedCount, 1 << 30)
          guard let from = input.baseAddress, let to = output.baseAddress else { break }
          stream.next_in = UnsafeMutablePointer(mutating: from + taken)
          stream.avail_in = UInt32(inputCount)
          stream.next_out = to + initializedCount
          stream.avail_out = UInt32(outputCount)
          status = inflate(&stream, Z_NO_FLUSH)
          let took = inputCount - Int(stream.avail_in)
          let gave = outputCount - Int(stream.avail_out)
          taken += took
          initializedCount += gave
          if took == 0 && gave == 0 { break }
        }
      }
    }
    if bytes.count > limit {
      bytes.removeLast()
      return .partial(bytes)
    }
    return status == Z_STREAM_END ? .complete(bytes) : .damaged
  }

  /// CRC-32 as zip and gzip define it.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBufferPointer { buffer in
      var value = crc32(0, nil, 0)
      var done = 0
      while let base = buffer.baseAddress, done < buffer.count {
        let count = min(buffer.count - done, 1 << 30)
        value = crc32(value, base + done, UInt32(count))
        done += count
      }
      return UInt32(truncatingIfNeeded: value)
    }
  }
}
