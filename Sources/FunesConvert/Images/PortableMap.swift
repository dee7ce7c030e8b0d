// SPDX-License-Identifier: Apache-2.0
// Reads PGM and PPM files, the plain and the binary ones: what any tool can write in a line.
// Source: https://netpbm.sourceforge.net/doc/pgm.html and ppm.html

/// Reads `P2`, `P3`, `P5` and `P6`.
enum PortableMap {
  static func image(_ bytes: [UInt8]) throws(ImageError) -> RasterImage {
    let kind = bytes[1]
    guard [UInt8]("2356".utf8).contains(kind) else {
      throw .unsupported(
        what: "a \"P\(Character(Unicode.Scalar(kind)))\" file", remedy: "save it as PGM or PPM (P2, P3, P5 or P6)")
    }
    let channels = kind == UInt8(ascii: "3") || kind == UInt8(ascii: "6") ? 3 : 1
    let isPlain = kind <= UInt8(ascii: "3")
    var scanner = Scanner(bytes: bytes, offset: 2)
    let width = try scanner.number("width", 0...Int(Int32.max))
    let height = try scanner.number("height", 0...Int(Int32.max))
    try RasterImage.check(width: width, height: height)
    let maximum = try scanner.number("largest sample", 1...65_535)
    let count = width * height * channels
    let samples =
      isPlain
      ? try scanner.plainSamples(count, maximum) : try scanner.binarySamples(count, maximum)
    guard scanner.offset == bytes.count else {
      throw .broken(
        what: "end", offset: scanner.offset,
        found: counted(bytes.count - scanner.offset, "byte") + " after the picture",
        expected: "none: one picture a file")
    }
    return RasterImage(width: width, height: height, channels: channels, maximum: maximum, samples: samples)
  }

  /// Numbers parted by blanks and comments.
  private struct Scanner {
    let bytes: [UInt8]
    var offset: Int

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private mutating func skipBlanks() {
      while offset < bytes.count {
        if bytes[offset] == UInt8(ascii: "#") {
          while offset < bytes.count, bytes[offset] != 10, bytes[offset] != 13 { offset += 1 }
        } else if Self.isBlank(bytes[offset]) {
          offset += 1
        } else {
          return
        }
      }
    }

    /// A decimal number with a blank before it.
    mutating func number(_ what: String, _ range: ClosedRange<Int>) throws(ImageError) -> Int {
      let before = offset
      skipBlanks()
      guard offset < bytes.count else {
        throw .truncated(what: what, offset: offset, needed: 1, available: 0)
      }
      let start = offset
      var value = 0
      while offset < bytes.count, (48...57).contains(bytes[offset]), offset - start < 11 {
        value = value * 10 + Int(bytes[offset] - 48)
        offset += 1
      }
      let isEnded = offset == bytes.count || Self.isBlank(bytes[offset]) || bytes[offset] == UInt8(ascii: "#")
      guard before < start, offset > start, isEnded, range.contains(value) else {
        let found = before == start ? "no blank before it" : offset > start && isEnded ? "\(value)" : "something else"
        throw .broken(
          what: what, offset: start, found: found,
          expected: "a number of \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }

    mutating func plainSamples(_ count: Int, _ maximum: Int) throws(ImageError) -> [UInt16] {
      // Each takes a digit and a blank, so what is claimed is held against what is there.
      guard count <= (bytes.count - offset) / 2 else {
        throw .truncated(what: "samples", offset: offset, needed: 2 * count, available: bytes.count - offset)
      }
      var samples: [UInt16] = []
      samples.reserveCapacity(count)
      for _ in 0..<count { samples.append(UInt16(try number("sample", 0...maximum))) }
      skipBlanks()
      return samples
    }

    /// One blank, then one or two bytes a sample, the higher one first.
    mutating func binarySamples(_ count: Int, _ maximum: Int) throws(ImageError) -> [UInt16] {
      guard offset < bytes.count, Self.isBlank(bytes[offset]) else {
        throw .truncated(what: "samples", offset: offset, needed: 1, available: bytes.count - offset)
      }
      offset += 1
      let size = maximum > 255 ? 2 : 1
      guard count * size <= bytes.count - offset else {
        throw .truncated(what: "samples", offset: offset, needed: count * size, available: bytes.count - offset)
      }
      var samples: [UInt16] = []
      samples.reserveCapacity(count)
      for index in 0..<count {
        let at = offset + index * size
        let sample = size == 1 ? Int(bytes[at]) : Int(bytes[at]) << 8 | Int(bytes[at + 1])
        guard sample <= maximum else {
          throw .broken(what: "sample", offset: at, found: "\(sample)", expected: "at most \(maximum)")
        }
        samples.append(UInt16(sample))
      }
      offset += count * size
      return samples
    }
  }
}
