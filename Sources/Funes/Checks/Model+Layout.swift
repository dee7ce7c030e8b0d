// SPDX-License-Identifier: Apache-2.0
// The first rules a file is held to: its header, its section table, and that every byte belongs to something.

import CFunesKernels

extension Model {
  static let magic: UInt64 = 0x0A1A_0A0D_4E55_4689
  /// Of the file format that this runtime reads, and the writer writes.
  package static let version = 2
  static let headerByteCount = 128

  func checkHeader() throws(ModelError) {
    let header = Record(base: base)
    guard header.u64(0) == Model.magic else { throw .notAFunesFile }
    let version = header.u32(8)
    guard version == UInt32(Model.version) else {
      throw .unsupportedVersion(found: Int(clamping: version), supported: Model.version)
    }
    let crc = funes_crc32c(0, base, 124)
    try header.require(header.u32(124) == crc, .checksum, UInt64(header.u32(124)), UInt64(crc))
    try header.require(header.u32(12) == 15, .sectionCount, UInt64(header.u32(12)), 15)
    let length = header.u64(16)
    try header.require(length == UInt64(byteCount) && length % 64 == 0, .fileByteCount, length, UInt64(byteCount))
    for offset in stride(from: 24, through: 32, by: 8) {
      let arena = header.u64(offset)
      try header.require(
        arena % 64 == 0 && arena <= 1 << 36 && arena <= UInt64(Int.max / 4), .arenaByteCount, arena, 1 << 36)
    }
    try header.require(header.isZero(40..<48) && header.isZero(80..<120), .reserved, 1, 0)
  }

  mutating func checkSections() throws(ModelError) {
    let header = Record(base: base)
    let tableByteCount = Section.count * 32
    var end = UInt64(Model.headerByteCount + tableByteCount)
    guard end <= UInt64(byteCount) else {
      throw .header(rule: .fileByteCount, found: UInt64(byteCount), expected: end)
    }
    let crc = funes_crc32c(0, base + Model.headerByteCount, tableByteCount)
    try header.require(header.u32(120) == crc, .checksum, UInt64(header.u32(120)), UInt64(crc))
    for index in 0..<Section.count {
      guard let section = Section(rawValue: index) else { continue }
      let entry = Record(base: base + (Model.headerByteCount + index * 32))
      try section.require(entry.u32(0) == section.tag, .sectionKind, UInt64(entry.u32(0)), UInt64(section.tag))
      try section.require(entry.u32(4) == 0, .reserved, UInt64(entry.u32(4)), 0)
      let offset = entry.u64(8)
      let size = entry.u64(16)
      let begin = (end + 63) / 64 * 64
      try section.require(offset == begin && begin <= UInt64(byteCount), .sectionOffset, offset, begin)
      try checkZero(from: end, to: begin, section)
      let stride = UInt64(section.stride)
      try section.require(UInt64(entry.u32(28)) == stride, .stride, UInt64(entry.u32(28)), stride)
      try section.require(size <= UInt64(byteCount) - begin, .sectionByteCount, size, UInt64(byteCount) - begin)
      try section.require(size % stride == 0, .sectionByteCount, size, size / stride * stride)
      let count = size / stride
      try section.require(count <= section.recordLimit, .recordCount, count, section.recordLimit)
      let crc = funes_crc32c(0, base + Int(begin), Int(size))
      try section.require(entry.u32(24) == crc, .checksum, UInt64(entry.u32(24)), UInt64(crc))
      offsets[index] = Int(begin)
      counts[index] = Int(count)
      end = begin + size
    }
    let begin = (end + 63) / 64 * 64
    guard begin == UInt64(byteCount) else {
      throw .header(rule: .fileByteCount, found: UInt64(byteCount), expected: begin)
    }
    try checkZero(from: end, to: begin, .data)
  }

  private func checkZero(from begin: UInt64, to end: UInt64, _ section: Section) throws(ModelError) {
    let isZero = Record(base: base).isZero(Int(begin)..<Int(end))
    try section.require(isZero, .reserved, 1, 0)
  }

  func checkStrings() throws(ModelError) {
    let count = count(.strings)
    let begin = start(.strings)
    guard count > 0, begin.load(as: UInt8.self) == 0, begin.load(fromByteOffset: count - 1, as: UInt8.self) == 0 else {
      throw .section(.strings, rule: .stringEnds, found: UInt64(count), expected: 1)
    }
    var length: UInt64 = 0
    for offset in 0..<count {
      length = begin.load(fromByteOffset: offset, as: UInt8.self) == 0 ? 0 : length + 1
      try Section.strings.require(length <= 4_096, .stringByteCount, length, 4_096)
    }
  }

  /// Whether an offset names a string: 0, or the byte after a NUL.
  func isString(_ offset: UInt32) -> Bool {
    guard offset < UInt32(count(.strings)) else { return false }
    return offset == 0 || start(.strings).load(fromByteOffset: Int(offset) - 1, as: UInt8.self) == 0
  }

  func checkName(_ offset: UInt32, _ section: Section, _ index: Int) throws(ModelError) {
    guard isString(offset) else {
      throw .record(section, index: index, rule: .name, found: UInt64(offset), expected: UInt64(count(.strings)))
    }
  }
}

extension Record {
  /// Throws a header rule that does not hold.
  func require(_ holds: Bool, _ rule: ModelError.Rule, _ found: UInt64, _ expected: UInt64) throws(ModelError) {
    if !holds { throw .header(rule: rule, found: found, expected: expected) }
  }
}

extension Section {
  /// Throws a section rule that does not hold.
  func require(_ holds: Bool, _ rule: ModelError.Rule, _ found: UInt64, _ expected: UInt64) throws(ModelError) {
    if !holds { throw .section(self, rule: rule, found: found, expected: expected) }
  }

  /// Throws a record rule that does not hold.
  func require(
    _ index: Int, _ holds: Bool, _ rule: ModelError.Rule, _ found: UInt64 = 0, _ expected: UInt64 = 0
  ) throws(ModelError) {
    if !holds { throw .record(self, index: index, rule: rule, found: found, expected: expected) }
  }
}
