// SPDX-License-Identifier: Apache-2.0
// A random cell with all its memory, and the same step written plainly in double.

import CFunesKernels
import Foundation

/// What a cell may be made of; what a kind does not use is ignored.
struct CellOptions: CustomStringConvertible {
  var kind = FUNES_CELL_LSTM
  var inputs = 5, units = 8, projection = 0
  var activation = FUNES_TANH, gateActivation = FUNES_SIGMOID
  var isCoupled = false, isResetBefore = false, hasBiasHN = true, hasPeephole = false
  var isReversed = false, innerSteps = 0, lanes = 1
  var cellClip: Float = 0, projectionClip: Float = 0
  var qmax = 32_639
  var isEqualized = true
  /// Matrices with 16-bit weights, in the order in which they are made: bit 0 is W_x.
  var wide = 0

  var gates: Int { kind == FUNES_CELL_RNN ? 1 : kind == FUNES_CELL_GRU ? 3 : isCoupled ? 3 : 4 }
  var shownGates: Int { kind == FUNES_CELL_RNN ? 1 : kind == FUNES_CELL_GRU ? 3 : 4 }
  var outputs: Int { projection > 0 ? projection : units }

  var description: String {
    "kind \(kind.rawValue), \(inputs) -> \(units) -> \(projection), a \(activation.rawValue), s \(gateActivation.rawValue), "
      + "coupled \(isCoupled), before \(isResetBefore), peephole \(hasPeephole), reversed \(isReversed), inner \(innerSteps), "
      + "lanes \(lanes), clips \(cellClip) \(projectionClip), qmax \(qmax), "
      + "wide \(wide)"
  }

  /// Any combination that the contract allows.
  static func random(_ random: inout Seeded, isLarge: Bool = false) -> CellOptions {
    var options = CellOptions()
    options.kind = [FUNES_CELL_RNN, FUNES_CELL_LSTM, FUNES_CELL_GRU][random.below(3)]
    options.inputs = isLarge ? 150 : 1 + random.below(40)
    options.units = isLarge ? 300 + random.below(70) : 1 + random.below(50)
    let activations = [FUNES_IDENTITY, FUNES_RELU, FUNES_TANH, FUNES_SIGMOID, FUNES_HARD_SIGMOID]
    if random.isOneIn(2) { options.activation = activations[random.below(5)] }
    if random.isOneIn(2) { options.gateActivation = activations[random.below(5)] }
    let isLSTM = options.kind == FUNES_CELL_LSTM
    options.isCoupled = isLSTM && random.isOneIn(3)
    options.hasPeephole = isLSTM && random.isOneIn(3)
    options.projection = isLSTM && random.isOneIn(3) ? 1 + random.below(40) : 0
    options.isResetBefore = options.kind == FUNES_CELL_GRU && random.isOneIn(2)
    options.hasBiasHN = random.isOneIn(2)
    options.isReversed = random.isOneIn(3)
    options.innerSteps = random.isOneIn(3) ? 1 + random.below(4) : 0
    options.lanes = 1 + random.below(3)
    options.cellClip = random.isOneIn(3) ? 0.7 : 0
    options.projectionClip = random.isOneIn(3) ? 0.5 : 0
    options.qmax = [127, 90, 32_639, 20_000][random.below(4)]
    options.isEqualized = random.isOneIn(2)
    options.wide = [0, 31, 1, random.below(32)][random.below(4)]
    return options
  }
}

/// The weights of a random cell, its input rows, its state and its output.
final class CellBench {
  let options: CellOptions
  let x: PackedMatrix, h: PackedMatrix, candidate: PackedMatrix?, candidateX: PackedMatrix?, projection: PackedMatrix?
  let bias: PackedBias, biasHN: PackedBias?, peephole: [Float]
  let rowCount: Int
  let input: Memory<Float>, output: Memory<Float>, shown: Memory<Float>, hState: Memory<Float>, cState: Memory<Float>
  private let peepholeMemory: Memory<Float>
  var op = funes_op()

  init(_ options: CellOptions, rows rowCount: Int, random: inout Seeded) {
    self.options = options
    self.rowCount = rowCount
    let (units, gates) = (options.units, options.gates)
    var made = 0
    func matrix(_ rows: Int, _ cols: Int, _ groups: Int, _ random: inout Seeded) -> PackedMatrix {
      defer { made += 1 }
      return PackedMatrix(
        rows: rows, cols: cols, groups: groups, qmax: options.qmax, isEqualized: options.isEqualized,
        hasLow: options.wide >> made & 1 == 1, random: &random)
    }
    let stacked = options.isResetBefore ? 2 : gates
    x = matrix(stacked * units, options.inputs, stacked, &random)
    h = matrix(stacked * units, options.outputs, stacked, &random)
    candidateX = options.isResetBefore ? matrix(units, options.inputs, 1, &random) : nil
    candidate = options.isResetBefore ? matrix(units, units, 1, &random) : nil
    projection = options.projection > 0 ? matrix(options.projection, units, 1, &random) : nil
    bias = PackedBias(units: units, groups: gates, random: &random)
    let hasBiasHN = options.kind == FUNES_CELL_GRU && !options.isResetBefore && options.hasBiasHN
    biasHN = hasBiasHN ? PackedBias(units: units, groups: 1, random: &random) : nil
    peephole = (0..<3 * units).map { _ in random.unit() }
    peepholeMemory = Memory(3 * padded(units))
    for gate in 0..<3 {
      for unit in 0..<units { peepholeMemory.base[gate * padded(units) + unit] = peephole[gate * units + unit] }
    }
    let steps = options.lanes * max(1, options.innerSteps)
    input = Memory((0..<rowCount * steps * options.inputs).map { _ in random.unit() * 2 })
    output = Memory(rowCount * steps * options.outputs)
    shown = Memory(rowCount * steps * options.shownGates * units)
    hState = Memory(options.lanes * padded(options.outputs))
    cState = Memory(options.lanes * padded(units))
    op.input_count = 1
    op.in.0 = rows(input, width: steps * options.inputs)
    op.out.0 = rows(output, width: steps * options.outputs)
    op.out.1 = rows(shown, width: steps * options.shownGates * units)
    if options.innerSteps == 0 {
      op.state.0 = hState.base
      op.state.1 = cState.base
    }
    op.cell.kind = Int32(options.kind.rawValue)
    op.cell.units = Int32(units)
    op.cell.output_count = Int32(options.outputs)
    op.cell.activation = Int32(options.activation.rawValue)
    op.cell.gate_activation = Int32(options.gateActivation.rawValue)
    op.cell.is_coupled = options.isCoupled ? 1 : 0
    op.cell.is_reset_before = options.isResetBefore ? 1 : 0
    op.cell.is_reversed = options.isReversed ? 1 : 0
    op.cell.is_inner_axis = options.innerSteps > 0 ? 1 : 0
    op.cell.lanes = Int32(options.lanes)
    op.cell.inner_steps = Int32(max(1, options.innerSteps))
    op.cell.cell_clip = options.cellClip
    op.cell.projection_clip = options.projectionClip
    op.cell.x = x.matrix
    op.cell.h = h.matrix
    if let candidate { op.cell.candidate = candidate.matrix }
    if let candidateX { op.cell.candidate_x = candidateX.matrix }
    if let projection { op.cell.projection = projection.matrix }
    op.cell.bias = UnsafePointer(bias.memory.base)
    op.cell.bias_hn = biasHN.map { UnsafePointer($0.memory.base) }
    op.cell.peephole = options.hasPeephole ? UnsafePointer(peepholeMemory.base) : nil
  }

  func team(isa: String, threads: Int = 1) -> Team {
    Team(isa: isa, threads: threads, scratchBytes: funes_cell_scratch_bytes(&op.cell))
  }

  func reset() {
    hState.fill(0)
    cState.fill(0)
  }

  func run(_ team: Team, row: Int, rows: Int) { funes_cell_rows(&op, &team.context, Int32(row), Int32(rows)) }

  /// All that the cell has written.
  var hashOfAll: UInt32 {
    var crc = hash(output.base, output.count)
    crc = hash(shown.base, shown.count, from: crc)
    crc = hash(hState.base, hState.count, from: crc)
    return hash(cState.base, cState.count, from: crc)
  }

  /// One step from the given state: h', c' and the gates as shown, in double but for what is quantised.
  func reference(_ input: [Float], h oldH: [Float], c oldC: [Float]) -> (h: [Double], c: [Double], gates: [Double]) {
    let units = options.units
    let px = x.product(input) + (candidateX?.product(input) ?? [])
    let ph = h.product(oldH)
    func p(_ gate: Int, _ unit: Int) -> Double {
      px[gate * units + unit] + ph[gate * units + unit] + Double(bias.values[gate * units + unit])
    }
    func s(_ value: Double) -> Double { CellBench.function(options.gateActivation, value) }
    func a(_ value: Double) -> Double { CellBench.function(options.activation, value) }
    func clip(_ value: Double, _ limit: Float) -> Double {
      let most = limit > 0 ? Double(limit) : 0x1p50
      return min(max(value, -most), most)
    }
    // Peephole weights.
    func w(_ gate: Int, _ unit: Int) -> Double { options.hasPeephole ? Double(peephole[gate * units + unit]) : 0 }
    let all = 0..<units
    switch options.kind {
    case FUNES_CELL_LSTM:
      let first = options.isCoupled ? 0 : 1
      let f = all.map { s(p(first, $0) + w(1, $0) * Double(oldC[$0])) }
      let i = all.map { options.isCoupled ? 1 - f[$0] : s(p(0, $0) + w(0, $0) * Double(oldC[$0])) }
      let g = all.map { a(p(first + 1, $0)) }
      let c = all.map { clip(f[$0] * Double(oldC[$0]) + i[$0] * g[$0], options.cellClip) }
      let o = all.map { s(p(first + 2, $0) + w(2, $0) * c[$0]) }
      let m = all.map { clip(o[$0] * a(c[$0]), 0) }
      let newH = projection.map { $0.product(m.map { Float($0) }).map { clip($0, options.projectionClip) } } ?? m
      return (newH, c, i + f + g + o)
    case FUNES_CELL_GRU:
      let r = all.map { s(p(0, $0)) }
      let z = all.map { s(p(1, $0)) }
      let rh = all.map { Float(r[$0]) * oldH[$0] }
      let hn = candidate.map { $0.product(rh) }
      let n = all.map { unit in
        let xn = px[2 * units + unit] + Double(bias.values[2 * units + unit])
        if let hn { return a(xn + hn[unit]) }
        return a(xn + r[unit] * (ph[2 * units + unit] + Double(biasHN?.values[unit] ?? 0)))
      }
      return (all.map { clip((1 - z[$0]) * n[$0] + z[$0] * Double(oldH[$0]), 0) }, [], r + z + n)
    default:
      let newH = all.map { clip(a(p(0, $0)), 0) }
      return (newH, [], newH)
    }
  }

  static func function(_ activation: funes_activation, _ x: Double) -> Double {
    switch activation {
    case FUNES_RELU: return max(0, x)
    case FUNES_TANH: return tanh(x)
    case FUNES_SIGMOID: return 1 / (1 + exp(-x))
    case FUNES_HARD_SIGMOID: return min(1, max(0, 0.2 * x + 0.5))
    default: return x
    }
  }
}
