// SPDX-License-Identifier: Apache-2.0
// A file's own matrices in integers: what comparisons and reports look at, rather than at what a converter would make.

import Funes

extension Model {
  /// Every matrix as the file holds it, by the name of its constant. Energies are 0: the file knows no float weights;
  /// `QuantizedMatrix.measure` takes them up.
  public var matrices: [String: QuantizedMatrix] {
    var matrices: [String: QuantizedMatrix] = [:]
    for (index, constant) in constants.enumerated() where constant.isMatrix {
      let packer = TilePacker(rows: constant.rows, cols: constant.cols, groups: constant.groups)
      var matrix = packer.unpacked(
        unsafeBytes(ofConstant: index), planes: constant.weightBits / 8, hasEqualizer: constant.hasEqualizer)
      matrix.activationPlanes = constant.activationBits / 8
      matrix.qmax = constant.qmax
      matrices[constant.name] = matrix
    }
    return matrices
  }
}

extension QuantizedMatrix {
  /// Sets Σ W² and Σ (W − Ŵ)², in double precision, row after row.
  public mutating func measure(against values: [Float]) {
    precondition(values.count == rows * cols, "QuantizedMatrix.measure: values.count is not rows · cols")
    let columns = equalizer?.map(Double.init) ?? [Double](repeating: 1, count: cols)
    (signalEnergy, errorEnergy) = (0, 0)
    for row in 0..<rows {
      let (scale, first) = (Double(scales[row]), row * cols)
      var (signal, error) = (0.0, 0.0)
      for col in 0..<cols {
        let value = Double(values[first + col])
        let miss = value - Double(weight(first + col)) * scale * columns[col]
        signal += value * value
        error += miss * miss
      }
      signalEnergy += signal
      errorEnergy += error
    }
  }
}
