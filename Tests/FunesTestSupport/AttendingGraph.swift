// SPDX-License-Identifier: Apache-2.0
// A graph of attention over blocks, over a memory and over caches, in odd sizes.

import FunesConvert

extension Graph {
  /// `read` sees all rows of a source at once and remembers them, `ask` streams over what is remembered and over itself.
  public static func attending() -> Graph {
    var b = GraphBuilder(name: "attending")
    let memory = [
      b.state("memory.keys", .cache, lanes: 207, width: 3), b.state("memory.values", .cache, lanes: 207, width: 4),
      b.state("memory.filled", .counter, limit: 208),
    ]
    let programs = [readProgram(&b, memory), askProgram(&b, memory)]
    var graph = b.graph
    graph.programs = programs
    return graph
  }

  /// Rows of (2, 3): each sees all, sees its own two, and both are remembered; at most 103 rows.
  private static func readProgram(_ b: inout GraphBuilder, _ memory: [Int]) -> Program {
    let x = b.value("source", [2, 3])
    func product(_ b: inout GraphBuilder, _ name: String, _ rows: Int) -> Int {
      b.add(name, .linear(weight: b.matrix("\(name).w", rows, 3), bias: nil), [x], shape: [2, rows])
    }
    let (q, k, v) = (product(&b, "look.q", 4), product(&b, "look.k", 2), product(&b, "look.v", 3))
    func look(
      _ b: inout GraphBuilder, _ name: String, _ attention: BlockAttention, _ inputs: [Int], _ shape: [Int]
    ) -> Int { b.add(name, .blockAttention(attention), inputs, shape: shape) }
    let distances = AttentionBias.distances(b.vector("look.b", .vector, 4 * 5))
    let whole = look(
      &b, "look", BlockAttention(heads: 4, keyHeads: 2, scale: 0.9, bias: distances), [q, k, v], [12])
    let mask = AttentionBias.mask(b.vector("inner.m", .vector, 2 * 2 * 2))
    let inner = look(
      &b, "inner", BlockAttention(heads: 2, keyHeads: 1, lanes: 2, scale: 1.1, bias: mask), [q, k, v], [2, 6])
    let slopes = AttentionBias.slopes(b.vector("slopes.s", .vector, 1))
    let sloping = look(
      &b, "slopes", BlockAttention(heads: 1, keyHeads: 1, scale: 0.5, bias: slopes), [whole, inner, v], [6])
    let plain = look(&b, "plain", BlockAttention(heads: 1, keyHeads: 1, lanes: 2, scale: 0.5), [inner, inner, v], [6])
    let taken = b.add("taken", .slice(lanes: 2, begin: 0, count: 4), [inner], shape: [2, 4])
    b.operators.append(
      Operator(
        name: "remember", operation: .remember(lanes: 2, keys: memory[0], values: memory[1], filled: memory[2]),
        inputs: [v, taken], outputs: []))
    let y = b.add("looked", .concat(lanes: 1), [sloping, plain], shape: [12])
    return Program(
      name: "read", isBlock: true, inputs: [Port(name: "source", value: x)], outputs: [Port(name: "looked", value: y)],
      runs: [b.run()], resets: [memory[2]])
  }

  /// Rows of (6): over the memory by both scores, then over the last rows with biases and rows to spare.
  private static func askProgram(_ b: inout GraphBuilder, _ memory: [Int]) -> Program {
    let x = b.value("x", [6])
    let heads = MemoryAttention(
      heads: 2, keyHeads: 1, scale: 0.7, keys: memory[0], values: memory[1], filled: memory[2])
    let several = b.add("recall", .memoryAttention(heads), [x], shape: [2, 4])
    let three = b.add("short", .slice(lanes: 1, begin: 1, count: 3), [x], shape: [3])
    let additive = MemoryAttention(
      heads: 1, keyHeads: 1, scale: 1.5, score: b.vector("additive.v", .vector, 3), keys: memory[0],
      values: memory[1], filled: memory[2])
    let one = b.add("additive", .memoryAttention(additive), [three], shape: [4])
    let both = b.add("both", .concat(lanes: 1), [several, one], shape: [12])
    func attend(_ b: inout GraphBuilder, _ name: String, _ spare: Int, _ bias: AttentionBias) -> Int {
      let rows = 3 + spare
      let attention = Attention(
        heads: 2, keyHeads: 1, window: 3, scale: 0.6, keys: b.state("\(name).keys", .cache, lanes: rows, width: 6),
        values: b.state("\(name).values", .cache, lanes: rows, width: 6),
        slot: b.state("\(name).slot", .counter, limit: rows),
        filled: b.state("\(name).filled", .counter, limit: rows + 1), bias: bias)
      return b.add(name, .attention(attention), [both, x, x], shape: [12])
    }
    let sloping = attend(&b, "sloping", 2, .slopes(b.vector("sloping.s", .vector, 2)))
    let near = attend(&b, "near", 0, .distances(b.vector("near.b", .vector, 2 * 2)))
    let sum = b.add("sum", .add, [sloping, near], shape: [12])
    let y = b.add("y", .add, [sum, both], shape: [12])
    return Program(
      name: "ask", isBlock: false, inputs: [Port(name: "x", value: x)], outputs: [Port(name: "y", value: y)],
      runs: [b.run()], resets: [])
  }
}
