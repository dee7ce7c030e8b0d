// SPDX-License-Identifier: Apache-2.0
// Cell variants and row operators against PyTorch: the float reference is the truth that int8 is measured against, so it
// must itself be right.

import Testing

@testable import FunesConvert

/// float32 in PyTorch over seven steps of small cells.
private let tolerance = 1e-5

@Suite struct CellGoldenTests {
  private func expectOutput(
    of graph: Graph, _ output: String, input: String, golden: String, rows: Int = 7,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let x = try CellGoldens.floats(input).values
    let expected = try CellGoldens.floats(golden).values
    let atOnce = try FloatReference(graph).run(program: "step", inputs: ["x": .floats(x)], rows: rows)
    expectClose(atOnce[output], expected, limit: tolerance, golden, location: location)
    let model = FloatReference(graph)
    let width = x.count / rows
    let oneByOne = try (0..<rows).flatMap {
      try model.run(
        program: "step", inputs: ["x": .floats(Array(x[$0 * width..<($0 + 1) * width]))], rows: 1)[output]!
    }
    #expect(oneByOne == atOnce[output], "\(golden): rows one by one differ from rows at once", sourceLocation: location)
  }

  private func lstm(_ fields: String) -> String {
    """
    {"op": "lstm", "input": "x", "output": "h", "weight_x": {"concat": [{"zeros": [4, 5]}, "lstm_variants.weight_x"]},
     "weight_h": {"concat": [{"zeros": [4, 4]}, "lstm_variants.weight_h"]},
     "bias_x": {"concat": [{"zeros": [4], "add": 1}, "lstm_variants.bias"]}\(fields)}
    """
  }

  @Test func aPlainCellMayHaveRelu() throws {
    let graph = try CellGoldens.graph(
      """
      {"op": "rnn", "input": "x", "output": "h", "activation": "relu", "weight_x": "rnn_relu.weight_ih_l0",
       "weight_h": "rnn_relu.weight_hh_l0", "bias_x": {"sum": ["rnn_relu.bias_ih_l0", "rnn_relu.bias_hh_l0"]}}
      """, shape: "[5]", output: "h")
    try expectOutput(of: graph, "h", input: "rnn_relu.input", golden: "rnn_relu.output")
  }

  @Test func lanesAreStreamsThroughOneSetOfWeights() throws {
    let graph = try CellGoldens.graph(
      """
      {"op": "gru", "input": "x", "output": "h", "lanes": 3, "weight_x": "gru_lanes.weight_ih_l0",
       "weight_h": "gru_lanes.weight_hh_l0", "bias_x": "gru_lanes.bias_ih_l0", "bias_h": "gru_lanes.bias_hh_l0"}
      """, shape: "[3, 4]", output: "h")
    try expectOutput(of: graph, "h", input: "gru_lanes.input", golden: "gru_lanes.output")
  }

  @Test func anInnerAxisIsWalkedBothWaysFromZeroInEachRow() throws {
    func half(_ suffix: String) -> String {
      """
      "inner_steps": 6, "weight_x": "lstm_inner.weight_ih_l0\(suffix)", "weight_h": "lstm_inner.weight_hh_l0\(suffix)",
      "bias_x": "lstm_inner.bias_ih_l0\(suffix)", "bias_h": "lstm_inner.bias_hh_l0\(suffix)"
      """
    }
    let graph = try CellGoldens.graph(
      """
      {"op": "bidirectional", "cell": "lstm", "input": "x", "output": "h",
       "forward": {\(half(""))}, "backward": {\(half("_reverse"))}}
      """, shape: "[6, 4]", output: "h")
    #expect(graph.values.last?.shape == [6, 6])
    #expect(graph.states.isEmpty)
    try expectOutput(of: graph, "h", input: "lstm_inner.input", golden: "lstm_inner.output")
  }

  @Test func gatesAreShownAfterTheirFunctions() throws {
    let graph = try CellGoldens.graph(
      lstm(", \"gates_output\": \"gates\"") + ", {\"op\": \"copy\", \"input\": \"gates\", \"output\": \"shown\"}",
      shape: "[5]", output: "shown")
    try expectOutput(of: graph, "shown", input: "lstm_variants.input", golden: "lstm_gates.gates")
    let x = try CellGoldens.floats("lstm_variants.input").values
    let result = try FloatReference(graph).run(program: "step", inputs: ["x": .floats(x)], rows: 7)
    let expected = try CellGoldens.floats("lstm_gates.gates").values
    #expect(result.gates.map(\.name) == ["h"])
    #expect(result.gates[0].gates.map(\.gate) == ["i", "f", "g", "o"])
    for (index, gate) in result.gates[0].gates.enumerated() {
      var one: [Float] = []
      for row in 0..<7 { one += expected[(row * 4 + index) * 4..<(row * 4 + index + 1) * 4] }
      expectClose(gate.rows.values, one, limit: tolerance, "gate \(gate.gate)")
    }
    let h = try CellGoldens.floats("lstm_gates.output").values
    expectClose(result.value(named: "h")?.values, h, limit: tolerance, "h")
  }

  @Test func aCoupledCellHasNoInputGateOfItsOwn() throws {
    let graph = try CellGoldens.graph(
      """
      {"op": "lstm", "input": "x", "output": "h", "coupled": true, "weight_x": "lstm_variants.weight_x",
       "weight_h": "lstm_variants.weight_h", "bias_x": {"tensor": "lstm_variants.bias", "gates": "fgo"},
       "gates_output": "gates"},
      {"op": "concat", "inputs": ["h", "gates"], "output": "both"}
      """, shape: "[5]", output: "both")
    let x = try CellGoldens.floats("lstm_variants.input").values
    let result = try FloatReference(graph).run(program: "step", inputs: ["x": .floats(x)], rows: 7)
    expectClose(
      result.value(named: "h")?.values, try CellGoldens.floats("lstm_coupled.output").values, limit: tolerance, "h")
    expectClose(
      result.value(named: "gates")?.values, try CellGoldens.floats("lstm_coupled.gates").values, limit: tolerance,
      "gates")
  }

  @Test func theCellStateIsClipped() throws {
    let graph = try CellGoldens.graph(lstm(", \"cell_clip\": 0.25"), shape: "[5]", output: "h")
    try expectOutput(of: graph, "h", input: "lstm_variants.input", golden: "lstm_clipped.output")
  }

  @Test func gatesMayBeHard() throws {
    let graph = try CellGoldens.graph(lstm(", \"gate_activation\": \"hard_sigmoid\""), shape: "[5]", output: "h")
    try expectOutput(of: graph, "h", input: "lstm_variants.input", golden: "lstm_hard.output")
  }

  @Test func aConvolutionIsCausalDilatedAndStrided() throws {
    let graph = try CellGoldens.graph(
      """
      {"op": "conv1d", "input": "x", "output": "y", "weight": "conv1d.weight", "bias": "conv1d.bias", "dilation": 2,
       "stride": 2}
      """, shape: "[3]", output: "y")
    #expect(graph.values.map(\.domain) == [1, 1, 2, 2])
    try expectOutput(of: graph, "y", input: "conv1d.input", golden: "conv1d.output")
  }

  @Test func theMeanRuns() throws {
    let graph = try CellGoldens.graph(
      "{\"op\": \"mean\", \"input\": \"x\", \"output\": \"y\"}", shape: "[3]", output: "y")
    try expectOutput(of: graph, "y", input: "mean.input", golden: "mean.output")
  }
}
