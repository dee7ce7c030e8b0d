// SPDX-License-Identifier: Apache-2.0
// Attention over blocks: against double, every ISA and team against the definition, rows apart from each other, hostile
// numbers, and a stored hash.

import CFunesKernels
import Foundation
import Testing

private final class BlockBench {
  let heads: Int, keyHeads: Int, width: Int, valueWidth: Int, inner: Int, rowCount: Int
  let kind: funes_attention_bias
  let q: Memory<Float>, k: Memory<Float>, v: Memory<Float>, y: Memory<Float>, bias: Memory<Float>
  let scale: Float
  var op = funes_op()

  /// `inner` rows in each row, 0 where the rows of the call are a block.
  init(
    heads: Int = 2, keyHeads: Int = 1, width: Int = 5, valueWidth: Int = 3, inner: Int = 0, rowCount: Int,
    bias kind: funes_attention_bias = FUNES_NO_BIAS, isShared: Bool = false, seed: UInt64 = 8
  ) {
    (self.heads, self.keyHeads, self.width, self.valueWidth) = (heads, keyHeads, width, valueWidth)
    (self.inner, self.rowCount, self.kind) = (inner, rowCount, kind)
    let lanes = max(1, inner)
    scale = 3 / Float(width).squareRoot()
    var random = Seeded(seed)
    func numbers(_ count: Int) -> Memory<Float> { Memory((0..<count).map { _ in random.unit() }) }
    q = numbers(rowCount * lanes * heads * width)
    k = numbers(rowCount * lanes * keyHeads * width)
    v = numbers(rowCount * lanes * keyHeads * valueWidth)
    y = Memory(rowCount * lanes * heads * valueWidth)
    switch kind {
    case FUNES_SLOPES: bias = numbers(heads)
    case FUNES_DISTANCES: bias = numbers(heads * 7)
    case FUNES_MASK: bias = numbers((isShared ? 1 : heads) * inner * inner)
    default: bias = numbers(0)
    }
    op.input_count = 3
    op.in.0 = rows(q, width: lanes * heads * width)
    op.in.1 = rows(k, width: lanes * keyHeads * width)
    op.in.2 = rows(v, width: lanes * keyHeads * valueWidth)
    op.out.0 = rows(y, width: lanes * heads * valueWidth)
    (op.number.0, op.number.1, op.number.2) = (Int32(heads), Int32(keyHeads), Int32(inner))
    (op.number.3, op.number.4) = (Int32(bitPattern: scale.bitPattern), Int32(kind.rawValue))
    (op.vector.0, op.vector_count.0) = (UnsafePointer(bias.base), Int32(bias.count))
  }

  func run(isa: String, threads: Int = 1) -> [UInt32] {
    y.fill(.nan)
    let team = Team(isa: isa, threads: threads, threadScratchBytes: funes_block_attention_thread_scratch_bytes(&op))
    funes_block_attention(&op, &team.context, 0, Int32(rowCount))
    return bits(y.values)
  }

  private func added(_ head: Int, _ i: Int, _ j: Int, _ rows: Int) -> Double {
    switch kind {
    case FUNES_SLOPES: -Double(bias.base[head]) * Double(abs(i - j))
    case FUNES_DISTANCES: Double(bias.base[head * 7 + min(max(j - i, -3), 3) + 3])
    case FUNES_MASK: Double(bias.base[((bias.count == rows * rows ? 0 : head) * rows + i) * rows + j])
    default: 0
    }
  }

  /// Row after row; inner rows are rows of blocks that lie one after the other.
  var expected: [Double] {
    let rows = inner > 0 ? inner : rowCount
    return (0..<y.count).map { at in
      let (row, head, element) = (at / (heads * valueWidth), at / valueWidth % heads, at % valueWidth)
      let (block, i, keyHead) = (row / rows * rows, row % rows, head * keyHeads / heads)
      let scores = (0..<rows).map { j in
        (0..<width).reduce(0.0) {
          $0 + Double(q.base[(row * heads + head) * width + $1])
            * Double(k.base[((block + j) * keyHeads + keyHead) * width + $1])
        } * Double(scale) + added(head, i, j, rows)
      }
      let e = scores.map { exp($0 - scores.max()!) }
      let weighed = (0..<rows).reduce(0.0) {
        $0 + e[$1] * Double(v.base[((block + $1) * keyHeads + keyHead) * valueWidth + element])
      }
      return weighed / e.reduce(0, +)
    }
  }

  func expectAgreement(_ name: String) {
    let definition = run(isa: "scalar")
    let worst = largestDifference(y.values, expected)
    #expect(worst.error <= 3e-6, "\(name): \(worst)")
    for isa in availableISAs {
      for threads in [1, 3] { #expect(run(isa: isa, threads: threads) == definition, "\(isa), \(name)") }
    }
  }
}

@Test func blockAttentionAgreesWithDoubleAndAcrossISAs() {
  for width in (Array(1...9) + [15, 16, 17, 64]).thinned {
    for (valueWidth, rows) in [(1, 1), (width, 2), (4, 16), (6, 17), (33, 40)] {
      BlockBench(heads: 3, keyHeads: 1, width: width, valueWidth: valueWidth, rowCount: rows)
        .expectAgreement("\(width), \(valueWidth), \(rows)")
    }
  }
  // Blocks of 64 keys, whole and not.
  for rows in [65, 64, 63, 128, 131].thinned {
    BlockBench(heads: 4, keyHeads: 2, rowCount: rows).expectAgreement("\(rows)")
  }
}

@Test(arguments: [FUNES_SLOPES, FUNES_DISTANCES, FUNES_MASK], [false, true])
func blockAttentionIsBiased(kind: funes_attention_bias, isShared: Bool) {
  for inner in [1, 5, 20, 70] {
    BlockBench(inner: inner, rowCount: 3, bias: kind, isShared: isShared).expectAgreement("\(inner) inner rows")
  }
  if kind != FUNES_MASK { BlockBench(rowCount: 70, bias: kind).expectAgreement("rows of the call") }
}

@Test func largeBlocksAreTheSameByEveryTeam() {
  let bench = BlockBench(heads: 4, keyHeads: 2, width: 64, valueWidth: 64, rowCount: 150)
  let definition = bench.run(isa: "scalar")
  for isa in availableISAs {
    for threads in [1, 2, 3, 8] { #expect(bench.run(isa: isa, threads: threads) == definition, "\(isa), \(threads)") }
  }
}

@Test func hostileNumbersDoNotLeaveBlocks() {
  for kind in [FUNES_NO_BIAS, FUNES_MASK] {
    let bench = BlockBench(inner: 70, rowCount: 2, bias: kind)
    let absurd: [Float] = [.nan, .infinity, -.infinity, 1e38, -1e38, 0x1p-149, 0x1p50]
    for (index, memory) in [bench.q, bench.k, bench.v, bench.bias].enumerated() {
      for at in 0..<memory.count where (at + index) % 3 == 0 { memory.base[at] = absurd[(at + index) % absurd.count] }
    }
    let definition = bench.run(isa: "scalar")
    #expect(bench.y.values.allSatisfy { abs($0) <= 0x1p50 })
    for isa in availableISAs { #expect(bench.run(isa: isa, threads: 2) == definition, "\(isa)") }
  }
}

@Test func twoHundredBlocksGiveTheStoredHash() {
  let bench = BlockBench(heads: 4, keyHeads: 2, width: 20, valueWidth: 18, inner: 70, rowCount: 10, bias: FUNES_MASK)
  var random = Seeded(77)
  var crc: UInt32 = 0
  for _ in 0..<20 {
    _ = bench.run(isa: availableISAs.last!)
    crc = hash(bench.y.base, bench.y.count, from: crc)
    for memory in [bench.q, bench.k, bench.v, bench.bias] {
      for at in 0..<memory.count { memory.base[at] = random.unit() * 2 }
    }
  }
  #expect(crc == 0x234c_232b, "0x\(String(crc, radix: 16))")
}
