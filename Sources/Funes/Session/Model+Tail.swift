// SPDX-License-Identifier: Apache-2.0
// Which operators a call may run over its last row alone, where only the last row of its outputs is wanted: those that
// look at one row at a time, keep nothing, and are waited for by outputs and by each other alone.

extension Model {
  /// Marks the tail of every program, from its end to its beginning: whoever needs all rows of its inputs unmarks their
  /// makers, which come before it.
  func markTails(of entries: UnsafeMutablePointer<PlannedOperator>) {
    var first = 0
    for index in 0..<count(.runs) {
      let run = run(index)
      for operation in first..<(first + run.operatorCount) {
        entries[operation].isTail = !run.isSequential && isRowWise(self.operation(operation))
      }
      first += run.operatorCount
    }
    for index in stride(from: operatorCount - 1, through: 0, by: -1) where !entries[index].isTail {
      let operation = operation(index)
      for slot in 0..<operation.inputCount {
        let producer = value(Int(operation.input(slot))).producer
        if producer < Model.inputProducer { entries[Int(producer)].isTail = false }
      }
    }
  }

  /// Whether each row that an operator makes depends on that row of its inputs alone (or, of LAST, on the last), and no
  /// state is changed by it.
  private func isRowWise(_ operation: OperatorRecord) -> Bool {
    guard let opcode = Opcode(rawValue: operation.opcode) else { return false }
    switch opcode {
    case .linear, .embedding, .oneHot, .add, .multiply, .concat, .slice, .activate, .softmax, .logSoftmax, .l2Normalize,
      .copy, .last, .layerNorm, .rmsNorm, .scale, .constant, .patches, .frames,
      .memoryAttention:
      return true
    // Lanes are of one row; without them the rows of the call are summed up.
    case .pool: return operation.number(0) > 0
    case .blockAttention: return operation.number(2) > 0
    // A cell whose steps go along an inner axis begins afresh in every row.
    case .rnn, .lstm, .gru: return CellFlags(rawValue: operation.number(1)).contains(.innerAxis)
    case .mean, .window, .subsample, .stateRead, .stateWrite, .rotary, .attention, .position, .first, .remember:
      return false
    }
  }
}
