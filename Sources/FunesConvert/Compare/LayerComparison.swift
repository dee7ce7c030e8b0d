// SPDX-License-Identifier: Apache-2.0
// What int8 costs, value by value and gate by gate: the model against the same graph in double precision.

import Funes

/// One value, or one gate or the state of a cell, in int8 against float.
public struct LayerDifference: Sendable, Equatable {
  public var program: String
  public var layer: String
  public var value: String
  /// Of a cell's gates: i f g o, r z n or h; c for the cell state of an LSTM.
  public var gate: String?
  /// The name under which the program puts it out, where it does.
  public var output: String?
  public var difference: Difference
}

/// Runs a graph both ways over the same rows and compares everything on the way.
public struct LayerComparison {
  /// In execution order: each value that an operator makes, and after a cell's its gates and its cell state.
  public private(set) var layers: [LayerDifference] = []
  /// Where each stands in `layers`.
  private var places: [String: Int] = [:]

  init() {}

  /// - Parameters:
  ///   - converter: with the precisions that are to be measured.
  ///   - given: sequences of rows, each from a reset; random rows for programs that have none.
  ///   - rows: how many random rows, spread over the sequences; fewer where positions or memories have no room for them.
  public init(_ graph: Graph, converter: Converter, given: [SampleSequence] = [], rows: Int) throws {
    let pair = try PairedRun(graph, converter: converter)
    var measured = MeasuredRows(given)
    measured.fit(pair.file.model)
    measured.fillUp(pair.file.model, rows: max(1, rows / measured.sequences.count))
    try pair.run(measured.sequences) { part in
      add(pair.exposed, pair.exposed.programs[part.program], named: graph.programs[part.program].outputs, part.made)
    }
  }

  /// Takes up what a call of a program made.
  ///
  /// - Parameters:
  ///   - graph: with every value exposed, as the program.
  ///   - outputs: those that the program has without.
  mutating func add(_ graph: Graph, _ program: Graph.Program, named outputs: [Graph.Port], _ call: PairedCall) {
    for op in program.operators {
      for (slot, value) in op.outputs.enumerated() {
        guard let rows = call.values[value], rows.expected.count == rows.found.count else { continue }
        let record = graph.values[value]
        let entry = LayerDifference(
          program: program.name, layer: op.name, value: record.name,
          output: outputs.first { $0.value == value }?.name, difference: Difference())
        guard slot == 1, case .cell(let cell) = op.operation else {
          add(entry, rows, width: max(1, record.width))
          continue
        }
        let names = FloatReference.gateNames(cell)
        for (gate, name) in names.enumerated() {
          add(entry, gate: name, rows, width: cell.units, from: gate * cell.units, every: names.count * cell.units)
        }
      }
      guard case .cell(let cell) = op.operation, let state = cell.cell, let rows = call.cells[state] else { continue }
      let entry = LayerDifference(
        program: program.name, layer: op.name, value: graph.states[state].name, difference: Difference())
      add(entry, gate: "c", rows, width: graph.states[state].width)
    }
  }

  /// Takes up rows of `width` values, `step` values apart, from `begin` on.
  private mutating func add(
    _ entry: LayerDifference, gate: String? = nil, _ rows: PairedRows, width: Int, from begin: Int = 0,
    every step: Int? = nil
  ) {
    let key = [entry.program, entry.layer, entry.value, gate ?? ""].joined(separator: "\0")
    let place = places[key] ?? layers.count
    if place == layers.count {
      places[key] = place
      layers.append(entry)
      layers[place].gate = gate
    }
    for first in stride(from: begin, to: rows.expected.count, by: step ?? width) {
      let range = first..<(first + width)
      layers[place].difference.add(expected: rows.expected[range], found: rows.found[range])
    }
  }
}

extension ConversionReport {
  /// Fills in the errors of layers, each at its operator's own output.
  public mutating func take(_ comparison: LayerComparison) {
    for index in layers.indices {
      let layer = layers[index]
      let entry = comparison.layers.first { $0.program == layer.program && $0.layer == layer.name && $0.gate == nil }
      guard let difference = entry?.difference else { continue }
      layers[index].outputSNR = difference.snr
      layers[index].outputMaxAbs = difference.maxAbs
    }
  }
}
