// SPDX-License-Identifier: Apache-2.0
// Rounding that knows what will be multiplied: the error of each weight is made good by those that are rounded after it.
// Goals, in order: the same bits on every machine, least noise of the product, speed.

import CFunesReference

/// Why a factor could not be found: the Hessian is not positive definite even when damped, as where it has no finite numbers.
struct NotPositiveDefinite: Error {}

/// GPTQ for one matrix: integers q for v = W / e with little tr((v − s q) H (v − s q)ᵀ), H that of x · e.
///
/// With columns in descending order of the damped H's diagonal and U upper triangular in H = U Uᵀ, the noise of a row's
/// errors ε = v − s q is |Uᵀ ε|² = Σ_j (U_jj ε_j + Σ_{i<j} U_ij ε_i)². Columns are rounded in that order, each so that its own
/// term is least:
///
///     F_ji = U_ij / U_jj
///     q_j  = round((v_j + Σ_{i<j} F_ji ε_i) / s),   in −127…127
///
/// which is error feedback through the Cholesky factor of H⁻¹ (that factor is U⁻¹) without the inverse.
/// Source: Frantar et al. 2022, "GPTQ", arXiv:2210.17323; act-order and damping as in the authors' code.
struct GPTQ {
  let cols: Int
  /// Column of v that comes j-th.
  let order: [Int]
  /// F, row j at j · cols, of which i < j are used.
  private let factor: [Double]
  private static let lanes = Int(FUNES_CALIBRATE_LANES)

  /// - Parameters:
  ///   - hessian: of the vectors x · e.
  ///   - damping: what is added to its diagonal, as a share of the diagonal's mean.
  init(_ hessian: Hessian, damping: Double = Calibrator.usualDamping) throws(NotPositiveDefinite) {
    cols = hessian.cols
    let diagonal = hessian.diagonal
    let mean = diagonal.reduce(0, +) / Double(cols)
    // Of equals the first column comes first: the sort must not depend on how it is done.
    order = diagonal.indices.sorted { diagonal[$0] == diagonal[$1] ? $0 < $1 : diagonal[$0] > diagonal[$1] }
    var share = damping
    while true {
      if let factor = GPTQ.factor(hessian, order, added: share * mean) {
        self.factor = factor
        return
      }
      share = max(10 * share, 0.001)
      guard share <= 10 else { throw NotPositiveDefinite() }
    }
  }

  /// F of the permuted and damped H; nil where a pivot is not positive.
  private static func factor(_ hessian: Hessian, _ order: [Int], added: Double) -> [Double]? {
    let n = order.count
    // Row i of U, mirrored: place n − 1 − k holds U_ik, so that what is summed over k > j lies at the front.
    var mirrored = [Double](repeating: 0, count: n * n)
    var factor = [Double](repeating: 0, count: n * n)
    let isDefinite = mirrored.withUnsafeMutableBufferPointer { u in
      factor.withUnsafeMutableBufferPointer { f in
        for j in stride(from: n - 1, through: 0, by: -1) {
          let count = n - 1 - j
          let row = u.baseAddress! + j * n
          let pivot = hessian[order[j], order[j]] + added - funes_calibrate_dot(row, row, count)
          guard pivot > 0, pivot.isFinite else { return false }
          let root = pivot.squareRoot()
          row[count] = root
          for i in 0..<j {
            let other = u.baseAddress! + i * n
            let value = (hessian[order[i], order[j]] - funes_calibrate_dot(other, row, count)) / root
            other[count] = value
            f[j * n + i] = value / root
          }
        }
        return true
      }
    }
    return isDefinite ? factor : nil
  }

  /// Rounds rows of v (rows, cols), row-major, with fixed scales, 0 for rows of zeros. Returns integers in −127…127.
  func round(_ v: [Double], scales: [Float]) -> [Int8] {
    let (rows, lanes) = (scales.count, GPTQ.lanes)
    precondition(v.count == rows * cols, "GPTQ.round: v is not (rows, cols)")
    var weights = [Int8](repeating: 0, count: v.count)
    var errors = [Double](repeating: 0, count: cols * lanes)
    var sums = [Double](repeating: 0, count: lanes)
    weights.withUnsafeMutableBufferPointer { weights in
      errors.withUnsafeMutableBufferPointer { errors in
        sums.withUnsafeMutableBufferPointer { sums in
          factor.withUnsafeBufferPointer { factor in
            v.withUnsafeBufferPointer { v in
              order.withUnsafeBufferPointer { order in
                for first in stride(from: 0, to: rows, by: lanes) {
                  let count = min(lanes, rows - first)
                  for j in 0..<cols {
                    funes_calibrate_feedback(sums.baseAddress!, factor.baseAddress! + j * cols, errors.baseAddress!, j)
                    let col = order[j]
                    for lane in 0..<count {
                      let at = (first + lane) * cols + col
                      let scale = Double(scales[first + lane])
                      guard scale > 0 else { continue }
                      let wanted = ((v[at] + sums[lane]) / scale).rounded(.toNearestOrEven)
                      let weight = min(max(wanted, -127), 127)
                      weights[at] = Int8(weight)
                      errors[j * lanes + lane] = v[at] - weight * scale
                    }
                  }
                  // Lanes beyond the last row, and rows of zeros, have no errors.
                  for index in 0..<cols * lanes { errors[index] = 0 }
                }
              }
            }
          }
        }
      }
    }
    return weights
  }
}
