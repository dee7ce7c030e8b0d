// SPDX-License-Identifier: Apache-2.0
// Shows everything inside a model: for comparing each layer with the float reference.

extension Graph {
  /// This graph with every float value that an operator makes as an output of its program, and the gates of every cell as
  /// the value `<operator>.gates`. New outputs stand after the program's own and are named after their values; a name that
  /// is taken gets `#2`, `#3`, ….
  public func exposingAllValues() -> Graph { exposing(values: { _ in true }, gates: { _ in true }) }

  /// This graph with some of the float values that operators make as outputs, and the gates of some cells; named as by
  /// `exposingAllValues`.
  func exposing(values isShown: (Int) -> Bool, gates showsGates: (Operator) -> Bool) -> Graph {
    var graph = self
    for programIndex in programs.indices {
      var program = programs[programIndex]
      var names = Set(program.outputs.map(\.name))
      var shown = Set(program.outputs.map(\.value))
      for runIndex in program.runs.indices {
        for opIndex in program.runs[runIndex].operators.indices {
          var op = program.runs[runIndex].operators[opIndex]
          if case .cell(let cell) = op.operation, op.outputs.count == 1, showsGates(op) {
            op.outputs.append(graph.values.count)
            graph.values.append(graph.gates(of: cell, named: op.name, output: graph.values[op.outputs[0]]))
          }
          program.runs[runIndex].operators[opIndex] = op
          for value in op.outputs where graph.values[value].element == .float {
            guard value >= values.count || isShown(value), shown.insert(value).inserted else { continue }
            let name = graph.values[value].name
            var unique = name
            var number = 2
            while !names.insert(unique).inserted {
              unique = "\(name)#\(number)"
              number += 1
            }
            program.outputs.append(Port(name: unique, value: value))
          }
        }
      }
      graph.programs[programIndex] = program
    }
    return graph
  }

  /// The gates after their functions, (…, G H): the output's shape with its last axis replaced.
  private func gates(of cell: Cell, named name: String, output: Value) -> Value {
    let gates = cell.kind == .lstm ? 4 : cell.kind == .gru ? 3 : 1
    let steps = cell.lanes * (cell.innerSteps ?? 1)
    let width = output.width / steps
    var shape = output.shape
    if shape.last == width {
      shape[shape.count - 1] = gates * cell.units
    } else {
      shape = [steps * gates * cell.units]
    }
    return Value(name: "\(name).gates", shape: shape, domain: output.domain)
  }
}
