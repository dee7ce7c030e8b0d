// SPDX-License-Identifier: Apache-2.0
// PNG files: those that tools/make_image_golden.py makes and libpng reads, and files that are broken in one place each.

import Foundation
import Testing

@testable import FunesConvert

/// Builds PNG files, right or wrong.
struct PNGBuilder {
  var header: [UInt8]
  /// Chunks between the header and the end.
  var chunks: [(name: String, content: [UInt8])] = []
  var isCRCWrong = false
  var ending: [UInt8] = []
  var hasEnd = true

  init(width: Int, height: Int, depth: UInt8 = 8, colour: UInt8 = 0, interlacing: UInt8 = 0, filter: UInt8 = 0) {
    header = Self.word(width) + Self.word(height) + [depth, colour, 0, filter, interlacing]
  }

  static func word(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

  static func chunk(_ name: String, _ content: [UInt8], length: Int? = nil, isCRCWrong: Bool = false) -> [UInt8] {
    let checked = Array(name.utf8) + content
    let crc = Int(Inflate.checksum(checked)) ^ (isCRCWrong ? 1 : 0)
    return word(length ?? content.count) + checked + word(crc)
  }

  /// A zlib stream of stored blocks.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var (a, b) = (1, 0)
    for byte in bytes {
      a = (a + Int(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let count = UInt16(bytes.count)
    let length = [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
    return [0x78, 0x01, 1] + length + bytes + word(b << 16 | a)
  }

  mutating func pixels(_ lines: [[UInt8]]) { chunks.append(("IDAT", Self.stored(lines.flatMap(\.self)))) }

  var bytes: [UInt8] {
    var file = PNGFile.signature + Self.chunk("IHDR", header, isCRCWrong: isCRCWrong)
    for (name, content) in chunks { file += Self.chunk(name, content) }
    return file + (hasEnd ? Self.chunk("IEND", []) : []) + ending
  }

  /// Two grey pixels, 1 and 2, beside each other.
  static var small: PNGBuilder {
    var builder = PNGBuilder(width: 2, height: 1)
    builder.pixels([[0, 1, 2]])
    return builder
  }
}

@Suite struct PNGTests {
  private static let golden = try! Checkpoint.read(path: CellGoldens.path("images.npz"))
  static let names = golden.tensorNames.filter { $0.hasSuffix(".png") }.map { String($0.dropLast(4)) }

  @Test(arguments: names) func everyColourAndDepthIsRead(name: String) throws {
    let file = try Self.golden.tensor("\(name).png").integers().map { UInt8($0) }
    let samples = try Self.golden.tensor("\(name).samples")
    let image = try #require(try RasterImage(file))
    #expect([image.height, image.width, image.channels] == samples.shape)
    #expect(Int64(image.maximum) == (try Self.golden.tensor("\(name).maximum").integers()[0]))
    #expect(image.samples.map(Int64.init) == (try samples.integers()))
    if name.contains("alpha") {
      let black = try #require(try RasterImage(file, background: .black))
      #expect(black != image && zip(black.samples, image.samples).allSatisfy { $0 <= $1 })
    }
  }

  @Test func allCasesAreThere() {
    #expect(Self.names.count == 18)
    #expect(try! RasterImage(PNGBuilder.small.bytes)!.samples == [1, 2])
  }

  /// Cut at every byte, and with every byte changed: an error or a picture, never a crash.
  @Test(arguments: ["grey 4", "palette alpha", "rgb 8"]) func damageIsSeen(name: String) throws {
    let file = try Self.golden.tensor("\(name).png").integers().map { UInt8($0) }
    for count in 8..<file.count { #expect(throws: ImageError.self) { _ = try RasterImage(Array(file[..<count])) } }
    for index in 8..<file.count {
      var changed = file
      changed[index] ^= 0x55
      #expect(throws: ImageError.self) { _ = try RasterImage(changed) }
    }
  }

  struct Hostile: Sendable, CustomTestStringConvertible {
    var name: String
    var part: String
    var bytes: @Sendable () -> [UInt8]
    var testDescription: String { name }

    init(_ name: String, _ part: String, _ edit: @escaping @Sendable (inout PNGBuilder) -> Void) {
      self.name = name
      self.part = part
      bytes = {
        var builder = PNGBuilder.small
        edit(&builder)
        return builder.bytes
      }
    }
  }

  static let hostile: [Hostile] = [
    Hostile("a wrong checksum", "checksum") { $0.isCRCWrong = true },
    Hostile("no end", "end of the file in a chunk") { $0.hasEnd = false },
    Hostile("bytes after the end", "3 bytes after") { $0.ending = [1, 2, 3] },
    Hostile("no pixels", "no IDAT") { $0.chunks = [] },
    Hostile("no width", "0 × 1") { $0.header.replaceSubrange(0..<4, with: [0, 0, 0, 0]) },
    Hostile("a negative height", "× 2147483648") { $0.header.replaceSubrange(4..<8, with: [0x80, 0, 0, 0]) },
    Hostile("more pixels than there can be", "65536 × 65536") {
      $0.header.replaceSubrange(0..<8, with: [0, 1, 0, 0, 0, 1, 0, 0])
    },
    Hostile("a bomb", "claim to unpack to 67117056") {
      $0.header.replaceSubrange(0..<8, with: [0, 0, 0x20, 0, 0, 0, 0x20, 0])
    },
    Hostile("more lines than pixels", "do not unpack") { $0.header[7] = 2 },
    Hostile("fewer lines than pixels", "do not unpack") {
      $0.chunks = [("IDAT", PNGBuilder.stored([0, 1, 2, 0, 1, 2]))]
    },
    Hostile("a stream that is cut", "do not unpack") { $0.chunks[0].content.removeLast(5) },
    Hostile("a stream with a wrong sum", "do not unpack") { $0.chunks[0].content[$0.chunks[0].content.count - 1] ^= 1 },
    Hostile("a stream of another method", "do not unpack") { $0.chunks[0].content[0] = 0x79 },
    Hostile("a filter that is none", "filter 5") { $0.chunks = [("IDAT", PNGBuilder.stored([5, 1, 2]))] },
    Hostile("a depth that is none", "3 bits") { $0.header[8] = 3 },
    Hostile("a depth that the colour has not", "4 bits") { ($0.header[8], $0.header[9]) = (4, 2) },
    Hostile("a colour that is none", "colour type 1") { $0.header[9] = 1 },
    Hostile("a compression that is none", "compression 1") { $0.header[10] = 1 },
    Hostile("a filter method that is none", "filter 1") { $0.header[11] = 1 },
    Hostile("interlacing", "without interlacing") { $0.header[12] = 1 },
    Hostile("interlacing that is none", "interlacing 2") { $0.header[12] = 2 },
    Hostile("a short header", "12 bytes") { $0.header.removeLast() },
    Hostile("a header twice", "it again") { $0.chunks.insert(("IHDR", $0.header), at: 0) },
    Hostile("a chunk that must be known", "not known") { $0.chunks.insert(("NEWS", []), at: 0) },
    Hostile("a chunk of no letters", "other bytes") { $0.chunks.insert(("a1 b", []), at: 0) },
    Hostile("pixels apart", "it apart") { $0.chunks += [("tEXt", []), ("IDAT", [])] },
    Hostile("a palette for grey", "PLTE") { $0.chunks.insert(("PLTE", [1, 2, 3]), at: 0) },
    Hostile("no palette", "no palette") { $0.header[9] = 3 },
    Hostile("a palette of parts", "PLTE") {
      $0.header[9] = 3
      $0.chunks.insert(("PLTE", [1, 2]), at: 0)
    },
    Hostile("a palette that is too long", "PLTE") {
      ($0.header[8], $0.header[9]) = (1, 3)
      $0.chunks.insert(("PLTE", [UInt8](repeating: 0, count: 9)), at: 0)
    },
    Hostile("two palettes", "PLTE") {
      $0.header[9] = 3
      for _ in 0..<2 { $0.chunks.insert(("PLTE", [1, 2, 3]), at: 0) }
    },
    Hostile("a colour beyond the palette", "colour 1") {
      $0.header[9] = 3
      $0.chunks.insert(("PLTE", [1, 2, 3]), at: 0)
    },
    Hostile("more alpha than colours", "tRNS") {
      $0.header[9] = 3
      $0.chunks.insert(("tRNS", [1, 2]), at: 0)
      $0.chunks.insert(("PLTE", [1, 2, 3]), at: 0)
    },
    Hostile("a key of another length", "tRNS") { $0.chunks.insert(("tRNS", [1]), at: 0) },
    Hostile("an end with content", "IEND") {
      $0.hasEnd = false
      $0.chunks.append(("IEND", [0]))
    },
  ]

  @Test(arguments: hostile) func isRefusedWithItsReason(file: Hostile) {
    do {
      _ = try RasterImage(file.bytes())
      Issue.record("a picture was read")
    } catch {
      #expect("\(error)".contains(file.part), "\(error)")
    }
  }

  @Test func aChunkLongerThanTheFileIsNotRead() {
    let file = PNGFile.signature + PNGBuilder.chunk("IHDR", [1, 2, 3], length: 0x7FFF_FFFF)
    #expect(throws: ImageError.self) { _ = try RasterImage(file) }
    let other = PNGFile.signature + PNGBuilder.chunk("tEXt", [])
    #expect(throws: ImageError.self) { _ = try RasterImage(other) }
  }
}
