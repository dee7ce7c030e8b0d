// SPDX-License-Identifier: Apache-2.0
// Norms and rotary positions of the float reference: in double precision, angles unwrapped.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FloatReference {
  func layerNorm(_ x: ArraySlice<Double>, _ gain: Int, _ bias: Int?, _ epsilon: Double) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let centred = x.map { $0 - mean }
    let y = FloatReference.scaled(centred[...], epsilon, doubles(gain))
    return bias.map { zip(y, doubles($0)).map { $0 + $1 } } ?? y
  }

  func rmsNorm(_ x: ArraySlice<Double>, _ gain: Int, _ epsilon: Double) -> [Double] {
    FloatReference.scaled(x, epsilon, doubles(gain))
  }

  /// x / sqrt(mean(x²) + ε) · gain.
  private static func scaled(_ x: ArraySlice<Double>, _ epsilon: Double, _ gain: [Double]) -> [Double] {
    let square = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let inverse = 1 / (square + epsilon).squareRoot()
    return zip(x, gain).map { $0 * inverse * $1 }
  }

  /// The first `dimensions` values, pair after pair, turned by position · (first + rest) turns.
  func rotate(
    _ x: ArraySlice<Double>, _ dimensions: Int, _ isHalved: Bool, _ turns: Int, _ position: Double
  ) -> [Double] {
    var y = Array(x)
    let values = doubles(turns)
    let half = dimensions / 2
    for pair in 0..<half {
      // Whole turns are left out of the larger part first, so that the smaller one loses no bits to them.
      let first = (position * values[pair]).truncatingRemainder(dividingBy: 1)
      let angle = 2 * Double.pi * (first + position * values[half + pair])
      let (cosine, sine) = (cos(angle), sin(angle))
      let (a, b) = isHalved ? (pair, pair + half) : (2 * pair, 2 * pair + 1)
      let (real, imaginary) = (y[a], y[b])
      y[a] = real * cosine - imaginary * sine
      y[b] = real * sine + imaginary * cosine
    }
    return y
  }
}
