// SPDX-License-Identifier: Apache-2.0
// How an inner axis of a row is cut into frames: a convolution inside the row is these and a linear operator.

extension Graph {
  /// Frames of an inner axis: (positions, w) → (count, kernel · w), tap after tap, each of w values.
  ///
  ///     y_m,j = x at position m · stride − before + j · dilation,  j = 0 ..< kernel
  public struct Frames: Sendable, Equatable {
    /// What stands beyond the edges; numbers and words as PyTorch pads.
    public enum Padding: Int, Sendable, CaseIterable {
      case zeros = 0
      /// The row mirrored at its first and last position, which are not repeated; the padding is below `positions`.
      case reflect
      /// The first or the last position again.
      case replicate
    }
    public var positions: Int
    public var kernel: Int
    public var stride: Int
    public var dilation: Int
    /// Positions that are added before the first and after the last.
    public var before: Int
    public var after: Int
    public var padding: Padding

    public init(
      positions: Int, kernel: Int, stride: Int = 1, dilation: Int = 1, before: Int = 0, after: Int = 0,
      padding: Padding = .zeros
    ) {
      self.positions = positions
      self.kernel = kernel
      self.stride = stride
      self.dilation = dilation
      self.before = before
      self.after = after
      self.padding = padding
    }

    /// Positions from a frame's first tap to its last, both included.
    public var span: Int { (kernel - 1) * dilation + 1 }
    /// Frames; none where not one fits.
    public var count: Int {
      let room = positions + before + after - span
      return room < 0 ? 0 : room / stride + 1
    }
  }
}
