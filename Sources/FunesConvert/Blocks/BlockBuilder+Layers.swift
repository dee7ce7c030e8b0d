// SPDX-License-Identifier: Apache-2.0
// The layers that transformers are made of, each a few operators: norms, products, rotary positions, causal attention,
// feed-forward. Inputs and results are indices of values; products and norms go over the last axis of their input.

/// What a norm divides by, and its weights.
struct NormDescription: Sendable {
  enum Kind: Sendable {
    /// (x − mean) / sqrt(var + ε) · gain + bias
    case layer
    /// x / sqrt(mean(x²) + ε) · gain
    case rms
  }
  var kind: Kind
  var epsilon: Float
}

/// Positions as turns of pairs of values.
struct RotaryDescription: Sendable {
  /// Turned values of each head, the first ones; even.
  var dimensions: Int
  /// Value i is turned with i + dimensions / 2, otherwise 2i with 2i + 1.
  var isHalved: Bool
  /// As FORMAT.md has them: firsts, then rests; see `RotaryTurns`.
  var turns: [Float]
}

/// What stands between the two products of a feed-forward layer.
struct FeedForwardDescription: Sendable {
  var activation: Graph.Activation
  /// down · (activation(gate · x) ∘ (up · x)), otherwise down · activation(up · x).
  var isGated: Bool
}

/// Causal attention of one layer.
struct CausalAttentionDescription: Sendable {
  var headCount: Int
  /// Heads of keys and values.
  var keyHeadCount: Int
  /// Of each head.
  var headWidth: Int
  /// Rows that a row sees, itself included.
  var windowRows: Int
  /// What scores are multiplied by.
  var scale: Float
  var rotary: RotaryDescription?
  /// What is added to scores.
  var bias: Graph.AttentionBias?
}

extension BlockBuilder {
  mutating func norm(
    _ name: String, _ x: Int, _ description: NormDescription, gain: NamedTensor, bias: NamedTensor?
  ) -> Int {
    let lanes = shape(x).dropLast().reduce(1, *)
    let gainIndex = vector(gain)
    switch description.kind {
    case .rms:
      return add(name, .rmsNorm(lanes: lanes, gain: gainIndex, epsilon: description.epsilon), [x])
    case .layer:
      let biasIndex = bias.map { vector($0) }
      return add(
        name, .layerNorm(lanes: lanes, gain: gainIndex, bias: biasIndex, epsilon: description.epsilon), [x])
    }
  }

  mutating func linear(_ name: String, _ x: Int, _ projection: Projection) -> Int {
    let weight = matrix(projection.weight)
    let biasIndex = projection.bias.map { bias($0) }
    let rows = projection.weight.tensor.shape[0]
    return add(name, .linear(weight: weight, bias: biasIndex), [x], shape: shape(x).dropLast() + [rows])
  }

  /// x plus the row of a learnt table that its position since reset names; the position is a state.
  mutating func position(_ name: String, _ x: Int, _ table: NamedTensor) -> (value: Int, state: Int) {
    let rows = matrix(table)
    let position = state("\(name).position", .counter, limit: table.tensor.shape[0] + 1)
    return (add(name, .position(table: rows, position: position), [x]), position)
  }

  /// Each head of x turned by its row's position, which is a state of its own.
  mutating func rotary(_ name: String, _ x: Int, _ description: RotaryDescription, lanes: Int) -> Int {
    let turns = vector("rotary.turns", description.turns)
    let position = state("\(name).position", .counter, limit: Graph.State.noLimit)
    let rotary = Graph.Operation.rotary(
      lanes: lanes, dimensions: description.dimensions, isHalved: description.isHalved, turns: turns,
      position: position)
    return add(name, rotary, [x])
  }

  /// q, k and v of `x`, turned, and what each row sees of the rows before it: (heads · width).
  mutating func causalAttention(
    _ name: String, _ x: Int, _ description: CausalAttentionDescription, q: Projection, k: Projection, v: Projection
  ) -> Int {
    var query = linear("\(name).q", x, q)
    var key = linear("\(name).k", x, k)
    let value = linear("\(name).v", x, v)
    if let turning = description.rotary {
      query = rotary("\(name).q.turned", query, turning, lanes: description.headCount)
      key = rotary("\(name).k.turned", key, turning, lanes: description.keyHeadCount)
    }
    let (rows, width) = (description.windowRows, description.keyHeadCount * description.headWidth)
    let attention = Graph.Attention(
      heads: description.headCount, keyHeads: description.keyHeadCount, window: rows, scale: description.scale,
      keys: state("\(name).keys", .cache, lanes: rows, width: width),
      values: state("\(name).values", .cache, lanes: rows, width: width),
      slot: state("\(name).slot", .counter, limit: rows), filled: state("\(name).filled", .counter, limit: rows + 1),
      bias: description.bias)
    return add("\(name).mixed", .attention(attention), [query, key, value])
  }

  /// down · (activation(gate · x) ∘ (up · x)), or down · activation(up · x) without a gate.
  mutating func feedForward(
    _ name: String, _ x: Int, activation: Graph.Activation, gate: Projection?, up: Projection, down: Projection
  ) -> Int {
    var inner: Int
    if let gate {
      let gated = linear("\(name).gate", x, gate)
      let open = add("\(name).gate.open", .activate(activation), [gated])
      inner = linear("\(name).up", x, up)
      inner = add("\(name).gated", .multiply, [open, inner])
    } else {
      inner = linear("\(name).up", x, up)
      inner = add("\(name).open", .activate(activation), [inner])
    }
    return linear("\(name).down", inner, down)
  }
}
