// SPDX-License-Identifier: Apache-2.0
// How an image is cut into patches: a convolution is these and a linear operator.

extension Graph {
  /// Patches of an image (channels, height, width), or (height, width, channels) where interleaved, each (channels,
  /// kernel height, kernel width): PyTorch's `unfold`, transposed.
  public struct Patches: Sendable, Equatable {
    /// Down and across.
    public struct Extent: Sendable, Equatable {
      public var height: Int
      public var width: Int

      public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
      }
    }
    public var channels: Int
    public var size: Extent
    public var kernel: Extent
    public var stride: Extent
    /// Zeros at each edge.
    public var padding: Extent
    public var isInterleaved: Bool

    public init(
      channels: Int, size: Extent, kernel: Extent, stride: Extent, padding: Extent = Extent(0, 0),
      isInterleaved: Bool = false
    ) {
      self.channels = channels
      self.size = size
      self.kernel = kernel
      self.stride = stride
      self.padding = padding
      self.isInterleaved = isInterleaved
    }

    /// Patches down and across.
    public var counts: Extent {
      Extent(
        (size.height + 2 * padding.height - kernel.height) / stride.height + 1,
        (size.width + 2 * padding.width - kernel.width) / stride.width + 1)
    }
    /// Values of a patch.
    public var elementCount: Int { channels * kernel.height * kernel.width }
  }
}
