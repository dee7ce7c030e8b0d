// SPDX-License-Identifier: Apache-2.0
// What a matrix multiplies, gathered: H = Σ x xᵀ, in double precision, the same bits on every machine.

import CFunesReference

/// The second moments of the vectors x (cols) that a matrix multiplies: H = Σ x xᵀ (cols, cols), symmetric.
///
/// The noise of W x, summed over the vectors, where W is off by E, is tr(E H Eᵀ).
struct Hessian {
  let cols: Int
  /// From one row to the next: cols, rounded up to whole lanes.
  let stride: Int
  /// Row i holds H_ij for j ≤ i; what stands right of the diagonal is not to be read.
  private(set) var lower: [Double]
  private(set) var vectorCount = 0
  private var pending: [Double] = []
  /// Vectors that are gathered before they are multiplied.
  private static let chunk = 64

  init(cols: Int) {
    self.cols = cols
    stride = roundUp(cols, to: Int(FUNES_CALIBRATE_LANES))
    lower = [Double](repeating: 0, count: cols * stride)
    pending.reserveCapacity(Hessian.chunk * stride)
  }

  /// Takes up vectors that lie side by side.
  mutating func add(_ vectors: some RandomAccessCollection<Float>) {
    precondition(vectors.count % cols == 0, "Hessian.add: not whole vectors")
    var column = 0
    for element in vectors {
      pending.append(Double(element))
      column += 1
      guard column == cols else { continue }
      column = 0
      for _ in cols..<stride { pending.append(0) }
      vectorCount += 1
      if pending.count == Hessian.chunk * stride { flush() }
    }
  }

  /// Ends the gathering: what was held back is multiplied too.
  mutating func finish() { flush() }

  private mutating func flush() {
    guard !pending.isEmpty else { return }
    let count = pending.count / stride
    lower.withUnsafeMutableBufferPointer { h in
      pending.withUnsafeBufferPointer { x in
        funes_calibrate_gram(h.baseAddress!, x.baseAddress!, count, cols, stride)
      }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// H_ij.
  subscript(i: Int, j: Int) -> Double { i >= j ? lower[i * stride + j] : lower[j * stride + i] }

  var diagonal: [Double] { (0..<cols).map { lower[$0 * stride + $0] } }

  /// That of the vectors x · e: H_ij e_i e_j.
  func scaled(by e: [Float]?) -> Hessian {
    guard let e else { return self }
    var scaled = self
    scaled.lower.withUnsafeMutableBufferPointer { h in
      for i in 0..<cols {
        let row = Double(e[i])
        for j in 0...i { h[i * stride + j] *= row * Double(e[j]) }
      }
    }
    return scaled
  }

  /// The noise tr(E H Eᵀ) of rows of errors: `errors` (cols, lanes) holds as many rows side by side.
  func noise(_ errors: UnsafePointer<Double>) -> Double {
    let lanes = Int(FUNES_CALIBRATE_LANES)
    var total = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: lanes) { sum in
      lower.withUnsafeBufferPointer { h in
        // eᵀ H e = Σ_i e_i (2 Σ_{j<i} H_ij e_j + H_ii e_i)
        for i in 0..<cols {
          let row = h.baseAddress! + i * stride
          funes_calibrate_feedback(sum.baseAddress!, row, errors, i)
          for lane in 0..<lanes {
            let e = errors[i * lanes + lane]
            total += e * (2 * sum[lane] + row[i] * e)
          }
        }
      }
    }
    return total
  }
}
