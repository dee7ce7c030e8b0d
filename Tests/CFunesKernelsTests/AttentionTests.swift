// SPDX-License-Identifier: Apache-2.0
// Halves, and attention over a cache: against double, every ISA against the definition, a block against its rows, a
// team against one thread, and a stored hash.

import CFunesKernels
import Foundation
import Testing

private final class AttentionBench {
  let heads: Int, keyHeads: Int, width: Int, window: Int, ring: Int, rowCount: Int
  let q: Memory<Float>, k: Memory<Float>, v: Memory<Float>, y: Memory<Float>
  let keys: Memory<UInt16>, values: Memory<UInt16>
  let slot = Memory<UInt32>(1, zero: 0), filled = Memory<UInt32>(1, zero: 0)
  let bias: Memory<Float>
  let isBytes: Bool
  let biasKind: funes_attention_bias
  let scale: Float
  var op = funes_op()

  /// `spare` rows of the caches are beyond the window.
  init(
    heads: Int, keyHeads: Int, width: Int, window: Int, spare: Int = 0, rowCount: Int,
    bias kind: funes_attention_bias? = nil, isBytes: Bool = false,
    seed: UInt64 = 5
  ) {
    (self.heads, self.keyHeads, self.width, self.window) = (heads, keyHeads, width, window)
    (ring, self.rowCount, biasKind) = (window + spare, rowCount, kind ?? FUNES_NO_BIAS)
    scale = 3 / Float(width).squareRoot()
    var random = Seeded(seed)
    q = Memory((0..<rowCount * heads * width).map { _ in random.unit() })
    k = Memory((0..<rowCount * keyHeads * width).map { _ in random.unit() })
    v = Memory((0..<rowCount * keyHeads * width).map { _ in random.unit() })
    y = Memory(q.count)
    // Bytes and their scales take no more than twice as many halves and some.
    let halves = isBytes ? ring * keyHeads * (width + 4) / 2 * 2 + 64 : ring * keyHeads * width
    keys = Memory(halves, zero: 0)
    values = Memory(halves, zero: 0)
    self.isBytes = isBytes
    if isBytes { (op.state_heads.0, op.state_heads.1) = (Int32(keyHeads), Int32(keyHeads)) }
    let biases = kind == FUNES_SLOPES ? 1 : kind == FUNES_DISTANCES ? 3 : 0
    bias = Memory((0..<biases * heads).map { _ in random.unit() })
    op.input_count = 3
    (op.state_rows.0, op.state_rows.1) = (Int32(ring), Int32(ring))
    (op.number.4, op.vector.0, op.vector_count.0) = (
      Int32(biasKind.rawValue), UnsafePointer(bias.base), Int32(bias.count)
    )
    op.in.0 = rows(q, width: heads * width)
    op.in.1 = rows(k, width: keyHeads * width)
    op.in.2 = rows(v, width: keyHeads * width)
    op.out.0 = rows(y, width: heads * width)
    func state(_ base: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Float> {
      base.assumingMemoryBound(to: Float.self)
    }
    (op.state.0, op.state.1) = (state(keys.base), state(values.base))
    (op.state.2, op.state.3) = (state(slot.base), state(filled.base))
    (op.number.0, op.number.1, op.number.2) = (Int32(heads), Int32(keyHeads), Int32(window))
    op.number.3 = Int32(bitPattern: scale.bitPattern)
  }

  func reset() {
    keys.fill(0)
    values.fill(0)
    (slot.base[0], filled.base[0]) = (0, 0)
  }

  func team(isa: String, threads: Int = 1) -> Team {
    Team(isa: isa, threads: threads, threadScratchBytes: funes_attention_thread_scratch_bytes(&op))
  }

  /// Everything from the start, in blocks of `block` rows.
  func run(isa: String, threads: Int = 1, block: Int) -> [UInt32] {
    reset()
    y.fill(.nan)
    let team = team(isa: isa, threads: threads)
    for row in stride(from: 0, to: rowCount, by: block) {
      funes_attention(&op, &team.context, Int32(row), Int32(min(block, rowCount - row)))
    }
    return bits(y.values) + keys.values.map { UInt32($0) } + values.values.map { UInt32($0) }
  }

  private func biasOf(_ head: Int, past: Int) -> Double {
    switch biasKind {
    case FUNES_SLOPES: -Double(bias.base[head]) * Double(past)
    case FUNES_DISTANCES: Double(bias.base[head * 3 + min(past, 2)])
    default: 0
    }
  }

  var expected: [Double] {
    /// Rows of heads as a cache gives them back.
    func cached(_ memory: Memory<Float>) -> [Double] {
      if !isBytes { return memory.values.map { Double(funes_float_of_half(funes_half_of_float($0))) } }
      return (0..<memory.count / width).flatMap { head in
        var bytes = [Int8](repeating: 0, count: width)
        let scale = funes_bytes_of_floats(&bytes, 1, memory.base + head * width, Int32(width))
        return bytes.map { Double($0) * Double(scale) }
      }
    }
    let (k, v) = (cached(k), cached(v))
    var y: [Double] = []
    for row in 0..<rowCount {
      let seen = max(0, row - window + 1)...row
      for head in 0..<heads {
        let keyHead = head * keyHeads / heads
        let scores = seen.map { past in
          (0..<width).reduce(0.0) {
            $0 + Double(q.base[(row * heads + head) * width + $1])
              * k[(past * keyHeads + keyHead) * width + $1]
          } * Double(scale) + biasOf(head, past: row - past)
        }
        let e = scores.map { exp($0 - scores.max()!) }
        let sum = e.reduce(0, +)
        for element in 0..<width {
          y.append(
            zip(seen, e).reduce(0) { $0 + $1.1 * v[($1.0 * keyHeads + keyHead) * width + element] } / sum)
        }
      }
    }
    return y
  }
}

@Test func everyHalfIsWidenedExactlyAndComesBack() {
  for pattern in UInt16.min...UInt16.max {
    let (sign, exponent, fraction) = (pattern >> 15, Int(pattern >> 10 & 31), Double(pattern & 1023))
    let found = funes_float_of_half(pattern)
    if exponent == 31 {
      #expect(fraction == 0 ? found.isInfinite : found.isNaN)
      continue
    }
    let magnitude = exponent == 0 ? fraction * pow(2, -24) : (1024 + fraction) * pow(2, Double(exponent - 25))
    #expect(Double(found) == (sign == 1 ? -magnitude : magnitude))
    #expect(found.sign == (sign == 1 ? .minus : .plus))
    #expect(funes_half_of_float(found) == pattern)
  }
}

@Test func floatsAreRoundedToTheNearestHalf() {
  #expect(funes_half_of_float(.nan) == 0)
  for (x, half): (Float, UInt16) in [
    (.infinity, 0x7bff), (-.infinity, 0xfbff), (65504, 0x7bff), (65519, 0x7bff), (65520, 0x7bff), (1e30, 0x7bff),
    (-0.0, 0x8000), (1 + 0x1p-11, 0x3c00), (1 + 0x3p-11, 0x3c02), (0x1p-25, 0), (0x1.8p-24, 2), (0x1.000002p-25, 1),
    (-0x1p-24, 0x8001), (0x1.ff8p-15, 0x3ff), (0x1.ffcp-15, 0x400), (0x1p-149, 0),
  ] {
    #expect(funes_half_of_float(x) == half, "\(x)")
  }
  var random = Seeded(31)
  for _ in 0..<200_000 {
    let x = Float(
      sign: random.isOneIn(2) ? .minus : .plus, exponent: random.below(43) - 27, significand: 1 + abs(random.unit()))
    // Spacing of halves at x; a double holds the quotient, so that its rounding is the definition.
    let spacing = pow(2, Double(max(Int(x.exponent), -14) - 10))
    let expected = max(-65504, min(65504, (Double(x) / spacing).rounded(.toNearestOrEven) * spacing))
    #expect(Double(funes_float_of_half(funes_half_of_float(x))) == expected, "\(x)")
  }
}

@Test func attentionAgreesWithDoubleAndAcrossISAs() {
  for width in (Array(1...70) + [128]).thinned {
    for (heads, keyHeads, window) in [(1, 1, 1), (3, 1, 4), (4, 2, 7), (2, 2, 40)] {
      let bench = AttentionBench(heads: heads, keyHeads: keyHeads, width: width, window: window, rowCount: 11)
      let definition = bench.run(isa: "scalar", block: 1)
      let worst = largestDifference(bench.y.values, bench.expected)
      #expect(worst.error <= 3e-6, "\(width), \(heads), \(keyHeads), \(window): \(worst)")
      for isa in availableISAs {
        #expect(bench.run(isa: isa, block: 4) == definition, "\(isa), \(width), \(heads), \(keyHeads), \(window)")
      }
      #expect(bench.slot.base[0] == UInt32(11 % window))
      #expect(bench.filled.base[0] == UInt32(min(11, window)))
    }
  }
}

/// Caches of more rows than a row sees, and what is added to scores.
@Test(arguments: [0, 1, 5], [FUNES_NO_BIAS, FUNES_SLOPES, FUNES_DISTANCES])
func attentionWithSpareRowsAndABiasAgreesWithDouble(spare: Int, bias: funes_attention_bias) {
  for window in [1, 2, 7] {
    let bench = AttentionBench(
      heads: 3, keyHeads: 1, width: 21, window: window, spare: spare, rowCount: 17, bias: bias)
    let definition = bench.run(isa: "scalar", block: 1)
    let worst = largestDifference(bench.y.values, bench.expected)
    #expect(worst.error <= 3e-6, "\(window): \(worst)")
    for isa in availableISAs { #expect(bench.run(isa: isa, threads: 2, block: 5) == definition, "\(isa), \(window)") }
    #expect(bench.slot.base[0] == UInt32(17 % (window + spare)))
    #expect(bench.filled.base[0] == UInt32(min(17, window + spare)))
    // As many rows as are spare are taken back by two counters, and run again to the same bits.
    let y = bits(bench.y.values)
    bench.slot.base[0] = UInt32((17 - spare + (window + spare) * 3) % (window + spare))
    bench.filled.base[0] -= UInt32(spare)
    let team = bench.team(isa: "scalar")
    bench.y.fill(.nan)
    funes_attention(&bench.op, &team.context, Int32(17 - spare), Int32(spare))
    let again = (17 - spare) * 63
    #expect(bits(Array(bench.y.values[again...])) == Array(y[again...]))
  }
}

@Test func attentionOverBytesAgreesWithDoubleAndAcrossISAs() {
  for width in Array(1...35) + [64] {
    for (heads, keyHeads, window, spare) in [(1, 1, 1, 0), (4, 2, 7, 2), (2, 2, 40, 0)] {
      let bench = AttentionBench(
        heads: heads, keyHeads: keyHeads, width: width, window: window, spare: spare, rowCount: 11, isBytes: true)
      let definition = bench.run(isa: "scalar", block: 1)
      let worst = largestDifference(bench.y.values, bench.expected)
      #expect(worst.error <= 3e-6, "\(width), \(heads), \(keyHeads), \(window): \(worst)")
      for isa in availableISAs { #expect(bench.run(isa: isa, threads: 2, block: 4) == definition, "\(isa), \(width)") }
    }
  }
}

@Test func bytesHaveTheScaleOfTheLargest() {
  func bytes(_ x: [Float]) -> (scale: Float, values: [Int8]) {
    var y = [Int8](repeating: 99, count: x.count)
    return (funes_bytes_of_floats(&y, 1, x, Int32(x.count)), y)
  }
  #expect(bytes([254, -254, 1, 3, -1, 0.99]) == (2, [127, -127, 0, 2, 0, 0]))
  #expect(bytes([.nan, 0, -0.0]) == (0, [0, 0, 0]))
  #expect(bytes([0x1p-101, -0x1p-101]) == (0, [0, 0]))
  #expect(bytes([.infinity, 0x1p49, -.infinity]) == (0x1p50 / 127, [127, 64, -127]))
}

@Test func everyISAWidensEveryHalf() {
  // A window of one row has the weight 1, so that attention shows its cache; widths of all finite halves and of an end.
  for width in [0x7c00, 0x7c00 - 5] {
    for sign: Float in [1, -1] {
      let bench = AttentionBench(heads: 1, keyHeads: 1, width: width, window: 1, rowCount: 1)
      for half in 0..<width { bench.v.base[half] = sign * funes_float_of_half(UInt16(half)) }
      for isa in availableISAs {
        _ = bench.run(isa: isa, block: 1)
        // A sum from +0 on has no -0.
        #expect(bench.y.values == bench.v.values, "\(isa)")
      }
    }
  }
}

@Test func attentionOverAWholeBlockAndByATeamIsTheSame() {
  let bench = AttentionBench(heads: 5, keyHeads: 1, width: 64, window: 300, rowCount: 330)
  let definition = bench.run(isa: "scalar", block: 1)
  for isa in availableISAs {
    for threads in [3, 1, 2, 8].thinned {
      for block in [330, 1, 7].thinned { #expect(bench.run(isa: isa, threads: threads, block: block) == definition) }
    }
  }
}

@Test func hostileNumbersDoNotLeaveAttention() {
  let bench = AttentionBench(heads: 2, keyHeads: 1, width: 3, window: 2, rowCount: 6)
  let absurd: [Float] = [.nan, .infinity, -.infinity, 1e38, -1e38, 0x1p-149, 70_000]
  for (index, memory) in [bench.q, bench.k, bench.v].enumerated() {
    for at in 0..<memory.count where (at + index) % 2 == 0 { memory.base[at] = absurd[(at + index) % absurd.count] }
  }
  let definition = bench.run(isa: "scalar", block: 1)
  #expect(areFinite(bench.y.values))
  for isa in availableISAs { #expect(bench.run(isa: isa, block: 6) == definition, "\(isa)") }
  // Counters out of range are masked on use.
  (bench.slot.base[0], bench.filled.base[0]) = (.max, .max)
  let team = bench.team(isa: "scalar")
  funes_attention(&bench.op, &team.context, 0, 3)
  #expect(bench.slot.base[0] == 1)
  #expect(bench.filled.base[0] == 2)
}

@Test func tenThousandStepsOfAttentionGiveTheStoredHash() {
  var random = Seeded(4242)
  let bench = AttentionBench(heads: 4, keyHeads: 2, width: 20, window: 33, rowCount: 100, seed: 6)
  let team = bench.team(isa: availableISAs.last!)
  var crc: UInt32 = 0
  for _ in 0..<100 {
    funes_attention(&bench.op, &team.context, 0, 100)
    crc = hash(bench.y.base, bench.y.count, from: crc)
    for memory in [bench.q, bench.k, bench.v] {
      for at in 0..<memory.count { memory.base[at] = random.unit() * 2 }
    }
  }
  #expect(crc == 0x1a35_c341, "0x\(String(crc, radix: 16))")
}
