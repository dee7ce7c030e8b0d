// SPDX-License-Identifier: Apache-2.0
// Quantised matrices: how far they are from the float ones, what equalisation gains, and the bound on activations.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct QuantizerTests {
  private func quantize(
    _ values: [Float], rows: Int, _ precision: Precision = .default, isGathered: Bool = false
  ) throws -> QuantizedMatrix {
    try Quantizer(precision, isGathered: isGathered)
      .quantize(values, rows: rows, cols: values.count / rows, named: "w")
  }

  /// Rows × cols with columns that differ by up to 2^12 in size.
  private func badlyScaled(rows: Int, cols: Int) -> [Float] {
    var numbers = TestNumbers(seed: 3)
    let sizes = (0..<cols).map { _ in Float(1 << numbers.below(13)) }
    return (0..<rows * cols).map { numbers.float() * sizes[$0 % cols] }
  }

  @Test(arguments: [Precision.default, .fast, .high])
  func everyWeightIsWithinHalfAStep(precision: Precision) throws {
    let (rows, cols) = (33, 21)
    let values = badlyScaled(rows: rows, cols: cols)
    let matrix = try quantize(values, rows: rows, precision)
    let found = matrix.dequantized
    for row in 0..<rows {
      for col in 0..<cols {
        let step = Double(matrix.scales[row]) * Double(matrix.equalizer?[col] ?? 1)
        let miss = abs(Double(found[row * cols + col]) - Double(values[row * cols + col]))
        // The row's largest weight may round past the limit by the rounding of its scale; the last bits are the float's own.
        let last = Double(values[row * cols + col].ulp)
        #expect(miss <= step * (0.5 + 1e-5) + last, "row \(row) column \(col): \(miss) > \(step) / 2")
      }
    }
    #expect(matrix.planes.allSatisfy { $0.allSatisfy { $0 != -128 } })
    let limit = precision == .high ? 32_512 : 127
    for row in 0..<rows {
      #expect((row * cols..<(row + 1) * cols).contains { abs(matrix.weight($0)) == limit })
    }
  }

  @Test func everyIntegerHasItsTwoPlanes() {
    for weight in -32_512...32_512 {
      let (high, low) = QuantizedMatrix.planes(of: weight)
      #expect(255 * Int(high) + Int(low) == weight && high != -128 && low != -128)
    }
    #expect(QuantizedMatrix.planes(of: 127) == (0, 127) && QuantizedMatrix.planes(of: 128) == (1, -127))
    #expect(QuantizedMatrix.planes(of: -32_512) == (-127, -127))
  }

  /// A second plane says 8 bits more: 48 dB, less what the ends of the range cost.
  @Test func aSecondPlaneTakesTheErrorAway() throws {
    let values = badlyScaled(rows: 33, cols: 21)
    let one = try quantize(values, rows: 33)
    let two = try quantize(values, rows: 33, .high)
    #expect(two.weightSNR! > one.weightSNR! + 47)
    #expect(two.equalizer == one.equalizer)
    let found = two.dequantized
    let error = values.indices.reduce(0.0) {
      let miss = Double(values[$1]) - Double(found[$1])
      return $0 + miss * miss
    }
    // But for the rounding of what is dequantised to floats.
    #expect(abs(error / two.errorEnergy - 1) < 0.01)
  }

  @Test func anEqualizerHelpsColumnsOfUnlikeSize() throws {
    let values = badlyScaled(rows: 40, cols: 32)
    let plain = try quantize(values, rows: 40, Precision(activations: .sixteen, isEqualized: false))
    let equalized = try quantize(values, rows: 40)
    #expect(plain.equalizer == nil)
    #expect(equalized.weightSNR! > plain.weightSNR!)
    // What a product gains: columns of like standing, seen relative to their own size.
    let cols = 32
    func smallestColumnSNR(_ matrix: QuantizedMatrix) -> Double {
      let found = matrix.dequantized
      return (0..<cols).map { col in
        let at = stride(from: col, to: values.count, by: cols)
        let signal = at.reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1]) }
        let error = at.reduce(0.0) { sum, index in
          let miss = Double(values[index]) - Double(found[index])
          return sum + miss * miss
        }
        return decibels(signal: signal, error: error) ?? .infinity
      }.min()!
    }
    #expect(smallestColumnSNR(equalized) > smallestColumnSNR(plain) + 10)
  }

  @Test func qmaxKeepsEveryProductInsideInt32() throws {
    // 4096 weights of 127 in a row: their sum is 520,192, and 2^31 / 520,192 = 4,128.
    let matrix = try quantize([Float](repeating: 1, count: 4096), rows: 1)
    #expect(matrix.qmax == Int(Int32.max) / (127 * 4096))
    let widest = try quantize([Float](repeating: -1, count: 65_536), rows: 1)
    #expect(widest.qmax >= 128 && widest.qmax * 127 * 65_536 <= Int(Int32.max))
    #expect(try quantize([1, -1], rows: 1).qmax == 32_639)
    let fast = try quantize([Float](repeating: 1, count: 65_536), rows: 1, .fast)
    #expect(fast.qmax == 127 && fast.activationPlanes == 1)
    // 4096 · 32,512 is 127 in both planes.
    let both = try quantize([Float](repeating: 1, count: 4096), rows: 1, .high)
    #expect(both.qmax == matrix.qmax && both.weights.allSatisfy { $0 == 127 } && both.low!.allSatisfy { $0 == 127 })
    // The low plane may be the larger one: 127 of 32,512 is 0 · 255 + 127.
    var small = [Float](repeating: 127, count: 4096)
    small[0] = 32_512
    let low = try quantize(small, rows: 1, Precision(weights: .sixteen, activations: .sixteen, isEqualized: false))
    #expect(low.weights[1] == 0 && low.low![1] == 127 && low.qmax == Int(Int32.max) / (127 * 4096))
  }

  @Test func rowsAndColumnsOfZerosStayZero() throws {
    let matrix = try quantize([0, 0, 0, 0, 3, 1], rows: 2)
    #expect(matrix.scales[0] == 0 && matrix.scales[1] > 0)
    #expect(matrix.weights[0..<3].allSatisfy { $0 == 0 })
    #expect(matrix.equalizer![0] == 1)
    let tiny = try quantize([0x1p-110, -0x1p-120], rows: 1)
    #expect(tiny.scales == [0] && tiny.weights == [0, 0] && tiny.equalizer == nil)
    let wide = try quantize([0, 0, 0, 0, 3, 1], rows: 2, .high)
    #expect(wide.scales[0] == 0 && wide.low![0..<3].allSatisfy { $0 == 0 } && wide.low![4] != 0)
    let nothing = try quantize([0, 0], rows: 2)
    #expect(nothing.weightSNR == nil)
  }

  @Test func theEqualizerHasGeometricMeanNearOne() throws {
    for scale: Float in [0x1p-60, 1, 0x1p70] {
      let values = badlyScaled(rows: 9, cols: 24).map { $0 * scale }
      let equalizer = Equalizer.columns(of: values, cols: 24, isGathered: false)!
      let exponents = equalizer.reduce(0) { $0 + Int($1.exponent) }
      #expect(exponents >= 0 && exponents < equalizer.count)
    }
    #expect(Equalizer.columns(of: [2, 2, -2, 1], cols: 2, isGathered: false) == nil)
  }

  @Test func gatheredTablesAreEqualizedWholly() throws {
    let values = badlyScaled(rows: 12, cols: 16)
    let gathered = try quantize(values, rows: 12, .fast, isGathered: true)
    let multiplied = try quantize(values, rows: 12, .fast)
    #expect(multiplied.equalizer == nil)
    #expect(gathered.weightSNR! > multiplied.weightSNR!)
    for col in 0..<16 {
      let largest = (0..<12).map { (values[$0 * 16 + col] / gathered.equalizer![col]).magnitude }.max()!
      let first = (0..<12).map { (values[$0 * 16] / gathered.equalizer![0]).magnitude }.max()!
      #expect(abs(largest / first - 1) < 1e-6)
    }
  }

  @Test func weightsThatTheFileCannotHoldAreRefused() {
    #expect(throws: ConversionError.weightNotFinite(constant: "w", index: 1)) {
      try quantize([1, .nan], rows: 1)
    }
    #expect(throws: ConversionError.self) { try quantize([0x1p100, 0x1p100], rows: 1) }
  }
}
