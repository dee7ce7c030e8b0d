// SPDX-License-Identifier: Apache-2.0
// What the writer wants of a graph before it writes: everything made, everything used, every weight in the layout that
// its operator reads. Shapes of operators are the runtime's check, made when the file is opened.

/// Who makes each value of a graph.
struct ValueMakers {
  enum Maker: Equatable {
    /// Index into the file's operators.
    case `operator`(Int)
    /// Index into the file's inputs and outputs.
    case input(Int)
  }
  /// One a value.
  let makers: [Maker]

  init(_ graph: Graph) throws(ConversionError) {
    var makers = [Maker?](repeating: nil, count: graph.values.count)
    func set(_ value: Int, _ maker: Maker) throws(ConversionError) {
      guard makers[value] == nil else { throw .valueMadeTwice(graph.values[value].name) }
      makers[value] = maker
    }
    var (operatorIndex, portIndex) = (0, 0)
    for program in graph.programs {
      for (index, port) in program.inputs.enumerated() { try set(port.value, .input(portIndex + index)) }
      portIndex += program.inputs.count + program.outputs.count
      for op in program.operators {
        for output in op.outputs { try set(output, .operator(operatorIndex)) }
        operatorIndex += 1
      }
    }
    var known: [Maker] = []
    for (maker, value) in zip(makers, graph.values) {
      guard let maker else { throw .valueNotMade(value.name) }
      known.append(maker)
    }
    self.makers = known
  }
}

extension Graph.Program {
  /// All operators, run after run.
  var operators: [Graph.Operator] { runs.flatMap(\.operators) }
}

extension Graph {
  /// Every constant and state is used, and constants have the layout that their users read.
  func checkConstants() throws(ConversionError) {
    for constant in constants {
      guard case .matrix(let rows, let cols, let groups) = constant.layout else { continue }
      guard groups >= 1, rows >= 1, rows % groups == 0, cols >= 1, constant.values.count == rows * cols else {
        throw .wrongValueCount(constant: constant.name, found: constant.values.count, expected: rows * cols)
      }
      if rows > 1 << 28 { throw .tooLarge(what: "rows of \"\(constant.name)\"", found: rows, limit: 1 << 28) }
      if cols > 65_536 { throw .tooLarge(what: "columns of \"\(constant.name)\"", found: cols, limit: 65_536) }
    }
    let stopCount = generation?.stopIDs.count ?? 0
    guard stopCount <= Generation.stopLimit else {
      throw .tooLarge(what: "stop ids of the generation record", found: stopCount, limit: Generation.stopLimit)
    }
    var usedConstants = Set(states.compactMap(\.initial) + texts.compactMap(\.scores))
    var usedStates: Set<Int> = []
    for op in programs.flatMap(\.operators) {
      let record = OperatorRecord(op.operation)
      usedConstants.formUnion(record.constants.compactMap { $0 })
      usedStates.formUnion(record.states.compactMap { $0 })
      try checkLayouts(of: op)
    }
    for state in states {
      guard let initial = state.initial else { continue }
      try check(initial, is: .lanes(state.lanes), count: state.lanes * state.width, for: state.name)
    }
    for (index, constant) in constants.enumerated() where !usedConstants.contains(index) {
      throw .unusedConstant(constant.name)
    }
    for (index, state) in states.enumerated() where !usedStates.contains(index) { throw .unusedState(state.name) }
  }

  private func checkLayouts(of op: Operator) throws(ConversionError) {
    switch op.operation {
    case .linear(let weight, let bias):
      try checkBias(bias, of: weight, groups: 1, for: op.name)
    case .embedding(let table):
      try checkMatrix(table, groups: 1, for: op.name)
    case .cell(let cell):
      let gates = cell.kind == .rnn ? 1 : cell.kind == .gru || cell.isCoupled ? 3 : 4
      try check(cell.bias, is: .grouped(groups: gates), count: gates * cell.units, for: op.name)
      for weight in [cell.weightX, cell.weightH] {
        try checkMatrix(weight, groups: cell.isResetBefore ? 2 : gates, for: op.name)
      }
      for candidate in [cell.candidate, cell.candidateX] {
        if let candidate { try checkMatrix(candidate, groups: 1, for: op.name) }
      }
      if let projection = cell.projection { try checkMatrix(projection, groups: 1, for: op.name) }
      if let bias = cell.biasHN { try check(bias, is: .lanes(1), count: cell.units, for: op.name) }
      if let peephole = cell.peephole { try check(peephole, is: .lanes(3), count: 3 * cell.units, for: op.name) }
    case .layerNorm(let lanes, let gain, let bias, _):
      for vector in [gain, bias].compactMap({ $0 }) { try check(vector, ofLanes: lanes, for: op) }
    case .rmsNorm(let lanes, let gain, _):
      try check(gain, ofLanes: lanes, for: op)
    case .rotary(_, let dimensions, _, let turns, _):
      try check(turns, is: .vector, count: dimensions, for: op.name)
    case .constant(let vector):
      try check(vector, is: .vector, count: values[op.outputs[0]].width, for: op.name)
    case .position(let table, _):
      try checkMatrix(table, groups: 1, for: op.name)
    case .patches(let patches):
      let extents = [patches.kernel, patches.stride, patches.padding].flatMap { [$0.height, $0.width] }
      for extent in extents + [patches.channels] where extent > 0xFFFF || extent < 0 {
        throw .tooLarge(what: "extent of the patches \"\(op.name)\"", found: extent, limit: 0xFFFF)
      }
    case .frames(let frames):
      for extent in [frames.before, frames.after] where extent > 0xFFFF || extent < 0 {
        throw .tooLarge(what: "padding of the frames \"\(op.name)\"", found: extent, limit: 0xFFFF)
      }
      for extent in [frames.positions, frames.kernel, frames.stride, frames.dilation] where extent > 65_536 {
        throw .tooLarge(what: "extent of the frames \"\(op.name)\"", found: extent, limit: 65_536)
      }
    case .attention(let attention): try checkVector(attention.bias?.constant, for: op.name)
    case .blockAttention(let attention): try checkVector(attention.bias?.constant, for: op.name)
    case .memoryAttention(let attention): try checkVector(attention.score, for: op.name)
    default: break
    }
  }

  /// A vector whose size is the operator's own rule, which the runtime checks.
  private func checkVector(_ index: Int?, for name: String) throws(ConversionError) {
    guard let index else { return }
    try check(index, is: .vector, count: constants[index].values.count, for: name)
  }

  /// A vector of as many values as a lane of the operator's input has.
  private func check(_ vector: Int, ofLanes lanes: Int, for op: Operator) throws(ConversionError) {
    try check(vector, is: .vector, count: values[op.inputs[0]].width / max(1, lanes), for: op.name)
  }

  private func checkBias(_ bias: Int?, of matrix: Int, groups: Int, for name: String) throws(ConversionError) {
    let rows = try checkMatrix(matrix, groups: groups, for: name)
    if let bias { try check(bias, is: .grouped(groups: groups), count: rows, for: name) }
  }

  @discardableResult
  private func checkMatrix(_ index: Int, groups: Int, for name: String) throws(ConversionError) -> Int {
    guard case .matrix(let rows, _, groups) = constants[index].layout else {
      throw .wrongLayout(operator: name, constant: constants[index].name, expected: "a matrix of \(groups) groups")
    }
    return rows
  }

  /// A vector of one lane may be called so or a bias of one gate: both are padded alike.
  private func check(
    _ index: Int, is layout: Constant.Layout, count: Int, for name: String
  ) throws(ConversionError) {
    let constant = constants[index]
    let isAlike = [layout, constant.layout].allSatisfy { $0 == .lanes(1) || $0 == .grouped(groups: 1) }
    guard constant.layout == layout || isAlike else {
      throw .wrongLayout(operator: name, constant: constant.name, expected: "\(layout)")
    }
    guard constant.values.count == count else {
      throw .wrongValueCount(constant: constant.name, found: constant.values.count, expected: count)
    }
  }
}
