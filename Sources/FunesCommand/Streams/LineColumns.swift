// SPDX-License-Identifier: Apache-2.0
// The columns of a line, parted by commas, by blanks, or by both.

/// Walks over the columns of a line. A comma parts two columns even where nothing stands between; blanks around columns
/// do not count.
struct LineColumns {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0
  /// A comma has been passed, so a column follows even at the end of the line.
  private var owesColumn = false
  /// Whether the line holds nothing but blanks.
  let isBlank: Bool

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    isBlank = bytes.allSatisfy { NumberText.isBlank($0) }
  }

  /// The next column and where it begins, from 1; nil at the end of the line.
  mutating func next() -> (word: UnsafeRawBufferPointer, column: Int)? {
    skipBlanks()
    let begin = position
    while position < bytes.count, bytes[position] != UInt8(ascii: ","), !NumberText.isBlank(bytes[position]) {
      position += 1
    }
    let word = UnsafeRawBufferPointer(rebasing: bytes[begin..<position])
    if word.isEmpty, position == bytes.count, !owesColumn { return nil }
    skipBlanks()
    owesColumn = position < bytes.count && bytes[position] == UInt8(ascii: ",")
    if owesColumn { position += 1 }
    return (word, begin + 1)
  }

  private mutating func skipBlanks() {
    while position < bytes.count, NumberText.isBlank(bytes[position]) { position += 1 }
  }
}
