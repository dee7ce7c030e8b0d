// SPDX-License-Identifier: Apache-2.0
// Memories: rows appended as halves until they are full, and attention over them by both scores: against double, every
// ISA and team against the definition.

import CFunesKernels
import Foundation
import Testing

/// Where an element of a row stands in a cache of so many rows of `count`: FORMAT.md's words, as they are.
private func cacheIndex(row: Int, _ element: Int, of count: Int, rows: Int) -> Int {
  let block = row / 16
  return 16 * count * block + min(16, rows - 16 * block) * element + row % 16
}

private final class MemoryBench {
  let heads: Int, keyHeads: Int, width: Int, valueWidth: Int, limit: Int
  let keys: Memory<UInt16>, values: Memory<UInt16>
  let filled = Memory<UInt32>(1, zero: 0)
  let k: Memory<Float>, v: Memory<Float>, q: Memory<Float>, y: Memory<Float>, score: Memory<Float>
  let scale: Float = 0.75
  var remember = funes_op(), attention = funes_op()
  static let rowCount = 6

  /// Rows of `appended` keys and values each.
  init(
    heads: Int = 3, keyHeads: Int = 1, width: Int, valueWidth: Int, limit: Int, appended: Int = 1,
    isAdditive: Bool = false, isBytes: Bool = false
  ) {
    (self.heads, self.keyHeads, self.width, self.valueWidth) = (heads, keyHeads, width, valueWidth)
    self.limit = limit
    var random = Seeded(12)
    func numbers(_ count: Int) -> Memory<Float> { Memory((0..<count).map { _ in random.unit() }) }
    k = numbers(Self.rowCount * appended * keyHeads * width)
    v = numbers(Self.rowCount * appended * keyHeads * valueWidth)
    q = numbers(Self.rowCount * heads * width)
    y = Memory(Self.rowCount * heads * valueWidth)
    score = numbers(width)
    // Enough for bytes and their scales.
    keys = Memory(limit * keyHeads * (width + 4) + 64, zero: 0)
    values = Memory(limit * keyHeads * (valueWidth + 4) + 64, zero: 0)
    remember.input_count = 2
    remember.in.0 = rows(k, width: appended * keyHeads * width)
    remember.in.1 = rows(v, width: appended * keyHeads * valueWidth)
    remember.number.0 = Int32(appended)
    attention.input_count = 1
    attention.in.0 = rows(q, width: heads * width)
    attention.out.0 = rows(y, width: heads * valueWidth)
    (attention.number.0, attention.number.1) = (Int32(heads), Int32(keyHeads))
    (attention.number.2, attention.number.3) = (Int32(bitPattern: scale.bitPattern), isAdditive ? 1 : 0)
    (attention.vector.0, attention.vector_count.0) = (UnsafePointer(score.base), Int32(width))
    for op in [\MemoryBench.remember, \MemoryBench.attention] {
      func state(_ base: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
        base.assumingMemoryBound(to: Float.self)
      }
      self[keyPath: op].state = (state(keys.base), state(values.base), state(filled.base), nil)
      if isBytes { self[keyPath: op].state_heads = (Int32(keyHeads), Int32(keyHeads), 0, 0) }
      self[keyPath: op].state_rows = (Int32(limit), Int32(limit), 1, 0)
    }
  }

  func remember(isa: String, block: Int) {
    filled.base[0] = 0
    keys.fill(0)
    values.fill(0)
    let team = Team(isa: isa)
    for row in stride(from: 0, to: Self.rowCount, by: block) {
      funes_remember(&remember, &team.context, Int32(row), Int32(min(block, Self.rowCount - row)))
    }
  }

  func attend(isa: String, threads: Int = 1, block: Int = rowCount) -> [UInt32] {
    y.fill(.nan)
    let bytes = funes_memory_attention_thread_scratch_bytes(&attention)
    let team = Team(isa: isa, threads: threads, threadScratchBytes: bytes)
    for row in stride(from: 0, to: Self.rowCount, by: block) {
      funes_memory_attention(&attention, &team.context, Int32(row), Int32(min(block, Self.rowCount - row)))
    }
    return bits(y.values)
  }

  func run(isa: String, threads: Int = 1, block: Int) -> [UInt32] {
    remember(isa: isa, block: block)
    return attend(isa: isa, threads: threads, block: block) + keys.values.map { UInt32($0) }
      + values.values.map { UInt32($0) } + filled.values
  }

  var expected: [Double] {
    func half(_ x: UInt16) -> Double { Double(funes_float_of_half(x)) }
    let count = Int(filled.base[0])
    func cached(_ memory: Memory<UInt16>, _ row: Int, _ keyHead: Int, _ element: Int, width: Int) -> Double {
      let at = cacheIndex(row: row, keyHead * width + element, of: keyHeads * width, rows: limit)
      if attention.state_heads.0 == 0 { return half(memory.base[at]) }
      let bytes = UnsafeRawPointer(memory.base)
      let scales = (limit * keyHeads * width + 63) / 64 * 64
      let scaleIndex = cacheIndex(row: row, keyHead, of: keyHeads, rows: limit)
      let scale = bytes.load(fromByteOffset: scales + scaleIndex * 4, as: Float.self)
      return Double(bytes.load(fromByteOffset: at, as: Int8.self)) * Double(scale)
    }
    return (0..<y.count).map { at in
      let (row, head, element) = (at / (heads * valueWidth), at / valueWidth % heads, at % valueWidth)
      let keyHead = head * keyHeads / heads
      let scores = (0..<count).map { j in
        (0..<width).reduce(0.0) {
          let q = Double(q.base[(row * heads + head) * width + $1])
          let k = cached(keys, j, keyHead, $1, width: width)
          return $0 + (attention.number.3 == 1 ? Double(score.base[$1]) * tanh(q + k) : q * k)
        } * Double(scale)
      }
      let e = scores.map { exp($0 - scores.max()!) }
      let weighed = (0..<count).reduce(0.0) {
        $0 + e[$1] * cached(values, $1, keyHead, element, width: valueWidth)
      }
      return count == 0 ? 0 : weighed / e.reduce(0, +)
    }
  }
}

@Test(arguments: [false, true], [false, true])
func memoriesAgreeWithDoubleAndAcrossISAs(isAdditive: Bool, isBytes: Bool) {
  for width in (Array(1...18) + [31, 32, 33, 64]).thinned {
    for (valueWidth, appended) in [(1, 1), (width, 2), (21, 7)] {
      let bench = MemoryBench(
        heads: isAdditive ? 1 : 3, width: width, valueWidth: valueWidth, limit: 43, appended: appended,
        isAdditive: isAdditive, isBytes: isBytes)
      let definition = bench.run(isa: "scalar", block: 1)
      #expect(bench.filled.base[0] == UInt32(min(43, 6 * appended)))
      let worst = largestDifference(bench.y.values, bench.expected)
      #expect(worst.error <= 3e-6, "\(width), \(valueWidth): \(worst)")
      for isa in availableISAs { #expect(bench.run(isa: isa, block: 4) == definition, "\(isa), \(width)") }
    }
  }
}

@Test func anEmptyMemoryIsZero() {
  for isa in availableISAs {
    let bench = MemoryBench(width: 5, valueWidth: 4, limit: 3)
    #expect(bench.attend(isa: isa).allSatisfy { $0 == 0 })
  }
}

@Test func aFullMemoryTakesNoMore() {
  let bench = MemoryBench(width: 5, valueWidth: 4, limit: 8, appended: 3)
  _ = bench.run(isa: "scalar", block: 6)
  #expect(bench.filled.base[0] == 8)
  // The third row had room for two of its three.
  for column in 0..<5 {
    let half = bench.keys.base[cacheIndex(row: 7, column, of: 5, rows: 8)]
    #expect(half == funes_half_of_float(bench.k.base[7 * 5 + column]))
  }
  // A counter out of range is masked on use.
  bench.filled.base[0] = .max
  #expect(bench.attend(isa: "scalar").allSatisfy { Float(bitPattern: $0).isFinite })
}

@Test func aLargeMemoryIsTheSameByEveryTeam() {
  let bench = MemoryBench(heads: 4, keyHeads: 2, width: 64, valueWidth: 48, limit: 500, appended: 80)
  let definition = bench.run(isa: "scalar", block: 1)
  for isa in availableISAs {
    for threads in [1, 2, 3, 8] { #expect(bench.run(isa: isa, threads: threads, block: 6) == definition, "\(isa)") }
  }
}
