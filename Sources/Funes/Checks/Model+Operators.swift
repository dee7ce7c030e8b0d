// SPDX-License-Identifier: Apache-2.0
// Rules of operators that are the same for all: slots, order of making, and which rows they see.

/// Where an operator stands, while it is checked.
struct OperatorPlace {
  var index: Int
  var program: Int
  var ranges: ProgramRanges
  var isBlock: Bool
  var isSequential: Bool

  /// Takes numbers of any width, so that an index of 32 bits is shown as it is where `Int` has no more.
  func require(
    _ holds: Bool, _ rule: ModelError.Rule, _ found: some FixedWidthInteger, _ expected: some FixedWidthInteger
  ) throws(ModelError) {
    try Section.operators.require(
      index, holds, rule, UInt64(truncatingIfNeeded: found), UInt64(truncatingIfNeeded: expected))
  }
}

extension Model {
  func checkOperators() throws(ModelError) {
    var nextDomain = 2
    for program in 0..<programCount {
      let ranges = ranges(of: program)
      var place = OperatorPlace(
        index: ranges.operation, program: program, ranges: ranges, isBlock: self.program(program).isBlock,
        isSequential: false)
      var uses = StateUses()
      for run in ranges.run..<(ranges.run + ranges.runCount) {
        let run = self.run(run)
        place.isSequential = run.isSequential
        let first = place.index
        for _ in 0..<run.operatorCount {
          try checkOperator(at: place, nextDomain: &nextDomain)
          try checkUses(at: place, &uses)
          place.index += 1
        }
        guard place.isSequential else { continue }
        for index in first..<place.index { noteMemories(of: operation(index), in: &uses) }
      }
    }
  }

  private func checkOperator(at place: OperatorPlace, nextDomain: inout Int) throws(ModelError) {
    let operation = operation(place.index)
    let record = operation.record
    guard let opcode = Opcode(rawValue: operation.opcode) else {
      throw .record(
        .operators, index: place.index, rule: .kind, found: UInt64(operation.opcode),
        expected: UInt64(Opcode.highest.rawValue))
    }
    try checkName(operation.name, .operators, place.index)
    try place.require(record.u16(2) == 0 && record.u64(8) == 0, .reserved, 1, 0)
    try checkSlots(operation, place)
    let arity = Arity.of(opcode)
    let inputs = operation.inputCount
    try place.require(inputs >= arity.leastInputs && inputs <= arity.mostInputs, .arity, inputs, arity.mostInputs)
    let outputs = operation.outputCount
    try place.require(outputs >= arity.leastOutputs && outputs <= arity.mostOutputs, .arity, outputs, arity.mostOutputs)
    for slot in 0..<8 {
      let isUsed = operation.constant(slot) != none
      let isRequired = slot < arity.requiredConstants
      try place.require(!isRequired || isUsed, .arity, slot, arity.requiredConstants)
      try place.require(!isUsed || slot < arity.mostConstants, .arity, slot, arity.mostConstants)
    }
    for slot in arity.mostStates..<4 {
      try place.require(operation.state(slot) == none, .arity, slot, arity.mostStates)
    }
    for slot in arity.numbers..<6 {
      try place.require(operation.number(slot) == 0, .reserved, operation.number(slot), 0)
    }
    try checkDomains(opcode, operation, place, nextDomain: &nextDomain)
    try checkShapes(opcode, operation, place)
  }

  /// Every slot is NONE or an index in range; used inputs and outputs come first, inputs are made before.
  private func checkSlots(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let inputs = operation.inputCount
    for slot in 0..<8 {
      let input = operation.input(slot)
      if slot >= inputs {
        try place.require(input == none, .index, input, none)
        continue
      }
      try place.require(input < UInt32(valueCount), .index, input, valueCount)
      let producer = value(Int(input)).producer
      if producer >= Model.inputProducer {
        let port = Int(producer - Model.inputProducer)
        let isOwn = port >= place.ranges.port && port < place.ranges.port + place.ranges.portCount
        try place.require(isOwn, .order, port, place.ranges.port)
      } else {
        let isEarlier = Int(producer) < place.index && Int(producer) >= place.ranges.operation
        try place.require(isEarlier, .order, producer, place.index)
      }
    }
    for slot in 0..<2 {
      let output = operation.output(slot)
      if slot >= operation.outputCount {
        try place.require(output == none, .index, output, none)
        continue
      }
      let isNew = output < UInt32(valueCount) && (slot == 0 || operation.output(0) != output)
      try place.require(isNew, .index, output, valueCount)
      let producer = value(Int(output)).producer
      try place.require(producer == UInt32(place.index), .producer, producer, place.index)
    }
    for slot in 0..<8 {
      let constant = operation.constant(slot)
      try place.require(constant == none || constant < UInt32(constantCount), .index, constant, constantCount)
    }
    for slot in 0..<4 {
      let state = operation.state(slot)
      try place.require(state == none || state < UInt32(stateCount), .index, state, stateCount)
    }
  }

  /// Which rows an operator sees and makes: see "domain" in FORMAT.md.
  private func checkDomains(
    _ opcode: Opcode, _ operation: OperatorRecord, _ place: OperatorPlace, nextDomain: inout Int
  ) throws(ModelError) {
    var domain = 0
    for slot in 0..<operation.inputCount {
      let found = value(Int(operation.input(slot))).domain
      if found == 0 { continue }
      try place.require(domain == 0 || domain == found, .domain, found, domain)
      domain = found
    }
    try place.require(!place.isSequential || domain <= 1, .placement, domain, 1)
    var expected = domain
    switch opcode {
    case .last:
      try place.require(!place.isSequential, .placement, 1, 0)
      try place.require(domain == 1, .placement, domain, 1)
      expected = 0
    case .subsample:
      try place.require(!place.isSequential, .placement, 1, 0)
      try place.require(domain >= 1, .placement, domain, 1)
      expected = nextDomain
      nextDomain += 1
      try place.require(expected < 16, .domain, expected, 15)
    case .first:
      try checkWholeBlock(domain, place)
      expected = 0
    case .pool:
      // Over lanes of each row it is as any other operator.
      if operation.number(0) == 0 {
        try checkWholeBlock(domain, place)
        expected = 0
      }
    case .position:
      // Admission counts the rows of the call: see `filling`.
      try place.require(place.isSequential || domain == 1, .placement, domain, 1)
    case .blockAttention:
      // Over lanes of each row it is as any other operator.
      if operation.number(2) == 0 { try checkWholeRows(operation, domain, place) }
    case .remember:
      // Admission counts the rows of the call, as for positions.
      try place.require(place.isSequential || domain == 1, .placement, domain, 1)
    case .stateRead, .constant: expected = 0
    default: break
    }
    if place.isSequential { expected = 1 }
    for slot in 0..<operation.outputCount {
      let found = value(Int(operation.output(slot))).domain
      try place.require(found == expected, .domain, found, expected)
    }
  }

  /// What sees all rows of a call from its first on: rows by themselves would give other numbers.
  private func checkWholeBlock(_ domain: Int, _ place: OperatorPlace) throws(ModelError) {
    try place.require(place.isBlock, .placement, 0, 1)
    try place.require(!place.isSequential, .placement, 1, 0)
    try place.require(domain == 1, .placement, domain, 1)
  }

  /// Every row sees all rows, which a stream does not have; and no input has one row alone.
  private func checkWholeRows(
    _ operation: OperatorRecord, _ domain: Int, _ place: OperatorPlace
  ) throws(ModelError) {
    try place.require(place.isBlock, .placement, 0, 1)
    try place.require(!place.isSequential, .placement, 1, 0)
    for slot in 0..<operation.inputCount {
      let found = value(Int(operation.input(slot))).domain
      try place.require(found >= 1 && found == domain, .domain, found, max(1, domain))
    }
  }
}

/// How many slots of each sort an operator uses.
struct Arity {
  var leastInputs = 1, mostInputs = 1
  var leastOutputs = 1, mostOutputs = 1
  var requiredConstants = 0, mostConstants = 0
  var mostStates = 0
  var numbers = 0

  static func of(_ opcode: Opcode) -> Arity {
    switch opcode {
    case .linear: Arity(requiredConstants: 1, mostConstants: 2)
    case .embedding: Arity(requiredConstants: 1, mostConstants: 1)
    case .oneHot, .activate, .softmax, .logSoftmax, .l2Normalize: Arity(numbers: 1)
    case .rnn: Arity(mostOutputs: 2, requiredConstants: 3, mostConstants: 3, mostStates: 1, numbers: 6)
    case .lstm: Arity(mostOutputs: 2, requiredConstants: 3, mostConstants: 5, mostStates: 2, numbers: 6)
    case .gru: Arity(mostOutputs: 2, requiredConstants: 3, mostConstants: 6, mostStates: 1, numbers: 6)
    case .add, .multiply: Arity(leastInputs: 2, mostInputs: 2)
    case .concat: Arity(leastInputs: 2, mostInputs: 8, numbers: 1)
    case .slice: Arity(numbers: 3)
    case .copy, .last: Arity()
    case .mean: Arity(mostStates: 2)
    case .window: Arity(mostStates: 2, numbers: 2)
    case .subsample: Arity(mostStates: 1, numbers: 1)
    case .stateRead: Arity(leastInputs: 0, mostInputs: 0, mostStates: 1)
    case .stateWrite: Arity(leastOutputs: 0, mostOutputs: 0, mostStates: 1)
    case .layerNorm: Arity(requiredConstants: 1, mostConstants: 2, numbers: 2)
    case .rmsNorm: Arity(requiredConstants: 1, mostConstants: 1, numbers: 2)
    case .rotary: Arity(requiredConstants: 1, mostConstants: 1, mostStates: 1, numbers: 3)
    case .scale: Arity(numbers: 1)
    case .constant: Arity(leastInputs: 0, mostInputs: 0, requiredConstants: 1, mostConstants: 1)
    case .position: Arity(requiredConstants: 1, mostConstants: 1, mostStates: 1)
    case .first: Arity()
    case .pool: Arity(mostInputs: 2, numbers: 2)
    case .patches, .frames: Arity(numbers: 6)
    case .attention: Arity(leastInputs: 3, mostInputs: 3, mostConstants: 1, mostStates: 4, numbers: 5)
    case .blockAttention: Arity(leastInputs: 3, mostInputs: 3, mostConstants: 1, numbers: 5)
    case .remember: Arity(leastInputs: 2, mostInputs: 2, leastOutputs: 0, mostOutputs: 0, mostStates: 3, numbers: 1)
    case .memoryAttention: Arity(mostConstants: 1, mostStates: 3, numbers: 4)
    }
  }
}
