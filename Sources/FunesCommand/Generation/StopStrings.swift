// SPDX-License-Identifier: Apache-2.0
// Strings that end a text, found wherever they stand in it, also across symbols.

/// Lets a text through as it comes, but for what may yet turn out to be a stop string.
struct StopStrings {
  let strings: [[UInt8]]
  /// What has come and begins a stop string, as far as it goes.
  private var held: [UInt8] = []

  /// None of the strings is empty.
  init(_ strings: [String]) { self.strings = strings.map { Array($0.utf8) } }

  var isEmpty: Bool { strings.isEmpty }

  /// Takes the next bytes of the text. Returns what can be shown, and whether a stop string has come: the text ends
  /// before it.
  mutating func push(_ bytes: [UInt8]) -> (shown: [UInt8], isFound: Bool) {
    if strings.isEmpty { return (bytes, false) }
    held += bytes
    if let place = place(in: held) {
      defer { held = [] }
      return (Array(held[..<place]), true)
    }
    let shown = held.count - partByteCount(held)
    defer { held.removeFirst(shown) }
    return (Array(held[..<shown]), false)
  }

  /// Ends the text: what was held back was no stop string.
  mutating func finish() -> [UInt8] {
    defer { held = [] }
    return held
  }

  /// Where the first stop string of a text begins.
  func place(in text: [UInt8]) -> Int? {
    text.indices.first { begin in strings.contains { text[begin...].starts(with: $0) } }
  }

  /// How many bytes at the end are the longest beginning of a stop string.
  private func partByteCount(_ text: [UInt8]) -> Int {
    let longest = strings.reduce(0) { max($0, $1.count - 1) }
    for count in stride(from: min(longest, text.count), to: 0, by: -1) {
      let part = text.suffix(count)
      if strings.contains(where: { $0.count > count && $0.starts(with: part) }) { return count }
    }
    return 0
  }
}
