// SPDX-License-Identifier: Apache-2.0
// Rules of programs: what they own, how their runs go, and that every value has one maker.

extension Model {
  /// `producer` of a value that is a program's input: this plus the port's index.
  static let inputProducer: UInt32 = 0x8000_0000

  func checkPrograms() throws(ModelError) {
    let section = Section.programs
    try section.require(programCount >= 1, .recordCount, 0, 1)
    var runEnd = 0
    var portEnd = 0
    var resetEnd = 0
    for index in 0..<programCount {
      let program = program(index)
      let record = program.record
      try checkName(program.name, section, index)
      try section.require(index, record.u32(4) <= 1 && record.isZero(20..<32), .reserved, UInt64(record.u32(4)), 1)
      runEnd += program.runCount
      portEnd += program.portCount
      resetEnd += program.resetCount
      try section.require(index, program.runCount >= 1, .extent, UInt64(program.runCount), 1)
      try section.require(index, runEnd <= count(.runs), .tiling, UInt64(runEnd), UInt64(count(.runs)))
      try section.require(index, portEnd <= count(.ports), .tiling, UInt64(portEnd), UInt64(count(.ports)))
      try section.require(index, resetEnd <= count(.resets), .tiling, UInt64(resetEnd), UInt64(count(.resets)))
    }
    try Section.runs.require(runEnd == count(.runs), .tiling, UInt64(count(.runs)), UInt64(runEnd))
    try Section.ports.require(portEnd == count(.ports), .tiling, UInt64(count(.ports)), UInt64(portEnd))
    try Section.resets.require(resetEnd == count(.resets), .tiling, UInt64(count(.resets)), UInt64(resetEnd))
    try checkRuns()
    for index in 0..<count(.resets) {
      let state = record(.resets, index).u32(0)
      try Section.resets.require(index, state < UInt32(stateCount), .index, UInt64(state), UInt64(stateCount))
    }
    for index in 0..<programCount { try checkPorts(of: index) }
    for index in 0..<valueCount { try checkProducer(of: index) }
  }

  private func checkRuns() throws(ModelError) {
    var end = 0
    for index in 0..<count(.runs) {
      let record = record(.runs, index)
      try Section.runs.require(index, record.u32(0) <= 1, .kind, UInt64(record.u32(0)), 1)
      try Section.runs.require(index, record.u32(4) >= 1, .extent, 0, 1)
      end += Int(record.u32(4))
      try Section.runs.require(index, end <= operatorCount, .tiling, UInt64(end), UInt64(operatorCount))
    }
    try Section.operators.require(end == operatorCount, .tiling, UInt64(operatorCount), UInt64(end))
  }

  private func checkPorts(of program: Int) throws(ModelError) {
    let section = Section.ports
    let ranges = ranges(of: program)
    try Section.programs.require(program, ranges.inputCount >= 1, .port, 0, 1)
    for index in ranges.port..<(ranges.port + ranges.portCount) {
      let port = port(index)
      let record = port.record
      try checkName(port.name, section, index)
      try section.require(index, record.u8(8) <= 1, .kind, UInt64(record.u8(8)), 1)
      try section.require(index, record.u8(9) <= 1, .kind, UInt64(record.u8(9)), 1)
      try section.require(index, record.u16(10) == 0 && record.isZero(28..<48), .reserved, 1, 0)
      try section.require(index, port.value < UInt32(valueCount), .index, UInt64(port.value), UInt64(valueCount))
      let value = value(Int(port.value))
      let isText = port.text == none || port.text < UInt32(count(.texts))
      try section.require(index, isText, .index, UInt64(port.text), UInt64(count(.texts)))
      let isRange = port.low.isFinite && port.high.isFinite && port.low <= port.high
      try section.require(index, isRange, .number, UInt64(record.u32(16)), UInt64(record.u32(20)))
      if index < ranges.port + ranges.inputCount {
        try section.require(index, !port.isOutput, .port, 1, 0)
        try section.require(index, value.domain == 1, .port, UInt64(value.domain), 1)
        let producer = Model.inputProducer | UInt32(index)
        try section.require(index, value.producer == producer, .producer, UInt64(value.producer), UInt64(producer))
        let classes = record.u32(12)
        let isFit = value.isIDs ? classes >= 1 && classes <= 1 << 28 : classes == 0
        try section.require(index, isFit, .classes, UInt64(classes), value.isIDs ? 1 : 0)
      } else {
        try section.require(index, port.isOutput, .port, 0, 1)
        let first = UInt32(ranges.operation)
        let isMade = value.producer >= first && value.producer < first + UInt32(ranges.operatorCount)
        try section.require(index, isMade && record.u32(12) == 0, .producer, UInt64(value.producer), UInt64(first))
      }
    }
  }

  private func checkProducer(of index: Int) throws(ModelError) {
    let section = Section.values
    let value = value(index)
    let producer = value.producer
    if producer >= Model.inputProducer {
      let port = producer - Model.inputProducer
      let isInput =
        port < UInt32(count(.ports)) && !self.port(Int(port)).isOutput && self.port(Int(port)).value == UInt32(index)
      try section.require(index, isInput, .producer, UInt64(producer), UInt64(count(.ports)))
    } else {
      try section.require(index, producer < UInt32(operatorCount), .producer, UInt64(producer), UInt64(operatorCount))
      let maker = operation(Int(producer))
      let isMade = maker.output(0) == UInt32(index) || maker.output(1) == UInt32(index)
      try section.require(index, isMade, .producer, UInt64(producer), UInt64(operatorCount))
      try section.require(index, !value.isIDs, .element, 2, 1)
    }
  }
}
