// SPDX-License-Identifier: Apache-2.0
// The string table: sorted by bytes, each string once, the empty one first.

import Testing

@testable import FunesConvert

@Suite struct StringTableTests {
  @Test func stringsAreSortedByBytesAndStandOnce() throws {
    let table = try StringTable(["b", "a", "b", "é", "z", "ab", ""])
    let strings = table.bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    #expect(strings == ["", "a", "ab", "b", "z", "é"].map { Array($0.utf8) })
    for string in ["", "a", "ab", "b", "z", "é"] {
      let offset = table[string]
      #expect(Array(table.bytes[offset...].prefix { $0 != 0 }) == Array(string.utf8))
      #expect(offset == 0 || table.bytes[offset - 1] == 0)
    }
    #expect(try StringTable([]).bytes == [0])
  }

  /// Swift compares é and e + accent as equal; their bytes differ, and a file keeps both.
  @Test func spellingsOfOneCharacterStayApart() throws {
    let table = try StringTable(["\u{e9}", "e\u{301}"])
    #expect(table.bytes.count == 1 + 3 + 4)
    #expect(table["\u{e9}"] != table["e\u{301}"])
  }

  @Test func aNULIsRefused() {
    #expect(throws: ConversionError.nulInString("a\0b")) { try StringTable(["a\0b"]) }
  }
}
