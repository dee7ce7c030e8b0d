// SPDX-License-Identifier: Apache-2.0
// Runs the quantised network over rows and gathers what one of its matrices multiplies, recurrent inputs included.

import CFunesKernels
import Funes

/// Gathers the vectors that a matrix multiplies while a model of given matrices runs.
struct InputCollector {
  let graph: Graph
  /// With every matrix of the graph given.
  let converter: Converter

  /// The second moments of what `uses` multiply, over all sequences.
  func hessian(of uses: [MatrixUse], cols: Int, over sequences: [SampleSequence]) throws -> Hessian {
    var shown: Set<Int> = []
    var gated: Set<Int> = []
    for use in uses {
      switch use.vectors {
      case .value(let value): shown.insert(value)
      case .recurrent: shown.insert(use.op.outputs[0])
      case .reset: shown.formUnion([use.op.outputs[0]])
      case .projected: break
      }
      if use.vectors.needsGates { gated.insert(use.op.outputs[0]) }
    }
    let exposed = graph.exposing(values: shown.contains) { gated.contains($0.outputs[0]) }
    var converter = converter
    converter.sharesArena = false
    converter.selfTest = []
    let runner = try ModelRunner(try ModelFile(copying: try converter.convert(exposed).bytes, memoryLimit: .max))
    let last = uses.map(\.program).max {
      graph.programOrder.firstIndex(of: $0)! < graph.programOrder.firstIndex(of: $1)!
    }
    var hessian = Hessian(cols: cols)
    for sequence in sequences {
      runner.reset()
      for call in sequence.calls {
        guard let index = exposed.programs.firstIndex(where: { $0.name == call.program }) else { continue }
        let run = try ProgramRun(exposed, index, call, runner)
        for use in uses where use.program == index { run.gather(use, into: &hessian) }
        if index == last { break }
      }
    }
    hessian.finish()
    return hessian
  }
}

/// One run of a program with some of its values shown.
private struct ProgramRun {
  let graph: Graph
  private let call: SampleSequence.Call
  private let program: Graph.Program
  private var values: [Int: [Float]] = [:]
  /// States of cells as the run began.
  private var states: [Int: [Float]] = [:]

  init(_ graph: Graph, _ index: Int, _ call: SampleSequence.Call, _ runner: ModelRunner) throws {
    self.graph = graph
    self.call = call
    program = graph.programs[index]
    for op in program.operators {
      guard case .cell(let cell) = op.operation else { continue }
      for state in [cell.hidden, cell.cell].compactMap({ $0 }) {
        states[state] = program.resets.contains(state) ? initial(state) : runner.state(state)
      }
    }
    // A program that resets states does so at each call, so all its rows are one call.
    let found = try runner.run(
      index, inputs: call.inputs, rows: call.rowCount, chunk: program.resets.isEmpty ? nil : call.rowCount)
    for (port, rows) in zip(program.outputs, found) { values[port.value] = rows.values }
  }

  private func initial(_ state: Int) -> [Float] {
    let record = graph.states[state]
    return record.initial.map { graph.constants[$0].values }
      ?? [Float](repeating: 0, count: record.lanes * record.width)
  }

  /// The rows of a value; those of an input as the model takes them.
  private func rows(of value: Int) -> [Float] {
    if let values = values[value] { return values }
    guard let port = program.inputs.first(where: { $0.value == value }),
      case .floats(let floats) = call.inputs[port.name]
    else { return [] }
    guard port.policy == .replace else { return floats }
    return floats.map { $0.isFinite ? min(max($0, port.range.lowerBound), port.range.upperBound) : 0 }
  }

  func gather(_ use: MatrixUse, into hessian: inout Hessian) {
    switch use.vectors {
    case .value(let value): hessian.add(rows(of: value))
    case .recurrent(let cell):
      let outputs = rows(of: use.op.outputs[0])
      let width = graph.values[use.op.outputs[0]].width / (cell.lanes * (cell.innerSteps ?? 1))
      walk(cell, width: width, count: outputs.count, carried: cell.hidden) { carried, slot in
        hessian.add(carried)
        carried = Array(outputs[slot])
      }
    case .reset(let cell):
      let outputs = rows(of: use.op.outputs[0])
      let gates = rows(of: gatesValue(use.op))
      walk(cell, width: cell.units, count: outputs.count, carried: cell.hidden) { carried, slot in
        let first = slot.lowerBound / cell.units * 3 * cell.units
        hessian.add((0..<cell.units).map { gates[first + $0] * carried[$0] })
        carried = Array(outputs[slot])
      }
    case .projected(let cell):
      // c' = clip(f c + i g), m = o a(c')
      let gates = rows(of: gatesValue(use.op))
      let units = cell.units
      let scalar = funes_isa_find("scalar")
      walk(cell, width: units, count: gates.count / 4, carried: cell.cell) { carried, slot in
        let first = slot.lowerBound * 4
        for unit in 0..<units {
          let (i, f, g) = (gates[first + unit], gates[first + units + unit], gates[first + 2 * units + unit])
          let next = f * carried[unit] + i * g
          carried[unit] = cell.cellClip == 0 ? next : min(max(next, -cell.cellClip), cell.cellClip)
        }
        var m = carried
        funes_evaluate(scalar, Int32(cell.activation.rawValue), &m, carried, Int32(units))
        for unit in 0..<units { m[unit] *= gates[first + 3 * units + unit] }
        hessian.add(m)
      }
    }
  }

  private func gatesValue(_ op: Graph.Operator) -> Int {
    program.operators.first { $0.outputs[0] == op.outputs[0] }?.outputs.last ?? op.outputs[0]
  }

  /// Goes through the steps of a cell in its own order. `carried` is a lane's state before the step; the body makes it that
  /// behind it. The range is that of the step among values of (rows, lanes, inner steps, width), `count` of them.
  private func walk(
    _ cell: Graph.Cell, width: Int, count: Int, carried state: Int?, _ body: (inout [Float], Range<Int>) -> Void
  ) {
    let (lanes, steps) = (cell.lanes, cell.innerSteps ?? 1)
    let isTime = cell.innerSteps == nil
    let rowCount = count / (lanes * steps * width)
    var carried: [[Float]] = []
    func begin() {
      carried = (0..<lanes).map { lane in
        guard isTime, let state, let values = states[state] else { return [Float](repeating: 0, count: width) }
        return Array(values[lane * width..<(lane + 1) * width])
      }
    }
    begin()
    for place in 0..<rowCount {
      let row = isTime && cell.isReversed ? rowCount - 1 - place : place
      if !isTime { begin() }
      for step in 0..<steps {
        let inner = !isTime && cell.isReversed ? steps - 1 - step : step
        for lane in 0..<lanes {
          let first = ((row * lanes + lane) * steps + inner) * width
          body(&carried[lane], first..<first + width)
        }
      }
    }
  }
}
