// SPDX-License-Identifier: Apache-2.0
// What the layers of an encoder or a decoder have in common: a norm before or after, a sum around, a feed-forward layer.

/// The layers of one stack, and their weights.
struct LayerStack {
  /// In front of the names of operators: `encoder.` where there are two stacks.
  var prefix = ""
  /// Of a row between layers.
  var width: Int
  /// Between the products of the feed-forward layer.
  var hiddenWidth: Int
  var norm: NormDescription
  /// norm(x + layer(x)), otherwise x + layer(norm(x)).
  var isNormLast = false
  var feedForward: FeedForwardDescription
  var weights: RoleWeights

  /// `<prefix>layers.<layer>.<part>`
  func name(_ layer: Int, _ part: String) -> String { "\(prefix)layers.\(layer).\(part)" }

  /// A layer with its norm and the sum around it.
  func residual(
    _ builder: inout BlockBuilder, _ name: String, _ x: Int, _ normModule: DecoderRole.Module, _ layer: Int,
    body: (inout BlockBuilder, Int) throws -> Int
  ) throws -> Int {
    if isNormLast {
      let sum = builder.add("\(name).sum", .add, [x, try body(&builder, x)])
      return try norm(&builder, "\(name).norm", sum, normModule, layer)
    }
    let normed = try norm(&builder, "\(name).norm", x, normModule, layer)
    return builder.add("\(name).sum", .add, [x, try body(&builder, normed)])
  }

  func norm(
    _ builder: inout BlockBuilder, _ name: String, _ x: Int, _ module: DecoderRole.Module, _ layer: Int? = nil
  ) throws -> Int {
    let gain = try weights.weight(module, [width], layer)
    let bias = norm.kind == .layer ? try weights.bias(module, [width], layer) : nil
    return builder.norm(name, x, norm, gain: gain, bias: bias)
  }

  /// The feed-forward layer alone, without its norm and sum.
  func feed(_ builder: inout BlockBuilder, _ name: String, _ x: Int, _ layer: Int) throws -> Int {
    let gate = feedForward.isGated ? try weights.projection(.gate, [hiddenWidth, width], layer) : nil
    return builder.feedForward(
      name, x, activation: feedForward.activation, gate: gate,
      up: try weights.projection(.up, [hiddenWidth, width], layer),
      down: try weights.projection(.down, [width, hiddenWidth], layer))
  }

  /// The feed-forward layer with its norm and sum.
  func feedForwardLayer(_ builder: inout BlockBuilder, _ x: Int, _ layer: Int) throws -> Int {
    let name = name(layer, "feed_forward")
    return try residual(&builder, name, x, .feedForwardNorm, layer) { builder, x in
      try feed(&builder, name, x, layer)
    }
  }

  /// q, k and v of one layer, heads · head width rows each.
  func attentionProjections(
    queries: Int, keys: Int, _ layer: Int
  ) throws -> (q: Projection, k: Projection, v: Projection) {
    (
      try weights.projection(.q, [queries, width], layer), try weights.projection(.k, [keys, width], layer),
      try weights.projection(.v, [keys, width], layer)
    )
  }
}
