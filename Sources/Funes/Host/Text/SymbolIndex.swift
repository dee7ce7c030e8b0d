// SPDX-License-Identifier: Apache-2.0
// Symbols in the order of their bytes, so that one and all its beginnings are found by narrowing a range: no table that
// could be made to clash, and ten bytes a symbol beside its own.

#if !hasFeature(Embedded)
  /// Finds symbols by their bytes.
  struct SymbolIndex: Sendable {
    private let bytes: [UInt8]
    /// Where the bytes of each symbol in order begin, and at the end where the last one's end.
    private let starts: [Int32]
    private let ids: [Int32]
    /// In the order, where symbols begin whose first byte is at least so much.
    private let firsts: [Int32]
    /// Bytes of the longest.
    let longest: Int

    /// Of equal symbols the first is found. At most 2^31 bytes in all.
    init(_ symbols: [(bytes: [UInt8], id: Int32)]) {
      // Most are told apart by their first eight bytes, as one number.
      let keys = symbols.indices.map { (head: SymbolIndex.head(symbols[$0].bytes), symbol: $0) }
      let order = keys.sorted { left, right in
        if left.head != right.head { return left.head < right.head }
        let (first, second) = (symbols[left.symbol], symbols[right.symbol])
        if first.bytes == second.bytes { return first.id < second.id }
        return first.bytes.lexicographicallyPrecedes(second.bytes)
      }
      var bytes: [UInt8] = []
      var starts: [Int32] = []
      var ids: [Int32] = []
      var longest = 0
      var last: [UInt8] = []
      for key in order {
        let symbol = symbols[key.symbol]
        guard symbol.bytes != last else { continue }
        starts.append(Int32(bytes.count))
        ids.append(symbol.id)
        bytes += symbol.bytes
        longest = max(longest, symbol.bytes.count)
        last = symbol.bytes
      }
      starts.append(Int32(bytes.count))
      var firsts = [Int32](repeating: 0, count: 257)
      for start in starts.dropLast() { firsts[Int(bytes[Int(start)]) + 1] += 1 }
      for value in 1...256 { firsts[value] += firsts[value - 1] }
      self.bytes = bytes
      self.starts = starts
      self.ids = ids
      self.firsts = firsts
      self.longest = longest
    }

    private static func head(_ bytes: [UInt8]) -> UInt64 {
      var head: UInt64 = 0
      for index in 0..<8 { head = head << 8 | UInt64(index < bytes.count ? bytes[index] : 0) }
      return head
    }

    /// The symbol that is these bytes.
    func id(_ text: ArraySlice<UInt8>) -> Int32? {
      var found: Int32?
      prefixes(of: text) { length, id in if length == text.count { found = id } }
      return found
    }

    func id(_ text: [UInt8]) -> Int32? { id(text[...]) }

    /// Calls `body` with each symbol that the text begins with, the shortest first.
    func prefixes(of text: ArraySlice<UInt8>, _ body: (_ length: Int, _ id: Int32) -> Void) {
      guard let first = text.first else { return }
      var low = Int(firsts[Int(first)])
      var high = Int(firsts[Int(first) + 1])
      var depth = 1
      while low < high {
        // Symbols low ..< high begin with the text's first `depth` bytes; one that is no longer stands first.
        if count(low) == depth {
          body(depth, ids[low])
          low += 1
        }
        guard depth < text.count else { return }
        let byte = text[text.startIndex + depth]
        low = bound(low, high, depth) { $0 < byte }
        high = bound(low, high, depth) { $0 <= byte }
        depth += 1
      }
    }

    private func count(_ index: Int) -> Int { Int(starts[index + 1] - starts[index]) }

    /// The first of low ..< high whose byte at `depth` is not as asked for.
    private func bound(_ low: Int, _ high: Int, _ depth: Int, _ isBelow: (UInt8) -> Bool) -> Int {
      var (low, high) = (low, high)
      while low < high {
        let middle = (low + high) / 2
        if isBelow(bytes[Int(starts[middle]) + depth]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }
#endif
