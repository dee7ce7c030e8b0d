// SPDX-License-Identifier: Apache-2.0
// The shape rule of each operator. What holds here is what the kernels rely on when they compute addresses.

extension Model {
  func checkShapes(_ opcode: Opcode, _ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let takesIDs = opcode == .embedding || opcode == .oneHot
    for slot in 0..<operation.inputCount {
      let input = value(Int(operation.input(slot)))
      try place.require(input.isIDs == takesIDs, .element, input.isIDs ? 2 : 1, takesIDs ? 2 : 1)
    }
    let x = operation.inputCount > 0 ? value(Int(operation.input(0))).width : 0
    let y = operation.outputCount > 0 ? value(Int(operation.output(0))).width : 0
    switch opcode {
    case .linear:
      let weight = try matrix(operation, 0, groups: 1, place)
      try place.require(x % weight.cols == 0, .shape, x, weight.cols)
      try place.require(isProduct(y, x / weight.cols, weight.rows), .shape, y, weight.rows)
      if operation.constant(1) != none { try checkVector(operation, 1, count: weight.paddedRows, place) }
    case .embedding:
      let table = try matrix(operation, 0, groups: 1, place)
      try checkClasses(operation, table.rows, place)
      try place.require(isProduct(y, x, table.cols), .shape, y, table.cols)
    case .oneHot:
      let classes = Int(operation.number(0))
      try place.require(x == 1, .shape, x, 1)
      try place.require(y == classes, .shape, y, classes)
      try checkClasses(operation, classes, place)
    case .rnn, .lstm, .gru: try checkCell(opcode, operation, place)
    case .add, .multiply:
      let b = value(Int(operation.input(1))).width
      try place.require(b == x, .shape, b, x)
      try place.require(y == x, .shape, y, x)
    case .concat:
      let lanes = try lanes(operation, of: x, place)
      var total = 0
      for slot in 0..<operation.inputCount {
        let width = value(Int(operation.input(slot))).width
        try place.require(width % lanes == 0, .shape, width, lanes)
        total += width
      }
      try place.require(total == y, .shape, y, total)
    case .slice:
      let lanes = try lanes(operation, of: x, place)
      let begin = Int(operation.number(1))
      let count = Int(operation.number(2))
      try place.require(begin >= 0 && begin < x / lanes, .shape, begin, x / lanes)
      try place.require(count >= 1 && count <= x / lanes - begin, .shape, count, x / lanes - begin)
      try place.require(y == count * lanes, .shape, y, count * lanes)
    case .activate:
      let function = Int(operation.number(0))
      try place.require(function >= 1 && function <= 8, .kind, function, 8)
      try place.require(x == y, .shape, y, x)
    case .softmax, .logSoftmax, .l2Normalize:
      _ = try lanes(operation, of: x, place)
      try place.require(x == y, .shape, y, x)
    case .copy, .last, .first: try place.require(x == y, .shape, y, x)
    case .mean:
      try place.require(x == y, .shape, y, x)
      try checkState(operation, 0, kind: 6, lanes: 1, width: x, place)
      try checkCounter(operation, 1, limit: 1 << 24 + 1, place)
    case .window:
      let length = Int(operation.number(0))
      let dilation = Int(operation.number(1))
      try place.require(length >= 1 && length <= 65_536, .extent, length, 65_536)
      try place.require(dilation >= 1 && dilation <= 65_536, .extent, dilation, 65_536)
      try place.require(isProduct(y, length, x), .shape, y, x)
      try place.require(UInt64(length - 1) * UInt64(dilation) <= 1 << 24, .extent, length, 1 << 24)
      let ring = (length - 1) * dilation
      if ring == 0 {
        try place.require(operation.state(0) == none && operation.state(1) == none, .arity, 1, 0)
      } else {
        try checkState(operation, 0, kind: 3, lanes: ring, width: x, place)
        try checkCounter(operation, 1, limit: UInt32(ring), place)
      }
    case .subsample:
      let stride = Int(operation.number(0))
      try place.require(stride >= 2 && stride <= 65_536, .extent, stride, 65_536)
      try place.require(x == y, .shape, y, x)
      try checkCounter(operation, 0, limit: UInt32(stride), place)
    case .stateRead, .stateWrite:
      try place.require(operation.state(0) != none, .arity, 0, 1)
      let state = state(Int(operation.state(0)))
      try place.require(!state.isCounter && !state.isCache, .state, state.kind, 5)
      let width = opcode == .stateRead ? y : x
      try place.require(width == state.lanes * state.width, .shape, width, state.lanes * state.width)
    case .layerNorm, .rmsNorm: try checkNorm(operation, place)
    case .rotary: try checkRotary(operation, place)
    case .attention: try checkAttention(operation, place)
    case .scale: try checkScale(operation, place)
    case .constant: try checkVector(operation, 0, count: y, place)
    case .position: try checkPosition(operation, place)
    case .pool: try checkPool(operation, place)
    case .patches: try checkPatches(operation, place)
    case .frames: try checkFrames(operation, place)
    case .blockAttention: try checkBlockAttention(operation, place)
    case .remember: try checkRemember(operation, place)
    case .memoryAttention: try checkMemoryAttention(operation, place)
    }
  }

  private func checkCell(_ opcode: Opcode, _ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let functions = Int(operation.number(0))
    try place.require(functions >= 0 && functions & 255 <= 4, .kind, functions, 4)
    // An RNN has no gates, whose function stands above the activation.
    let mostGates = opcode == .rnn ? 0 : 4
    try place.require(functions >> 8 <= mostGates, .kind, functions >> 8, mostGates)
    let flags = CellFlags(rawValue: operation.number(1))
    try place.require(CellFlags.all.contains(flags), .kind, flags.rawValue, CellFlags.all.rawValue)
    try place.require(opcode == .lstm || !flags.contains(.coupled), .kind, 1, 0)
    try place.require(opcode == .gru || !flags.contains(.resetBefore), .kind, 2, 0)
    let lanes = Int(operation.number(2))
    let steps = Int(operation.number(3))
    try place.require(lanes >= 1 && lanes <= 65_536, .extent, lanes, 65_536)
    try place.require(steps >= 1 && steps <= 65_536, .extent, steps, 65_536)
    let isInner = flags.contains(.innerAxis)
    try place.require(isInner || steps == 1, .extent, steps, 1)
    for slot in 4..<6 {
      let bits = operation.record.u32(104 + slot * 4)
      try place.require(bits <= Float(0x1p50).bitPattern, .number, bits, Float(0x1p50).bitPattern)
    }
    let gates = opcode == .rnn ? 1 : opcode == .gru || flags.contains(.coupled) ? 3 : 4
    let isResetBefore = flags.contains(.resetBefore)
    let wx = try matrix(operation, 0, groups: isResetBefore ? 2 : gates, place)
    let units = wx.units
    var output = units
    if opcode == .lstm, operation.constant(4) != none {
      let projection = try matrix(operation, 4, groups: 1, place)
      try place.require(projection.cols == units, .shape, projection.cols, units)
      output = projection.rows
    }
    let wh = try matrix(operation, 1, groups: isResetBefore ? 2 : gates, place)
    try place.require(wh.units == units, .shape, wh.units, units)
    try place.require(wh.cols == output, .shape, wh.cols, output)
    let padded = wx.blocks * 16
    try checkVector(operation, 2, count: gates * padded, place)
    if opcode == .gru {
      for slot in 4..<6 {
        try place.require((operation.constant(slot) != none) == isResetBefore, .arity, slot, isResetBefore ? 1 : 0)
      }
      if isResetBefore {
        for slot in 4..<6 {
          let candidate = try matrix(operation, slot, groups: 1, place)
          let cols = slot == 4 ? units : wx.cols
          try place.require(candidate.rows == units, .shape, candidate.rows, units)
          try place.require(candidate.cols == cols, .shape, candidate.cols, cols)
        }
        try place.require(operation.constant(3) == none, .arity, 3, 0)
      } else if operation.constant(3) != none {
        try checkVector(operation, 3, count: padded, place)
      }
    } else if opcode == .lstm, operation.constant(3) != none {
      try checkVector(operation, 3, count: 3 * padded, place)
    }
    let x = value(Int(operation.input(0))).width
    try place.require(isProduct(x, lanes, steps, wx.cols), .shape, x, wx.cols)
    let y = value(Int(operation.output(0))).width
    try place.require(isProduct(y, lanes, steps, output), .shape, y, output)
    if operation.outputCount == 2 {
      let shown = value(Int(operation.output(1))).width
      let shownGates = opcode == .lstm ? 4 : gates
      try place.require(isProduct(shown, lanes, steps, units * shownGates), .shape, shown, units * shownGates)
    }
    if isInner {
      try place.require(operation.state(0) == none && operation.state(1) == none, .arity, 1, 0)
    } else {
      try checkState(operation, 0, kind: 1, lanes: lanes, width: output, place)
      if opcode == .lstm { try checkState(operation, 1, kind: 2, lanes: lanes, width: units, place) }
      if flags.contains(.reversed) { try checkReversed(operation, opcode, place) }
    }
  }

  /// A cell that walks time backwards needs all rows at once, and states that start afresh.
  private func checkReversed(_ operation: OperatorRecord, _ opcode: Opcode, _ place: OperatorPlace) throws(ModelError) {
    try place.require(place.isBlock, .placement, 0, 1)
    try place.require(!place.isSequential, .placement, 1, 0)
    for slot in 0..<(opcode == .lstm ? 2 : 1) {
      let state = operation.state(slot)
      try place.require(resets(place.ranges, state), .placement, state, 1)
    }
  }

  /// Whether a program resets a state; its resets ascend.
  func resets(_ ranges: ProgramRanges, _ state: UInt32) -> Bool {
    var (low, high) = (ranges.reset, ranges.reset + ranges.resetCount)
    while low < high {
      let middle = (low + high) / 2
      if record(.resets, middle).u32(0) < state { low = middle + 1 } else { high = middle }
    }
    return low < ranges.reset + ranges.resetCount && record(.resets, low).u32(0) == state
  }

  /// Whether `value` is the product of the others, which are at most 2^30 each and 2^62 together.
  func isProduct(_ value: Int, _ a: Int, _ b: Int, _ c: Int = 1) -> Bool {
    UInt64(value) == UInt64(a) * UInt64(b) * UInt64(c)
  }

  func lanes(_ operation: OperatorRecord, of width: Int, _ place: OperatorPlace) throws(ModelError) -> Int {
    let lanes = Int(operation.number(0))
    try place.require(lanes >= 1 && width % max(lanes, 1) == 0, .extent, lanes, width)
    return lanes
  }

  /// The matrix in a slot that is known to be in use.
  func matrix(
    _ operation: OperatorRecord, _ slot: Int, groups: Int, _ place: OperatorPlace
  ) throws(ModelError) -> ConstantRecord {
    let constant = constant(Int(operation.constant(slot)))
    try place.require(constant.isMatrix && constant.groups == groups, .shape, constant.groups, groups)
    return constant
  }

  func checkVector(
    _ operation: OperatorRecord, _ slot: Int, count: Int, _ place: OperatorPlace
  ) throws(ModelError) {
    let constant = constant(Int(operation.constant(slot)))
    let found = constant.isMatrix ? 0 : constant.rows
    try place.require(found == count, .shape, found, count)
  }

  func checkState(
    _ operation: OperatorRecord, _ slot: Int, kind: Int, lanes: Int, width: Int, _ place: OperatorPlace
  ) throws(ModelError) {
    try place.require(operation.state(slot) != none, .arity, slot, 1)
    let state = state(Int(operation.state(slot)))
    try place.require(state.kind == kind, .state, state.kind, kind)
    try place.require(state.lanes == lanes, .state, state.lanes, lanes)
    try place.require(state.width == width, .state, state.width, width)
  }

  func checkCounter(
    _ operation: OperatorRecord, _ slot: Int, limit: UInt32, _ place: OperatorPlace
  ) throws(ModelError) {
    try checkState(operation, slot, kind: 4, lanes: 1, width: 1, place)
    let found = state(Int(operation.state(slot))).limit
    try place.require(found == limit, .state, found, limit)
  }

  /// The ids of the input are rows of the table: its port admits no others. No operator makes ids: see `checkProducer`.
  private func checkClasses(_ operation: OperatorRecord, _ classes: Int, _ place: OperatorPlace) throws(ModelError) {
    let producer = value(Int(operation.input(0))).producer
    let admitted = port(Int(producer - Model.inputProducer)).classes
    try place.require(admitted <= classes, .classes, admitted, classes)
  }
}

/// Flags of a recurrent cell, as its numbers hold them. Not an OptionSet, which Embedded Swift cannot have without arrays.
struct CellFlags {
  let rawValue: Int32
  static let coupled = CellFlags(rawValue: 1)
  static let resetBefore = CellFlags(rawValue: 2)
  static let reversed = CellFlags(rawValue: 4)
  static let innerAxis = CellFlags(rawValue: 8)
  static let all = CellFlags(rawValue: 15)

  func contains(_ other: CellFlags) -> Bool { rawValue & other.rawValue == other.rawValue }
}
