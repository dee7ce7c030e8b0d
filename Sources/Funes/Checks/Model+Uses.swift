// SPDX-License-Identifier: Apache-2.0
// Which operators of a program may share a state: what admission counts is raised once a row, and what is read has the
// same rows however many a call has.

/// A set of states, which are 4,096 at most.
struct StateSet {
  private var bits = InlineArray<64, UInt64>(repeating: 0)

  func contains(_ state: UInt32) -> Bool { bits[Int(state / 64)] >> UInt64(state % 64) & 1 == 1 }
  mutating func insert(_ state: UInt32) { bits[Int(state / 64)] |= 1 << UInt64(state % 64) }
}

/// States that operators of one program have used so far.
struct StateUses {
  /// Counters that rows raise, and those of them that fill up: see `filling`.
  var raised = StateSet()
  var filling = StateSet()
  /// States of memories and caches that have been written and read, apart from the sequential run that is being checked.
  var written = StateSet()
  var read = StateSet()
}

extension Model {
  /// Two operators that raise one counter would fill it twice as fast as admission counts. An operator over many rows
  /// writes all of them to a memory before another reads it, so that in a stream both stand in one sequential run.
  func checkUses(at place: OperatorPlace, _ uses: inout StateUses) throws(ModelError) {
    let operation = operation(place.index)
    let fills = filling(operation) != nil
    let raised = raisedSlots(operation)
    for slot in raised.first..<(raised.first + raised.count) where operation.state(slot) != none {
      let state = operation.state(slot)
      let isShared = fills ? uses.raised.contains(state) : uses.filling.contains(state)
      try place.require(!isShared, .state, state, none)
      uses.raised.insert(state)
      if fills { uses.filling.insert(state) }
    }
    guard !place.isBlock, let writes = writesMemory(operation) else { return }
    for slot in 0..<4 where operation.state(slot) != none {
      let state = operation.state(slot)
      let isApart = writes ? uses.read.contains(state) : uses.written.contains(state)
      try place.require(!isApart, .placement, 0, 1)
    }
    if !place.isSequential { noteMemories(of: operation, in: &uses) }
  }

  /// Keeps the states of a memory that an operator writes or reads.
  func noteMemories(of operation: OperatorRecord, in uses: inout StateUses) {
    guard let writes = writesMemory(operation) else { return }
    for slot in 0..<4 where operation.state(slot) != none {
      if writes { uses.written.insert(operation.state(slot)) } else { uses.read.insert(operation.state(slot)) }
    }
  }

  /// Whether an operator writes a memory, or reads what others write; nil where it does neither.
  private func writesMemory(_ operation: OperatorRecord) -> Bool? {
    switch Opcode(rawValue: operation.opcode) {
    case .remember, .attention: true
    case .memoryAttention: false
    default: nil
    }
  }

  /// The slots of counters that each row raises.
  private func raisedSlots(_ operation: OperatorRecord) -> (first: Int, count: Int) {
    switch Opcode(rawValue: operation.opcode) {
    case .position, .rotary, .subsample: (0, 1)
    case .mean, .window: (1, 1)
    case .remember: (2, 1)
    case .attention: (2, 2)
    default: (0, 0)
    }
  }
}
