// SPDX-License-Identifier: Apache-2.0
// Reads fixed-size records in place. Bounds are those that the section table was checked for.

/// A record of the file: little-endian fields at fixed offsets.
struct Record {
  let base: UnsafeRawPointer

  func u8(_ offset: Int) -> Int { Int(base.load(fromByteOffset: offset, as: UInt8.self)) }
  func u16(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }
  func u32(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
  func i32(_ offset: Int) -> Int32 { Int32(bitPattern: u32(offset)) }
  func u64(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
  func f32(_ offset: Int) -> Float { Float(bitPattern: u32(offset)) }

  /// Whether the float's magnitude is at most `limit`: by its bits, so that the caller's float environment has no say.
  func isFloat(_ offset: Int, atMost limit: Float) -> Bool { u32(offset) & 0x7FFF_FFFF <= limit.bitPattern }

  /// Whether the bytes in `range` are all zero.
  func isZero(_ range: Range<Int>) -> Bool {
    for offset in range where base.load(fromByteOffset: offset, as: UInt8.self) != 0 { return false }
    return true
  }
}

/// A constant: a matrix in tiles of one int8 plane or two, or a float vector.
struct ConstantRecord {
  let record: Record
  var name: UInt32 { record.u32(0) }
  var isMatrix: Bool { record.u8(4) == 1 }
  /// Of a matrix 1, or 2 where its weights have 16 bits; of a vector 0.
  var weightPlanes: Int { record.u8(5) }
  var hasEqualizer: Bool { record.u8(7) & 1 == 1 }
  var rows: Int { Int(record.u32(8)) }
  var cols: Int { Int(record.u32(12)) }
  var groups: Int { Int(record.u32(16)) }
  var qmax: Int { Int(record.u32(20)) }
  var offset: UInt64 { record.u64(24) }

  var units: Int { rows / groups }
  var blocks: Int { (units + 15) / 16 }
  var quads: Int { (cols + 3) / 4 }
  var paddedRows: Int { blocks * groups * 16 }
  /// Bytes of one plane's tiles.
  var tileByteCount: UInt64 { UInt64(blocks) * UInt64(groups) * UInt64(quads) * 64 }
  /// Where the parts of a matrix begin, from its own beginning: the tiles of all planes, scales, the row sums of all
  /// planes, equalizer.
  var scaleOffset: UInt64 { UInt64(weightPlanes) * tileByteCount }
  var rowSumOffset: UInt64 { scaleOffset + UInt64(paddedRows) * 4 }
  var equalizerOffset: UInt64 { rowSumOffset + UInt64(weightPlanes) * UInt64(paddedRows) * 4 }
  var equalizerByteCount: UInt64 { hasEqualizer ? UInt64(quads * 16 + 63) / 64 * 64 : 0 }
  /// Bytes that the constant takes in DATA.
  var byteCount: UInt64 {
    isMatrix
      ? equalizerOffset + equalizerByteCount
      : (UInt64(rows) * 4 + 63) / 64 * 64
  }
}

/// A value: what operators pass to each other.
struct ValueRecord {
  let record: Record
  var name: UInt32 { record.u32(0) }
  var isIDs: Bool { record.u8(4) == 2 }
  var rank: Int { record.u8(5) }
  var domain: Int { record.u16(6) }
  func extent(_ axis: Int) -> Int { Int(record.u32(8 + axis * 4)) }
  var width: Int { extent(0) * extent(1) * extent(2) }
  var producer: UInt32 { record.u32(20) }
  var arenaOffset: UInt64 { record.u64(24) }
  var byteCount: UInt64 { (UInt64(width) * 4 + 63) / 64 * 64 }
}

/// A state: what a session keeps between calls.
struct StateRecord {
  let record: Record
  var name: UInt32 { record.u32(0) }
  var kind: Int { record.u8(4) }
  var isCounter: Bool { record.u8(5) == 2 }
  var lanes: Int { Int(record.u32(8)) }
  var width: Int { Int(record.u32(12)) }
  var initial: UInt32 { record.u32(16) }
  var limit: UInt32 { record.u32(20) }
  var isRing: Bool { kind == 3 }
  /// Halves or bytes, whose rows are adjacent; all others hold 32-bit numbers.
  var isCache: Bool { kind == 7 }
  /// A cache of bytes, whose rows have a scale for each of `heads` parts.
  var isBytes: Bool { record.u8(5) == 4 }
  var heads: Int { Int(record.u32(24)) }
  /// Where the scales of a cache of bytes begin.
  var scaleOffset: UInt64 { (UInt64(lanes) * UInt64(width) + 63) / 64 * 64 }
  /// How the values lie in memory: rows of which each begins a block of 16. A ring's rows are adjacent, as one.
  var storedRows: Int { isRing ? 1 : lanes }
  var storedWidth: Int { isRing ? lanes * width : width }
  var paddedWidth: Int { (storedWidth + 15) / 16 * 16 }
  var byteCount: UInt64 {
    if isBytes { return scaleOffset + (UInt64(lanes) * UInt64(heads) * 4 + 63) / 64 * 64 }
    if isCache { return (UInt64(lanes) * UInt64(width) * 2 + 63) / 64 * 64 }
    let (rows, width) = isRing ? (1, UInt64(lanes) * UInt64(width)) : (UInt64(lanes), UInt64(width))
    return rows * ((width + 15) / 16 * 64)
  }
}

/// An operator.
struct OperatorRecord {
  let record: Record
  var opcode: Int { record.u16(0) }
  var name: UInt32 { record.u32(4) }
  func input(_ slot: Int) -> UInt32 { record.u32(16 + slot * 4) }
  func output(_ slot: Int) -> UInt32 { record.u32(48 + slot * 4) }
  func constant(_ slot: Int) -> UInt32 { record.u32(56 + slot * 4) }
  func state(_ slot: Int) -> UInt32 { record.u32(88 + slot * 4) }
  func number(_ slot: Int) -> Int32 { record.i32(104 + slot * 4) }
  /// Used slots; slots in use come first.
  var inputCount: Int {
    var count = 0
    while count < 8, input(count) != none { count += 1 }
    return count
  }
  var outputCount: Int { output(0) == none ? 0 : output(1) == none ? 1 : 2 }
}

/// A program: counts of what it owns in sections that programs tile.
struct ProgramRecord {
  let record: Record
  var name: UInt32 { record.u32(0) }
  var isBlock: Bool { record.u32(4) & 1 == 1 }
  var runCount: Int { Int(record.u32(8)) }
  var portCount: Int { Int(record.u32(12)) }
  var resetCount: Int { Int(record.u32(16)) }
}

/// An input or output of a program.
struct PortRecord {
  let record: Record
  var value: UInt32 { record.u32(0) }
  var name: UInt32 { record.u32(4) }
  var isOutput: Bool { record.u8(8) == 1 }
  var replaces: Bool { record.u8(9) == 1 }
  var classes: Int { Int(record.u32(12)) }
  var low: Float { record.f32(16) }
  var high: Float { record.f32(20) }
  var text: UInt32 { record.u32(24) }
}
