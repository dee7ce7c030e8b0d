// SPDX-License-Identifier: Apache-2.0
// A graph of convolutions inside rows: frames with each sort of edge, and the root, in odd sizes.

import FunesConvert

extension Graph {
  /// (11, 3) cut and multiplied → magnitudes → cut again, mirrored → a cell → 5 values a row.
  public static func frames() -> Graph {
    var b = GraphBuilder(name: "frames")
    let x = b.value("x", [11, 3])
    let near = Frames(positions: 11, kernel: 4, stride: 2, before: 1, after: 2)
    let cut = b.add("near", .frames(near), [x], shape: [6, 12])
    let sums = b.add("sums", .linear(weight: b.matrix("sums.w", 7, 12), bias: nil), [cut], shape: [6, 7])
    let squares = b.add("squares", .multiply, [sums, sums], shape: [6, 7])
    let magnitudes = b.add("magnitudes", .activate(.sqrt), [squares], shape: [6, 7])
    let far = Frames(positions: 6, kernel: 3, dilation: 3, before: 4, after: 2, padding: .reflect)
    let mirrored = b.add("far", .frames(far), [magnitudes], shape: [6, 21])
    let some = b.add(
      "some", .linear(weight: b.matrix("some.w", 2, 21), bias: b.vector("some.b", .grouped(groups: 1), 2)), [mirrored],
      shape: [6, 2])
    let again = Frames(positions: 6, kernel: 3, stride: 5, before: 7, after: 0, padding: .replicate)
    let held = b.add("held", .frames(again), [some], shape: [3, 6])
    let h = b.add("h", .cell(b.cell("h", .gru, inputs: 18, units: 5, gates: 3)), [held], shape: [5])
    var graph = b.graph
    graph.programs = [
      Program(
        name: "step", isBlock: false, inputs: [Port(name: "x", value: x)], outputs: [Port(name: "h", value: h)],
        runs: [b.run()], resets: [])
    ]
    return graph
  }
}
