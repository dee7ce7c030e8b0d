// SPDX-License-Identifier: Apache-2.0
// A decoder's description and weights as a graph, one token a row.

/// Builds the graph of a decoder with one program, `step`, from `token` to `logits`.
struct DecoderBuilder {
  private let description: DecoderDescription
  private let weights: RoleWeights
  private var builder: BlockBuilder

  /// The graph knows no text and nothing of generation: both are the importer's to add.
  static func graph(_ description: DecoderDescription, weights: @escaping DecoderWeights) throws -> Graph {
    var decoder = DecoderBuilder(
      description: description, weights: RoleWeights(source: weights), builder: BlockBuilder(name: description.name))
    try decoder.build()
    return decoder.builder.graph
  }

  private mutating func build() throws {
    let embedding = try weights.weight(.embedding, [description.symbolCount, description.width])
    let table = builder.matrix(embedding)
    if let rotary = description.rotary { _ = builder.vector("rotary.turns", rotary.turns) }
    let token = builder.input("token", shape: [1], classes: description.symbolCount)
    var x = builder.add("embedded", .embedding(table: table), [token.value], shape: [description.width])
    for layer in 0..<description.layerCount { x = try self.layer(layer, x) }
    x = try norm("norm", x, .norm, nil)
    let scores =
      description.isTied
      ? Projection(weight: embedding, bias: try weights.bias(.output, [description.symbolCount]))
      : try weights.projection(.output, [description.symbolCount, description.width])
    let logits = builder.linear("logits", x, scores)
    builder.endProgram("step", inputs: [token], outputs: [Graph.Port(name: "logits", value: logits)])
  }

  private mutating func layer(_ layer: Int, _ x: Int) throws -> Int {
    let attentionName = "layers.\(layer).attention"
    let feedForwardName = "layers.\(layer).feed_forward"
    let attended = try attention(attentionName, x, layer)
    if description.isParallel {
      let fed = try feedForward(feedForwardName, x, layer)
      let sum = builder.add("\(attentionName).sum", .add, [attended, fed])
      return builder.add("\(feedForwardName).sum", .add, [x, sum])
    }
    let sum = builder.add("\(attentionName).sum", .add, [x, attended])
    return builder.add("\(feedForwardName).sum", .add, [sum, try feedForward(feedForwardName, sum, layer)])
  }

  private mutating func attention(_ name: String, _ x: Int, _ layer: Int) throws -> Int {
    let (width, headWidth) = (description.width, description.headWidth)
    let (queries, keys) = (description.headCount * headWidth, description.keyHeadCount * headWidth)
    let normed = try norm("\(name).norm", x, .attentionNorm, layer)
    let attention = CausalAttentionDescription(
      headCount: description.headCount, keyHeadCount: description.keyHeadCount, headWidth: headWidth,
      windowRows: description.windowRows[layer], scale: description.attentionScales[layer],
      rotary: description.rotary)
    let mixed = builder.causalAttention(
      name, normed, attention, q: try weights.projection(.q, [queries, width], layer),
      k: try weights.projection(.k, [keys, width], layer), v: try weights.projection(.v, [keys, width], layer))
    return builder.linear("\(name).output", mixed, try weights.projection(.attentionOutput, [width, queries], layer))
  }

  private mutating func feedForward(_ name: String, _ x: Int, _ layer: Int) throws -> Int {
    let (width, hidden) = (description.width, description.hiddenWidth)
    let normed = try norm("\(name).norm", x, .feedForwardNorm, layer)
    let gate = description.feedForward.isGated ? try weights.projection(.gate, [hidden, width], layer) : nil
    return builder.feedForward(
      name, normed, activation: description.feedForward.activation, gate: gate,
      up: try weights.projection(.up, [hidden, width], layer),
      down: try weights.projection(.down, [width, hidden], layer))
  }

  private mutating func norm(_ name: String, _ x: Int, _ module: DecoderRole.Module, _ layer: Int?) throws -> Int {
    let gain = try weights.weight(module, [description.width], layer)
    let bias = description.norm.kind == .layer ? try weights.bias(module, [description.width], layer) : nil
    return builder.norm(name, x, description.norm, gain: gain, bias: bias)
  }
}

/// Weights by role, as a builder asks for them.
private struct RoleWeights {
  let source: DecoderWeights

  func weight(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> NamedTensor {
    let role = DecoderRole(module: module, layer: layer)
    guard let weight = try source(role, shape) else { throw MissingRole(role: role) }
    return weight
  }

  func bias(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> NamedTensor? {
    try source(DecoderRole(module: module, layer: layer, part: .bias), shape)
  }

  func projection(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> Projection {
    Projection(weight: try weight(module, shape, layer), bias: try bias(module, [shape[0]], layer))
  }
}
