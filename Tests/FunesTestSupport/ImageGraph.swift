// SPDX-License-Identifier: Apache-2.0
// A graph of images and of whole texts: patches, constants, pooling and positions, in odd sizes.

import FunesConvert

extension Graph {
  /// `step` sees an image a row, `read` all rows of ids at once, `count` adds positions in a stream until there are none.
  public static func images() -> Graph {
    var b = GraphBuilder(name: "images")
    let programs = [imageProgram(&b), readProgram(&b), countProgram(&b)]
    var graph = b.graph
    graph.programs = programs
    return graph
  }

  /// (2, 5, 7) in planes → 6 patches, a token before them, positions, their weighted mean and the token itself.
  private static func imageProgram(_ b: inout GraphBuilder) -> Program {
    let image = b.value("image", [2, 5, 7])
    let cut = Patches(
      channels: 2, size: .init(5, 7), kernel: .init(3, 2), stride: .init(2, 3), padding: .init(1, 1))
    let patches = b.add("patches", .patches(cut), [image], shape: [9, 12])
    let tokens = b.add(
      "tokens", .linear(weight: b.matrix("tokens.w", 6, 12), bias: nil), [patches], shape: [9, 6])
    let token = b.add("token", .constant(b.vector("token.v", .vector, 6)), [], shape: [1, 6], domain: 0)
    let joined = b.add("joined", .concat(lanes: 1), [token, tokens], shape: [10, 6])
    let table = b.add("places", .constant(b.vector("places.v", .vector, 60)), [], shape: [10, 6], domain: 0)
    let placed = b.add("placed", .add, [joined, table], shape: [10, 6])
    let small = b.add("small", .scale(-0.375), [placed], shape: [10, 6])
    let scores = b.add(
      "scores", .linear(weight: b.matrix("scores.w", 2, 6), bias: nil), [small], shape: [10, 2])
    let weighted = b.add("weighted", .pool(lanes: 10, heads: 2), [small, scores], shape: [6])
    let plain = b.add("plain", .pool(lanes: 10, heads: 1), [small], shape: [6])
    let y = b.add("y", .add, [weighted, plain], shape: [6])
    // The same pixels beside each other, cut without padding.
    let cutAgain = Patches(
      channels: 7, size: .init(2, 5), kernel: .init(2, 2), stride: .init(1, 2), isInterleaved: true)
    let pixels = b.add("pixels", .patches(cutAgain), [image], shape: [2, 28])
    return Program(
      name: "step", isBlock: false, inputs: [Port(name: "image", value: image)],
      outputs: [Port(name: "y", value: y), Port(name: "pixels", value: pixels)], runs: [b.run()], resets: [])
  }

  /// Ids with positions → their first row, their mean, and their weighted mean over 3 heads; at most 103 rows.
  private static func readProgram(_ b: inout GraphBuilder) -> Program {
    let ids = b.value("ids", [1], element: .id)
    let embedded = b.add("embedded", .embedding(table: b.matrix("words", 11, 6)), [ids], shape: [6])
    let position = b.state("position", .counter, limit: 104)
    let placed = b.add(
      "in order", .position(table: b.matrix("order", 103, 6), position: position), [embedded], shape: [6])
    let scores = b.add("weights", .linear(weight: b.matrix("weights.w", 3, 6), bias: nil), [placed], shape: [3])
    let weighted = b.add("all", .pool(lanes: nil, heads: 3), [placed, scores], shape: [6], domain: 0)
    let mean = b.add("even", .pool(lanes: nil, heads: 1), [placed], shape: [6], domain: 0)
    let first = b.add("first", .first, [placed], shape: [6], domain: 0)
    let joined = b.add("together", .concat(lanes: 1), [weighted, mean, first], shape: [18], domain: 0)
    let spread = b.add("spread", .add, [placed, first], shape: [6])
    return Program(
      name: "read", isBlock: true, inputs: [Port(name: "ids", value: ids, classes: 11)],
      outputs: [Port(name: "together", value: joined), Port(name: "spread", value: spread)], runs: [b.run()],
      resets: [position])
  }

  /// A stream with room for 13 rows, in a sequential run, whose constant has a row for each of them.
  private static func countProgram(_ b: inout GraphBuilder) -> Program {
    let x = b.value("x", [4])
    let position = b.state("place", .counter, limit: 14)
    let one = b.add("one", .constant(b.vector("one.v", .vector, 4)), [], shape: [4])
    let sum = b.add("sum", .add, [x, one], shape: [4])
    let y = b.add("counted", .position(table: b.matrix("thirteen", 13, 4), position: position), [sum], shape: [4])
    return Program(
      name: "count", isBlock: false, inputs: [Port(name: "x", value: x)], outputs: [Port(name: "counted", value: y)],
      runs: [b.run(isSequential: true)], resets: [])
  }
}
