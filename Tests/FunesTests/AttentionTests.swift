// SPDX-License-Identifier: Apache-2.0
// Caches and positions as a session keeps them: saved and restored in the midst of a window, read, written, refused.

import CFunesKernels
import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct AttentionTests {
  private static let window = 3

  /// Attention of the input on itself, 2 heads of 4 values over 3 rows, queries at rotary positions.
  private static func graph(isSequential: Bool = false, isBlock: Bool = false) -> Graph {
    var b = FunesTestSupport.GraphBuilder(name: "attention")
    let x = b.value("x", [8])
    let turns = b.constant("turns", .vector, RotaryTurns.values(base: 100, dimensions: 4))
    let position = b.state("position", .counter, limit: Graph.State.noLimit)
    let q = b.add(
      "q", .rotary(lanes: 2, dimensions: 4, isHalved: true, turns: turns, position: position), [x], shape: [8])
    let attention = Graph.Attention(
      heads: 2, keyHeads: 2, window: window, scale: 0.5, keys: b.state("keys", .cache, lanes: window, width: 8),
      values: b.state("values", .cache, lanes: window, width: 8), slot: b.state("slot", .counter, limit: window),
      filled: b.state("filled", .counter, limit: window + 1))
    let y = b.add("y", .attention(attention), [q, x, x], shape: [8])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: isBlock, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y)], runs: [b.run(isSequential: isSequential)],
        resets: isBlock ? [position, attention.slot, attention.filled] : [])
    ]
    return b.graph
  }

  /// One row that depends on `number`.
  private static func step(_ session: inout Session, _ number: Int) -> [UInt32] {
    for column in 0..<8 { session.unsafeInput()[column] = Float((number * 31 + column * 17) % 23) / 11 - 1 }
    #expect(session.run().rows == 1)
    return session.unsafeOutput().map(\.bitPattern)
  }

  private static func snapshot(_ session: borrowing Session) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: bytes.mutableSpan)
    return bytes
  }

  @Test(arguments: [1, 2, 3, 4, 7])
  func aSnapshotInTheMidstOfAWindowGoesOnBitForBit(rows: Int) throws {
    let loaded = try LoadedModel(Self.graph())
    var session = try Session(loaded.model), other = try Session(loaded.model)
    for row in 0..<rows { _ = Self.step(&session, row) }
    try other.restore(from: Self.snapshot(session).span)
    for row in rows..<rows + 5 { #expect(Self.step(&session, row) == Self.step(&other, row)) }
    #expect(Self.snapshot(session) == Self.snapshot(other))
  }

  @Test func aWindowForgetsWhatIsOlder() throws {
    let loaded = try LoadedModel(Self.graph())
    var session = try Session(loaded.model), other = try Session(loaded.model)
    _ = Self.step(&session, 5)
    _ = Self.step(&other, 6)
    for row in 0..<Self.window - 1 { #expect(Self.step(&session, row) != Self.step(&other, row)) }
    #expect(Self.step(&session, 9) == Self.step(&other, 9))
  }

  @Test func aSequentialRunAndABlockGiveTheRowsOfAStream() throws {
    let stream = try LoadedModel(Self.graph())
    var session = try Session(stream.model)
    let expected = (0..<7).flatMap { Self.step(&session, $0) }
    for graph in [Self.graph(isSequential: true), Self.graph(isBlock: true), Self.graph()] {
      let loaded = try LoadedModel(graph)
      var whole = try Session(loaded.model, rows: 7)
      for turn in 0..<2 {
        if turn == 1, !graph.programs[0].isBlock { whole.reset() }
        for row in 0..<7 {
          for column in 0..<8 {
            whole.unsafeInput()[row * 8 + column] = Float((row * 31 + column * 17) % 23) / 11 - 1
          }
        }
        #expect(whole.run(rows: 7).rows == 7)
        #expect(whole.unsafeOutput().map(\.bitPattern) == expected)
      }
    }
  }

  @Test func aCacheIsReadAndWrittenAsFloats() throws {
    let loaded = try LoadedModel(Self.graph())
    var session = try Session(loaded.model)
    let keys = try #require(loaded.model.stateIndex(named: "keys"))
    #expect(loaded.model.states[keys].kind == .cache && loaded.model.states[keys].byteCount == 64)
    var found = [Float](repeating: 7, count: 24)
    session.readState(keys, into: found.mutableSpan)
    #expect(found == [Float](repeating: 0, count: 24))
    let values: [Float] = [1, -0.5, 65_504, 1e15, -1e15, 0x1p-24, 1 + 0x1p-11, 0x1p-30] + (8..<24).map(Float.init)
    try session.writeState(keys, from: values.span)
    session.readState(keys, into: found.mutableSpan)
    #expect(found[0..<8] == [1, -0.5, 65_504, 65_504, -65_504, 0x1p-24, 1, 0])
    #expect(found[8...] == values[8...])
    #expect(throws: SnapshotError.value(state: keys)) {
      try session.writeState(keys, from: [Float](repeating: .nan, count: 24).span)
    }
  }

  @Test func aSnapshotIsRefusedWhereNoStepWritesIt() throws {
    let loaded = try LoadedModel(Self.graph())
    var session = try Session(loaded.model)
    for row in 0..<4 { _ = Self.step(&session, row) }
    let good = Self.snapshot(session)
    func offset(_ name: String) -> Int {
      64 + loaded.model.states.prefix { $0.name != name }.reduce(0) { $0 + $1.byteCount }
    }
    /// What comes of one byte set to `value`, the checksums right.
    func refusal(_ state: String, at byte: Int, _ value: UInt8) -> SnapshotError? {
      var bytes = good
      bytes[offset(state) + byte] = value
      bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 64, bytes.count - 64) }, at: 12)
      bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 60) }, at: 60)
      do throws(SnapshotError) {
        try session.restore(from: bytes.span)
        return nil
      } catch {
        return error
      }
    }
    func value(_ name: String) -> SnapshotError { .value(state: loaded.model.stateIndex(named: name)!) }
    #expect(refusal("keys", at: 1, 0x7C) == value("keys"))
    #expect(refusal("values", at: 47, 0xFF) == value("values"))
    #expect(refusal("keys", at: 48, 1) == value("keys"))
    #expect(refusal("values", at: 63, 1) == value("values"))
    #expect(refusal("slot", at: 0, 3) == value("slot"))
    #expect(refusal("filled", at: 0, 4) == value("filled"))
    #expect(refusal("position", at: 4, 1) == value("position"))
    #expect(refusal("keys", at: 1, 0x7B) == nil)
    for byte in 0..<4 { #expect(refusal("position", at: byte, 0xFF) == nil) }
  }

  /// Every bit of a position set: the next row is at position 0.
  @Test func aPositionWraps() throws {
    let loaded = try LoadedModel(Self.graph())
    var session = try Session(loaded.model), other = try Session(loaded.model)
    var bytes = Self.snapshot(session)
    bytes.replaceSubrange(64..<68, with: [255, 255, 255, 255])
    bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress! + 64, bytes.count - 64) }, at: 12)
    bytes.set(bytes.withUnsafeBytes { funes_crc32c(0, $0.baseAddress!, 60) }, at: 60)
    try session.restore(from: bytes.span)
    _ = Self.step(&session, 1)
    #expect(Self.snapshot(session)[64..<68].allSatisfy { $0 == 0 })
    session.reset()
    #expect(Self.step(&session, 1) == Self.step(&other, 1))
  }
}
