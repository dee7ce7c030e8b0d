// SPDX-License-Identifier: Apache-2.0
// The table of sines and cosines that positions are in some models. Made of operations that round correctly, so that a
// model has the same bytes wherever it is converted.

/// Positions as waves (Vaswani et al. 2017, arXiv:1706.03762), sines in the first half of a row and cosines in the second:
///
///     table[p, i] = sin(p · 10000^(−2i / d));  table[p, ⌈d / 2⌉ + i] = cos(p · 10000^(−2i / d))
enum Sinusoids {
  static func table(rows: Int, width: Int) -> FloatTensor {
    let frequencies = RotaryTurns.frequencies(base: 10_000, dimensions: width)
    var values: [Float] = []
    values.reserveCapacity(rows * width)
    for row in 0..<rows {
      let angles = frequencies.map { Double(row) * $0 }
      values += angles.map { Float(sine($0)) }
      // One fewer where the width is odd.
      values += angles.prefix(width / 2).map { Float(sine($0 + Double.pi / 2)) }
    }
    return FloatTensor(shape: [rows, width], values: values)
  }

  /// sin x for |x| ≤ 2^24, to 2^-27: the nearest multiple of π is taken off, then x − x³/3! + x⁵/5! − …
  static func sine(_ x: Double) -> Double {
    let half = (x / Double.pi).rounded()
    // π in two parts, so that the difference is exact to double precision.
    let r = (x - half * 3.141592653589793) - half * 1.2246467991473532e-16
    var sum = 1.0
    for n in stride(from: 21, through: 3, by: -2) { sum = 1 - r * r / Double(n * (n - 1)) * sum }
    return (half.truncatingRemainder(dividingBy: 2) == 0 ? r : -r) * sum
  }
}
