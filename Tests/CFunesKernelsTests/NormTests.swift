// SPDX-License-Identifier: Apache-2.0
// Norms against double, and every ISA against the definition.

import CFunesKernels
import Foundation
import Testing

private struct NormCase {
  let isLayer: Bool
  let x: Memory<Float>, y: Memory<Float>, gain: Memory<Float>, bias: Memory<Float>
  var op = funes_op()

  init(isLayer: Bool, x values: [Float], width: Int, lanes: Int = 1, hasBias: Bool, epsilon: Float) {
    self.isLayer = isLayer
    var random = Seeded(UInt64(width))
    (x, y) = (Memory(values), Memory(values.count))
    gain = Memory((0..<width).map { _ in random.unit() + 1 })
    bias = Memory((0..<width).map { _ in random.unit() })
    op.in.0 = rows(x, width: width * lanes)
    op.out.0 = rows(y, width: width * lanes)
    (op.number.0, op.number.1) = (Int32(lanes), Int32(bitPattern: epsilon.bitPattern))
    op.vector.0 = UnsafePointer(gain.base)
    if hasBias { op.vector.1 = UnsafePointer(bias.base) }
  }

  mutating func run(isa: String) -> [Float] {
    let team = Team(isa: isa)
    let count = Int32(x.count) / op.in.0.width
    if isLayer {
      funes_layer_norm(&op, &team.context, 0, count)
    } else {
      funes_rms_norm(&op, &team.context, 0, count)
    }
    return y.values
  }
}

@Test(arguments: [true, false])
func normsAgreeWithDoubleAndAcrossISAs(isLayer: Bool) {
  var random = Seeded(77)
  for width in Array(1...70) + [512, 1000] {
    let offset = random.unit() * 3
    let x = (0..<6 * width).map { _ in random.unit() + offset }
    let hasBias = isLayer && width % 2 == 0
    var bench = NormCase(isLayer: isLayer, x: x, width: width, lanes: 2, hasBias: hasBias, epsilon: 1e-5)
    let found = bench.run(isa: "scalar")
    for isa in availableISAs { #expect(bits(bench.run(isa: isa)) == bits(found), "\(isa), \(width)") }
    var expected: [Double] = []
    for lane in 0..<6 {
      let v = x[lane * width..<(lane + 1) * width].map { Double($0) }
      let mean = isLayer ? v.reduce(0, +) / Double(width) : 0
      let root = sqrt(v.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width) + Double(Float(1e-5)))
      for k in 0..<width {
        let bias = hasBias ? Double(bench.bias.base[k]) : 0
        expected.append((v[k] - mean) / root * Double(bench.gain.base[k]) + bias)
      }
    }
    // Layer norm of few values takes the difference of near numbers, whose roundings the root makes larger.
    let worst = largestDifference(found, expected)
    #expect(worst.error <= (isLayer ? 2e-4 : 2e-6), "\(width): \(worst)")
    if width > 20 { #expect(worst.error <= 6e-6, "\(width): \(worst)") }
  }
}

@Test func normsOfHostileRowsAreNumbers() {
  let x: [Float] = [.nan, .infinity, -.infinity, 1, 0, 0, 0, 0, 1e38, -1e38, 1e38, 3, 5, 5, 5, 5]
  for isLayer in [true, false] {
    for epsilon: Float in [0, 1e-5] {
      var bench = NormCase(isLayer: isLayer, x: x, width: 4, hasBias: false, epsilon: epsilon)
      let found = bench.run(isa: "scalar")
      #expect(areFinite(found), "\(found)")
      for isa in availableISAs { #expect(bits(bench.run(isa: isa)) == bits(found), "\(isa)") }
      #expect(Array(found[4..<8]) == [0, 0, 0, 0])
    }
  }
}
