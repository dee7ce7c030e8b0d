// SPDX-License-Identifier: Apache-2.0
// Files cut, flipped, set and edited without a plan: refused, or opened and run without harm. Memory is of the file's
// exact size, so that a sanitizer sees a read past its end.

import CFunesKernels
import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

/// A file in memory of its exact size, changed in place and put back.
private final class Patient {
  let memory: AlignedBytes
  let original: [UInt8]
  private(set) var tried = 0
  private(set) var opened = 0

  init(_ bytes: [UInt8]) {
    original = bytes
    memory = AlignedBytes(bytes)
  }

  /// Opens the file as it stands; what opens is run over two calls of each program.
  func open(memoryLimit: Int = 1 << 22) throws {
    tried += 1
    guard let model = try? Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes), memoryLimit: memoryLimit) else {
      return
    }
    opened += 1
    var session = try Session(model)
    for program in 0..<model.programCount {
      for seed in 0..<2 as Range<UInt64> {
        session.fillInputs(of: program, rows: 1, seed: seed)
        _ = session.run(program)
      }
    }
    // A session takes its own snapshot back: every state is finite, every pad zero, every counter in its range.
    try session.restore(from: session.snapshotBytes().span)
  }

  /// Edits, seals what the edit touched, opens, and puts everything back.
  func open(editing offset: Int, byteCount: Int, in section: Section, _ bytes: [UInt8]) throws {
    edit(section, offset, bytes)
    try open()
    edit(section, offset, Array(original[offset..<offset + byteCount]))
  }

  func edit(_ section: Section, _ offset: Int, _ bytes: [UInt8]) {
    for (index, byte) in bytes.enumerated() { memory.bytes[offset + index] = byte }
    let entry = 128 + section.rawValue * 32
    let begin = memory.bytes.loadUnaligned(fromByteOffset: entry + 8, as: UInt64.self)
    let size = memory.bytes.loadUnaligned(fromByteOffset: entry + 16, as: UInt64.self)
    let base = UnsafeRawPointer(memory.bytes.baseAddress!)
    memory.bytes.storeBytes(
      of: funes_crc32c(0, base + Int(begin), Int(size)), toByteOffset: entry + 24, as: UInt32.self)
    memory.bytes.storeBytes(of: funes_crc32c(0, base + 128, Section.count * 32), toByteOffset: 120, as: UInt32.self)
    memory.bytes.storeBytes(of: funes_crc32c(0, base, 124), toByteOffset: 124, as: UInt32.self)
  }
}

@Suite struct DamageTests {
  static let small: [UInt8] = {
    do {
      return try FileParts(Graph.streaming(.gru, inputs: 3, units: 5, outputs: 2)).bytes
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  @Test(arguments: [small, FileParts.everyOperator.bytes])
  func aFileCutAnywhereIsRefused(file: [UInt8]) {
    for count in stride(from: 0, to: file.count, by: thinning) {
      let memory = AlignedBytes(Array(file[..<count]))
      #expect(throws: ModelError.self) { _ = try Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes)) }
    }
  }

  /// The header says that the file is as long as it is, and its checksums are right.
  @Test(arguments: [small, FileParts.everyOperator.bytes])
  func aFileCutAndSealedIsRefused(file: [UInt8]) {
    for count in stride(from: 128, to: file.count, by: 64) {
      var cut = Array(file[..<count])
      cut.set(UInt64(count), at: 16)
      cut.sealHeader()
      let memory = AlignedBytes(cut)
      #expect(throws: ModelError.self) { _ = try Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes)) }
    }
  }

  @Test(arguments: [small, FileParts.everyOperator.bytes])
  func aFlippedBitIsRefused(file: [UInt8]) {
    let memory = AlignedBytes(file)
    var accepted = 0
    for bit in stride(from: 0, to: file.count * 8, by: thinning) {
      memory.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if (try? Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes))) != nil { accepted += 1 }
      memory.bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    #expect(accepted == 0)
  }

  @Test func aByteSetToAnythingDoesNoHarm() throws {
    let patient = Patient(FileParts.everyOperator.bytes)
    var numbers = TestNumbers(seed: 11)
    for section in Section.allCases where section != .data {
      let range = patient.original.range(of: section)
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: thinning) {
        let old = patient.original[offset]
        var values: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, old &+ 1, old &- 1, old ^ 0x10]
        while thinning > 1 && values.count > 2 { values.remove(at: numbers.below(values.count)) }
        for value in values { try patient.open(editing: offset, byteCount: 1, in: section, [value]) }
      }
    }
    #expect(patient.opened > 0 && patient.opened < patient.tried)
    print("bytes set: \(patient.tried) files tried, \(patient.opened) opened and ran")
  }

  /// One to three fields of 32 bits, the header's arena sizes and floats among them, take edge values.
  @Test func fieldsEditedAtRandomDoNoHarm() throws {
    let patient = Patient(FileParts.everyOperator.bytes)
    var numbers = TestNumbers(seed: 12)
    let edges: [UInt32] = [
      0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 4_096, 65_535, 65_536, 65_537, 1 << 24, 1 << 24 + 1,
      1 << 28, 1 << 30, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x7F80_0000, 0x7FC0_0000,
      0x3F80_0000, 0x5880_0000, 0x5380_0000, 0x0000_0001,
    ]
    for _ in 0..<(thinning == 1 ? 160_000 : 4_000) {
      var edits: [(section: Section, offset: Int)] = []
      for _ in 0...numbers.below(3) {
        guard let section = Section(rawValue: numbers.below(Section.count)) else { continue }
        let range = patient.original.range(of: section)
        guard range.count >= 4 else { continue }
        let offset = range.lowerBound + numbers.below(range.count / 4) * 4
        let old = patient.original.number(UInt32.self, at: offset)
        let choice = numbers.below(4)
        let value =
          choice == 0
          ? old &+ 1
          : choice == 1 ? old &- 1 : choice == 2 ? UInt32(numbers.below(32)) : edges[numbers.below(edges.count)]
        edits.append((section, offset))
        patient.edit(section, offset, withUnsafeBytes(of: value.littleEndian, Array.init))
      }
      try patient.open()
      for (section, offset) in edits { patient.edit(section, offset, Array(patient.original[offset..<offset + 4])) }
    }
    #expect(patient.opened > 0 && patient.opened < patient.tried)
    print("fields edited: \(patient.tried) files tried, \(patient.opened) opened and ran")
  }

  /// As many operators, states and resets as a file may have, each operator one that looks its state up in the resets.
  @Test func theLargestFileIsOpenedInTime() throws {
    let file = try largest().bytes
    let memory = AlignedBytes(file)
    let clock = ContinuousClock()
    var model: Model?
    let checking = try clock.measure { model = try Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes)) }
    let making = try clock.measure { _ = try Session(#require(model)) }
    #if DEBUG
      let limit = Duration.seconds(10)
    #else
      let limit = Duration.seconds(1)
    #endif
    #expect(checking < limit && making < limit)
  }

  private func largest() throws -> FileParts {
    var b = GraphBuilder(name: "largest")
    let x = b.value("x", [1])
    var cell = b.cell("cell", .rnn, inputs: 1, units: 1, gates: 1)
    cell.isReversed = true
    let y = b.add("cell", .cell(cell), [x], shape: [1])
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "encode", isBlock: true, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y)], runs: [b.run()], resets: [cell.hidden!])
    ]
    var parts = try FileParts(graph)
    let (operators, states) = (16_384, 4_096)
    func record(_ section: Section, _ index: Int) -> [UInt8] {
      Array(parts.sections[section.rawValue][index * section.stride..<(index + 1) * section.stride])
    }
    let (op, value, state) = (record(.operators, 0), record(.values, y), record(.states, 0))
    for index in 1..<operators {
      parts.sections[Section.operators.rawValue] += op
      parts.sections[Section.values.rawValue] += value
      let made = UInt32(parts.count(.values) - 1)
      parts.set32(.values, Int(made), 20, UInt32(index))
      parts.set32(.operators, index, 48, made)
      parts.set32(.operators, index, 88, UInt32(index % states))
    }
    for index in 1..<states {
      parts.sections[Section.states.rawValue] += state
      parts.grow(.resets, to: index + 1)
      parts.set32(.resets, index, 0, UInt32(index))
    }
    parts.set32(.runs, 0, 4, UInt32(operators))
    parts.set32(.programs, 0, 16, UInt32(states))
    return parts
  }
}

extension [UInt8] {
  /// Where a section's bytes are.
  fileprivate func range(of section: Section) -> Range<Int> {
    let entry = 128 + section.rawValue * 32
    let begin = Int(number(UInt64.self, at: entry + 8))
    return begin..<begin + Int(number(UInt64.self, at: entry + 16))
  }
}
