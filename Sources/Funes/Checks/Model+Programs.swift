// SPDX-License-Identifier: Apache-2.0
// Rules of programs: what they own, how their runs go, and that every value has one maker.

extension Model {
  /// `producer` of a value that is a program's input: this plus the port's index.
  static let inputProducer: UInt32 = 0x8000_0000

  func checkPrograms() throws(ModelError) {
    let section = Section.programs
    try section.require(programCount >= 1, .recordCount, 0, 1)
    let limits = (runs: UInt64(count(.runs)), ports: UInt64(count(.ports)), resets: UInt64(count(.resets)))
    var ends: (runs: UInt64, ports: UInt64, resets: UInt64) = (0, 0, 0)
    for index in 0..<programCount {
      let record = program(index).record
      try checkName(record.u32(0), section, index)
      for earlier in 0..<index where hasSameName(program(earlier), program(index)) {
        throw .record(section, index: index, rule: .name, found: UInt64(record.u32(0)), expected: UInt64(earlier))
      }
      try section.require(index, record.u32(4) <= 1, .reserved, UInt64(record.u32(4)), 1)
      try section.require(index, record.isZero(20..<32), .reserved, 1, 0)
      ends.runs += UInt64(record.u32(8))
      ends.ports += UInt64(record.u32(12))
      ends.resets += UInt64(record.u32(16))
      try section.require(index, record.u32(8) >= 1, .extent, 0, 1)
      try section.require(index, ends.runs <= limits.runs, .tiling, ends.runs, limits.runs)
      try section.require(index, ends.ports <= limits.ports, .tiling, ends.ports, limits.ports)
      try section.require(index, ends.resets <= limits.resets, .tiling, ends.resets, limits.resets)
    }
    try Section.runs.require(ends.runs == limits.runs, .tiling, limits.runs, ends.runs)
    try Section.ports.require(ends.ports == limits.ports, .tiling, limits.ports, ends.ports)
    try Section.resets.require(ends.resets == limits.resets, .tiling, limits.resets, ends.resets)
    try checkRuns()
    for index in 0..<programCount {
      let ranges = ranges(of: index)
      try checkResets(ranges)
      try checkPorts(of: index, ranges)
    }
    for index in 0..<valueCount { try checkProducer(of: index) }
  }

  private func hasSameName(_ one: ProgramRecord, _ other: ProgramRecord) -> Bool {
    let (name, otherName) = (unsafeString(one.name), unsafeString(other.name))
    guard name.count == otherName.count else { return false }
    for position in 0..<name.count where name[position] != otherName[position] { return false }
    return true
  }

  private func checkRuns() throws(ModelError) {
    var end: UInt64 = 0
    for index in 0..<count(.runs) {
      let record = record(.runs, index)
      try Section.runs.require(index, record.u32(0) <= 1, .kind, UInt64(record.u32(0)), 1)
      try Section.runs.require(index, record.u32(4) >= 1, .extent, 0, 1)
      end += UInt64(record.u32(4))
      try Section.runs.require(index, end <= UInt64(operatorCount), .tiling, end, UInt64(operatorCount))
    }
    try Section.operators.require(end == UInt64(operatorCount), .tiling, UInt64(operatorCount), end)
  }

  /// Resets ascend, so that one is found by halving: see `checkReversed`.
  private func checkResets(_ ranges: ProgramRanges) throws(ModelError) {
    for index in ranges.reset..<(ranges.reset + ranges.resetCount) {
      let state = record(.resets, index).u32(0)
      try Section.resets.require(index, state < UInt32(stateCount), .index, UInt64(state), UInt64(stateCount))
      if index == ranges.reset { continue }
      let earlier = record(.resets, index - 1).u32(0)
      try Section.resets.require(index, state > earlier, .order, UInt64(state), UInt64(earlier))
    }
  }

  private func checkPorts(of program: Int, _ ranges: ProgramRanges) throws(ModelError) {
    let section = Section.ports
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
      let hasRange = !port.isOutput && port.replaces
      try section.require(index, hasRange || record.u64(16) == 0, .reserved, record.u64(16), 0)
      let isRange = record.isFloat(16, atMost: 0x1p50) && record.isFloat(20, atMost: 0x1p50) && port.low <= port.high
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
        // An output: as many ports as are inputs stand before it, and they are inputs.
        let first = UInt32(ranges.operation)
        let isMade = value.producer >= first && value.producer < first + UInt32(ranges.operatorCount)
        try section.require(index, isMade, .producer, UInt64(value.producer), UInt64(first))
        try section.require(index, record.u32(12) == 0, .classes, UInt64(record.u32(12)), 0)
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
