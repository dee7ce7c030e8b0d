// SPDX-License-Identifier: Apache-2.0
// The functions of strict float against double, and every ISA against the definition.

import CFunesKernels
import Foundation
import Testing

/// Bounds in units in the last place; each function's observed maximum stands in strict_math.h.
private let expLimit = 1.02
private let logLimit = 1.0
private let sigmoidLimit = 2.5
private let tanhLimit = 2.75
private let geluLimits = (above: 1.75, below: 6.75)
private let geluTanhLimits = (above: 2.0, below: 5e-8)
private let siluLimits = (above: 1.5, below: 2.35)

/// The largest error over every `stride`-th float of [low, high], counted by bit pattern.
private func largestError(
  of function: ([Float]) -> [Float], against exact: (Double) -> Double, from low: Float, through high: Float
) -> (ulps: Double, x: Float) {
  var worst = (ulps: 0.0, x: Float(0))
  let stride: UInt64 = 97 * 41
  var batch: [Float] = []
  func measure() {
    for (x, y) in zip(batch, function(batch)) {
      let expected = exact(Double(x))
      let ulp = Double(max(Float(abs(expected)), .leastNormalMagnitude).ulp)
      let error = abs(Double(y) - expected) / ulp
      if !(error <= worst.ulps) { worst = (error, x) }
    }
    batch.removeAll(keepingCapacity: true)
  }
  for pattern in Swift.stride(from: UInt64(0), through: UInt64(UInt32.max), by: Int(stride)) {
    let x = Float(bitPattern: UInt32(pattern))
    guard x >= low && x <= high else { continue }
    batch.append(x)
    if batch.count == 4096 { measure() }
  }
  measure()
  return worst
}

private func evaluate(_ activation: funes_activation, _ x: [Float], isa: String = "scalar") -> [Float] {
  var y = [Float](repeating: 0, count: x.count)
  funes_evaluate(funes_isa_find(isa), Int32(activation.rawValue), &y, x, Int32(x.count))
  return y
}

@Test func expIsWithinItsBound() {
  let worst = largestError(of: { $0.map(funes_exp) }, against: exp, from: -87.33, through: 88.37)
  #expect(worst.ulps <= expLimit, "\(worst)")
}

@Test func logIsWithinItsBound() {
  let worst = largestError(
    of: { $0.map(funes_log) }, against: log, from: .leastNormalMagnitude, through: .greatestFiniteMagnitude)
  #expect(worst.ulps <= logLimit, "\(worst)")
}

@Test func sigmoidIsWithinItsBound() {
  let best = availableISAs.last!
  let worst = largestError(
    of: { evaluate(FUNES_SIGMOID, $0, isa: best) }, against: { 1 / (1 + exp(-$0)) }, from: -87.3, through: 1e30)
  #expect(worst.ulps <= sigmoidLimit, "\(worst)")
}

@Test func tanhIsWithinItsBound() {
  let best = availableISAs.last!
  let worst = largestError(of: { evaluate(FUNES_TANH, $0, isa: best) }, against: tanh, from: -1e30, through: 1e30)
  #expect(worst.ulps <= tanhLimit, "\(worst)")
}

private func normal(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

private func geluTanh(_ x: Double) -> Double {
  x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
}

@Test func geluIsWithinItsBounds() {
  let best = availableISAs.last!
  let gelu: ([Float]) -> [Float] = { evaluate(FUNES_GELU, $0, isa: best) }
  let above = largestError(of: gelu, against: { $0 * normal($0) }, from: 0, through: 1e30)
  #expect(above.ulps <= geluLimits.above, "\(above)")
  let below = largestError(of: gelu, against: { $0 * normal($0) }, from: -13.2, through: -0.0)
  #expect(below.ulps <= geluLimits.below, "\(below)")
}

/// Below zero the exponent of e^-2u grows as x^3 and its rounding with it: what counts there is the absolute error.
@Test func geluByTanhIsWithinItsBounds() {
  let best = availableISAs.last!
  let function: ([Float]) -> [Float] = { evaluate(FUNES_GELU_TANH, $0, isa: best) }
  let above = largestError(of: function, against: geluTanh, from: 0, through: 1e10)
  #expect(above.ulps <= geluTanhLimits.above, "\(above)")
  let x = (0..<200_000).map { Float($0) * -1e-4 }
  let worst = largestDifference(function(x), x.map { geluTanh(Double($0)) })
  #expect(worst.error <= geluTanhLimits.below, "\(worst)")
}

@Test func siluIsWithinItsBounds() {
  let best = availableISAs.last!
  let function: ([Float]) -> [Float] = { evaluate(FUNES_SILU, $0, isa: best) }
  let above = largestError(of: function, against: { $0 / (1 + exp(-$0)) }, from: 0, through: 1e30)
  #expect(above.ulps <= siluLimits.above, "\(above)")
  let below = largestError(of: function, against: { $0 / (1 + exp(-$0)) }, from: -88.3, through: -0.0)
  #expect(below.ulps <= siluLimits.below, "\(below)")
}

@Test func theEndsAreHeldAndNoNaNLeaves() {
  let ends: [Float] = [
    .nan, -.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, -0.0,
  ]
  #expect(areFinite(ends.map(funes_exp)))
  #expect(funes_exp(0) == 1)
  #expect(funes_exp(-.infinity) == 0)
  #expect(funes_exp(.nan) == 0)
  #expect(areFinite(ends.map(funes_log)))
  #expect(funes_log(1) == 0)
  for activation in [FUNES_TANH, FUNES_SIGMOID, FUNES_HARD_SIGMOID] {
    #expect(evaluate(activation, ends).allSatisfy { abs($0) <= 1 }, "\(activation)")
  }
  #expect(evaluate(FUNES_RELU, [.nan, -1, 2]) == [0, 0, 2])
  for activation in [FUNES_GELU, FUNES_GELU_TANH, FUNES_SILU] {
    let y = evaluate(activation, ends)
    #expect(y.allSatisfy { $0 == 0 || $0 >= .greatestFiniteMagnitude }, "\(activation)")
    #expect(Array(y[2...4]) == [.infinity, 0, .greatestFiniteMagnitude], "\(activation)")
    #expect(evaluate(activation, [100, -100, -1e30]) == [100, 0, 0], "\(activation)")
  }
  #expect(evaluate(FUNES_TANH, [.infinity, -.infinity, 0]) == [1, -1, 0])
  #expect(evaluate(FUNES_SIGMOID, [0, .infinity]) == [0.5, 1])
  #expect(evaluate(FUNES_HARD_SIGMOID, [-3, -2.5, 0, 2.5, 3]) == [0, 0, 0.5, 1, 1])
}

/// Correctly rounded on every ISA; zero for what is not positive.
@Test func theRootIsTheMachines() {
  var random = Seeded(31)
  var x = (0..<20_003).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())).magnitude }
  x = x.filter { !$0.isNaN } + [0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, .infinity]
  let expected = bits(x.map { $0.squareRoot() })
  for isa in availableISAs {
    #expect(bits(evaluate(FUNES_SQRT, x, isa: isa)) == expected, "\(isa)")
    let none: [Float] = [-0.0, -1, -.leastNonzeroMagnitude, -.infinity, .nan, -.nan]
    #expect(bits(evaluate(FUNES_SQRT, none, isa: isa)) == bits([Float](repeating: 0, count: 6)), "\(isa)")
  }
}

@Test func everyISAEvaluatesToTheSameBits() {
  var random = Seeded(23)
  var x = (0..<20_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
  x += (0..<20_003).map { _ in random.unit() * 12 }
  let activations = [
    FUNES_RELU, FUNES_TANH, FUNES_SIGMOID, FUNES_HARD_SIGMOID, FUNES_GELU, FUNES_GELU_TANH, FUNES_SILU,
    FUNES_SQRT,
  ]
  for activation in activations {
    let expected = bits(evaluate(activation, x))
    for isa in availableISAs {
      #expect(bits(evaluate(activation, x, isa: isa)) == expected, "\(isa), \(activation)")
    }
  }
}
