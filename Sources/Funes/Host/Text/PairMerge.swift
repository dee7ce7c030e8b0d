// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding: of all neighbours the best pair becomes one, until no pair is left. Time n log n for any text.

#if !hasFeature(Embedded)
  /// Which pairs become one, and in which order.
  protocol PairMerging {
    /// What two symbols side by side become; the greater priority comes first. Nil where they stay two.
    func merge(_ left: Int32, _ right: Int32) -> (priority: Float, id: Int32)?
  }

  /// Merges the symbols of one chunk: the pair of the greatest priority first, the leftmost of equals.
  struct PairMerge<Rules: PairMerging> {
    /// A pair that becomes one, if both still stand where they stood.
    private struct Pair {
      var priority: Float
      var position: Int
      var left: Int32
      var right: Int32
      var merged: Int32

      func isBefore(_ other: Pair) -> Bool {
        priority != other.priority ? priority > other.priority : position < other.position
      }
    }

    private let rules: Rules
    /// At the position of its first character each symbol; −1 where one has been merged into the one before.
    private var ids: [Int32]
    private var next: [Int]
    private var previous: [Int]
    /// A binary heap, the best pair first.
    private var heap: [Pair] = []

    /// At least one id.
    init(_ ids: [Int32], _ rules: Rules) {
      self.ids = ids
      self.rules = rules
      next = Array(1...ids.count)
      previous = Array(-1..<(ids.count - 1))
      for position in 0..<(ids.count - 1) { consider(position) }
    }

    var result: [Int32] { ids.filter { $0 >= 0 } }

    mutating func run() {
      while let pair = popBest() {
        let (left, right) = (pair.position, next[pair.position])
        guard ids[left] == pair.left, right < ids.count, ids[right] == pair.right else { continue }
        ids[left] = pair.merged
        ids[right] = -1
        next[left] = next[right]
        if next[left] < ids.count { previous[next[left]] = left }
        consider(left)
        if previous[left] >= 0 { consider(previous[left]) }
      }
    }

    /// Puts the symbol at a position and the one after it on the heap, if they become one.
    private mutating func consider(_ position: Int) {
      let right = next[position]
      guard right < ids.count, let merge = rules.merge(ids[position], ids[right]) else { return }
      heap.append(
        Pair(
          priority: merge.priority, position: position, left: ids[position], right: ids[right], merged: merge.id))
      var child = heap.count - 1
      while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }

    private mutating func popBest() -> Pair? {
      guard let best = heap.first else { return nil }
      heap.swapAt(0, heap.count - 1)
      heap.removeLast()
      var parent = 0
      while 2 * parent + 1 < heap.count {
        var child = 2 * parent + 1
        if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
        guard heap[child].isBefore(heap[parent]) else { break }
        heap.swapAt(child, parent)
        parent = child
      }
      return best
    }
  }
#endif
