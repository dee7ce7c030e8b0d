// SPDX-License-Identifier: Apache-2.0
// One channel of a picture as floats, in the size that is wanted.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension RasterImage {
  /// A channel of `count` that are wanted, in 0...1, (height, width).
  ///
  /// Grey of colours is 0.299 red + 0.587 green + 0.114 blue; of grey every colour is that grey. In another size each
  /// value is the mean of the samples around its place, weighted by the filter, which is as much wider as the picture
  /// shrinks: nothing is passed over, as Pillow and torchvision do it; but that values are not rounded between.
  func plane(
    _ channel: Int, of count: Int, width newWidth: Int, height newHeight: Int, _ filter: ImagePreparation.Filter
  ) -> [Float] {
    let columns = Weights.all(from: width, to: newWidth, filter)
    let lines = Weights.all(from: height, to: newHeight, filter)
    var narrow = [Float](repeating: 0, count: height * newWidth)
    var line = [Float](repeating: 0, count: width)
    for y in 0..<height {
      for x in 0..<width { line[x] = value(x, y, channel, of: count) }
      for (x, weights) in columns.enumerated() { narrow[y * newWidth + x] = weights.sum { line[$0] } }
    }
    var plane = [Float](repeating: 0, count: newHeight * newWidth)
    for (y, weights) in lines.enumerated() {
      for x in 0..<newWidth { plane[y * newWidth + x] = weights.sum { narrow[$0 * newWidth + x] } }
    }
    return plane
  }

  private func value(_ x: Int, _ y: Int, _ channel: Int, of count: Int) -> Float {
    let at = (y * width + x) * channels
    let scale = Double(maximum)
    if channels == 1 { return Float(Double(samples[at]) / scale) }
    if count == 3 { return Float(Double(samples[at + channel]) / scale) }
    let grey = 299 * Int(samples[at]) + 587 * Int(samples[at + 1]) + 114 * Int(samples[at + 2])
    return Float(Double(grey) / (1000 * scale))
  }

  /// The old values that make a new one.
  private struct Weights {
    var first: Int
    var weights: [Double]

    func sum(_ value: (Int) -> Float) -> Float {
      if weights.count == 1 { return value(first) }
      var sum = 0.0
      for (index, weight) in weights.enumerated() { sum += weight * Double(value(first + index)) }
      return Float(sum)
    }

    /// One a new value, `new` of `old`.
    static func all(from old: Int, to new: Int, _ filter: ImagePreparation.Filter) -> [Weights] {
      if old == new { return (0..<new).map { Weights(first: $0, weights: [1]) } }
      let scale = Double(old) / Double(new)
      if filter == .nearest {
        return (0..<new).map { Weights(first: min(old - 1, Int((Double($0) + 0.5) * scale)), weights: [1]) }
      }
      let widening = max(scale, 1), reach = filter.support * widening
      return (0..<new).map { index in
        let center = (Double(index) + 0.5) * scale
        let first = min(old - 1, max(0, Int((center - reach + 0.5).rounded(.down))))
        let end = max(first + 1, min(old, Int((center + reach + 0.5).rounded(.down))))
        let raw = (first..<end).map { filter.weight((Double($0) + 0.5 - center) / widening) }
        let sum = raw.reduce(0, +)
        return Weights(first: first, weights: raw.map { sum == 0 ? 1 / Double(raw.count) : $0 / sum })
      }
    }
  }
}

extension ImagePreparation.Filter {
  /// Pixels to either side that a filter reaches, at the old size.
  fileprivate var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight of what is `x` pixels away.
  ///
  /// Source: Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711 (bicubic, a = -0.5); the others are windows of sin(πx) / πx.
  fileprivate func weight(_ x: Double) -> Double {
    let x = abs(x)
    func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(Double.pi * x) / (Double.pi * x) }
    guard x < support || self == .box else { return 0 }
    switch self {
    case .nearest, .box: return x <= 0.5 ? 1 : 0
    case .bilinear: return 1 - x
    case .hamming: return sinc(x) * (0.54 + 0.46 * cos(Double.pi * x))
    case .bicubic: return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2
    case .lanczos: return sinc(x) * sinc(x / 3)
    }
  }
}
