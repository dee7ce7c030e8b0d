// SPDX-License-Identifier: Apache-2.0
// The angles of rotary positions as the file holds them. Goals in order: the same bits on every machine, then exactness
// to 48 bits; so exp and log are made here of operations that round correctly, and no library's are used.

/// What each pair of values turns by, from one row to the next (Su et al. 2021, arXiv:2104.09864):
///
///     frequency_i = base^(−2i / d)               in radians;  i = 0 ..< d / 2
///     turns_i = frequency_i / 2π                 in turns, modulo 1
///             = first_i + rest_i                 to 48 bits after the point; first has the upper 24 significant bits
public enum RotaryTurns {
  /// d / 2 firsts, then as many rests.
  public static func values(base: Double, dimensions: Int) -> [Float] {
    values(frequencies: frequencies(base: base, dimensions: dimensions))
  }

  /// Of any frequencies in radians a row, not negative, one a pair: all firsts, then all rests.
  public static func values(frequencies: [Double]) -> [Float] {
    let turns = frequencies.map { frequency in
      let turns = frequency / (2 * Double.pi)
      let fraction = turns - turns.rounded(.down)
      // At most 1 − 2^-48: what rounds up to a whole turn is left just below it.
      return min((fraction * 0x1p48).rounded(), 0x1p48 - 1) * 0x1p-48
    }
    let firsts = turns.map(floorToFloat)
    return firsts + zip(turns, firsts).map { Float($0 - Double($1)) }
  }

  /// base^(−2i / d), i = 0 ..< d / 2.
  static func frequencies(base: Double, dimensions: Int) -> [Double] {
    let logarithm = log(base)
    return stride(from: 0, to: dimensions, by: 2).map { exp(-logarithm * Double($0) / Double(dimensions)) }
  }

  /// The largest float that is not above a number.
  private static func floorToFloat(_ x: Double) -> Float {
    let nearest = Float(x)
    return Double(nearest) > x ? nearest.nextDown : nearest
  }

  /// x = 2^k m, m in 1 ..< 2:  ln x = k ln 2 + 2 (u + u³/3 + u⁵/5 + …), u = (m − 1) / (m + 1) < 1/3.
  static func log(_ x: Double) -> Double {
    let u = (x.significand - 1) / (x.significand + 1)
    var sum = 0.0
    // 1/3^41 is less than a double holds beside 1.
    for power in stride(from: 41, through: 1, by: -2) { sum = sum * u * u + 1 / Double(power) }
    return Double(x.exponent) * ln2 + 2 * u * sum
  }

  /// x = k ln 2 + r, |r| ≤ ln 2 / 2:  e^x = 2^k (1 + r (1 + r/2 (1 + r/3 (…)))).
  static func exp(_ x: Double) -> Double {
    let k = (x / ln2).rounded()
    let r = x - k * ln2
    var sum = 1.0
    // 0.35^17 / 17! is less than a double holds beside 1.
    for divisor in stride(from: 17, through: 1, by: -1) { sum = 1 + r / Double(divisor) * sum }
    return sum * Double(sign: .plus, exponent: Int(k), significand: 1)
  }

  private static let ln2 = 0.693147180559945309417
}
