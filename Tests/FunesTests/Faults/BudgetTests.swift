// SPDX-License-Identifier: Apache-2.0
// Memory that is misaligned, too small or not to be had: a plain error, and nothing written outside.

import FunesTestSupport
import Testing

@testable import Funes

@Suite struct BudgetTests {
  @Test func misalignedBytesAreRefused() {
    let file = FileParts.everyOperator.bytes
    let memory = AlignedBytes(count: file.count + 64)
    for remainder in 1...63 {
      let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[remainder..<remainder + file.count])
      bytes.copyBytes(from: file)
      #expect(throws: ModelError.misaligned(remainder: remainder)) {
        _ = try Model(unsafeBytes: UnsafeRawBufferPointer(bytes))
      }
    }
  }

  @Test func aModelAboveItsLimitIsRefused() throws {
    let memory = AlignedBytes(FileParts.everyOperator.bytes)
    let bytes = UnsafeRawBufferPointer(memory.bytes)
    let needed = try Model(unsafeBytes: bytes).sessionByteCount()
    _ = try Model(unsafeBytes: bytes, memoryLimit: needed)
    for limit in [0, 1, needed - 1] {
      #expect(throws: ModelError.overBudget(found: UInt64(needed), allowed: UInt64(limit))) {
        _ = try Model(unsafeBytes: bytes, memoryLimit: limit)
      }
    }
  }

  @Test func aSessionWritesInsideItsMemoryOnly() throws {
    let loaded = try LoadedModel(FileParts.everyOperator.bytes)
    let (rows, guardByteCount) = (3, 256)
    let needed = try loaded.model.sessionByteCount(rows: rows)
    let memory = AlignedBytes(count: needed + 2 * guardByteCount)
    _ = memory.bytes.initializeMemory(as: UInt8.self, repeating: 0xA5)
    func part(_ offset: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(rebasing: memory.bytes[guardByteCount + offset..<guardByteCount + offset + count])
    }
    for count in [0, 1, needed - 64, needed - 1] {
      #expect(throws: SessionError.memoryTooSmall(found: count, expected: needed)) {
        _ = try Session(loaded.model, rows: rows, unsafeMemory: part(0, count))
      }
    }
    for offset in 1...63 {
      #expect(throws: SessionError.memoryMisaligned) {
        _ = try Session(loaded.model, rows: rows, unsafeMemory: part(offset, needed))
      }
    }
    #expect(memory.bytes.allSatisfy { $0 == 0xA5 })
    var session = try Session(loaded.model, rows: rows, unsafeMemory: part(0, needed))
    for program in 0..<2 {
      session.fillInputs(of: program, rows: rows, seed: 3)
      #expect(session.run(program, rows: rows).rows == rows)
    }
    #expect(memory.bytes[..<guardByteCount].allSatisfy { $0 == 0xA5 })
    #expect(memory.bytes[(guardByteCount + needed)...].allSatisfy { $0 == 0xA5 })
  }

  @Test func sessionsBeyondAnyMemoryAreRefused() throws {
    var parts = FileParts.everyOperator
    parts.rowArenaByteCount = 1 << 36
    let memory = AlignedBytes(parts.bytes)
    let model = try Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes), memoryLimit: .max)
    let rows = 1 << 24
    let needed = try model.sessionByteCount(rows: rows)
    #expect(throws: SessionError.outOfMemory(byteCount: needed)) { _ = try Session(model, rows: rows) }
    #expect(throws: SessionError.tooLarge) { _ = try Session(model, rows: rows + 1) }
    #expect(throws: SessionError.tooLarge) { _ = try Session(model, threads: 1_025) }
    #expect(throws: ModelError.overBudget(found: .max, allowed: 1 << 62)) {
      _ = try model.sessionByteCount(rows: .max)
    }
  }

  /// The rows of a self-test are the file's; its memory is what the caller allows.
  @Test func aSelfTestStaysInsideTheLimit() throws {
    var parts = FileParts.everyOperator
    parts.rowArenaByteCount = 1 << 30
    parts.set32(.goldens, 0, 4, 65_536)
    let loaded = try LoadedModel(parts.bytes)
    #expect(throws: VerificationError.session(.tooLarge)) { _ = try loaded.model.selfTest() }
  }
}
