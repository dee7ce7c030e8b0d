// SPDX-License-Identifier: Apache-2.0
// Frames of an inner axis, of the float reference.

extension FloatReference {
  /// (positions, w) → (count, kernel · w).
  static func frames(_ x: ArraySlice<Double>, _ frames: Graph.Frames) -> [Double] {
    let width = x.count / frames.positions
    func position(_ at: Int) -> [Double] {
      let last = frames.positions - 1
      var at = at
      if !(0...last).contains(at) {
        switch frames.padding {
        case .zeros: return Array(repeating: 0, count: width)
        case .reflect: at = at < 0 ? -at : 2 * last - at
        case .replicate: at = at < 0 ? 0 : last
        }
      }
      let first = x.startIndex + at * width
      return Array(x[first..<first + width])
    }
    return (0..<frames.count).flatMap { frame in
      (0..<frames.kernel).flatMap { tap in position(frame * frames.stride - frames.before + tap * frames.dilation) }
    }
  }
}
