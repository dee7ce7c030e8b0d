// SPDX-License-Identifier: Apache-2.0
// The STRS section: every string of the file once, sorted by bytes, each ended by NUL, the first empty.

/// Strings and the offsets that name them.
struct StringTable {
  let bytes: [UInt8]
  private let offsets: [[UInt8]: Int]

  init(_ strings: some Sequence<String>) throws(ConversionError) {
    var unique: Set<[UInt8]> = [[]]
    for string in strings {
      let utf8 = Array(string.utf8)
      guard !utf8.contains(0) else { throw .nulInString(string) }
      unique.insert(utf8)
    }
    var bytes: [UInt8] = []
    var offsets: [[UInt8]: Int] = [:]
    for string in unique.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      offsets[string] = bytes.count
      bytes += string
      bytes.append(0)
    }
    self.bytes = bytes
    self.offsets = offsets
  }

  /// The offset of a string that the table was made with.
  subscript(string: String) -> Int {
    guard let offset = offsets[Array(string.utf8)] else { preconditionFailure("StringTable: a string is not in it") }
    return offset
  }
}
