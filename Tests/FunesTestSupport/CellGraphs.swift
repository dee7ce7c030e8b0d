// SPDX-License-Identifier: Apache-2.0
// Small streaming models around one cell, of each sort and any size: what tests of speed, memory and threads step.

import FunesConvert

/// A recurrent cell, with each of its variants once.
public enum TestCell: String, CaseIterable, Sendable {
  case rnn, lstm, coupledLSTM, projectedLSTM, gru, resetBeforeGRU
}

extension Graph {
  /// x (inputs) → cell (units) → linear (outputs) → softmax, one row in, one row out.
  public static func streaming(_ sort: TestCell, inputs: Int, units: Int, outputs: Int) -> Graph {
    var b = GraphBuilder(name: "\(sort) \(inputs) \(units) \(outputs)")
    let x = b.value("x", [inputs])
    var width = units
    var cell: Cell
    switch sort {
    case .rnn: cell = b.cell("rnn", .rnn, inputs: inputs, units: units, gates: 1)
    case .lstm: cell = b.cell("lstm", .lstm, inputs: inputs, units: units, gates: 4)
    case .coupledLSTM:
      cell = b.cell("lstm", .lstm, inputs: inputs, units: units, gates: 3)
      cell.isCoupled = true
    case .projectedLSTM:
      width = max(units / 2, 1)
      cell = b.cell("lstm", .lstm, inputs: inputs, units: units, gates: 4, output: width)
      cell.projection = b.matrix("lstm.p", width, units)
      cell.peephole = b.vector("lstm.w", .lanes(3), 3 * units)
    case .gru:
      cell = b.cell("gru", .gru, inputs: inputs, units: units, gates: 3)
      cell.biasHN = b.vector("gru.bhn", .lanes(1), units)
    case .resetBeforeGRU:
      cell = b.cell("gru", .gru, inputs: inputs, units: units, gates: 2, biasGates: 3)
      cell.candidate = b.matrix("gru.hn", units, units)
      cell.candidateX = b.matrix("gru.xn", units, inputs)
    }
    let h = b.add("cell", .cell(cell), [x], shape: [width])
    let weight = b.matrix("linear.w", outputs, width)
    let logits = b.add(
      "linear", .linear(weight: weight, bias: b.vector("linear.b", .grouped(groups: 1), outputs)), [h], shape: [outputs]
    )
    let y = b.add("softmax", .softmax(lanes: 1), [logits], shape: [outputs])
    var graph = b.graph
    graph.programs = [
      Program(
        name: "step", isBlock: false, inputs: [Port(name: "x", value: x)], outputs: [Port(name: "y", value: y)],
        runs: [b.run()], resets: [])
    ]
    return graph
  }
}
