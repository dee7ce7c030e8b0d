// SPDX-License-Identifier: Apache-2.0
// How the one memory block of a session is divided. Every size follows from the file, the row capacity and the team.

import CFunesKernels

/// Offsets in bytes from the start of a session's block, which begins on a multiple of 64.
struct SessionLayout {
  var states = 0
  var fixedArena = 0
  var rowArena = 0
  var scratch = 0
  var threadScratch = 0
  var threadScratchByteCount = 0
  var byteCount = 0
}

extension Model {
  /// Bytes that a session takes, all included: memory = fixed + rows × per row + threads × per
  /// thread, which has room for a few of the rows.
  ///
  /// - Throws: `ModelError.overBudget` where the sum exceeds what an address can reach.
  public func sessionByteCount(rows: Int = 1, threads: Int = 1) throws(ModelError) -> Int {
    let needed = try memoryNeeded(rows: rows, threads: threads)
    guard needed <= UInt64(Int.max / 2) else { throw .overBudget(found: needed, allowed: UInt64(Int.max / 2)) }
    return Int(needed)
  }

  func memoryNeeded(rows: Int, threads: Int) throws(ModelError) -> UInt64 {
    let (shared, perThread) = scratchByteCounts(rows: rows)
    let perRow = UInt64(rowArenaByteCount).multipliedReportingOverflow(by: UInt64(rows))
    guard !perRow.overflow, perRow.partialValue < 1 << 62 else {
      throw .overBudget(found: UInt64.max, allowed: 1 << 62)
    }
    return UInt64(SessionPlan.byteCount(self)) + UInt64(stateByteCount)
      + UInt64(fixedArenaByteCount) + perRow.partialValue + UInt64(shared) + UInt64(perThread) * UInt64(threads)
  }

  /// The division of a block that `sessionByteCount` has found to fit.
  func layout(rows: Int, threads: Int) -> SessionLayout {
    let (shared, perThread) = scratchByteCounts(rows: rows)
    var layout = SessionLayout()
    layout.states = SessionPlan.byteCount(self)
    layout.fixedArena = layout.states + stateByteCount
    layout.rowArena = layout.fixedArena + fixedArenaByteCount
    layout.scratch = layout.rowArena + rowArenaByteCount * rows
    layout.threadScratch = layout.scratch + shared
    layout.threadScratchByteCount = perThread
    layout.byteCount = layout.threadScratch + perThread * threads
    return layout
  }

  /// The largest need of any operator: for the team together, and for each thread, which quantises some rows ahead.
  func scratchByteCounts(rows: Int) -> (shared: Int, perThread: Int) {
    var shared = 0
    var perThread = 0
    for index in 0..<operatorCount {
      let operation = operation(index)
      guard let opcode = Opcode(rawValue: operation.opcode) else { continue }
      var cell = cell(of: operation, opcode)
      if opcode.isCell { shared = max(shared, Int(funes_cell_scratch_bytes(&cell))) }
      perThread = max(perThread, attentionScratchByteCount(operation, opcode))
      if opcode == .linear {
        let lanes = max(1, unresolved(operation).in.0.width / max(1, cell.x.cols))
        // More than a few thousand are of no use: see FUNES_LINEAR_VECTORS.
        let vectors = min(lanes, 1 << 12) * Int32(min(rows, 1 << 12))
        perThread = max(perThread, Int(funes_linear_thread_scratch_bytes(&cell.x, vectors)))
      }
    }
    return (shared, perThread)
  }

  /// What attention of any sort needs for each thread; 0 for other operators.
  private func attentionScratchByteCount(_ operation: OperatorRecord, _ opcode: Opcode) -> Int {
    var op = unresolved(operation)
    switch opcode {
    case .attention: return Int(funes_attention_thread_scratch_bytes(&op))
    case .blockAttention: return Int(funes_block_attention_thread_scratch_bytes(&op))
    case .memoryAttention: return Int(funes_memory_attention_thread_scratch_bytes(&op))
    default: return 0
    }
  }
}
