// SPDX-License-Identifier: Apache-2.0
// One matrix and what it multiplies: equalizers are tried, and the best is rounded with GPTQ.

import CFunesReference

/// Roundings of one matrix W (rows, cols) and the noise that they make of its product.
struct MatrixRounding {
  let values: [Float]
  /// Shape and activations of the matrix as it would be without calibration.
  let plain: QuantizedMatrix
  let hessian: Hessian
  let damping: Double
  private var rows: Int { plain.rows }
  private var cols: Int { plain.cols }

  init(values: [Float], like plain: QuantizedMatrix, hessian: Hessian, damping: Double) {
    self.values = values
    self.plain = plain
    self.hessian = hessian
    self.damping = damping
  }

  /// tr(W H Wᵀ).
  var signal: Double { noise(rows: Array(0..<rows)) { Double(values[$0 * cols + $1]) } }

  /// tr((W − Ŵ) H (W − Ŵ)ᵀ).
  func noise(of matrix: QuantizedMatrix) -> Double {
    noise(rows: Array(0..<rows)) { row, col in
      let at = row * cols + col
      let column = Double(matrix.equalizer?[col] ?? 1)
      return Double(values[at]) - Double(matrix.weights[at]) * Double(matrix.scales[row]) * column
    }
  }

  private func noise(rows: [Int], _ error: (Int, Int) -> Double) -> Double {
    let lanes = Int(FUNES_CALIBRATE_LANES)
    var total = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: cols * lanes) { errors in
      for first in stride(from: 0, to: rows.count, by: lanes) {
        errors.update(repeating: 0)
        for lane in 0..<min(lanes, rows.count - first) {
          for col in 0..<cols { errors[col * lanes + lane] = error(rows[first + lane], col) }
        }
        total += hessian.noise(errors.baseAddress!)
      }
    }
    return total
  }

  /// GPTQ with the equalizer that leaves least noise, and that equalizer in words. The matrix's own equalizer is among those
  /// that are tried; a matrix without one, as with 8-bit activations, gets none.
  func best(sampleCount: Int) throws(NotPositiveDefinite) -> (equalizer: String, matrix: QuantizedMatrix) {
    var choices = [EqualizerChoice(weights: 0, inputs: 0)]
    if plain.activationPlanes > 1 { choices = EqualizerChoice.all }
    let step = max(1, rows * cols / sampleCount)
    let sample = Array(stride(from: 0, to: rows, by: step))
    func candidate(_ choice: EqualizerChoice) throws(NotPositiveDefinite) -> Candidate {
      let e = choice.columns(of: values, hessian: hessian)
      return Candidate(choice: choice, equalizer: e, gptq: try GPTQ(hessian.scaled(by: e), damping: damping))
    }
    var chosen = try candidate(choices[0])
    if choices.count > 1 {
      var least = noise(of: round(sample, chosen), rows: sample, chosen.equalizer)
      for choice in choices.dropFirst() {
        let other = try candidate(choice)
        let noise = noise(of: round(sample, other), rows: sample, other.equalizer)
        if noise < least { (least, chosen) = (noise, other) }
      }
    }
    var matrix = plain
    (matrix.weights, matrix.scales) = round(Array(0..<rows), chosen)
    matrix.equalizer = chosen.equalizer
    matrix.qmax = matrix.largestActivation
    matrix.measure(against: values)
    return (chosen.choice.description, matrix)
  }

  /// An equalizer and GPTQ for what its inputs then are.
  private struct Candidate {
    var choice: EqualizerChoice
    var equalizer: [Float]?
    var gptq: GPTQ
  }

  /// Some rows with scales from the largest weight, rounded with GPTQ.
  private func round(_ rows: [Int], _ candidate: Candidate) -> (weights: [Int8], scales: [Float]) {
    let e = candidate.equalizer
    var v = [Double](repeating: 0, count: rows.count * cols)
    var scales = [Float](repeating: 0, count: rows.count)
    for (place, row) in rows.enumerated() {
      var largest = 0.0
      for col in 0..<cols {
        let value = Double(values[row * cols + col]) / Double(e?[col] ?? 1)
        v[place * cols + col] = value
        largest = max(largest, value.magnitude)
      }
      if largest >= Double(Equalizer.smallest) { scales[place] = Float(largest / 127) }
    }
    return (candidate.gptq.round(v, scales: scales), scales)
  }

  private func noise(of rounded: (weights: [Int8], scales: [Float]), rows: [Int], _ e: [Float]?) -> Double {
    let places = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
    return noise(rows: rows) { row, col in
      let place = places[row] ?? 0
      let scale = Double(rounded.scales[place]) * Double(e?[col] ?? 1)
      return Double(values[row * cols + col]) - Double(rounded.weights[place * cols + col]) * scale
    }
  }
}

extension QuantizedMatrix {
  /// Largest magnitude of an activation whose sums of products stay inside int32 with these weights.
  var largestActivation: Int {
    var largest = 0
    for row in 0..<rows {
      largest = max(largest, weights[row * cols..<(row + 1) * cols].reduce(0) { $0 + Int($1.magnitude) })
    }
    let most = activationPlanes == 1 ? Precision.Activations.eight.largest : Precision.Activations.sixteen.largest
    return largest == 0 ? most : min(most, Int(Int32.max) / largest)
  }
}
