// SPDX-License-Identifier: Apache-2.0
// Files that the writer makes, read by eyes of their own: every table of FORMAT.md is walked without the runtime's reader.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct FileWriterTests {
  private static let kinds = [
    "STRS", "CONS", "VALS", "STAT", "OPS ", "RUNS", "PROG", "RSET", "IO  ", "TEXT", "SYMS", "GENR", "META", "GOLD",
    "DATA",
  ]
  private static let strides = [1, 64, 48, 32, 128, 8, 32, 4, 48, 32, 4, 64, 8, 16, 1]

  /// A file cut into its sections, header and table checked.
  private struct Sections {
    var file: FileBytes
    var ranges: [String: Range<Int>] = [:]

    init(_ bytes: [UInt8]) {
      file = FileBytes(bytes: bytes)
      #expect(Array(bytes[0..<8]) == [0x89, 0x46, 0x55, 0x4e, 0x0d, 0x0a, 0x1a, 0x0a])
      #expect(file.u32(8) == 2 && file.u32(12) == 15)
      #expect(file.u64(16) == bytes.count && bytes.count % 64 == 0)
      #expect(file.u64(24) % 64 == 0 && file.u64(32) % 64 == 0)
      #expect(file.isZero(40..<48) && file.isZero(80..<120))
      let digest = SHA256.digest(of: bytes.span.extracting(128...))
      for index in 0..<32 { #expect(bytes[48 + index] == digest[index]) }
      #expect(file.u32(120) == file.crc(128..<608) && file.u32(124) == file.crc(0..<124))
      var end = 608
      for (index, kind) in FileWriterTests.kinds.enumerated() {
        let entry = 128 + 32 * index
        #expect(String(decoding: bytes[entry..<entry + 4], as: UTF8.self) == kind)
        let begin = file.u64(entry + 8)
        let count = file.u64(entry + 16)
        #expect(file.u32(entry + 4) == 0 && begin == (end + 63) / 64 * 64)
        #expect(file.isZero(end..<begin), "padding before \(kind)")
        #expect(file.u32(entry + 28) == FileWriterTests.strides[index] && count % FileWriterTests.strides[index] == 0)
        #expect(file.u32(entry + 24) == file.crc(begin..<begin + count))
        ranges[kind] = begin..<begin + count
        end = begin + count
      }
      #expect((end + 63) / 64 * 64 == bytes.count && file.isZero(end..<bytes.count))
    }

    func records(_ kind: String) -> [Int] {
      let range = ranges[kind]!
      let stride = FileWriterTests.strides[FileWriterTests.kinds.firstIndex(of: kind)!]
      return Array(Swift.stride(from: range.lowerBound, to: range.upperBound, by: stride))
    }

    /// The string at an offset; nil where no string begins.
    func string(_ offset: Int) -> String? {
      let strings = Array(file.bytes[ranges["STRS"]!])
      guard offset < strings.count, offset == 0 || strings[offset - 1] == 0 else { return nil }
      return String(decoding: strings[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private let graph = Graph.everyOperator()

  private func sections(_ precision: Precision = .default) throws -> Sections {
    Sections(try Converter(precision: precision).convert(graph).bytes)
  }

  @Test(arguments: [Precision.default, .fast, .high])
  func constantsTileTheData(precision: Precision) throws {
    let file = try sections(precision)
    let data = file.ranges["DATA"]!
    var end = 0
    for (record, constant) in zip(file.records("CONS"), graph.constants) {
      #expect(file.string(file.file.u32(record)) == constant.name)
      #expect(file.file.u64(record + 24) == end && file.file.isZero(record + 32..<record + 64))
      let (rows, cols, groups) = (file.file.u32(record + 8), file.file.u32(record + 12), file.file.u32(record + 16))
      let qmax = file.file.u32(record + 20)
      if file.file.u8(record + 4) == 1 {
        let planes = file.file.u8(record + 6)
        let weightPlanes = file.file.u8(record + 5)
        #expect(weightPlanes == (precision == .high ? 2 : 1) && planes == (precision == .fast ? 1 : 2))
        #expect(planes == 1 ? (1...127).contains(qmax) : (128...32_639).contains(qmax))
        let blocks = (rows / groups + 15) / 16
        let quads = (cols + 3) / 4
        let tiles = data.lowerBound + end..<data.lowerBound + end + 64 * groups * blocks * quads * weightPlanes
        #expect(file.file.bytes[tiles].allSatisfy { $0 != 0x80 })
        let padded = 16 * groups * blocks
        let equalizer = file.file.u8(record + 7) == 1 ? (16 * quads + 63) / 64 * 64 : 0
        // Scales of pad rows are zero, and there are no more scales than rows.
        let scales = (0..<padded).map { file.file.f32(tiles.upperBound + 4 * $0) }
        #expect(scales.count { $0 > 0 } == rows && scales.allSatisfy { $0 >= 0 && $0 <= 0x1p40 })
        end += tiles.count + 4 * padded * (1 + weightPlanes) + equalizer
      } else {
        #expect(file.file.u8(record + 4) == 2 && file.file.isZero(record + 5..<record + 8))
        #expect(cols == 1 && groups == 0 && qmax == 0)
        let bytes = data.lowerBound + end + 4 * rows..<data.lowerBound + end + (4 * rows + 63) / 64 * 64
        #expect(file.file.isZero(bytes))
        end += (4 * rows + 63) / 64 * 64
      }
    }
    #expect(file.records("CONS").count == graph.constants.count && end == data.count)
  }

  @Test func valuesLieInTheirArenasAndHaveMakers() throws {
    let file = try sections()
    let ops = file.records("OPS ")
    for (index, record) in file.records("VALS").enumerated() {
      let value = graph.values[index]
      #expect(file.string(file.file.u32(record)) == value.name)
      #expect(file.file.u8(record + 4) == (value.element == .float ? 1 : 2))
      #expect(file.file.u8(record + 5) == value.shape.count && file.file.u16(record + 6) == value.domain)
      #expect((0..<3).reduce(1) { $0 * file.file.u32(record + 8 + 4 * $1) } == value.width)
      let producer = file.file.u32(record + 20)
      if producer >= 0x8000_0000 {
        #expect(file.file.u32(file.records("IO  ")[producer - 0x8000_0000]) == index)
      } else {
        #expect(file.file.u32(ops[producer] + 48) == index)
      }
      let offset = file.file.u64(record + 24)
      let arena = file.file.u64(value.domain == 0 ? 24 : 32)
      #expect(offset % 64 == 0 && offset + (4 * value.width + 63) / 64 * 64 <= arena)
      #expect(file.file.isZero(record + 32..<record + 48))
    }
  }

  @Test func everyOperatorStandsInItsRun() throws {
    let file = try sections()
    let ops = file.records("OPS ")
    #expect(Set(ops.map(file.file.u16)) == Set(1...25))
    let none = 0xffff_ffff
    for record in ops {
      #expect(file.file.u16(record + 2) == 0 && file.file.isZero(record + 8..<record + 16))
      #expect(file.string(file.file.u32(record + 4)) != nil)
      let inputs = (0..<8).map { file.file.u32(record + 16 + 4 * $0) }
      #expect(inputs.drop { $0 != none }.allSatisfy { $0 == none })
    }
    let runs = file.records("RUNS").map { (file.file.u32($0), file.file.u32($0 + 4)) }
    #expect(runs.reduce(0) { $0 + $1.1 } == ops.count && runs.map(\.0) == [0, 1, 0, 0])
    let programs = file.records("PROG")
    func total(_ field: Int) -> Int { programs.reduce(0) { $0 + file.file.u32($1 + field) } }
    #expect(total(8) == runs.count && total(12) == file.records("IO  ").count)
    #expect(total(16) == file.records("RSET").count && programs.map { file.file.u32($0 + 4) } == [0, 1])
  }

  @Test func portsTextsAndMetadataAreWritten() throws {
    let file = try sections()
    let ports = file.records("IO  ")
    #expect(ports.map { file.file.u8($0 + 8) } == [0, 0, 1, 1, 0, 1, 1])
    #expect(file.file.u8(ports[0] + 9) == 1 && file.file.f32(ports[0] + 16) == -2 && file.file.f32(ports[0] + 20) == 3)
    #expect(file.file.u32(ports[1] + 12) == 4 && file.file.isZero(ports[1] + 16..<ports[1] + 24))
    #expect(ports.allSatisfy { file.file.isZero($0 + 28..<$0 + 48) })
    let symbols = file.records("SYMS").map { file.string(file.file.u32($0)) }
    #expect(symbols == ["no", "yes", "no", "a", "b", "ü", "</s>"])
    let texts = file.records("TEXT")
    #expect(texts.map { file.file.u32($0 + 4) } == [3, 4] && texts.map { file.file.u32($0 + 12) } == [0, 1])
    #expect(file.string(file.file.u32(texts[1] + 16)) == " ")
    let pairs = file.records("META").map { [file.string(file.file.u32($0)), file.string(file.file.u32($0 + 4))] }
    #expect(
      pairs == [
        ["activations", "16"], ["converter", "funes \(Converter.version)"], ["licence", "Apache-2.0"],
        ["name", "every operator"], ["source", "a test"],
      ])
    let generation = file.records("GENR")[0]
    let none = 0xffff_ffff
    let fields = [1, 0, none, 0, 3, 12, 0, 1, none, none, none, none, 0, 0, 0, 0]
    #expect((0..<16).map { file.file.u32(generation + 4 * $0) } == fields)
    #expect(file.records("GOLD").count == 3)
  }
}

/// Little-endian numbers of a file, and a checksum that shares nothing with the writer's.
private struct FileBytes {
  var bytes: [UInt8]

  private func integer(_ offset: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
  func u8(_ offset: Int) -> Int { integer(offset, 1) }
  func u16(_ offset: Int) -> Int { integer(offset, 2) }
  func u32(_ offset: Int) -> Int { integer(offset, 4) }
  func u64(_ offset: Int) -> Int { integer(offset, 8) }
  func f32(_ offset: Int) -> Float { Float(bitPattern: UInt32(u32(offset))) }
  func isZero(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy { $0 == 0 } }

  func crc(_ range: Range<Int>) -> Int {
    var crc = UInt32.max
    for byte in bytes[range] {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }
    return Int(~crc)
  }
}
