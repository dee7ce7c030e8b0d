// SPDX-License-Identifier: Apache-2.0
// A shape → a graph with random weights, as a trained network of it would begin: the same for one shape on every machine.

import Funes
import FunesConvert

extension Graph {
  /// x → layers → y, a row in, a row out.
  init(_ shape: SyntheticShape) {
    var builder = SyntheticGraph(shape)
    self = builder.build()
  }
}

private struct SyntheticGraph {
  let shape: SyntheticShape
  var graph: Graph
  var operators: [Graph.Operator] = []
  var numbers = SplitMix64(seed: 1)

  init(_ shape: SyntheticShape) {
    self.shape = shape
    graph = Graph(name: shape.description)
  }

  mutating func build() -> Graph {
    let input = value("x", shape.inputs)
    var latest = input
    for layer in 0..<shape.layers {
      let cols = layer == 0 ? shape.inputs : shape.units
      let name = "layer \(layer)"
      latest =
        shape.kind == .tcn ? convolution(name, latest, cols, dilation: 1 << min(layer, 24)) : cell(name, latest, cols)
    }
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: input)],
        outputs: [Graph.Port(name: "y", value: latest)],
        runs: [Graph.Run(isSequential: false, operators: operators)], resets: [])
    ]
    return graph
  }

  private mutating func cell(_ name: String, _ input: Int, _ cols: Int) -> Int {
    let (units, gates) = (shape.units, shape.gates)
    // PyTorch's own choice for recurrent layers.
    let bound = 1 / Float(units).squareRoot()
    var cell = Graph.Cell(
      kind: shape.kind == .lstm ? .lstm : shape.kind == .gru ? .gru : .rnn, units: units,
      weightX: matrix("\(name) x", gates * units, cols, groups: gates, bound),
      weightH: matrix("\(name) h", gates * units, units, groups: gates, bound),
      bias: vector("\(name) bias", .grouped(groups: gates), gates * units, bound))
    if shape.kind == .gru { cell.biasHN = vector("\(name) bias hn", .lanes(1), units, bound) }
    cell.hidden = state("\(name) hidden", .hidden, width: units)
    if shape.kind == .lstm { cell.cell = state("\(name) cell", .cell, width: units) }
    return append(name, .cell(cell), input, width: units)
  }

  private mutating func convolution(_ name: String, _ input: Int, _ cols: Int, dilation: Int) -> Int {
    let kernel = shape.kernel
    var seen = input
    if kernel > 1 {
      let behind = (kernel - 1) * dilation
      let ring = state("\(name) rows", .ring, lanes: behind, width: cols)
      let position = state("\(name) position", .counter, width: 1, limit: behind)
      seen = append(
        "\(name) window", .window(length: kernel, dilation: dilation, ring: ring, position: position), input,
        width: kernel * cols)
    }
    // Keeps the size of values that ReLU halves: He et al. 2015.
    let bound = (6 / Float(kernel * cols)).squareRoot()
    let weight = matrix("\(name) w", shape.units, kernel * cols, groups: 1, bound)
    let bias = vector("\(name) bias", .grouped(groups: 1), shape.units, 0.1 * bound)
    let sums = append("\(name) product", .linear(weight: weight, bias: bias), seen, width: shape.units)
    return append(name, .activate(.relu), sums, width: shape.units)
  }

  private mutating func append(_ name: String, _ operation: Graph.Operation, _ input: Int, width: Int) -> Int {
    let output = value(name, width)
    operators.append(Graph.Operator(name: name, operation: operation, inputs: [input], outputs: [output]))
    return output
  }

  private mutating func value(_ name: String, _ width: Int) -> Int {
    graph.values.append(Graph.Value(name: name, shape: [width]))
    return graph.values.count - 1
  }

  private mutating func state(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int, limit: Int = 0
  ) -> Int {
    graph.states.append(Graph.State(name: name, kind: kind, lanes: lanes, width: width, limit: limit))
    return graph.states.count - 1
  }

  private mutating func matrix(_ name: String, _ rows: Int, _ cols: Int, groups: Int, _ bound: Float) -> Int {
    vector(name, .matrix(rows: rows, cols: cols, groups: groups), rows * cols, bound)
  }

  private mutating func vector(_ name: String, _ layout: Graph.Constant.Layout, _ count: Int, _ bound: Float) -> Int {
    let values = (0..<count).map { _ in bound * (Float(numbers.next() >> 40) * 0x1p-23 - 1) }
    graph.constants.append(Graph.Constant(name: name, layout: layout, values: values))
    return graph.constants.count - 1
  }
}
