// SPDX-License-Identifier: Apache-2.0
// Attention of the float reference, over caches, blocks and memories: in double precision, caches unrounded.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FloatReference {
  /// Keys and values that one query of one head sees, in order, and what is added to their scores.
  private struct Seen {
    var keys: [ArraySlice<Double>]
    var values: [ArraySlice<Double>]
    var bias: (Int) -> Double = { _ in 0 }
  }

  /// y = Σ_j softmax_j(score(q, k_j) · scale + b_j) v_j; zeros where there are no rows.
  private static func attend(
    _ query: ArraySlice<Double>, _ seen: Seen, scale: Float, additive: [Double]? = nil, width: Int
  ) -> [Double] {
    let scores = seen.keys.enumerated().map { index, key in
      var score = 0.0
      if let additive {
        for (v, (q, k)) in zip(additive, zip(query, key)) { score += v * tanh(q + k) }
      } else {
        for (q, k) in zip(query, key) { score += q * k }
      }
      return score * Double(scale) + seen.bias(index)
    }
    var y = Array(repeating: 0.0, count: width)
    for (weight, row) in zip(softmax(scores[...]), seen.values) {
      for (element, value) in zip(y.indices, row) { y[element] += weight * value }
    }
    return y
  }

  /// Part `part` of `count` equal parts of a row.
  private static func part(_ row: ArraySlice<Double>, _ part: Int, of count: Int) -> ArraySlice<Double> {
    let width = row.count / count
    return row.dropFirst(part * width).prefix(width)
  }

  /// Row `row` of a cache.
  private func cacheRow(_ state: Int, _ row: Int) -> ArraySlice<Double> {
    let width = graph.states[state].width
    return states[state][row * width..<(row + 1) * width]
  }

  /// Writes the row's keys and values, then reads the last `window` rows that are filled, oldest first.
  func attend(
    _ attention: Graph.Attention, _ q: ArraySlice<Double>, _ k: ArraySlice<Double>, _ v: ArraySlice<Double>
  ) -> [Double] {
    let rows = graph.states[attention.keys].lanes
    let slot = Int(states[attention.slot][0])
    states[attention.keys].replaceSubrange(slot * k.count..<(slot + 1) * k.count, with: k)
    states[attention.values].replaceSubrange(slot * v.count..<(slot + 1) * v.count, with: v)
    let filled = min(Int(states[attention.filled][0]) + 1, rows)
    states[attention.slot][0] = Double((slot + 1) % rows)
    states[attention.filled][0] = Double(filled)
    let count = min(filled, attention.window)
    let slots = (0..<count).map { (slot + rows - count + 1 + $0) % rows }
    return (0..<attention.heads).flatMap { head in
      let keyHead = head * attention.keyHeads / attention.heads
      var seen = Seen(
        keys: slots.map { Self.part(cacheRow(attention.keys, $0), keyHead, of: attention.keyHeads) },
        values: slots.map { Self.part(cacheRow(attention.values, $0), keyHead, of: attention.keyHeads) })
      if let bias = attention.bias {
        let values = doubles(bias.constant)
        let own = Array(Self.part(values[...], head, of: attention.heads))
        seen.bias = { index in
          let past = count - 1 - index
          return if case .slopes = bias { -own[0] * Double(past) } else { own[min(past, own.count - 1)] }
        }
      }
      return Self.attend(
        Self.part(q, head, of: attention.heads), seen, scale: attention.scale, width: q.count / attention.heads)
    }
  }

  /// Rows of q, k and v that all see each other; one row of what comes out for each of q.
  func attendBlock(
    _ attention: Graph.BlockAttention, _ q: [ArraySlice<Double>], _ k: [ArraySlice<Double>], _ v: [ArraySlice<Double>]
  ) -> [[Double]] {
    q.indices.map { i in
      (0..<attention.heads).flatMap { head in
        let keyHead = head * attention.keyHeads / attention.heads
        var seen = Seen(
          keys: k.map { Self.part($0, keyHead, of: attention.keyHeads) },
          values: v.map { Self.part($0, keyHead, of: attention.keyHeads) })
        if let bias = attention.bias { seen.bias = self.bias(bias, head, of: attention.heads, rows: q.count, from: i) }
        return Self.attend(
          Self.part(q[i], head, of: attention.heads), seen, scale: attention.scale,
          width: v[0].count / attention.keyHeads)
      }
    }
  }

  /// What one head adds to the scores of query i in a block.
  private func bias(
    _ bias: Graph.AttentionBias, _ head: Int, of heads: Int, rows: Int, from i: Int
  ) -> (Int) -> Double {
    let values = doubles(bias.constant)
    switch bias {
    case .slopes: return { j in -values[head] * Double(abs(i - j)) }
    case .distances:
      let own = Array(Self.part(values[...], head, of: heads))
      let reach = own.count / 2
      return { j in own[min(max(j - i, -reach), reach) + reach] }
    case .mask:
      let own = values.count == rows * rows ? 0 : head
      return { j in values[(own * rows + i) * rows + j] }
    }
  }

  /// Appends a row's keys and values to a memory; what does not fit is left out.
  func remember(
    _ lanes: Int, _ keys: Int, _ values: Int, _ filled: Int, _ k: ArraySlice<Double>, _ v: ArraySlice<Double>
  ) {
    for lane in 0..<lanes {
      let count = Int(states[filled][0])
      guard count < graph.states[keys].lanes else { return }
      for (state, row) in [(keys, k), (values, v)] {
        let width = graph.states[state].width
        states[state].replaceSubrange(count * width..<(count + 1) * width, with: Self.part(row, lane, of: lanes))
      }
      states[filled][0] = Double(count + 1)
    }
  }

  func attend(_ attention: Graph.MemoryAttention, _ q: ArraySlice<Double>) -> [Double] {
    let count = Int(states[attention.filled][0])
    let width = graph.states[attention.values].width / attention.keyHeads
    return (0..<attention.heads).flatMap { head in
      let keyHead = head * attention.keyHeads / attention.heads
      let seen = Seen(
        keys: (0..<count).map { Self.part(cacheRow(attention.keys, $0), keyHead, of: attention.keyHeads) },
        values: (0..<count).map { Self.part(cacheRow(attention.values, $0), keyHead, of: attention.keyHeads) })
      return Self.attend(
        Self.part(q, head, of: attention.heads), seen, scale: attention.scale,
        additive: attention.score.map(doubles), width: width)
    }
  }
}
