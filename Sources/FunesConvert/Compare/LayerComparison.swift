// SPDX-License-Identifier: Apache-2.0
// What int8 costs, value by value and gate by gate: the model against the same graph in double precision.

import Funes

/// One value, or one gate of a cell, in int8 against float.
public struct LayerDifference: Sendable, Equatable {
  public var program: String
  public var layer: String
  public var value: String
  /// Of a cell's gates: i f g o, r z n or h.
  public var gate: String?
  /// The name under which the program puts it out, where it does.
  public var output: String?
  public var difference: Difference
}

/// Runs a graph both ways over the same rows and compares everything on the way.
public struct LayerComparison {
  /// In execution order: each value that an operator makes, and after a cell's its gates.
  public private(set) var layers: [LayerDifference] = []

  /// - Parameters:
  ///   - converter: with the precisions that are to be measured.
  ///   - inputs: rows of each program by name; random ones for programs that are not given.
  ///   - rows: how many random rows; fewer where positions or memories have no room for them.
  public init(
    _ graph: Graph, converter: Converter, inputs: [String: [String: ReferenceRows]] = [:], rows: Int
  ) throws {
    let exposed = graph.exposingAllValues()
    var converter = converter
    converter.sharesArena = false
    converter.selfTest = []
    let file = try ModelFile(copying: try converter.convert(exposed).bytes, memoryLimit: .max)
    let runner = try ModelRunner(file)
    let reference = FloatReference(exposed)
    let programs = file.model.programs
    for index in file.model.programOrder {
      let program = programs[index]
      let rows = min(rows, file.model.rowLimit(of: index) ?? rows)
      let rowInputs = inputs[program.name] ?? program.randomRows(rows, seed: UInt64(index) + 1)
      let port = program.inputs[0]
      let count = rowInputs[port.name].map { $0.count / max(1, port.width) } ?? rows
      let expected = try reference.run(program: program.name, inputs: rowInputs, rows: count, trace: false)
      let found = try runner.run(index, inputs: rowInputs, rows: count)
      var pairs: [Int: (expected: [Float], found: [Float])] = [:]
      for (output, port) in exposed.programs[index].outputs.enumerated() {
        pairs[port.value] = (expected.outputs[port.name]?.values ?? [], found[output].values)
      }
      add(exposed, exposed.programs[index], named: graph.programs[index].outputs, pairs)
    }
  }

  private mutating func add(
    _ graph: Graph, _ program: Graph.Program, named outputs: [Graph.Port],
    _ pairs: [Int: (expected: [Float], found: [Float])]
  ) {
    for op in program.operators {
      for (slot, value) in op.outputs.enumerated() {
        guard let (expected, found) = pairs[value], expected.count == found.count else { continue }
        let record = graph.values[value]
        var entry = LayerDifference(
          program: program.name, layer: op.name, value: record.name,
          output: outputs.first { $0.value == value }?.name, difference: Difference())
        guard slot == 1, case .cell(let cell) = op.operation else {
          entry.difference.add(expected: expected, found: found, width: max(1, record.width))
          layers.append(entry)
          continue
        }
        let names = FloatReference.gateNames(cell)
        for (gate, name) in names.enumerated() {
          entry.gate = name
          entry.difference = Difference()
          for begin in stride(from: gate * cell.units, to: expected.count, by: names.count * cell.units) {
            let range = begin..<(begin + cell.units)
            entry.difference.add(expected: expected[range], found: found[range])
          }
          layers.append(entry)
        }
      }
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
