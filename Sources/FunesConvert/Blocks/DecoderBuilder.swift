// SPDX-License-Identifier: Apache-2.0
// A decoder's description and weights as a graph, one token a row.

/// Builds the graph of a decoder with one program, `step`, from `token` to `logits`.
struct DecoderBuilder {
  private let description: DecoderDescription
  private let stack: LayerStack

  /// The graph knows no text and nothing of generation: both are the importer's to add.
  static func graph(_ description: DecoderDescription, weights: @escaping DecoderWeights) throws -> Graph {
    let stack = LayerStack(
      width: description.width, hiddenWidth: description.hiddenWidth, norm: description.norm,
      feedForward: description.feedForward, weights: RoleWeights(weights))
    var builder = BlockBuilder(name: description.name)
    try DecoderBuilder(description: description, stack: stack).build(&builder)
    return builder.graph
  }

  private func build(_ builder: inout BlockBuilder) throws {
    let embedding = try stack.weights.weight(.embedding, [description.symbolCount, description.width])
    let table = builder.matrix(embedding)
    if let rotary = description.rotary { _ = builder.vector("rotary.turns", rotary.turns) }
    let token = builder.input("token", shape: [1], classes: description.symbolCount)
    var x = builder.add("embedded", .embedding(table: table), [token.value], shape: [description.width])
    if let rows = description.positionRows {
      x = builder.position("positions", x, try stack.weights.weight(.positions, [rows, description.width])).value
    }
    for layer in 0..<description.layerCount { x = try self.layer(&builder, layer, x) }
    x = try stack.norm(&builder, "norm", x, .norm)
    let scores =
      description.isTied
      ? Projection(weight: embedding, bias: try stack.weights.bias(.output, [description.symbolCount]))
      : try stack.weights.projection(.output, [description.symbolCount, description.width])
    let logits = builder.linear("logits", x, scores)
    builder.endProgram("step", inputs: [token], outputs: [Graph.Port(name: "logits", value: logits)])
  }

  private func layer(_ builder: inout BlockBuilder, _ layer: Int, _ x: Int) throws -> Int {
    let (attentionName, feedName) = (stack.name(layer, "attention"), stack.name(layer, "feed_forward"))
    guard description.isParallel else {
      let sum = try stack.residual(&builder, attentionName, x, .attentionNorm, layer) { builder, x in
        try attend(&builder, attentionName, x, layer)
      }
      return try stack.feedForwardLayer(&builder, sum, layer)
    }
    let normed = try stack.norm(&builder, "\(attentionName).norm", x, .attentionNorm, layer)
    let attended = try attend(&builder, attentionName, normed, layer)
    let normedAgain = try stack.norm(&builder, "\(feedName).norm", x, .feedForwardNorm, layer)
    let fed = try stack.feed(&builder, feedName, normedAgain, layer)
    let sum = builder.add("\(attentionName).sum", .add, [attended, fed])
    return builder.add("\(feedName).sum", .add, [x, sum])
  }

  /// Attention alone, without its norm and sum.
  private func attend(_ builder: inout BlockBuilder, _ name: String, _ x: Int, _ layer: Int) throws -> Int {
    let attention = CausalAttentionDescription(
      headCount: description.headCount, keyHeadCount: description.keyHeadCount, headWidth: description.headWidth,
      windowRows: description.windowRows[layer], scale: description.attentionScales[layer],
      rotary: description.rotary)
    return try stack.attend(&builder, name, x, layer, attention)
  }
}
