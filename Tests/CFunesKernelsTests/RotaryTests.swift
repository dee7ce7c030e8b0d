// SPDX-License-Identifier: Apache-2.0
// Rotary positions against double, over the wrap of the position, and every ISA against the definition.

import CFunesKernels
import Foundation
import Testing

private let turnsOfWhole = 4_294_967_296.0

private final class RotaryBench {
  let dimensions: Int, width: Int, lanes: Int
  let turns: Memory<Float>
  let exactTurns: [Double]
  let position = Memory<UInt32>(1, zero: 0)
  let x: Memory<Float>, y: Memory<Float>
  var op = funes_op()

  /// `style` 0 pairs neighbours, 1 halves.
  init(dimensions: Int, rest: Int = 0, lanes: Int = 1, style: Int32, rowCount: Int, base: Double = 10_000) {
    (self.dimensions, self.lanes) = (dimensions, lanes)
    width = dimensions + rest
    let half = dimensions / 2
    turns = Memory(dimensions)
    exactTurns = (0..<half).map { pow(base, -2 * Double($0) / Double(dimensions)) / (2 * .pi) }
    for (index, turn) in exactTurns.enumerated() {
      let first = Float(turn).bitPattern - (Double(Float(turn)) > turn ? 1 : 0)
      turns.base[index] = Float(bitPattern: first)
      turns.base[half + index] = Float(turn - Double(Float(bitPattern: first)))
    }
    var random = Seeded(UInt64(dimensions + rest))
    x = Memory((0..<rowCount * width * lanes).map { _ in random.unit() })
    y = Memory(x.count)
    op.in.0 = rows(x, width: width * lanes)
    op.out.0 = rows(y, width: width * lanes)
    (op.number.0, op.number.1, op.number.2) = (Int32(lanes), Int32(dimensions), style)
    op.vector.0 = UnsafePointer(turns.base)
    op.state.0 = UnsafeMutableRawPointer(position.base).assumingMemoryBound(to: Float.self)
  }

  func run(isa: String, from first: UInt32, row: Int = 0, rows: Int) -> [Float] {
    let team = Team(isa: isa)
    position.base[0] = first
    funes_rotary(&op, &team.context, Int32(row), Int32(rows))
    return y.values
  }

  /// The same in double, turns as they are or rounded to 32 bits.
  func expected(from first: UInt32, rows: Int, isRounded: Bool) -> [Double] {
    let half = dimensions / 2
    var y = x.values.map { Double($0) }
    for row in 0..<rows {
      for pair in 0..<half {
        let position = first &+ UInt32(row)
        let whole = position &* UInt32((exactTurns[pair] * turnsOfWhole).rounded())
        let turned = isRounded ? Double(whole) / turnsOfWhole : Double(position) * exactTurns[pair]
        let angle = (turned - turned.rounded()) * 2 * .pi
        for lane in 0..<lanes {
          let begin = (row * lanes + lane) * width
          let (i, j) = op.number.2 == 1 ? (pair, half + pair) : (2 * pair, 2 * pair + 1)
          let (a, b) = (y[begin + i], y[begin + j])
          y[begin + i] = a * cos(angle) - b * sin(angle)
          y[begin + j] = a * sin(angle) + b * cos(angle)
        }
      }
    }
    return y
  }
}

@Test(arguments: [Int32(0), 1])
func rotaryAgreesWithDoubleAndAcrossISAs(style: Int32) {
  for dimensions in Array(stride(from: 2, through: 70, by: 2)) + [128] {
    let bench = RotaryBench(dimensions: dimensions, rest: dimensions % 3, lanes: 3, style: style, rowCount: 5)
    for first: UInt32 in [0, 1000, 100_000, 0xffff_fffe] {
      let found = bench.run(isa: "scalar", from: first, rows: 5)
      #expect(bench.position.base[0] == first &+ 5)
      for isa in availableISAs {
        #expect(bits(bench.run(isa: isa, from: first, rows: 5)) == bits(found), "\(isa), \(dimensions), \(first)")
      }
      let worst = largestDifference(found, bench.expected(from: first, rows: 5, isRounded: true))
      #expect(worst.error <= 4e-7, "\(dimensions), \(first): \(worst)")
      if first > 100_000 { continue }
      // A turn of 32 bits is off by at most 2^-33, its angle by that times the position; |a| + |b| is below 2.
      let exact = largestDifference(found, bench.expected(from: first, rows: 5, isRounded: false))
      #expect(exact.error <= 4e-7 + Double(first + 4) * 2.0 * 2 * .pi / (2 * turnsOfWhole), "\(first): \(exact)")
    }
  }
}

@Test func theWrapOfThePositionIsNoStep() {
  // A position's angle is that of the same position 2^32 later, so rows across the wrap turn as they would elsewhere.
  let bench = RotaryBench(dimensions: 64, style: 1, rowCount: 4)
  for k in 0..<64 { for row in 0..<4 { bench.x.base[row * 64 + k] = k < 32 ? 1 : 0 } }
  func score(_ y: [Float], _ a: Int, _ b: Int) -> Double {
    (0..<64).reduce(0) { $0 + Double(y[a * 64 + $1]) * Double(y[b * 64 + $1]) }
  }
  let wrapped = bench.run(isa: "scalar", from: 0xffff_fffe, rows: 4)
  let early = bench.run(isa: "scalar", from: 0, rows: 4)
  for (a, b) in [(0, 1), (0, 2), (1, 2), (0, 3)] {
    #expect(abs(score(wrapped, a, b) - score(early, a, b)) < 1e-5)
  }
  #expect(bits(Array(wrapped[128..<192])) == bits(Array(early[0..<64])))
}

@Test func rotaryOfABlockIsThatOfItsRows() {
  let bench = RotaryBench(dimensions: 10, rest: 3, lanes: 2, style: 0, rowCount: 7)
  let whole = bench.run(isa: "scalar", from: 41, rows: 7)
  for row in 0..<7 { _ = bench.run(isa: "scalar", from: 41 + UInt32(row), row: row, rows: 1) }
  #expect(bits(bench.y.values) == bits(whole))
}

@Test func sineAndCosineAreWithinTheirBound() {
  // Turns of 2^-32 and a unit vector show cosine and sine at every angle that a position can be.
  let count = 1 << 16
  let x = Memory((0..<2 * count).map { Float(1 - $0 % 2) })
  let y = Memory(2 * count)
  let turns = Memory([Float(sign: .plus, exponent: -32, significand: 1), 0])
  let position = Memory<UInt32>(1, zero: 0)
  var op = funes_op()
  op.in.0 = rows(x, width: 2, stride: 2)
  op.out.0 = rows(y, width: 2)
  (op.number.0, op.number.1) = (1, 2)
  op.vector.0 = UnsafePointer(turns.base)
  op.state.0 = UnsafeMutableRawPointer(position.base).assumingMemoryBound(to: Float.self)
  let team = Team(isa: availableISAs.last!)
  var worst = 0.0
  for row in 0..<count {
    let angle = UInt32(truncatingIfNeeded: row &* 65_537 &* 13)
    position.base[0] = angle
    funes_rotary(&op, &team.context, Int32(row), 1)
    let radians = Double(angle) / turnsOfWhole * 2 * .pi
    worst = max(worst, abs(Double(y.base[2 * row]) - cos(radians)), abs(Double(y.base[2 * row + 1]) - sin(radians)))
  }
  #expect(worst <= 1.24e-7, "\(worst)")
}

@Test func absurdTurnsAreHarmless() {
  let bench = RotaryBench(dimensions: 8, style: 1, rowCount: 1)
  for (index, turn) in [Float.nan, .infinity, -1, 1e30, .nan, 1e30, -1e30, .infinity].enumerated() {
    bench.turns.base[index] = turn
  }
  #expect(bench.run(isa: "scalar", from: 12_345, rows: 1) == bench.x.values)
}

@Test func tenThousandRowsOfNormsPositionsAndActivationsGiveTheStoredHash() {
  var random = Seeded(1234)
  let bench = RotaryBench(dimensions: 14, rest: 3, lanes: 2, style: 0, rowCount: 100)
  let team = Team(isa: availableISAs.last!)
  let gain = Memory((0..<17).map { _ in random.unit() + 1 })
  let bias = Memory((0..<17).map { _ in random.unit() })
  let activations = [FUNES_GELU, FUNES_GELU_TANH, FUNES_SILU]
  var norm = bench.op
  norm.number.1 = Int32(bitPattern: Float(1e-5).bitPattern)
  (norm.vector.0, norm.vector.1) = (UnsafePointer(gain.base), UnsafePointer(bias.base))
  bench.position.base[0] = .max - 5000
  var crc: UInt32 = 0
  for _ in 0..<100 {
    for at in 0..<bench.x.count { bench.x.base[at] = random.unit() * 4 }
    funes_layer_norm(&norm, &team.context, 0, 50)
    funes_rms_norm(&norm, &team.context, 50, 50)
    crc = hash(bench.y.base, bench.y.count, from: crc)
    funes_rotary(&bench.op, &team.context, 0, 100)
    crc = hash(bench.y.base, bench.y.count, from: crc)
    for activation in activations {
      funes_evaluate(team.context.isa, Int32(activation.rawValue), bench.y.base, bench.x.base, Int32(bench.x.count))
      crc = hash(bench.y.base, bench.y.count, from: crc)
    }
  }
  #expect(bench.position.base[0] == 4999)
  #expect(crc == 0x6ca7_02e6, "0x\(String(crc, radix: 16))")
}
