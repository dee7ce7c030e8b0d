// SPDX-License-Identifier: Apache-2.0
// The columns of what every matrix multiplies, over the rows of a report: which of them stand out.

/// Gathers the largest magnitude of each column of each matrix's vectors, on the float side.
struct ActivationRanges {
  /// One use of a matrix: what it multiplies and the largest magnitude of each column so far.
  struct Use {
    var program: String
    var layer: String
    var matrix: String
    var maxima: [Float]
  }

  private(set) var uses: [Use] = []
  private var places: [String: Int] = [:]
  /// The latest output row of each cell whose recurrent input is a product with it.
  private var latest: [String: [Float]] = [:]

  /// States are as after a reset.
  mutating func reset() { latest = [:] }

  /// Takes up what a call of a program made.
  ///
  /// - Parameter inputs: the rows that the call was given.
  mutating func add(
    _ graph: Graph, _ program: Graph.Program, inputs: [String: ReferenceRows], _ call: PairedCall
  ) {
    func rows(_ value: Int) -> [Float] {
      if let rows = call.values[value] { return rows.expected }
      guard let port = program.inputs.first(where: { $0.value == value }), case .floats(let rows)? = inputs[port.name]
      else { return [] }
      return rows
    }
    for op in program.operators {
      func raise(_ matrix: Int, by values: [Float]) { self.raise(graph, program.name, op.name, matrix, by: values) }
      switch op.operation {
      case .linear(let weight, _): raise(weight, by: rows(op.inputs[0]))
      case .cell(let cell):
        raise(cell.weightX, by: rows(op.inputs[0]))
        if let candidate = cell.candidateX { raise(candidate, by: rows(op.inputs[0])) }
        // The last row is what the next call's first multiplies: of a long run one row more or less.
        let output = rows(op.outputs[0])
        raise(cell.weightH, by: output)
        guard op.outputs.count > 1, cell.innerSteps == nil else { continue }
        let gates = rows(op.outputs[1])
        if let projection = cell.projection, let state = cell.cell, let cells = call.cells[state] {
          raise(projection, by: ActivationRanges.outputs(cell, gates, cells.expected))
        }
        if let candidate = cell.candidate {
          let key = "\(program.name)\0\(op.name)"
          let before = (latest[key] ?? [Float](repeating: 0, count: cell.lanes * cell.units)) + output
          raise(candidate, by: ActivationRanges.resetStates(cell, gates, before))
          latest[key] = Array(output.suffix(cell.lanes * cell.units))
        }
      default: continue
      }
    }
  }

  private mutating func raise(_ graph: Graph, _ program: String, _ layer: String, _ matrix: Int, by values: [Float]) {
    guard case .matrix(_, let cols, _) = graph.constants[matrix].layout, !values.isEmpty else { return }
    let name = graph.constants[matrix].name
    let key = [program, layer, name].joined(separator: "\0")
    let place = places[key] ?? uses.count
    if place == uses.count {
      places[key] = place
      uses.append(Use(program: program, layer: layer, matrix: name, maxima: [Float](repeating: 0, count: cols)))
    }
    uses[place].maxima = ColumnRange.raise(uses[place].maxima, by: values)
  }

  /// m = o a(c), (rows, lanes, H), of gates i f g o.
  private static func outputs(_ cell: Graph.Cell, _ gates: [Float], _ cells: [Float]) -> [Float] {
    let units = cell.units
    guard gates.count == 4 * cells.count else { return [] }
    return cells.indices.map { index in
      let (row, unit) = index.quotientAndRemainder(dividingBy: units)
      return gates[row * 4 * units + 3 * units + unit]
        * Float(FloatReference.apply(cell.activation, Double(cells[index])))
    }
  }

  /// r h, (rows, lanes, H), of gates r z n and of h one row before.
  private static func resetStates(_ cell: Graph.Cell, _ gates: [Float], _ before: [Float]) -> [Float] {
    let units = cell.units
    return (0..<(gates.count / 3)).map { index in
      let (row, unit) = index.quotientAndRemainder(dividingBy: units)
      return index < before.count ? gates[row * 3 * units + unit] * before[index] : 0
    }
  }
}
