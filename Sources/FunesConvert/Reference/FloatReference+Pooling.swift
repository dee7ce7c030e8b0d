// SPDX-License-Identifier: Apache-2.0
// Pooling and patches of the float reference.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FloatReference {
  /// All rows of the call become one.
  func poolRows(_ op: Graph.Operator, heads: Int) {
    let count = rowCounts[op.inputs[0]]
    guard count > 0 else { return }
    func all(_ value: Int) -> ArraySlice<Double> { (0..<count).flatMap { row(value, $0) }[...] }
    let scores = op.inputs.count > 1 ? all(op.inputs[1]) : nil
    setRow(op.outputs[0], 0, FloatReference.pool(all(op.inputs[0]), scores, rows: count, heads: heads))
  }

  /// y_c = Σ_t softmax_t(s_t,h) x_t,c with head h = ⌊c · heads / width⌋; the mean without scores.
  static func pool(_ x: ArraySlice<Double>, _ scores: ArraySlice<Double>?, rows: Int, heads: Int) -> [Double] {
    let width = x.count / rows
    let weights = (0..<heads).map { head in
      guard let scores else { return Array(repeating: 1 / Double(rows), count: rows) }
      return softmax((0..<rows).map { scores[scores.startIndex + $0 * heads + head] }[...])
    }
    return (0..<width).map { column in
      let weights = weights[column * heads / width]
      return (0..<rows).reduce(0) { $0 + weights[$1] * x[x.startIndex + $1 * width + column] }
    }
  }

  /// Each patch (channels, kernel height, kernel width), zeros beyond the edges.
  static func patches(_ x: ArraySlice<Double>, _ patches: Graph.Patches) -> [Double] {
    let (size, kernel, channels) = (patches.size, patches.kernel, patches.channels)
    func pixel(_ channel: Int, _ line: Int, _ column: Int) -> Double {
      guard (0..<size.height).contains(line), (0..<size.width).contains(column) else { return 0 }
      let place = line * size.width + column
      let index = patches.isInterleaved ? place * channels + channel : channel * size.height * size.width + place
      return x[x.startIndex + index]
    }
    var y: [Double] = []
    for down in 0..<patches.counts.height {
      let top = down * patches.stride.height - patches.padding.height
      for across in 0..<patches.counts.width {
        let left = across * patches.stride.width - patches.padding.width
        for channel in 0..<channels {
          for line in 0..<kernel.height {
            y += (0..<kernel.width).map { pixel(channel, top + line, left + $0) }
          }
        }
      }
    }
    return y
  }
}
