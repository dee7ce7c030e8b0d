// SPDX-License-Identifier: Apache-2.0
// A network by its kind and sizes, as `funes bench` is given it: lstm:128,256,2.

struct SyntheticShape: Equatable, CustomStringConvertible {
  enum Kind: String, CaseIterable { case lstm, gru, rnn, tcn }

  var kind: Kind
  var inputs: Int
  /// Units of a cell, channels of a convolution.
  var units: Int
  var layers: Int
  /// Rows that a convolution sees.
  var kernel = 3

  static let mostWeights = 1 << 28
  static let grammar = "lstm, gru or rnn:INPUTS,UNITS,LAYERS, tcn:INPUTS,CHANNELS,LAYERS[,KERNEL]"

  /// Nil where the text does not begin with a kind and a colon.
  init?(_ text: String) throws(BenchError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
    let sizes = parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let most = kind == .tcn ? 4 : 3
    guard (3...most).contains(sizes.count), sizes[2] <= 64, sizes.allSatisfy({ (1...65536).contains($0) }),
      sizes.count < 4 || sizes[3] <= 64
    else {
      throw .badShape(found: text, expected: SyntheticShape.grammar + ", sizes 1 to 65536, layers and kernel 1 to 64")
    }
    self.kind = kind
    (inputs, units, layers) = (sizes[0], sizes[1], sizes[2])
    if sizes.count == 4 { kernel = sizes[3] }
    guard weightCount <= SyntheticShape.mostWeights else {
      throw .shapeTooLarge(found: text, weightCount: weightCount)
    }
  }

  /// Weights of all matrices.
  var weightCount: Int {
    (0..<layers).reduce(0) { sum, layer in
      let cols = layer == 0 ? inputs : units
      return sum + (kind == .tcn ? units * kernel * cols : gates * units * (cols + units))
    }
  }

  var gates: Int {
    switch kind {
    case .lstm: 4
    case .gru: 3
    case .rnn, .tcn: 1
    }
  }

  var description: String {
    "\(kind.rawValue):\(inputs),\(units),\(layers)" + (kind == .tcn && kernel != 3 ? ",\(kernel)" : "")
  }
}
