// SPDX-License-Identifier: Apache-2.0
// Runs a graph's programs in double precision where a model's would run in int8: the float side held against goldens.

/// The float reference as a runner of programs.
public final class ReferenceRunner: ProgramRunner {
  private let graph: Graph
  private let reference: FloatReference

  public init(_ graph: Graph) {
    self.graph = graph
    reference = FloatReference(graph)
  }

  public func reset() { reference.reset() }

  /// A stream runs over all rows at once unless a chunk is given; of an output with one row a call the latest is returned.
  public func run(
    _ program: Int, inputs: [String: ReferenceRows], rows count: Int, chunk: Int?
  ) throws -> [ReferenceResult.Rows] {
    let program = graph.programs[program]
    let most = program.isBlock ? count : min(chunk ?? count, count)
    var results = program.outputs.map {
      ReferenceResult.Rows(shape: graph.values[$0.value].shape, rowCount: 0, values: [])
    }
    var first = 0
    while first < count {
      let rows = min(most, count - first)
      var part: [String: ReferenceRows] = [:]
      for port in program.inputs {
        let width = graph.values[port.value].width
        guard let given = inputs[port.name], given.count == count * width else {
          throw ModelRunError.wrongInputs(program: program.name, expected: program.inputs.map(\.name))
        }
        part[port.name] = given.slice(first * width, rows * width)
      }
      let found = try reference.run(program: program.name, inputs: part, rows: rows, trace: false)
      for (index, port) in program.outputs.enumerated() {
        let output = found.outputs[port.name] ?? results[index]
        if graph.values[port.value].domain == 0 { results[index].values.removeAll() }
        results[index].values += output.values
        results[index].rowCount = results[index].values.count / max(1, graph.values[port.value].width)
      }
      first += rows
    }
    return results
  }
}
