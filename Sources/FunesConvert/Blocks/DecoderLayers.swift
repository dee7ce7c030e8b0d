// SPDX-License-Identifier: Apache-2.0
// The layers of a decoder: causal attention, and attention over what an encoder left in a memory.

/// A memory of an encoder's rows for one layer of a decoder.
struct MemoryStates: Sendable {
  var keys: Int
  var values: Int
  var filled: Int
}

/// Attention over a memory, the same in every layer.
struct MemoryAttentionDescription: Sendable {
  var headCount: Int
  var headWidth: Int
  var scale: Float
  /// Rows that a memory holds.
  var rows: Int
}

extension LayerStack {
  /// Causal attention alone, without its norm and sum.
  func attend(
    _ builder: inout BlockBuilder, _ name: String, _ x: Int, _ layer: Int, _ attention: CausalAttentionDescription
  ) throws -> Int {
    let queries = attention.headCount * attention.headWidth
    let parts = try attentionProjections(
      queries: queries, keys: attention.keyHeadCount * attention.headWidth, layer)
    let mixed = builder.causalAttention(name, x, attention, q: parts.q, k: parts.k, v: parts.v)
    return builder.linear("\(name).output", mixed, try weights.projection(.attentionOutput, [width, queries], layer))
  }

  /// The keys and values that this layer of a decoder has of each of an encoder's rows, appended to a memory.
  func remember(
    _ builder: inout BlockBuilder, _ x: Int, _ layer: Int, _ description: MemoryAttentionDescription
  ) throws -> MemoryStates {
    let name = name(layer, "memory")
    let keys = description.headCount * description.headWidth
    let k = builder.linear("\(name).k", x, try weights.projection(.memoryK, [keys, width], layer))
    let v = builder.linear("\(name).v", x, try weights.projection(.memoryV, [keys, width], layer))
    let states = MemoryStates(
      keys: builder.state("\(name).keys", .cache, lanes: description.rows, width: keys),
      values: builder.state("\(name).values", .cache, lanes: description.rows, width: keys),
      filled: builder.state("\(name).filled", .counter, limit: description.rows + 1))
    builder.addSilent(
      "\(name).remember", .remember(lanes: 1, keys: states.keys, values: states.values, filled: states.filled), [k, v])
    return states
  }

  /// Causal attention, attention over a memory and the feed-forward layer, each with its norm and sum.
  func decoderLayer(
    _ builder: inout BlockBuilder, _ x: Int, _ layer: Int, _ causal: CausalAttentionDescription,
    _ memory: MemoryAttentionDescription, _ states: MemoryStates
  ) throws -> Int {
    let (attentionName, memoryName) = (name(layer, "attention"), name(layer, "memory"))
    let attended = try residual(&builder, attentionName, x, .attentionNorm, layer) { builder, x in
      try attend(&builder, attentionName, x, layer, causal)
    }
    let seen = try residual(&builder, memoryName, attended, .memoryNorm, layer) { builder, x in
      let queries = memory.headCount * memory.headWidth
      let q = builder.linear("\(memoryName).q", x, try weights.projection(.memoryQ, [queries, width], layer))
      let attention = Graph.MemoryAttention(
        heads: memory.headCount, keyHeads: memory.headCount, scale: memory.scale, keys: states.keys,
        values: states.values, filled: states.filled)
      let mixed = builder.add("\(memoryName).mixed", .memoryAttention(attention), [q])
      return builder.linear(
        "\(memoryName).output", mixed, try weights.projection(.memoryOutput, [width, queries], layer))
    }
    return try feedForwardLayer(&builder, seen, layer)
  }
}
