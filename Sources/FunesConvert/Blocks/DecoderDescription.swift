// SPDX-License-Identifier: Apache-2.0
// What a decoder is, apart from its weights and from the format that it came in: numbers that a header or a
// configuration gives, and the roles that its weights have.

/// A decoder of tokens: Llama's kind, GPT-2's kind, or what lies between.
///
///     x = embedding[token] (+ positions[row])
///     x += attention(norm(x));  x += feed_forward(norm(x))             for each layer
///     x += attention(norm(x)) + feed_forward(norm'(x))                 where it is parallel
///     y = output · norm(x)                                             output = embedding where it is tied
struct DecoderDescription: Sendable {
  var name: String
  var symbolCount: Int
  /// Of a row between layers.
  var width: Int
  /// Between the products of the feed-forward layer.
  var hiddenWidth: Int
  var layerCount: Int
  var headCount: Int
  /// Heads of keys and values; divides `headCount`.
  var keyHeadCount: Int
  var headWidth: Int
  /// Of each layer, the rows that a row sees, itself included: what its caches hold.
  var windowRows: [Int]
  var norm: NormDescription
  var rotary: RotaryDescription?
  /// Rows of a learnt table of positions that is added to the embedding.
  var positionRows: Int?
  var feedForward: FeedForwardDescription
  /// Attention and feed-forward read the same row.
  var isParallel = false
  /// The embedding's matrix makes the scores too.
  var isTied = false
  /// Of each layer, what scores are multiplied by.
  var attentionScales: [Float]

  /// Bytes of all caches of keys and values, in 16-bit floats.
  var cacheByteCount: Int { windowRows.reduce(0) { $0 + 4 * $1 * keyHeadCount * headWidth } }
}
