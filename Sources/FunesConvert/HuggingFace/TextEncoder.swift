// SPDX-License-Identifier: Apache-2.0
// An encoder of text, BERT's kind: symbols and learnt positions, a norm, layers with their norms last. All rows of a call
// see each other, so it is a block program, `encode`, and begins afresh each time.

/// An encoder's numbers and weights; what stands behind it is the family's.
struct TextEncoder {
  var name: String
  var symbolCount: Int
  var layerCount: Int
  var stack: LayerStack
  var attention: EncoderAttentionDescription

  /// - Parameters:
  ///   - positions: the learnt table (rows, width), with what else is added to every symbol.
  ///   - head: makes the outputs of the last layer's rows.
  func graph(
    positions: NamedTensor, head: (inout BlockBuilder, _ embedding: NamedTensor, _ x: Int) throws -> [Graph.Port]
  ) throws -> Graph {
    var builder = BlockBuilder(name: name)
    let embedding = try stack.weights.weight(.embedding, [symbolCount, stack.width])
    let table = builder.matrix(embedding)
    let token = builder.input("token", shape: [1], classes: symbolCount)
    let embedded = builder.add("embedded", .embedding(table: table), [token.value], shape: [stack.width])
    let (placed, position) = builder.position("positions", embedded, positions)
    var x = try stack.norm(&builder, "embedding.norm", placed, .embeddingNorm)
    for layer in 0..<layerCount { x = try stack.encoderLayer(&builder, x, layer, attention) }
    let outputs = try head(&builder, embedding, x)
    builder.endProgram("encode", isBlock: true, inputs: [token], outputs: outputs, resets: [position])
    return builder.graph
  }

  /// The scores of every symbol in each row: activation(W x + b), a norm, the embedding again.
  func vocabulary(
    _ builder: inout BlockBuilder, _ x: Int, _ embedding: NamedTensor, dense: Projection,
    activation: Graph.Activation, gain: NamedTensor, normBias: NamedTensor, bias: NamedTensor
  ) -> Graph.Port {
    let product = builder.linear("prediction.dense", x, dense)
    let open = builder.add("prediction.open", .activate(activation), [product])
    let normed = builder.norm("prediction.norm", open, stack.norm, gain: gain, bias: normBias)
    let logits = builder.linear("logits", normed, Projection(weight: embedding, bias: bias))
    return Graph.Port(name: "logits", value: logits)
  }
}
