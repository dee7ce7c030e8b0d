// SPDX-License-Identifier: Apache-2.0
// The layers of an encoder, whose rows all see each other: rows of a call, or inner rows that each row holds.

/// Attention of an encoder, the same in every layer.
struct EncoderAttentionDescription: Sendable {
  var headCount: Int
  var headWidth: Int
  /// What scores are multiplied by.
  var scale: Float
  /// Inner rows that each row holds, as the patches of an image; nil for the rows of a call.
  var lanes: Int?
  /// What is added to scores.
  var bias: Graph.AttentionBias?
}

extension LayerStack {
  /// Attention with its norm and sum, then the feed-forward layer with its own.
  func encoderLayer(
    _ builder: inout BlockBuilder, _ x: Int, _ layer: Int, _ description: EncoderAttentionDescription
  ) throws -> Int {
    let name = name(layer, "attention")
    let sum = try residual(&builder, name, x, .attentionNorm, layer) { builder, x in
      let width = description.headCount * description.headWidth
      let parts = try attentionProjections(queries: width, keys: width, layer)
      let q = builder.linear("\(name).q", x, parts.q)
      let k = builder.linear("\(name).k", x, parts.k)
      let v = builder.linear("\(name).v", x, parts.v)
      let attention = Graph.BlockAttention(
        heads: description.headCount, keyHeads: description.headCount, lanes: description.lanes,
        scale: description.scale, bias: description.bias)
      let mixed = builder.add("\(name).mixed", .blockAttention(attention), [q, k, v])
      let output = try weights.projection(.attentionOutput, [self.width, width], layer)
      return builder.linear("\(name).output", mixed, output)
    }
    return try feedForwardLayer(&builder, sum, layer)
  }
}
