// SPDX-License-Identifier: Apache-2.0
// Attention as a graph has it: over a cache, over a block, over a memory. Integers are indices into the graph's constants
// and states.

extension Graph {
  /// What is added to the scaled score of query i and key j; a vector constant.
  public enum AttentionBias: Sendable, Equatable {
    /// −slope · |i − j|: one slope a head.
    case slopes(Int)
    /// By the distance, held to B: over a cache (heads, B + 1) by i − j, in a block (heads, 2B + 1) by j − i + B.
    case distances(Int)
    /// Of a block of N inner rows: (N, N) for every head, or (heads, N, N).
    case mask(Int)

    var constant: Int {
      switch self {
      case .slopes(let constant), .distances(let constant), .mask(let constant): constant
      }
    }

    /// Its number in the file.
    var kind: Int32 {
      switch self {
      case .slopes: 1
      case .distances: 2
      case .mask: 3
      }
    }
  }

  /// Causal multi-head attention over a cache: inputs q (heads, d), k and v (keyHeads, d).
  public struct Attention: Sendable {
    public var heads: Int
    /// Key and value heads; heads / keyHeads query heads share one.
    public var keyHeads: Int
    /// Rows that a row sees, itself included.
    public var window: Int
    /// What scores are multiplied by, usually 1 / sqrt(d).
    public var scale: Float
    /// States: caches of `window` rows or more, and two counters.
    public var keys: Int
    public var values: Int
    public var slot: Int
    public var filled: Int
    public var bias: AttentionBias?

    public init(
      heads: Int, keyHeads: Int, window: Int, scale: Float, keys: Int, values: Int, slot: Int, filled: Int,
      bias: AttentionBias? = nil
    ) {
      self.heads = heads
      self.keyHeads = keyHeads
      self.window = window
      self.scale = scale
      self.keys = keys
      self.values = values
      self.slot = slot
      self.filled = filled
      self.bias = bias
    }
  }

  /// Multi-head attention of rows that all see each other: q (heads, d), k (keyHeads, d), v (keyHeads, e) to (heads, e).
  public struct BlockAttention: Sendable {
    public var heads: Int
    public var keyHeads: Int
    /// Inner rows that each row holds; nil for the rows of the call.
    public var lanes: Int?
    public var scale: Float
    public var bias: AttentionBias?

    public init(heads: Int, keyHeads: Int, lanes: Int? = nil, scale: Float, bias: AttentionBias? = nil) {
      self.heads = heads
      self.keyHeads = keyHeads
      self.lanes = lanes
      self.scale = scale
      self.bias = bias
    }
  }

  /// Multi-head attention over a memory: q (heads, d) over rows (keyHeads, d) and (keyHeads, e) to (heads, e).
  public struct MemoryAttention: Sendable {
    public var heads: Int
    public var keyHeads: Int
    public var scale: Float
    /// v (d) of the additive score v · tanh(q + k), which has one head; nil for q · k.
    public var score: Int?
    /// States of the memory, which another operator fills.
    public var keys: Int
    public var values: Int
    public var filled: Int

    public init(
      heads: Int, keyHeads: Int, scale: Float, score: Int? = nil, keys: Int, values: Int, filled: Int
    ) {
      self.heads = heads
      self.keyHeads = keyHeads
      self.scale = scale
      self.score = score
      self.keys = keys
      self.values = values
      self.filled = filled
    }
  }
}
