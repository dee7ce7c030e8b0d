// SPDX-License-Identifier: Apache-2.0
// A checked .funes file: immutable, shared by any number of sessions. It borrows its bytes and owns nothing.

/// A trained model, read in place from the bytes of a `.funes` file.
///
/// Every rule of FORMAT.md that memory safety rests on is checked once, in `init`, without allocating; afterwards the
/// bytes are trusted. They must stay where they are and unchanged while the model or a session of it lives: a static
/// array on a microcontroller, a `ModelFile` on a host.
public struct Model: @unchecked Sendable {
  let base: UnsafeRawPointer
  let byteCount: Int
  var offsets = InlineArray<15, Int>(repeating: 0)
  var counts = InlineArray<15, Int>(repeating: 0)
  /// Bytes of the state block.
  public internal(set) var stateByteCount = 0
  /// Bytes of the fixed arena, and of the row arena for each row.
  let fixedArenaByteCount: Int
  let rowArenaByteCount: Int
  /// Most bytes that a session which the file asks for may take.
  let memoryLimit: Int

  /// Checks the file and keeps a reference to its bytes.
  ///
  /// - Parameters:
  ///   - bytes: the whole file, at an address that is a multiple of 64.
  ///   - memoryLimit: most bytes that a session of one row and one thread may take.
  public init(unsafeBytes bytes: UnsafeRawBufferPointer, memoryLimit: Int = Int(Int32.max)) throws(ModelError) {
    guard bytes.count >= 128, let base = bytes.baseAddress else { throw .tooShort(found: bytes.count) }
    let remainder = Int(bitPattern: base) & 63
    guard remainder == 0 else { throw .misaligned(remainder: remainder) }
    precondition(memoryLimit >= 0, "Model: memoryLimit is negative")
    self.base = base
    self.memoryLimit = memoryLimit
    byteCount = bytes.count
    let header = Record(base: base)
    fixedArenaByteCount = Int(truncatingIfNeeded: header.u64(24))
    rowArenaByteCount = Int(truncatingIfNeeded: header.u64(32))
    try checkHeader()
    try checkSections()
    try checkStrings()
    try checkConstants()
    try checkStates()
    try checkValues()
    try checkPrograms()
    try checkOperators()
    try checkTexts()
    try checkMetadata()
    let needed = try memoryNeeded(rows: 1, threads: 1)
    guard needed <= UInt64(memoryLimit) else {
      throw .overBudget(found: needed, allowed: UInt64(memoryLimit))
    }
  }

  // MARK: What the file says

  /// SHA-256 of the file from byte 128 on; what snapshots are bound to.
  public var unsafeFingerprint: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + 48, count: 32) }
  public var fileByteCount: Int { byteCount }
  public var programCount: Int { counts[Section.programs.rawValue] }
  public var stateCount: Int { counts[Section.states.rawValue] }
  public var operatorCount: Int { counts[Section.operators.rawValue] }
  public var valueCount: Int { counts[Section.values.rawValue] }
  public var constantCount: Int { counts[Section.constants.rawValue] }

  // MARK: Records

  func count(_ section: Section) -> Int { counts[section.rawValue] }
  func start(_ section: Section) -> UnsafeRawPointer { base + offsets[section.rawValue] }
  func record(_ section: Section, _ index: Int) -> Record {
    Record(base: base + (offsets[section.rawValue] &+ index &* section.stride))
  }
  func constant(_ index: Int) -> ConstantRecord { ConstantRecord(record: record(.constants, index)) }
  func value(_ index: Int) -> ValueRecord { ValueRecord(record: record(.values, index)) }
  func state(_ index: Int) -> StateRecord { StateRecord(record: record(.states, index)) }
  func operation(_ index: Int) -> OperatorRecord { OperatorRecord(record: record(.operators, index)) }
  func program(_ index: Int) -> ProgramRecord { ProgramRecord(record: record(.programs, index)) }
  func port(_ index: Int) -> PortRecord { PortRecord(record: record(.ports, index)) }
  /// Run `index`: whether it goes row by row, and how many operators it has.
  func run(_ index: Int) -> (isSequential: Bool, operatorCount: Int) {
    let record = record(.runs, index)
    return (record.u32(0) == 1, Int(record.u32(4)))
  }

  /// The bytes of a string, without its NUL.
  func unsafeString(_ offset: UInt32) -> UnsafeRawBufferPointer {
    let begin = start(.strings) + Int(offset)
    var length = 0
    while begin.load(fromByteOffset: length, as: UInt8.self) != 0 { length += 1 }
    return UnsafeRawBufferPointer(start: begin, count: length)
  }

  /// Where a program's runs, ports, resets and operators begin in their sections.
  func ranges(of program: Int) -> ProgramRanges {
    var ranges = ProgramRanges()
    for index in 0..<program {
      let record = self.program(index)
      for run in ranges.run..<(ranges.run + record.runCount) { ranges.operation += self.run(run).operatorCount }
      ranges.run += record.runCount
      ranges.port += record.portCount
      ranges.reset += record.resetCount
    }
    let record = self.program(program)
    ranges.runCount = record.runCount
    ranges.portCount = record.portCount
    ranges.resetCount = record.resetCount
    for run in ranges.run..<(ranges.run + record.runCount) { ranges.operatorCount += self.run(run).operatorCount }
    for port in ranges.port..<(ranges.port + record.portCount) where !self.port(port).isOutput {
      ranges.inputCount += 1
    }
    return ranges
  }
}

/// What a program owns of the sections that programs tile.
@usableFromInline struct ProgramRanges {
  var run = 0, reset = 0, operation = 0
  var runCount = 0, resetCount = 0, operatorCount = 0
  @usableFromInline var port = 0, portCount = 0, inputCount = 0
}
