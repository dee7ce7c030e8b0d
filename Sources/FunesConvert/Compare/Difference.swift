// SPDX-License-Identifier: Apache-2.0
// How far rows of numbers are from what they should be: the figures of every comparison.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The difference between what was expected and what was found, gathered row by row in double precision. A NaN among the
/// numbers makes every figure of size a NaN for good, so that it passes for no small error.
public struct Difference: Sendable, Equatable {
  public private(set) var rowCount = 0
  /// Largest |expected − found|.
  public private(set) var maxAbs = 0.0
  /// Rows whose largest value stands at the same place, the first of equals.
  public private(set) var agreeingRowCount = 0
  /// Cosine of the angle between a row expected and found: the smallest of all rows. 1 before the first.
  public private(set) var lowestCosine = 1.0
  /// Largest |expected|.
  public private(set) var largestMagnitude = 0.0
  private var signal = 0.0
  private var error = 0.0
  private var valueCount = 0

  public init() {}

  /// Takes up one row.
  public mutating func add(expected: ArraySlice<Float>, found: ArraySlice<Float>) {
    precondition(expected.count == found.count, "Difference.add: the rows differ in width")
    var expectedEnergy = 0.0
    var foundEnergy = 0.0
    var product = 0.0
    for (e, f) in zip(expected, found) {
      let (e, f) = (Double(e), Double(f))
      expectedEnergy += e * e
      foundEnergy += f * f
      product += e * f
      error += (e - f) * (e - f)
      if abs(e) > largestMagnitude { largestMagnitude = abs(e) }
      if !(abs(e - f) <= maxAbs), !maxAbs.isNaN { maxAbs = abs(e - f) }
    }
    signal += expectedEnergy
    rowCount += 1
    valueCount += expected.count
    if Difference.argmax(expected) == Difference.argmax(found) { agreeingRowCount += 1 }
    let scale = expectedEnergy.squareRoot() * foundEnergy.squareRoot()
    let cosine = scale == 0 ? (expectedEnergy == foundEnergy ? 1 : 0) : product / scale
    if !(cosine >= lowestCosine), !lowestCosine.isNaN { lowestCosine = cosine }
  }

  /// Takes up rows of `width` values, as many as there are.
  public mutating func add(expected: [Float], found: [Float], width: Int) {
    precondition(expected.count == found.count && width > 0, "Difference.add: the rows differ in number or width")
    for begin in stride(from: 0, to: expected.count, by: width) {
      add(expected: expected[begin..<(begin + width)], found: found[begin..<(begin + width)])
    }
  }

  /// 10 log10(Σ expected² / Σ error²) in dB: infinite where all is equal, NaN where a number was none.
  public var snr: Double {
    if error == 0 { return .infinity }
    return 10 * log10(signal / error)
  }

  /// sqrt(Σ error² / number of values); 0 before the first.
  public var rootMeanSquareError: Double { valueCount == 0 ? 0 : (error / Double(valueCount)).squareRoot() }
  /// sqrt(Σ expected² / number of values); 0 before the first.
  public var rootMeanSquareSignal: Double { valueCount == 0 ? 0 : (signal / Double(valueCount)).squareRoot() }
  /// Σ error² / Σ expected²: 0 where all is equal.
  var errorShare: Double { error == 0 ? 0 : error / signal }

  /// Rows that agree, in percent.
  public var agreement: Double { rowCount == 0 ? 100 : 100 * Double(agreeingRowCount) / Double(rowCount) }

  private static func argmax(_ row: ArraySlice<Float>) -> Int {
    var best = row.startIndex
    for index in row.indices where row[index] > row[best] { best = index }
    return best - row.startIndex
  }
}
