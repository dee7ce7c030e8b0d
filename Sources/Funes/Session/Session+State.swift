// SPDX-License-Identifier: Apache-2.0
// State as the caller sees it: reset, read and set by index, snapshot and restore as one block.

import CFunesKernels

/// Why a snapshot or a state was refused. The running state is untouched.
public enum SnapshotError: Error, Equatable, Sendable {
  /// The bytes are not as many as the model's snapshot has.
  case byteCount(found: Int, expected: Int)
  /// The bytes are no snapshot of this format version.
  case notASnapshot
  /// A checksum does not agree.
  case damaged
  /// The snapshot is of another model.
  case otherModel
  /// A value is not finite, exceeds 2^50, is a pad that is not zero, or a counter not below its limit.
  case value(state: Int)
}

extension Session {
  static let snapshotMagic: UInt64 = 0x0A1A_0A0D_5453_4689
  /// Of the header and of how states lie: version 1 had the rows of a cache one after the other.
  static let snapshotVersion: UInt32 = 2

  /// Bytes of a snapshot: a header of 64 and the state block.
  public var snapshotByteCount: Int { 64 + model.stateByteCount }

  /// Sets every state to the file's initial value.
  @_noLocks
  public mutating func reset() {
    for index in 0..<plan.stateCount { resetState(index) }
    rowCount = 0
    beginEpoch()
  }

  /// States have become other than a step makes them.
  @_noLocks
  mutating func beginEpoch() {
    epoch &+= 1
    highest = 0
  }

  @_noLocks
  func resetState(_ index: Int) {
    let state = plan.states[index]
    if let initial = state.initial {
      for position in 0..<state.count { state.floats[position] = initial[position] }
    } else {
      for position in 0..<state.count { state.floats[position] = 0 }
    }
  }

  // MARK: One state

  /// Values of a state, lanes × width, without padding.
  public func stateCount(_ index: Int) -> Int {
    precondition(index >= 0 && index < plan.stateCount, "Session: no such state")
    return model.state(index).lanes * model.state(index).width
  }

  /// Copies a state out, (lanes, width). A cache's halves or bytes become floats; its rows are in the
  /// order of their slots.
  public func readState(_ index: Int, into output: consuming MutableSpan<Float>) {
    precondition(output.count == stateCount(index), "Session.readState: output.count is not the state's")
    let state = model.state(index)
    precondition(!state.isCounter, "Session.readState: a counter holds no floats")
    if state.isBytes { return readBytes(index, state, &output) }
    if state.isCache {
      let halves = unsafeHalves(index)
      for row in 0..<state.lanes {
        for element in 0..<state.width {
          let half = halves[state.cacheIndex(row: row, element, of: state.width)]
          output[row * state.width + element] = funes_float_of_half(half)
        }
      }
      return
    }
    let source = plan.states[index].floats
    let (width, padded) = (state.storedWidth, state.paddedWidth)
    for row in 0..<state.storedRows {
      for unit in 0..<width { output[row * width + unit] = source[row * padded + unit] }
    }
  }

  /// Sets a state, (lanes, width). Values are finite and at most 2^50 in magnitude. A cache takes them as a step would:
  /// rounded to halves, where what is larger than the largest half becomes that, or to bytes.
  public mutating func writeState(_ index: Int, from input: Span<Float>) throws(SnapshotError) {
    precondition(input.count == stateCount(index), "Session.writeState: input.count is not the state's")
    let state = model.state(index)
    precondition(!state.isCounter, "Session.writeState: a counter holds no floats")
    for position in 0..<input.count where input[position].magnitude.bitPattern > Float(0x1p50).bitPattern {
      throw .value(state: index)
    }
    beginEpoch()
    if state.isBytes { return writeBytes(index, state, input) }
    if state.isCache {
      let halves = unsafeHalves(index)
      for row in 0..<state.lanes {
        for element in 0..<state.width {
          halves[state.cacheIndex(row: row, element, of: state.width)] =
            funes_half_of_float(input[row * state.width + element])
        }
      }
      return
    }
    let target = plan.states[index].floats
    let (width, padded) = (state.storedWidth, state.paddedWidth)
    for row in 0..<state.storedRows {
      for unit in 0..<width { target[row * padded + unit] = input[row * width + unit] }
    }
  }

  /// The halves of a cache.
  private func unsafeHalves(_ index: Int) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(plan.states[index].floats).assumingMemoryBound(to: UInt16.self)
  }

  /// The bytes of a cache times the scale of their head and row.
  private func readBytes(_ index: Int, _ state: StateRecord, _ output: inout MutableSpan<Float>) {
    let base = UnsafeMutableRawPointer(plan.states[index].floats)
    let scales = (base + Int(state.scaleOffset)).assumingMemoryBound(to: Float.self)
    let part = state.width / state.heads
    for row in 0..<state.lanes {
      for element in 0..<state.width {
        let byte = base.load(fromByteOffset: state.cacheIndex(row: row, element, of: state.width), as: Int8.self)
        let scale = scales[state.cacheIndex(row: row, element / part, of: state.heads)]
        output[row * state.width + element] = Float(byte) * scale
      }
    }
  }

  private func writeBytes(_ index: Int, _ state: StateRecord, _ input: Span<Float>) {
    let base = UnsafeMutableRawPointer(plan.states[index].floats)
    let scales = (base + Int(state.scaleOffset)).assumingMemoryBound(to: Float.self)
    let bytes = base.assumingMemoryBound(to: Int8.self)
    let part = state.width / state.heads
    input.withUnsafeBufferPointer { values in
      for row in 0..<state.lanes {
        for head in 0..<state.heads {
          scales[state.cacheIndex(row: row, head, of: state.heads)] = funes_bytes_of_floats(
            bytes + state.cacheIndex(row: row, head * part, of: state.width), state.rowsOfBlock(of: row),
            values.baseAddress! + row * state.width + head * part, Int32(part))
        }
      }
    }
  }

  // MARK: All states

  /// Writes a snapshot of `snapshotByteCount` bytes: see FORMAT.md, "State snapshot".
  ///
  /// - Parameter pendingID: an id that was chosen and has not been fed, which stands in the snapshot beside the states and
  ///   which `pendingID(ofSnapshot:)` gives back: whoever goes on feeds it first.
  public func snapshot(into output: consuming MutableSpan<UInt8>, pendingID: Int32? = nil) {
    precondition(pendingID ?? 0 >= 0, "Session.snapshot: pendingID is negative")
    let pending = pendingID.map { UInt32($0) + 1 } ?? 0
    precondition(output.count == snapshotByteCount, "Session.snapshot: output.count is not snapshotByteCount")
    let memory = memory, states = layout.states, model = model, rowCount = rowCount
    output.withUnsafeMutableBytes { bytes in
      let base = bytes.baseAddress!
      func store<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
        base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
      }
      (base + 64).copyMemory(from: memory + states, byteCount: model.stateByteCount)
      store(Session.snapshotMagic, 0)
      store(Session.snapshotVersion, 8)
      store(funes_crc32c(0, base + 64, model.stateByteCount), 12)
      store(UInt64(model.stateByteCount), 16)
      store(rowCount, 24)
      (base + 32).copyMemory(from: model.unsafeFingerprint.baseAddress!, byteCount: 24)
      store(pending, 56)
      store(funes_crc32c(0, base, 60), 60)
    }
  }

  /// The id that goes with a snapshot and is still to be fed; nil where there is none, or where the bytes are no snapshot.
  public static func pendingID(ofSnapshot input: Span<UInt8>) -> Int32? {
    guard input.count >= 64 else { return nil }
    return input.withUnsafeBytes { bytes in
      let header = Record(base: bytes.baseAddress!)
      guard header.u64(0) == Session.snapshotMagic, header.u32(8) == Session.snapshotVersion,
        (1...1 << 31).contains(header.u32(56))
      else {
        return nil
      }
      return Int32(header.u32(56) - 1)
    }
  }

  /// Takes up the state of a snapshot of the same model.
  public mutating func restore(from input: Span<UInt8>) throws(SnapshotError) {
    guard input.count == snapshotByteCount else { throw .byteCount(found: input.count, expected: snapshotByteCount) }
    let error: SnapshotError? = input.withUnsafeBytes { bytes in
      let base = bytes.baseAddress!
      let header = Record(base: base)
      guard header.u64(0) == Session.snapshotMagic, header.u32(8) == Session.snapshotVersion else {
        return .notASnapshot
      }
      guard header.u32(60) == funes_crc32c(0, base, 60), header.u32(56) <= 1 << 31,
        header.u32(12) == funes_crc32c(0, base + 64, model.stateByteCount)
      else { return .damaged }
      let fingerprint = model.unsafeFingerprint
      for position in 0..<24 where bytes[32 + position] != fingerprint[position] { return .otherModel }
      guard header.u64(16) == UInt64(model.stateByteCount) else { return .otherModel }
      var block = base + 64
      for index in 0..<model.stateCount {
        guard isValid(block, model.state(index)) else { return .value(state: index) }
        block += Int(model.state(index).byteCount)
      }
      (memory + layout.states).copyMemory(from: base + 64, byteCount: model.stateByteCount)
      return nil
    }
    if let error { throw error }
    beginEpoch()
    rowCount = input.withUnsafeBytes { Record(base: $0.baseAddress!).u64(24) }
  }

  /// Whether both run over one model, at one place in memory.
  @_noLocks
  public func isOverSameFile(as other: borrowing Session) -> Bool { model.base == other.model.base }

  /// Takes up the states of another session of the same model, without a snapshot between: what a beam search does where
  /// one text goes on in two ways.
  @_noLocks
  public mutating func takeStates(of other: borrowing Session) {
    precondition(isOverSameFile(as: other), "Session.takeStates: the other session is of another model")
    (memory + layout.states).copyMemory(from: other.memory + other.layout.states, byteCount: model.stateByteCount)
    rowCount = other.rowCount
    beginEpoch()
  }

  /// Whether the bytes of a state could have been written by a step.
  private func isValid(_ bytes: UnsafeRawPointer, _ state: StateRecord) -> Bool {
    let record = Record(base: bytes)
    if state.isBytes { return isBytes(record, state) }
    if state.isCache { return isCache(record, state) }
    let (width, padded) = (state.storedWidth, state.paddedWidth)
    for position in 0..<(state.storedRows * padded) {
      if position % padded >= width {
        if record.u32(position * 4) != 0 { return false }
      } else if state.isCounter {
        if state.limit != none, record.u32(position * 4) >= state.limit { return false }
      } else if !record.isFloat(position * 4, atMost: 0x1p50) {
        return false
      }
    }
    return true
  }

  /// Whether bytes are what a step writes, −127 to 127, scales finite and not negative, and pads zero.
  private func isBytes(_ record: Record, _ state: StateRecord) -> Bool {
    let (count, scales) = (state.lanes * state.width, Int(state.scaleOffset))
    for position in 0..<count where record.u8(position) == 0x80 { return false }
    let end = scales + state.lanes * state.heads * 4
    for offset in stride(from: scales, to: end, by: 4) where record.u32(offset) > Float(0x1p50).bitPattern {
      return false
    }
    return record.isZero(count..<scales) && record.isZero(end..<Int(state.byteCount))
  }

  /// Whether halves are finite, which is that not all bits of the exponent are set, and pads zero.
  private func isCache(_ record: Record, _ state: StateRecord) -> Bool {
    let count = state.lanes * state.width
    for position in 0..<count where record.u16(position * 2) & 0x7C00 == 0x7C00 { return false }
    return record.isZero((count * 2)..<Int(state.byteCount))
  }
}

extension StateRecord {
  /// Rows of the block of a cache that holds a row.
  fileprivate func rowsOfBlock(of row: Int) -> Int { min(16, lanes - row / 16 * 16) }

  /// Where an element, or a scale, of a cache's row stands, of `count` a row: see FORMAT.md, "STAT".
  fileprivate func cacheIndex(row: Int, _ element: Int, of count: Int) -> Int {
    row / 16 * 16 * count + rowsOfBlock(of: row) * element + row % 16
  }
}
