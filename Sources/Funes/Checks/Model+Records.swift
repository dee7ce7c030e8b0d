// SPDX-License-Identifier: Apache-2.0
// Rules of the records that hold numbers and memory: constants, states, values, generation, metadata.

extension Model {
  func checkConstants() throws(ModelError) {
    let section = Section.constants
    var end: UInt64 = 0
    for index in 0..<count(section) {
      let constant = constant(index)
      let record = constant.record
      try checkName(constant.name, section, index)
      let kind = record.u8(4)
      try section.require(index, kind == 1 || kind == 2, .kind, UInt64(kind), 2)
      try section.require(index, record.isZero(32..<64), .reserved, 1, 0)
      try section.require(
        index, record.u32(8) >= 1 && record.u32(8) <= 1 << 28, .extent, UInt64(record.u32(8)), 1 << 28)
      if kind == 1 {
        try checkMatrix(constant, index)
      } else {
        let isPlain =
          record.u8(5) == 0 && record.u8(6) == 0 && record.u8(7) == 0 && record.u32(12) == 1 && record.u32(16) == 0
          && record.u32(20) == 0
        try section.require(index, isPlain, .reserved, 1, 0)
      }
      try section.require(index, constant.offset == end, .tiling, constant.offset, end)
      end += constant.byteCount
      try section.require(index, end <= UInt64(count(.data)), .tiling, end, UInt64(count(.data)))
      try checkNumbers(constant, index)
    }
    try Section.data.require(end == UInt64(count(.data)), .tiling, UInt64(count(.data)), end)
  }

  private func checkMatrix(_ constant: ConstantRecord, _ index: Int) throws(ModelError) {
    let section = Section.constants
    let record = constant.record
    let planes = constant.weightPlanes
    try section.require(index, planes == 1 || planes == 2, .planes, UInt64(planes), 2)
    try section.require(index, record.u8(7) <= 1, .reserved, UInt64(record.u8(7)), 1)
    try section.require(
      index, record.u32(12) >= 1 && record.u32(12) <= 65_536, .extent, UInt64(record.u32(12)), 65_536)
    let groups = record.u32(16)
    try section.require(index, groups >= 1 && groups <= 4, .extent, UInt64(groups), 4)
    try section.require(index, record.u32(8) % groups == 0, .extent, UInt64(record.u32(8)), UInt64(groups))
    let qmax = record.u32(20)
    switch record.u8(6) {
    case 1: try section.require(index, qmax >= 1 && qmax <= 127, .qmax, UInt64(qmax), 127)
    case 2: try section.require(index, qmax >= 128 && qmax <= 32_639, .qmax, UInt64(qmax), 32_639)
    default: throw .record(section, index: index, rule: .planes, found: UInt64(record.u8(6)), expected: 2)
    }
  }

  /// Scales and equalizers are in 0...2^40, vectors within ±2^50: what keeps sums finite.
  private func checkNumbers(_ constant: ConstantRecord, _ index: Int) throws(ModelError) {
    let bytes = start(.data) + Int(constant.offset)
    if constant.isMatrix {
      try checkFloats(bytes + Int(constant.scaleOffset), constant.paddedRows, 0x1p40, isSigned: false, index)
      let equalizer = bytes + Int(constant.equalizerOffset)
      if constant.hasEqualizer { try checkFloats(equalizer, constant.quads * 4, 0x1p40, isSigned: false, index) }
    } else {
      try checkFloats(bytes, constant.rows, 0x1p50, isSigned: true, index)
    }
  }

  /// Compares bits, which order like the magnitudes of floats: infinities and NaNs come last, and no setting of the
  /// caller's float environment changes the answer.
  private func checkFloats(
    _ floats: UnsafeRawPointer, _ count: Int, _ limit: Float, isSigned: Bool, _ index: Int
  ) throws(ModelError) {
    let magnitude: UInt32 = isSigned ? 0x7FFF_FFFF : 0xFFFF_FFFF
    for position in 0..<count {
      let bits = UInt32(littleEndian: floats.load(fromByteOffset: position * 4, as: UInt32.self))
      try Section.constants.require(
        index, bits & magnitude <= limit.bitPattern, .number, UInt64(bits), UInt64(limit.bitPattern))
    }
  }

  mutating func checkStates() throws(ModelError) {
    let section = Section.states
    var total: UInt64 = 0
    for index in 0..<count(section) {
      let state = state(index)
      let record = state.record
      try checkName(state.name, section, index)
      try section.require(index, state.kind >= 1 && state.kind <= 7, .kind, UInt64(state.kind), 7)
      try section.require(index, record.u16(6) == 0 && record.u32(28) == 0, .reserved, 1, 0)
      let isCounter = state.kind == 4
      let element = isCounter ? 2 : state.isCache ? (state.isBytes ? 4 : 3) : 1
      try section.require(index, record.u8(5) == element, .element, UInt64(record.u8(5)), UInt64(element))
      let lanes = record.u32(8)
      let width = record.u32(12)
      let limit: UInt32 = isCounter ? 1 : 1 << 24
      try section.require(index, lanes >= 1 && lanes <= limit, .extent, UInt64(lanes), UInt64(limit))
      try section.require(index, width >= 1 && width <= limit, .extent, UInt64(width), UInt64(limit))
      let heads = record.u32(24)
      let isParted = state.isBytes ? heads >= 1 && heads <= width && width % heads == 0 : heads == 0
      try section.require(index, isParted, .extent, UInt64(heads), UInt64(state.isBytes ? width : 0))
      try section.require(index, (state.limit > 0) == isCounter, .extent, UInt64(state.limit), isCounter ? 1 : 0)
      total += state.byteCount
      try section.require(index, total <= 1 << 36 && total <= UInt64(Int.max / 4), .extent, total, 1 << 36)
      if state.initial != none {
        let isKnown = !isCounter && !state.isCache && state.initial < UInt32(count(.constants))
        try section.require(index, isKnown, .index, UInt64(state.initial), UInt64(count(.constants)))
        try checkInitial(constant(Int(state.initial)), of: state, index)
      }
    }
    stateByteCount = Int(total)
  }

  /// The vector that a state begins with has its size, and zeros where the state has pads: a snapshot of the state is
  /// refused otherwise.
  private func checkInitial(_ initial: ConstantRecord, of state: StateRecord, _ index: Int) throws(ModelError) {
    let count = state.storedRows * state.paddedWidth
    let found = initial.isMatrix ? 0 : initial.rows
    try Section.states.require(index, found == count, .shape, UInt64(found), UInt64(count))
    let floats = Record(base: start(.data) + Int(initial.offset))
    for row in 0..<state.storedRows {
      for column in state.storedWidth..<state.paddedWidth {
        let bits = floats.u32((row * state.paddedWidth + column) * 4)
        try Section.states.require(index, bits == 0, .reserved, UInt64(bits), 0)
      }
    }
  }

  func checkValues() throws(ModelError) {
    let section = Section.values
    for index in 0..<count(section) {
      let value = value(index)
      let record = value.record
      try checkName(value.name, section, index)
      try section.require(index, record.u8(4) == 1 || record.u8(4) == 2, .kind, UInt64(record.u8(4)), 2)
      try section.require(index, value.rank >= 1 && value.rank <= 3, .extent, UInt64(value.rank), 3)
      var width: UInt64 = 1
      for axis in 0..<3 {
        let extent = UInt64(record.u32(8 + axis * 4))
        let most: UInt64 = axis < value.rank ? 1 << 24 : 1
        try section.require(index, extent >= 1 && extent <= most, .extent, extent, most)
        width *= extent
        try section.require(index, width <= 1 << 24, .extent, width, 1 << 24)
      }
      try section.require(index, record.isZero(32..<48), .reserved, 1, 0)
      try section.require(index, value.domain < 16, .domain, UInt64(value.domain), 15)
      let arena = UInt64(value.domain == 0 ? fixedArenaByteCount : rowArenaByteCount)
      let offset = value.arenaOffset
      let isInside = offset % 64 == 0 && value.byteCount <= arena && offset <= arena - value.byteCount
      try section.require(index, isInside, .arenaOffset, offset, arena)
    }
  }

  func checkMetadata() throws(ModelError) {
    for index in 0..<count(.metadata) {
      try checkName(record(.metadata, index).u32(0), .metadata, index)
      try checkName(record(.metadata, index).u32(4), .metadata, index)
    }
    for index in 0..<count(.goldens) {
      let record = record(.goldens, index)
      let (program, rows) = (record.u32(0), record.u32(4))
      try Section.goldens.require(index, program < UInt32(programCount), .golden, UInt64(program), UInt64(programCount))
      try Section.goldens.require(index, rows >= 1 && rows <= 65_536, .golden, UInt64(rows), 65_536)
    }
    try checkGeneration()
  }

  private func checkGeneration() throws(ModelError) {
    guard count(.generation) == 1 else { return }
    let section = Section.generation
    let record = record(section, 0)
    try section.require(0, record.isZero(52..<64), .reserved, 1, 0)
    let encode = record.u32(0)
    let step = record.u32(4)
    let programs = UInt32(programCount)
    try section.require(0, encode == none || encode < programs, .index, UInt64(encode), UInt64(programs))
    try section.require(0, step < programs, .index, UInt64(step), UInt64(programs))
    try section.require(0, record.u32(20) >= 1 && record.u32(20) <= 1 << 24, .extent, UInt64(record.u32(20)), 1 << 24)
    let ranges = ranges(of: Int(step))
    let outputs = ranges.portCount - ranges.inputCount
    try section.require(0, record.u32(24) < UInt32(outputs), .index, UInt64(record.u32(24)), UInt64(outputs))
    try section.require(
      0, record.u32(28) < UInt32(ranges.inputCount), .index, UInt64(record.u32(28)), UInt64(ranges.inputCount))
    let classes = UInt32(port(ranges.port + Int(record.u32(28))).classes)
    try section.require(0, record.u32(12) < classes, .classes, UInt64(record.u32(12)), UInt64(classes))
    try checkStops(record, classes)
    try checkSource(record, encode)
  }

  /// Stop ids ascend, and NONE follows the last.
  private func checkStops(_ record: Record, _ classes: UInt32) throws(ModelError) {
    let section = Section.generation
    for slot in 0..<4 {
      let id = record.u32(slot == 0 ? 16 : 28 + slot * 4)
      try section.require(0, id < classes || id == none, .classes, UInt64(id), UInt64(classes))
      if slot == 0 { continue }
      let earlier = record.u32(slot == 1 ? 16 : 24 + slot * 4)
      try section.require(0, id > earlier || id == none, .order, UInt64(id), UInt64(earlier))
    }
  }

  /// What is put behind a source are ids of its input.
  private func checkSource(_ record: Record, _ encode: UInt32) throws(ModelError) {
    let section = Section.generation
    let (appended, pad, rows) = (record.u32(8), record.u32(44), record.u32(48))
    try section.require(0, rows <= 65_536, .extent, UInt64(rows), 65_536)
    try section.require(0, rows > 0 || pad == none, .index, UInt64(pad), UInt64(none))
    guard encode != none else {
      try section.require(0, appended == none, .index, UInt64(appended), UInt64(none))
      return try section.require(0, rows == 0, .extent, UInt64(rows), 0)
    }
    let source = self.ranges(of: Int(encode))
    let classes = source.inputCount > 0 ? UInt32(port(source.port).classes) : 0
    try section.require(0, appended == none || appended < classes, .classes, UInt64(appended), UInt64(classes))
    try section.require(0, rows == 0 || pad < classes, .classes, UInt64(pad), UInt64(classes))
  }
}
