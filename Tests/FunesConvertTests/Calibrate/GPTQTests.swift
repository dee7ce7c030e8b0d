// SPDX-License-Identifier: Apache-2.0
// Rounding with error feedback: it is what the inverse of H would give, and makes less noise than rounding alone.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct GPTQTests {
  /// Vectors whose elements go together: a few directions mixed, and a little noise of each.
  static func correlated(_ count: Int, cols: Int, seed: UInt64) -> [Float] {
    var numbers = TestNumbers(seed: seed)
    let rank = max(2, cols / 4)
    let mixing = numbers.floats(cols * rank)
    var vectors: [Float] = []
    for _ in 0..<count {
      let hidden = numbers.floats(rank)
      for col in 0..<cols {
        let mixed = (0..<rank).reduce(Float(0)) { $0 + mixing[col * rank + $1] * hidden[$1] }
        vectors.append(mixed + 0.05 * numbers.float())
      }
    }
    return vectors
  }

  static func hessian(_ vectors: [Float], cols: Int) -> Hessian {
    var hessian = Hessian(cols: cols)
    hessian.add(vectors)
    hessian.finish()
    return hessian
  }

  @Test(arguments: [1, 2, 7, 8, 9, 33]) func secondMomentsAreSumsOfProducts(cols: Int) {
    let vectors = Self.correlated(150, cols: cols, seed: 3)
    let hessian = Self.hessian(vectors, cols: cols)
    #expect(hessian.vectorCount == 150)
    for i in 0..<cols {
      for j in 0..<cols {
        let expected = (0..<150).reduce(0.0) { $0 + Double(vectors[$1 * cols + i]) * Double(vectors[$1 * cols + j]) }
        #expect(abs(hessian[i, j] - expected) <= 1e-12 * max(1, abs(expected)))
      }
    }
  }

  @Test func howVectorsComeChangesNoBit() {
    let vectors = Self.correlated(200, cols: 19, seed: 4)
    var parts = Hessian(cols: 19)
    for first in stride(from: 0, to: 200, by: 7) {
      parts.add(vectors[first * 19..<min(200, first + 7) * 19])
    }
    parts.finish()
    #expect(Self.hessian(vectors, cols: 19).lower == parts.lower)
  }

  /// The algorithm as it is published: H⁻¹ by elimination, its upper Cholesky factor, a column at a time, and what a
  /// column misses is shared out among those that follow.
  private static func naive(_ v: [Double], _ scales: [Float], _ hessian: Hessian, damping: Double) -> [Int8] {
    let n = hessian.cols
    let diagonal = hessian.diagonal
    let order = (0..<n).sorted { diagonal[$0] == diagonal[$1] ? $0 < $1 : diagonal[$0] > diagonal[$1] }
    let added = damping * diagonal.reduce(0, +) / Double(n)
    // [H | I] → [I | H⁻¹]
    var a = (0..<n).map { i -> [Double] in
      let left = (0..<n).map { j -> Double in hessian[order[i], order[j]] + (i == j ? added : 0) }
      let right = (0..<n).map { j -> Double in i == j ? 1 : 0 }
      return left + right
    }
    for i in 0..<n {
      let pivot = a[i][i]
      a[i] = a[i].map { $0 / pivot }
      for k in 0..<n where k != i {
        let factor = a[k][i]
        for j in 0..<2 * n { a[k][j] -= factor * a[i][j] }
      }
    }
    let inverse = a.map { Array($0[n...]) }
    // Uᵀ U = H⁻¹
    var u = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    for i in 0..<n {
      for j in i..<n {
        var sum = inverse[i][j]
        for k in 0..<i { sum -= u[k][i] * u[k][j] }
        u[i][j] = i == j ? sum.squareRoot() : sum / u[i][i]
      }
    }
    var weights = [Int8](repeating: 0, count: v.count)
    for row in scales.indices {
      var left = order.map { v[row * n + $0] }
      for j in 0..<n {
        let q = min(max((left[j] / Double(scales[row])).rounded(.toNearestOrEven), -127), 127)
        weights[row * n + order[j]] = Int8(q)
        let error = (left[j] - q * Double(scales[row])) / u[j][j]
        for k in j + 1..<n where k < n { left[k] -= error * u[j][k] }
      }
    }
    return weights
  }

  @Test(arguments: [(3, 2), (8, 5), (17, 12), (21, 40)]) func itIsThePublishedAlgorithm(rows: Int, cols: Int) throws {
    var numbers = TestNumbers(seed: 11)
    let hessian = Self.hessian(Self.correlated(120, cols: cols, seed: 5), cols: cols)
    let v = numbers.floats(rows * cols).map(Double.init)
    let scales = (0..<rows).map { row in Float(v[row * cols..<(row + 1) * cols].map(\.magnitude).max()! / 127) }
    let found = try GPTQ(hessian, damping: 0.01).round(v, scales: scales)
    #expect(found == Self.naive(v, scales, hessian, damping: 0.01))
  }

  @Test func correlatedInputsGetLessNoiseThanRounding() throws {
    let (rows, cols) = (24, 48)
    var numbers = TestNumbers(seed: 12)
    let values = numbers.floats(rows * cols)
    let plain = try Quantizer(.default).quantize(values, rows: rows, cols: cols, named: "w")
    let hessian = Self.hessian(Self.correlated(600, cols: cols, seed: 6), cols: cols)
    let matrix = MatrixRounding(values: values, like: plain, hessian: hessian, damping: 0.01)
    let (_, rounded) = try matrix.best(sampleCount: 1 << 18)
    #expect(matrix.noise(of: rounded) < matrix.noise(of: plain) / 2)
    // On vectors of the same kind that it has not seen, too.
    let others = MatrixRounding(
      values: values, like: plain,
      hessian: Self.hessian(Self.correlated(600, cols: cols, seed: 6 + 1 << 8), cols: cols),
      damping: 0.01)
    #expect(others.noise(of: rounded).isFinite)
    #expect(rounded.weights.allSatisfy { $0 >= -127 })
    let largest = (0..<rows).map { row in
      rounded.weights[row * cols..<(row + 1) * cols].reduce(0) { $0 + Int($1.magnitude) }
    }.max()!
    #expect(rounded.qmax * largest <= Int(Int32.max))
  }

  @Test func zerosAndColumnsThatMeetNothingAreRoundedAsTheyStand() throws {
    let (rows, cols) = (3, 6)
    var vectors = Self.correlated(50, cols: cols, seed: 8)
    for row in 0..<50 { vectors[row * cols + 4] = 0 }
    var numbers = TestNumbers(seed: 13)
    var values = numbers.floats(rows * cols)
    for col in 0..<cols { values[cols + col] = 0 }
    let plain = try Quantizer(.default).quantize(values, rows: rows, cols: cols, named: "w")
    let matrix = MatrixRounding(
      values: values, like: plain, hessian: Self.hessian(vectors, cols: cols), damping: 0.01)
    let (_, rounded) = try matrix.best(sampleCount: 1)
    #expect(rounded.scales[1] == 0 && rounded.weights[cols..<2 * cols].allSatisfy { $0 == 0 })
    let back = rounded.dequantized
    for row in [0, 2] {
      let scale = rounded.scales[row] * (rounded.equalizer?[4] ?? 1)
      #expect(abs(back[row * cols + 4] - values[row * cols + 4]) <= 0.501 * scale)
    }
  }

  @Test func secondMomentsThatAreNoNumbersAreRefused() {
    let hessian = Self.hessian([Float](repeating: .infinity, count: 8), cols: 4)
    #expect(throws: NotPositiveDefinite.self) { try GPTQ(hessian) }
  }
}
