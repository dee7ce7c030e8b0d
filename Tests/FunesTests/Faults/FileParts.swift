// SPDX-License-Identifier: Apache-2.0
// A .funes file taken apart, so that a test can change one field and put it together with every checksum right again.

import CFunesKernels
import FunesConvert
import FunesTestSupport

@testable import Funes

/// The sections of a file and what its header says beside them.
struct FileParts: Sendable {
  /// By `Section.rawValue`.
  var sections: [[UInt8]]
  var fixedArenaByteCount: UInt64
  var rowArenaByteCount: UInt64
  var fingerprint: [UInt8]

  init(_ bytes: [UInt8]) {
    sections = Section.allCases.map { section in
      let entry = 128 + section.rawValue * 32
      let offset = Int(bytes.number(UInt64.self, at: entry + 8))
      return Array(bytes[offset..<offset + Int(bytes.number(UInt64.self, at: entry + 16))])
    }
    fixedArenaByteCount = bytes.number(UInt64.self, at: 24)
    rowArenaByteCount = bytes.number(UInt64.self, at: 32)
    fingerprint = Array(bytes[48..<80])
  }

  init(_ graph: Graph, precision: Precision = .default) throws {
    self.init(try Converter(precision: precision).convert(graph).bytes)
  }

  /// Every operator, two programs, text, generation, metadata and two self-test records.
  static let everyOperator: FileParts = {
    do {
      return try FileParts(.everyOperator())
    } catch {
      preconditionFailure("FileParts: \(error)")
    }
  }()

  /// The same with 16-bit weights, which are two planes.
  static let everyOperatorWide: FileParts = {
    do {
      return try FileParts(.everyOperator(), precision: .high)
    } catch {
      preconditionFailure("FileParts: \(error)")
    }
  }()

  // MARK: Together

  /// The file, sealed.
  var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: 128 + Section.count * 32)
    for section in Section.allCases {
      file.pad(to: 64)
      let entry = 128 + section.rawValue * 32
      file.set(section.tag, at: entry)
      file.set(UInt64(file.count), at: entry + 8)
      file.set(UInt64(sections[section.rawValue].count), at: entry + 16)
      file.set(UInt32(section.stride), at: entry + 28)
      file += sections[section.rawValue]
    }
    file.pad(to: 64)
    file.replaceSubrange(0..<8, with: [0x89, 0x46, 0x55, 0x4E, 0x0D, 0x0A, 0x1A, 0x0A])
    file.set(UInt32(2), at: 8)
    file.set(UInt32(Section.count), at: 12)
    file.set(UInt64(file.count), at: 16)
    file.set(fixedArenaByteCount, at: 24)
    file.set(rowArenaByteCount, at: 32)
    file.replaceSubrange(48..<80, with: fingerprint)
    file.seal()
    return file
  }

  // MARK: Fields

  func number<T: FixedWidthInteger>(_ type: T.Type, _ section: Section, _ record: Int, _ offset: Int) -> T {
    sections[section.rawValue].number(type, at: record * section.stride + offset)
  }

  mutating func set<T: FixedWidthInteger>(_ value: T, _ section: Section, _ record: Int, _ offset: Int) {
    sections[section.rawValue].set(value, at: record * section.stride + offset)
  }
  mutating func set8(_ section: Section, _ record: Int, _ offset: Int, _ value: UInt8) {
    set(value, section, record, offset)
  }
  mutating func set16(_ section: Section, _ record: Int, _ offset: Int, _ value: UInt16) {
    set(value, section, record, offset)
  }
  mutating func set32(_ section: Section, _ record: Int, _ offset: Int, _ value: UInt32) {
    set(value, section, record, offset)
  }
  mutating func set64(_ section: Section, _ record: Int, _ offset: Int, _ value: UInt64) {
    set(value, section, record, offset)
  }

  func count(_ section: Section) -> Int { sections[section.rawValue].count / section.stride }

  /// Appends records of zeros until there are `count`.
  mutating func grow(_ section: Section, to count: Int) {
    sections[section.rawValue] += [UInt8](repeating: 0, count: (count - self.count(section)) * section.stride)
  }

  mutating func removeLast(_ section: Section) { sections[section.rawValue].removeLast(section.stride) }

  // MARK: Records by name

  func name(_ section: Section, _ record: Int) -> String {
    let offset = number(UInt32.self, section, record, section == .operators || section == .ports ? 4 : 0)
    return String(decoding: sections[0][Int(offset)...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The first record of that name.
  func index(_ section: Section, _ name: String) -> Int {
    for record in 0..<count(section) where self.name(section, record) == name { return record }
    preconditionFailure("FileParts: no \(section) named \(name)")
  }

  func constant(_ name: String) -> Int { index(.constants, name) }
  func value(_ name: String) -> Int { index(.values, name) }
  func state(_ name: String) -> Int { index(.states, name) }
  func op(_ name: String) -> Int { index(.operators, name) }
  func port(_ name: String) -> Int { index(.ports, name) }
}

extension [UInt8] {
  func number<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
    withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type)) }
  }

  mutating func set<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self) }
  }

  mutating func pad(to alignment: Int) {
    append(contentsOf: repeatElement(0, count: (alignment - count % alignment) % alignment))
  }

  /// Makes the checksums of every section that lies in the file right, then those of the table and the header.
  mutating func seal() {
    for index in 0..<Section.count {
      let entry = 128 + index * 32
      guard entry + 32 <= count else { break }
      let (offset, size) = (number(UInt64.self, at: entry + 8), number(UInt64.self, at: entry + 16))
      guard offset <= UInt64(count), size <= UInt64(count) - offset else { continue }
      set(withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + Int(offset), Int(size)) }, at: entry + 24)
    }
    sealHeader()
  }

  /// Makes the checksums of the table and the header right.
  mutating func sealHeader() {
    let table = Swift.min(Section.count * 32, count - 128)
    set(withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 128, table) }, at: 120)
    sealHeaderAlone()
  }

  /// Makes the checksum of the header right.
  mutating func sealHeaderAlone() { set(withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 124) }, at: 124) }
}
