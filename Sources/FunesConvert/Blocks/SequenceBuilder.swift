// SPDX-License-Identifier: Apache-2.0
// An encoder and a decoder as one graph with two programs: `encode` reads a source whole and leaves, for each layer of the
// decoder, keys and values of its rows in a memory; `step` makes the target, a token a row.

/// An encoder-decoder's numbers and weights.
struct SequenceBuilder {
  var name: String
  var encoder: LayerStack
  var decoder: LayerStack
  var encoderLayerCount: Int
  var decoderLayerCount: Int
  var encoderAttention: EncoderAttentionDescription
  var decoderAttention: CausalAttentionDescription
  var memory: MemoryAttentionDescription
  /// (symbols, width) each; the same where they share one.
  var sourceEmbedding: NamedTensor
  var targetEmbedding: NamedTensor
  /// What embeddings are multiplied by.
  var embeddingScale: Float?
  /// A table (rows, width) that is added to embeddings, a row each.
  var positions: NamedTensor?
  /// Added to scores by distance, (heads, 2B + 1) and (heads, B + 1), of all layers.
  var encoderDistances: NamedTensor?
  var decoderDistances: NamedTensor?
  /// A norm after the last layer of both.
  var hasLastNorm: Bool
  /// What the decoder's rows are multiplied by before the scores.
  var outputScale: Float?
  var output: Projection

  /// The graph knows no text and nothing of generation: both are the importer's to add.
  func graph() throws -> Graph {
    var builder = BlockBuilder(name: name)
    let source = builder.input("source", shape: [1], classes: sourceEmbedding.tensor.shape[0])
    var x = embed(&builder, encoder, source.value, sourceEmbedding)
    var attention = encoderAttention
    attention.bias = encoderDistances.map { .distances(builder.vector($0)) }
    for layer in 0..<encoderLayerCount { x = try encoder.encoderLayer(&builder, x, layer, attention) }
    if hasLastNorm { x = try encoder.norm(&builder, "encoder.norm", x, .norm) }
    let states = try (0..<decoderLayerCount).map { try decoder.remember(&builder, x, $0, memory) }
    builder.endProgram("encode", isBlock: true, inputs: [source], outputs: [])
    let token = try step(&builder, states)
    builder.endProgram("step", inputs: [token.input], outputs: [Graph.Port(name: "logits", value: token.logits)])
    var graph = builder.graph
    // A source begins everything afresh: what was remembered, what was said, and where both stand.
    graph.programs[0].resets = graph.states.indices.filter { graph.states[$0].kind == .counter }
    return graph
  }

  private func step(
    _ builder: inout BlockBuilder, _ states: [MemoryStates]
  ) throws -> (input: Graph.Port, logits: Int) {
    let token = builder.input("token", shape: [1], classes: targetEmbedding.tensor.shape[0])
    var x = embed(&builder, decoder, token.value, targetEmbedding)
    var attention = decoderAttention
    attention.bias = decoderDistances.map { .distances(builder.vector($0)) }
    for layer in 0..<decoderLayerCount {
      x = try decoder.decoderLayer(&builder, x, layer, attention, memory, states[layer])
    }
    if hasLastNorm { x = try decoder.norm(&builder, "decoder.norm", x, .norm) }
    if let outputScale { x = builder.add("decoder.scaled", .scale(outputScale), [x]) }
    return (token, builder.linear("logits", x, output))
  }

  private func embed(_ builder: inout BlockBuilder, _ stack: LayerStack, _ ids: Int, _ table: NamedTensor) -> Int {
    let name = "\(stack.prefix)embedded"
    var x = builder.add(name, .embedding(table: builder.matrix(table)), [ids], shape: [stack.width])
    if let embeddingScale { x = builder.add("\(name).scaled", .scale(embeddingScale), [x]) }
    guard let positions else { return x }
    return builder.position("\(stack.prefix)positions", x, positions).value
  }
}
