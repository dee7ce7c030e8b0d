// SPDX-License-Identifier: Apache-2.0
// Recurrent cells of the float reference: the equations of `funes_cell` in the kernels' header, in double.

extension FloatReference {
  /// What one step of a cell over one lane makes.
  private struct Step {
    var h: [Double]
    var c: [Double] = []
    /// Each (H), after its function, in the order of `gateNames`.
    var gates: [[Double]]
  }

  static func gateNames(_ cell: Graph.Cell) -> [String] {
    switch cell.kind {
    case .rnn: ["h"]
    case .lstm: ["i", "f", "g", "o"]
    case .gru: ["r", "z", "n"]
    }
  }

  /// Runs a cell over rows: along time with its states, or along an inner axis from zero in each row.
  func runCell(_ cell: Graph.Cell, _ op: Graph.Operator, _ range: Range<Int>) {
    let names = FloatReference.gateNames(cell)
    let steps = cell.innerSteps ?? 1
    let outputCount = graph.values[op.outputs[0]].width / (cell.lanes * steps)
    var traces: [[Double]] = Array(repeating: [], count: names.count)
    if collectsTrace {
      traces = names.map { _ in Array(repeating: 0, count: range.count * cell.lanes * steps * cell.units) }
    }
    let isTime = cell.innerSteps == nil
    let order = isTime && cell.isReversed ? Array(range.reversed()) : Array(range)
    let weights = CellWeights(cell, self)
    for index in order {
      let x = row(op.inputs[0], index)
      let width = x.count / (cell.lanes * steps)
      var output = Array(repeating: 0.0, count: cell.lanes * steps * outputCount)
      var gates = Array(repeating: 0.0, count: cell.lanes * steps * names.count * cell.units)
      for lane in 0..<cell.lanes {
        var h = isTime ? lanePart(cell.hidden!, lane) : Array(repeating: 0, count: outputCount)
        var c = cell.cell.map { lanePart($0, lane) } ?? Array(repeating: 0, count: cell.units)
        for place in 0..<steps {
          let inner = !isTime && cell.isReversed ? steps - 1 - place : place
          let slot = lane * steps + inner
          let first = x.startIndex + slot * width
          let step = step(cell, weights, x[first..<first + width], h, c)
          h = step.h.map(FloatReference.clamp)
          c = step.c.map(FloatReference.clamp)
          output.replaceSubrange(slot * outputCount..<(slot + 1) * outputCount, with: h)
          gates.replaceSubrange(
            slot * names.count * cell.units..<(slot + 1) * names.count * cell.units, with: step.gates.flatMap(\.self))
          guard collectsTrace else { continue }
          for (gate, values) in step.gates.enumerated() {
            let start = ((index - range.lowerBound) * cell.lanes * steps + slot) * cell.units
            traces[gate].replaceSubrange(start..<start + cell.units, with: values)
          }
        }
        if isTime { setLanePart(cell.hidden!, lane, h) }
        if let state = cell.cell { setLanePart(state, lane, c) }
      }
      setRow(op.outputs[0], index, output)
      if op.outputs.count > 1 { setRow(op.outputs[1], index, gates) }
    }
    if collectsTrace { keep(op.name, names, traces, cell, rowCount: range.count) }
  }

  /// Adds gate values to the trace: a sequential run brings them row by row.
  private func keep(_ name: String, _ names: [String], _ traces: [[Double]], _ cell: Graph.Cell, rowCount: Int) {
    let known = gates.firstIndex { $0.name == name }
    let shape = (cell.lanes > 1 ? [cell.lanes] : []) + (cell.innerSteps.map { [$0] } ?? []) + [cell.units]
    let made = zip(names, traces).map { gate, values in
      (gate: gate, rows: ReferenceResult.Rows(shape: shape, rowCount: rowCount, values: values.map(Float.init)))
    }
    guard let known else {
      gates.append(ReferenceResult.Gates(name: name, gates: made))
      return
    }
    for (gate, part) in made.enumerated() {
      gates[known].gates[gate].rows.rowCount += part.rows.rowCount
      gates[known].gates[gate].rows.values += part.rows.values
    }
  }

  // MARK: One step

  /// The constants of a cell as doubles, made once a call.
  private struct CellWeights {
    var bias: [Double]
    var biasHN: [Double]
    /// w_i, w_f, w_o.
    var peephole: [[Double]]

    init(_ cell: Graph.Cell, _ reference: FloatReference) {
      bias = reference.doubles(cell.bias)
      biasHN = cell.biasHN.map(reference.doubles) ?? Array(repeating: 0, count: cell.units)
      let all = cell.peephole.map(reference.doubles) ?? Array(repeating: 0, count: 3 * cell.units)
      peephole = (0..<3).map { Array(all[$0 * cell.units..<($0 + 1) * cell.units]) }
    }
  }

  private func step(
    _ cell: Graph.Cell, _ weights: CellWeights, _ x: ArraySlice<Double>, _ h: [Double], _ c: [Double]
  ) -> Step {
    var p = weights.bias
    if let candidate = cell.candidateX {
      // Rows r z, then rows n: two matrices of one product.
      var n = Array(p[(2 * cell.units)...])
      p.removeSubrange((2 * cell.units)...)
      addProduct(&p, cell.weightX, x)
      addProduct(&n, candidate, x)
      p += n
    } else {
      addProduct(&p, cell.weightX, x)
    }
    switch cell.kind {
    case .rnn:
      addProduct(&p, cell.weightH, h[...])
      let next = p.map { FloatReference.apply(cell.activation, $0) }
      return Step(h: next, gates: [next])
    case .lstm:
      addProduct(&p, cell.weightH, h[...])
      return lstm(cell, weights, p, c)
    case .gru: return gru(cell, weights, p, h)
    }
  }

  /// p_i += w_i c, p_f += w_f c, p_o += w_o c';  c' = clip(s(p_f) c + s(p_i) a(p_g));  m = s(p_o) a(c');  h' = m or clip(W_p m).
  private func lstm(_ cell: Graph.Cell, _ weights: CellWeights, _ p: [Double], _ c: [Double]) -> Step {
    let units = cell.units
    let gate = { (x: Double) in FloatReference.apply(cell.gateActivation, x) }
    let activate = { (x: Double) in FloatReference.apply(cell.activation, x) }
    // Where gates begin: f g o when coupled, i f g o otherwise.
    let first = cell.isCoupled ? 0 : units
    var (i, f, g, o) = (c, c, c, c)
    var next = c
    var m = c
    for unit in 0..<units {
      f[unit] = gate(p[first + unit] + weights.peephole[1][unit] * c[unit])
      i[unit] = cell.isCoupled ? 1 - f[unit] : gate(p[unit] + weights.peephole[0][unit] * c[unit])
      g[unit] = activate(p[first + units + unit])
      next[unit] = FloatReference.clip(f[unit] * c[unit] + i[unit] * g[unit], cell.cellClip)
      o[unit] = gate(p[first + 2 * units + unit] + weights.peephole[2][unit] * next[unit])
      m[unit] = o[unit] * activate(next[unit])
    }
    if let projection = cell.projection, case .matrix(let rows, _, _) = graph.constants[projection].layout {
      var h = Array(repeating: 0.0, count: rows)
      addProduct(&h, projection, m[...])
      m = h.map { FloatReference.clip($0, cell.projectionClip) }
    }
    return Step(h: m, c: next, gates: [i, f, g, o])
  }

  /// h' = (1 − z) n + z h, with the reset gate after or before the recurrent product of n.
  private func gru(_ cell: Graph.Cell, _ weights: CellWeights, _ p: [Double], _ h: [Double]) -> Step {
    let units = cell.units
    let gate = { (x: Double) in FloatReference.apply(cell.gateActivation, x) }
    var recurrent = Array(repeating: 0.0, count: (cell.isResetBefore ? 2 : 3) * units)
    addProduct(&recurrent, cell.weightH, h[...])
    let r = (0..<units).map { gate(p[$0] + recurrent[$0]) }
    let z = (units..<2 * units).map { gate(p[$0] + recurrent[$0]) }
    var n = Array(p[(2 * units)...])
    if let candidate = cell.candidate {
      addProduct(&n, candidate, zip(r, h).map { $0 * $1 }[...])
    } else {
      for unit in 0..<units { n[unit] += r[unit] * (recurrent[2 * units + unit] + weights.biasHN[unit]) }
    }
    n = n.map { FloatReference.apply(cell.activation, $0) }
    let next = (0..<units).map { unit -> Double in (1 - z[unit]) * n[unit] + z[unit] * h[unit] }
    return Step(h: next, gates: [r, z, n])
  }

  private static func clip(_ x: Double, _ limit: Float) -> Double {
    limit == 0 ? x : min(max(x, -Double(limit)), Double(limit))
  }

  // MARK: States

  private func lanePart(_ state: Int, _ lane: Int) -> [Double] {
    let width = graph.states[state].width
    return Array(states[state][lane * width..<(lane + 1) * width])
  }

  private func setLanePart(_ state: Int, _ lane: Int, _ values: [Double]) {
    let width = graph.states[state].width
    states[state].replaceSubrange(lane * width..<(lane + 1) * width, with: values)
  }
}
