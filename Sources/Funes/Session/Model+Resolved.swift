// SPDX-License-Identifier: Apache-2.0
// From the records of an operator to what the kernels take: pointers into the file and into a session's block.

import CFunesKernels

/// Where a session's memory begins, divided as `SessionLayout` says.
struct SessionBases {
  var states: UnsafeMutableRawPointer
  var fixedArena: UnsafeMutableRawPointer
  var rowArena: UnsafeMutableRawPointer
  var rows: Int
}

extension Model {
  func planned(_ index: Int) -> PlannedOperator {
    let operation = operation(index)
    let opcode = Opcode(rawValue: operation.opcode) ?? .copy
    var domain = 0
    for slot in 0..<operation.inputCount { domain = max(domain, value(Int(operation.input(slot))).domain) }
    if opcode == .stateRead || opcode == .constant { domain = value(Int(operation.output(0))).domain }
    let madeDomain = opcode == .subsample ? value(Int(operation.output(0))).domain : 0
    return PlannedOperator(opcode: opcode, domain: Int32(domain), madeDomain: Int32(madeDomain))
  }

  func resolved(_ index: Int, _ bases: SessionBases, _ states: UnsafeMutablePointer<PlannedState>) -> funes_op {
    let operation = operation(index)
    let opcode = Opcode(rawValue: operation.opcode) ?? .copy
    var op = funes_op()
    op.code = Int32(operation.opcode)
    op.input_count = Int32(operation.inputCount)
    op.cell = cell(of: operation, opcode)
    withUnsafeMutableBytes(of: &op.in) { slots in
      let rows = slots.assumingMemoryBound(to: funes_rows.self)
      for slot in 0..<operation.inputCount { rows[slot] = self.rows(of: Int(operation.input(slot)), bases) }
    }
    withUnsafeMutableBytes(of: &op.out) { slots in
      let rows = slots.assumingMemoryBound(to: funes_rows.self)
      for slot in 0..<operation.outputCount { rows[slot] = self.rows(of: Int(operation.output(slot)), bases) }
    }
    if opcode.readsVectors {
      op.vector = (vector(operation.constant(0)), vector(operation.constant(1)))
      op.vector_count = (vectorCount(operation.constant(0)), vectorCount(operation.constant(1)))
    }
    for slot in 0..<4 where operation.state(slot) != none {
      let index = Int(operation.state(slot))
      withUnsafeMutableBytes(of: &op.state) {
        $0.assumingMemoryBound(to: UnsafeMutablePointer<Float>?.self)[slot] = states[index].floats
      }
      withUnsafeMutableBytes(of: &op.state_width) {
        // A ring may have more; only what is as wide as a value is read or written through its width.
        $0.assumingMemoryBound(to: Int32.self)[slot] = Int32(clamping: state(index).storedWidth)
      }
    }
    setStateRows(of: &op, operation)
    if !opcode.isCell { setNumbers(of: &op, operation) }
    return op
  }

  private func setNumbers(of op: inout funes_op, _ operation: OperatorRecord) {
    withUnsafeMutableBytes(of: &op.number) { slots in
      let numbers = slots.assumingMemoryBound(to: Int32.self)
      for slot in 0..<6 { numbers[slot] = operation.number(slot) }
    }
  }

  private func setStateRows(of op: inout funes_op, _ operation: OperatorRecord) {
    withUnsafeMutableBytes(of: &op.state_rows) { slots in
      let rows = slots.assumingMemoryBound(to: Int32.self)
      for slot in 0..<4 where operation.state(slot) != none {
        rows[slot] = Int32(state(Int(operation.state(slot))).lanes)
      }
    }
    withUnsafeMutableBytes(of: &op.state_heads) { slots in
      let heads = slots.assumingMemoryBound(to: Int32.self)
      for slot in 0..<4 where operation.state(slot) != none {
        heads[slot] = Int32(state(Int(operation.state(slot))).heads)
      }
    }
  }

  /// An operator's numbers and widths without pointers: enough to say what scratch it needs.
  func unresolved(_ operation: OperatorRecord) -> funes_op {
    var op = funes_op()
    op.input_count = Int32(operation.inputCount)
    setNumbers(of: &op, operation)
    setStateRows(of: &op, operation)
    withUnsafeMutableBytes(of: &op.in) { slots in
      let rows = slots.assumingMemoryBound(to: funes_rows.self)
      for slot in 0..<operation.inputCount { rows[slot].width = Int32(value(Int(operation.input(slot))).width) }
    }
    withUnsafeMutableBytes(of: &op.out) { slots in
      let rows = slots.assumingMemoryBound(to: funes_rows.self)
      for slot in 0..<operation.outputCount { rows[slot].width = Int32(value(Int(operation.output(slot))).width) }
    }
    return op
  }

  /// Where a value's rows lie in a session.
  func rows(of index: Int, _ bases: SessionBases) -> funes_rows {
    let value = value(index)
    let offset = Int(value.arenaOffset)
    let base = value.domain == 0 ? bases.fixedArena + offset : bases.rowArena + offset * bases.rows
    let width = Int32(value.width)
    return funes_rows(
      base: base.assumingMemoryBound(to: Float.self), width: width, stride: value.domain == 0 ? 0 : width)
  }

  /// A cell, or the one matrix of a linear or embedding operator, with pointers into the file.
  func cell(of operation: OperatorRecord, _ opcode: Opcode) -> funes_cell {
    var cell = funes_cell()
    guard opcode.isCell else {
      if opcode == .linear || opcode == .embedding || opcode == .position {
        cell.x = matrix(Int(operation.constant(0)))
        cell.bias = vector(operation.constant(1))
      }
      return cell
    }
    let flags = CellFlags(rawValue: operation.number(1))
    cell.x = matrix(Int(operation.constant(0)))
    cell.h = matrix(Int(operation.constant(1)))
    cell.bias = vector(operation.constant(2))
    cell.units = cell.x.rows / cell.x.groups
    cell.output_count = cell.units
    cell.activation = operation.number(0) & 255
    cell.gate_activation = operation.number(0) >> 8
    cell.is_coupled = flags.contains(.coupled) ? 1 : 0
    cell.is_reset_before = flags.contains(.resetBefore) ? 1 : 0
    cell.is_reversed = flags.contains(.reversed) ? 1 : 0
    cell.is_inner_axis = flags.contains(.innerAxis) ? 1 : 0
    cell.lanes = operation.number(2)
    cell.inner_steps = operation.number(3)
    cell.cell_clip = operation.record.f32(120)
    cell.projection_clip = operation.record.f32(124)
    switch opcode {
    case .lstm:
      cell.kind = Int32(FUNES_CELL_LSTM.rawValue)
      cell.peephole = vector(operation.constant(3))
      if operation.constant(4) != none {
        cell.projection = matrix(Int(operation.constant(4)))
        cell.output_count = cell.projection.rows
      }
    case .gru:
      cell.kind = Int32(FUNES_CELL_GRU.rawValue)
      cell.bias_hn = vector(operation.constant(3))
      if flags.contains(.resetBefore) {
        cell.candidate = matrix(Int(operation.constant(4)))
        cell.candidate_x = matrix(Int(operation.constant(5)))
      }
    default: cell.kind = Int32(FUNES_CELL_RNN.rawValue)
    }
    return cell
  }

  private func matrix(_ index: Int) -> funes_matrix {
    let constant = constant(index)
    let tiles = start(.data) + Int(constant.offset)
    let scales = tiles + Int(constant.scaleOffset)
    let sums = tiles + Int(constant.rowSumOffset)
    let equalizer = tiles + Int(constant.equalizerOffset)
    let lowTiles = constant.weightPlanes == 2 ? tiles + Int(constant.tileByteCount) : nil
    let lowSums = constant.weightPlanes == 2 ? sums + constant.paddedRows * 4 : nil
    return funes_matrix(
      tiles: tiles.assumingMemoryBound(to: Int8.self), scales: scales.assumingMemoryBound(to: Float.self),
      row_sums: sums.assumingMemoryBound(to: Int32.self),
      equalizer: constant.hasEqualizer ? equalizer.assumingMemoryBound(to: Float.self) : nil,
      low_tiles: lowTiles?.assumingMemoryBound(to: Int8.self),
      low_row_sums: lowSums?.assumingMemoryBound(to: Int32.self),
      rows: Int32(constant.rows), cols: Int32(constant.cols), groups: Int32(constant.groups),
      blocks: Int32(constant.blocks), quads: Int32(constant.quads), qmax: Int32(constant.qmax))
  }

  /// How many values a vector has; 0 for NONE.
  private func vectorCount(_ index: UInt32) -> Int32 { index == none ? 0 : Int32(constant(Int(index)).rows) }

  /// A vector's values, or null for NONE.
  func vector(_ index: UInt32) -> UnsafePointer<Float>? {
    guard index != none else { return nil }
    return (start(.data) + Int(constant(Int(index)).offset)).assumingMemoryBound(to: Float.self)
  }
}

extension Opcode {
  /// Whether its first constants are vectors that the kernel reads as they are.
  fileprivate var readsVectors: Bool {
    switch self {
    case .layerNorm, .rmsNorm, .rotary, .constant, .attention, .blockAttention, .memoryAttention: true
    default: false
    }
  }
}
