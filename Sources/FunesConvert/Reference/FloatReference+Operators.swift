// SPDX-License-Identifier: Apache-2.0
// The operators of the float reference but the cells, each as the kernels' header defines it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension FloatReference {
  /// Runs one operator over a range of rows: all of them in a wide run, one in a sequential run.
  func execute(_ op: Graph.Operator, _ range: Range<Int>, isSequential: Bool) {
    switch op.operation {
    case .cell(let cell): runCell(cell, op, range)
    case .last:
      let count = rowCounts[op.inputs[0]]
      if count > 0 { setRow(op.outputs[0], 0, Array(row(op.inputs[0], count - 1))) }
    case .first: if rowCounts[op.inputs[0]] > 0 { setRow(op.outputs[0], 0, Array(row(op.inputs[0], 0))) }
    case .pool(nil, let heads): poolRows(op, heads: heads)
    case .subsample(let stride, let phase): subsample(op, range, stride: stride, phase: phase)
    case .stateWrite(let state):
      // A value of one row is written once; of many rows the last one stays.
      for index in range { states[state] = row(op.inputs[0], index).map(FloatReference.clamp) }
    case .stateRead(let state):
      for index in range { setRow(op.outputs[0], index, states[state]) }
    case .remember(let lanes, let keys, let values, let filled):
      for index in range { remember(lanes, keys, values, filled, row(op.inputs[0], index), row(op.inputs[1], index)) }
    case .blockAttention(let attention) where attention.lanes == nil:
      let block = op.inputs.map { value in range.map { row(value, $0) } }
      for (index, y) in zip(range, attendBlock(attention, block[0], block[1], block[2])) {
        setRow(op.outputs[0], index, y)
      }
    default:
      for index in range { setRow(op.outputs[0], index, compute(op, index)) }
    }
  }

  /// One row of an operator that looks at its own row, or keeps earlier ones in a state.
  private func compute(_ op: Graph.Operator, _ index: Int) -> [Double] {
    let x = op.inputs.first.map { row($0, index) } ?? []
    switch op.operation {
    case .linear(let weight, let bias): return linear(x, weight, bias)
    case .embedding(let table):
      guard case .matrix(_, let cols, _) = graph.constants[table].layout else { return [] }
      return x.flatMap { id in graph.constants[table].values[Int(id) * cols..<(Int(id) + 1) * cols].map(Double.init) }
    case .oneHot(let classes):
      var y = Array(repeating: 0.0, count: classes)
      y[Int(x.first!)] = 1
      return y
    case .add: return zip(x, row(op.inputs[1], index)).map { $0 + $1 }
    case .multiply: return zip(x, row(op.inputs[1], index)).map { $0 * $1 }
    case .concat(let lanes):
      let parts = op.inputs.map { Array(row($0, index)) }
      return (0..<lanes).flatMap { lane in
        parts.flatMap { part -> ArraySlice<Double> in
          let (begin, end) = (lane * part.count / lanes, (lane + 1) * part.count / lanes)
          return part[begin..<end]
        }
      }
    case .slice(let lanes, let begin, let count):
      let width = x.count / lanes
      return (0..<lanes).flatMap { lane in x.dropFirst(lane * width + begin).prefix(count) }
    case .activate(let function): return x.map { FloatReference.apply(function, $0) }
    case .softmax(let lanes): return FloatReference.perLane(x, lanes, FloatReference.softmax)
    case .logSoftmax(let lanes): return FloatReference.perLane(x, lanes, FloatReference.logSoftmax)
    case .l2Normalize(let lanes): return FloatReference.perLane(x, lanes, FloatReference.normalize)
    case .copy: return Array(x)
    case .mean(let mean, let counter):
      let count = min(states[counter][0] + 1, 0x1p24)
      states[counter][0] = count
      for (element, value) in zip(states[mean].indices, x) {
        states[mean][element] += (value - states[mean][element]) / count
      }
      return states[mean]
    case .window(let length, let dilation, let ring, let position):
      return window(Array(x), length, dilation, ring, position)
    case .layerNorm(let lanes, let gain, let bias, let epsilon):
      return FloatReference.perLane(x, lanes) { layerNorm($0, gain, bias, Double(epsilon)) }
    case .rmsNorm(let lanes, let gain, let epsilon):
      return FloatReference.perLane(x, lanes) { rmsNorm($0, gain, Double(epsilon)) }
    case .rotary(let lanes, let dimensions, let isHalved, let turns, let position):
      defer { states[position][0] = (states[position][0] + 1).truncatingRemainder(dividingBy: 0x1p32) }
      return FloatReference.perLane(x, lanes) { rotate($0, dimensions, isHalved, turns, states[position][0]) }
    case .attention(let attention):
      return attend(attention, x, row(op.inputs[1], index), row(op.inputs[2], index))
    case .scale(let factor): return x.map { $0 * Double(factor) }
    case .constant(let vector): return doubles(vector)
    case .position(let table, let position):
      guard case .matrix(let rows, let cols, _) = graph.constants[table].layout else { return [] }
      let at = Int(states[position][0])
      // As the runtime, which runs no row beyond the table.
      precondition(at < rows, "FloatReference: a row beyond the table of positions")
      states[position][0] += 1
      return zip(x, graph.constants[table].values[at * cols..<(at + 1) * cols]).map { $0 + Double($1) }
    case .pool(let lanes, let heads):
      let scores = op.inputs.count > 1 ? row(op.inputs[1], index) : nil
      return FloatReference.pool(x, scores, rows: lanes ?? 1, heads: heads)
    case .patches(let patches): return FloatReference.patches(x, patches)
    case .frames(let frames): return FloatReference.frames(x, frames)
    case .blockAttention(let attention):
      let lanes = attention.lanes ?? 1
      let inner = op.inputs.map { value in
        let whole = row(value, index)
        let width = whole.count / lanes
        return (0..<lanes).map { whole.dropFirst($0 * width).prefix(width) }
      }
      return attendBlock(attention, inner[0], inner[1], inner[2]).flatMap(\.self)
    case .memoryAttention(let attention): return attend(attention, x)
    case .cell, .last, .first, .subsample, .stateRead, .stateWrite, .remember: return []
    }
  }

  // MARK: One operator each

  private func linear(_ x: ArraySlice<Double>, _ weight: Int, _ bias: Int?) -> [Double] {
    guard case .matrix(let rows, let cols, _) = graph.constants[weight].layout else { return [] }
    let start = bias.map(doubles) ?? Array(repeating: 0, count: rows)
    return stride(from: x.startIndex, to: x.endIndex, by: cols).flatMap { first in
      var y = start
      addProduct(&y, weight, x[first..<first + cols])
      return y
    }
  }

  /// The last `length` rows, oldest first, `dilation` rows apart; the ring's next slot holds its oldest row.
  private func window(_ x: [Double], _ length: Int, _ dilation: Int, _ ring: Int?, _ position: Int?) -> [Double] {
    guard let ring, let position else { return x }
    let count = (length - 1) * dilation
    let next = Int(states[position][0])
    var y: [Double] = []
    for tap in 0..<length - 1 {
      let slot = (next + tap * dilation) % count
      y += states[ring][slot * x.count..<(slot + 1) * x.count]
    }
    states[ring].replaceSubrange(next * x.count..<(next + 1) * x.count, with: x.map(FloatReference.clamp))
    states[position][0] = Double((next + 1) % count)
    return y + x
  }

  private func subsample(_ op: Graph.Operator, _ range: Range<Int>, stride: Int, phase: Int) {
    var kept: [Double] = []
    var count = 0
    for index in range {
      if states[phase][0] == 0 {
        kept += row(op.inputs[0], index)
        count += 1
      }
      states[phase][0] = Double((Int(states[phase][0]) + 1) % stride)
    }
    rows[op.outputs[0]] = kept
    rowCounts[op.outputs[0]] = count
  }

  // MARK: Functions

  /// States stay within ±2^50; what is not a number becomes 0.
  static func clamp(_ x: Double) -> Double { x.isNaN ? 0 : min(max(x, -0x1p50), 0x1p50) }

  static func apply(_ function: Graph.Activation, _ x: Double) -> Double {
    switch function {
    case .identity: x
    case .relu: max(x, 0)
    case .tanh: tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .hardSigmoid: min(1, max(0, 0.2 * x + 0.5))
    case .gelu: x * (1 + erf(x / 2.0.squareRoot())) / 2
    case .geluTanh: x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
    case .silu: x / (1 + exp(-x))
    case .sqrt: x > 0 ? x.squareRoot() : 0
    }
  }

  static func perLane(
    _ x: ArraySlice<Double>, _ lanes: Int, _ function: (ArraySlice<Double>) -> [Double]
  ) -> [Double] {
    let width = x.count / lanes
    return (0..<lanes).flatMap { function(x[x.startIndex + $0 * width..<x.startIndex + ($0 + 1) * width]) }
  }

  static func softmax(_ x: ArraySlice<Double>) -> [Double] {
    let largest = x.max() ?? 0
    let exponentials = x.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  private static func logSoftmax(_ x: ArraySlice<Double>) -> [Double] {
    let largest = x.max() ?? 0
    let logarithm = log(x.map { exp($0 - largest) }.reduce(0, +))
    return x.map { $0 - largest - logarithm }
  }

  private static func normalize(_ x: ArraySlice<Double>) -> [Double] {
    let length = max(x.map { $0 * $0 }.reduce(0, +).squareRoot(), 1e-12)
    return x.map { $0 / length }
  }
}
