// SPDX-License-Identifier: Apache-2.0
// Bad files: the header, the section table, padding and strings.

@testable import Funes

private let e = FileParts.everyOperator
private let length = e.bytes.count

/// Byte offset of a section's entry in the table.
private func entry(_ section: Section) -> Int { 128 + section.rawValue * 32 }

private func header(
  _ name: String, _ rule: ModelError.Rule, _ found: Int, _ expected: Int,
  _ edit: @escaping @Sendable (inout [UInt8]) -> Void
) -> BadFile {
  bad(
    "header: \(name)", .header(rule: rule, found: UInt64(found), expected: UInt64(expected))
  ) {
    edit(&$0)
    $0.sealHeader()
  }
}

private func table<T: FixedWidthInteger & Sendable>(
  _ name: String, _ section: Section, at offset: Int, _ value: T, _ rule: ModelError.Rule, _ expected: Int
) -> BadFile {
  bad(
    "table, \(section): \(name)",
    .section(section, rule: rule, found: UInt64(truncatingIfNeeded: value), expected: UInt64(expected))
  ) {
    $0.set(value, at: entry(section) + offset)
    $0.sealHeader()
  }
}

extension BadFile {
  static let layout: [BadFile] =
    [
      bad("no byte", .tooShort(found: 0)) { $0 = [] },
      bad("one byte less than a header", .tooShort(found: 127)) { $0 = Array($0[..<127]) },
      bad("another magic number", .notAFunesFile) { $0[0] = 0x88 },
      bad("line ends made those of text", .notAFunesFile) { $0.remove(at: 4) },
      bad("seven-bit bytes", .notAFunesFile) { $0 = $0.map { $0 & 0x7F } },
      bad("a state snapshot", .notAFunesFile) { $0.replaceSubrange(2..<4, with: [0x53, 0x54]) },
      bad("version 1", .unsupportedVersion(found: 1, supported: 2)) { $0.set(UInt32(1), at: 8) },
      bad("version 3", .unsupportedVersion(found: 3, supported: 2)) { $0.set(UInt32(3), at: 8) },
      bad("the last version", .unsupportedVersion(found: nothing, supported: 2)) { $0.set(UInt32.max, at: 8) },
      header("14 sections", .sectionCount, 14, 15) { $0.set(UInt32(14), at: 12) },
      header("16 sections", .sectionCount, 16, 15) { $0.set(UInt32(16), at: 12) },
      header("a longer file", .fileByteCount, length + 64, length) { $0.set(UInt64(length + 64), at: 16) },
      header("a byte more in the file", .fileByteCount, length, length + 1) { $0.append(0) },
      header("a byte more in file and header", .fileByteCount, length + 1, length + 1) {
        $0.append(0)
        $0.set(UInt64(length + 1), at: 16)
      },
      header("zeros after the last section", .fileByteCount, length + 64, length) {
        $0 += [UInt8](repeating: 0, count: 64)
        $0.set(UInt64(length + 64), at: 16)
      },
      header("two files, one after the other", .fileByteCount, length, 2 * length) { $0 += $0 },
      header("two files as one", .fileByteCount, 2 * length, length) {
        $0 += $0
        $0.set(UInt64(2 * length), at: 16)
      },
      header("an end before the table's", .fileByteCount, 576, 608) {
        $0 = Array($0[..<576])
        $0.set(UInt64(576), at: 16)
      },
      header("the fixed arena is no multiple of 64", .arenaByteCount, 32, 1 << 36) { $0.set(UInt64(32), at: 24) },
      header("the row arena is no multiple of 64", .arenaByteCount, 1, 1 << 36) { $0.set(UInt64(1), at: 32) },
      header("the fixed arena is above 2^36", .arenaByteCount, 1 << 36 + 64, 1 << 36) {
        $0.set(UInt64(1 << 36 + 64), at: 24)
      },
      header("the row arena is above 2^36", .arenaByteCount, 1 << 62, 1 << 36) { $0.set(UInt64(1 << 62), at: 32) },
      header("reserved bytes before the fingerprint", .reserved, 1, 0) { $0[47] = 1 },
      header("reserved bytes after the fingerprint", .reserved, 1, 0) { $0[80] = 1 },
      header("the last reserved byte", .reserved, 1, 0) { $0[119] = 1 },
      headerChecksum, tableChecksum,
      table("another kind", .values, at: 0, Section.states.tag, .sectionKind, Int(Section.values.tag)),
      table("reserved bytes", .data, at: 4, UInt32(1), .reserved, 0),
      table("an offset beyond the file", .strings, at: 8, UInt64(1 << 40), .sectionOffset, 640),
      table("an overlap", .constants, at: 8, UInt64(640), .sectionOffset, start(.constants)),
      table("a gap", .constants, at: 8, UInt64(start(.constants) + 64), .sectionOffset, start(.constants)),
      table("another stride", .constants, at: 28, UInt32(32), .stride, 64),
      table("no stride", .data, at: 28, UInt32(0), .stride, 1),
      table(
        "more bytes than the file", .data, at: 16, UInt64(1) << 63, .sectionByteCount, length - start(.data)),
      table(
        "half a record", .constants, at: 16, UInt64(e.count(.constants) * 64 - 32), .sectionByteCount,
        e.count(.constants) * 64 - 64),
      bad("padding before the strings", .section(.strings, rule: .reserved, found: 1, expected: 0)) { $0[639] = 1 },
      bad("padding between sections", .section(.constants, rule: .reserved, found: 1, expected: 0)) {
        $0[start(.constants) - 1] = 0xFF
      },
      bad("the strings begin with no NUL", whole: .strings, .stringEnds, e.count(.strings), 1) {
        $0.sections[0][0] = 65
      },
      bad("the strings end with no NUL", whole: .strings, .stringEnds, e.count(.strings), 1) {
        $0.sections[0][$0.sections[0].count - 1] = 65
      },
      bad("no strings", whole: .strings, .stringEnds, 0, 1) { $0.sections[0] = [] },
      bad("a string of 4,097 bytes", whole: .strings, .stringByteCount, 4_097, 4_096) {
        $0.sections[0] += [UInt8](repeating: 65, count: 4_097) + [0]
      },
      bad("no program", whole: .programs, .recordCount, 0, 1) { $0.sections[Section.programs.rawValue] = [] },
      trailingPadding,
    ] + checksums + recordCounts + names

  /// Constants end at multiples of 64, so that only a file that is wrong in other ways has padding there.
  private static let trailingPadding = bad(
    "padding after the last section", .section(.data, rule: .reserved, found: 1, expected: 0)
  ) {
    var parts = e
    parts.sections[Section.data.rawValue] = [1]
    $0 = parts.bytes
    $0[$0.count - 1] = 1
  }

  private static let headerChecksum: BadFile = {
    var bytes = e.bytes
    let crc = bytes.number(UInt32.self, at: 124)
    bytes.set(crc ^ 1, at: 124)
    let damaged = bytes
    return bad("the header's checksum", .header(rule: .checksum, found: UInt64(crc ^ 1), expected: UInt64(crc))) {
      $0 = damaged
    }
  }()

  private static let tableChecksum: BadFile = {
    let crc = e.bytes.number(UInt32.self, at: 120)
    return bad("the table's checksum", .header(rule: .checksum, found: UInt64(~crc), expected: UInt64(crc))) {
      $0.set(~crc, at: 120)
      $0.sealHeaderAlone()
    }
  }()

  private static let checksums: [BadFile] = Section.allCases.map { section in
    let crc = e.bytes.number(UInt32.self, at: entry(section) + 24)
    return table("the checksum", section, at: 24, ~crc, .checksum, Int(crc))
  }

  /// One record above each section's limit, where that is a file of reasonable size.
  private static let recordCounts: [BadFile] = Section.allCases.filter { $0 != .data }.map { section in
    let count = Int(section.recordLimit) + 1
    return bad("too many records", whole: section, .recordCount, count, count - 1) { $0.grow(section, to: count) }
  }

  /// Each name of each kind of record: beyond the strings, and inside one.
  private static let names: [BadFile] = [
    (Section.constants, 0), (.states, 0), (.values, 0), (.programs, 0), (.ports, 4), (.operators, 4), (.texts, 16),
    (.symbols, 0), (.metadata, 0), (.metadata, 4),
  ].flatMap { section, offset in
    [UInt32(e.count(.strings)), 2, .max].map {
      bad("a name at", section, 0, at: offset, $0, .name, e.count(.strings))
    }
  }
}

private func start(_ section: Section) -> Int { Int(e.bytes.number(UInt64.self, at: entry(section) + 8)) }
