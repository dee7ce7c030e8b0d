// SPDX-License-Identifier: Apache-2.0
// A small streaming decoder layer: what tests of memory, firmware and the C interface step beside recurrent cells.

import FunesConvert

extension Graph {
  /// x (12) → norm, attention of 4 heads on 2 over a window of 5 rows, a gated unit; a row in, a row out.
  public static func decoder() -> Graph {
    var b = GraphBuilder(name: "decoder")
    let x = b.value("x", [12])
    func product(_ name: String, _ rows: Int, _ cols: Int, _ input: Int) -> Int {
      b.add(name, .linear(weight: b.matrix("\(name).w", rows, cols), bias: nil), [input], shape: [rows])
    }
    func rotary(_ name: String, lanes: Int, _ turns: Int, _ input: Int) -> Int {
      let position = b.state("\(name).position", .counter, limit: State.noLimit)
      return b.add(
        name, .rotary(lanes: lanes, dimensions: 6, isHalved: true, turns: turns, position: position), [input],
        shape: [6 * lanes])
    }
    // First, so that the first state holds floats as those of cells do.
    let attention = Attention(
      heads: 4, keyHeads: 2, window: 5, scale: 0.4, keys: b.state("keys", .cache, lanes: 5, width: 12),
      values: b.state("values", .cache, lanes: 5, width: 12), slot: b.state("slot", .counter, limit: 5),
      filled: b.state("filled", .counter, limit: 6))
    let norm = Operation.layerNorm(
      lanes: 1, gain: b.vector("norm.g", .vector, 12), bias: b.vector("norm.b", .vector, 12), epsilon: 1e-5)
    let level = b.add("norm", norm, [x], shape: [12])
    let turns = b.constant("turns", .vector, RotaryTurns.values(base: 10_000, dimensions: 6))
    let q = rotary("turned q", lanes: 4, turns, product("q", 24, 12, level))
    let k = rotary("turned k", lanes: 2, turns, product("k", 12, 12, level))
    let v = product("v", 12, 12, level)
    let seen = product("seen", 12, 24, b.add("attention", .attention(attention), [q, k, v], shape: [24]))
    let sum = b.add("sum", .add, [x, seen], shape: [12])
    let gain = b.vector("rms.g", .vector, 12)
    let even = b.add("rms", .rmsNorm(lanes: 1, gain: gain, epsilon: 1e-6), [sum], shape: [12])
    let open = b.add("silu", .activate(.silu), [product("gate", 20, 12, even)], shape: [20])
    let gate = b.add("gelu", .activate(.gelu), [open], shape: [20])
    let wide = b.add("gated", .multiply, [gate, product("up", 20, 12, even)], shape: [20])
    let tanh = b.add("gelu tanh", .activate(.geluTanh), [product("down", 12, 20, wide)], shape: [12])
    let y = b.add("y", .add, [sum, tanh], shape: [12])
    b.graph.programs = [
      Program(
        name: "step", isBlock: false, inputs: [Port(name: "x", value: x)], outputs: [Port(name: "y", value: y)],
        runs: [b.run()], resets: [])
    ]
    return b.graph
  }
}
