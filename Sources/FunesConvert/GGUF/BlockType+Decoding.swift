// SPDX-License-Identifier: Apache-2.0
// Decodes blocks to float32. Goals in order: the bits of the original's float32 arithmetic (products left to right, no
// contraction), then few lines. A scale that is not finite gives elements that are not; who uses them refuses them.

extension BlockType {
  /// The elements of whole blocks, in order.
  func decode(_ bytes: ArraySlice<UInt8>) -> [Float] {
    let count = bytes.count / byteCount
    var values = [Float](repeating: 0, count: count * elementCount)
    bytes.withUnsafeBytes { bytes in
      for index in 0..<count {
        let block = Block(
          bytes: UnsafeRawBufferPointer(rebasing: bytes[(index * byteCount)..<((index + 1) * byteCount)]))
        values.withUnsafeMutableBufferPointer { values in
          var part = UnsafeMutableBufferPointer(
            rebasing: values[(index * elementCount)..<((index + 1) * elementCount)])
          decode(block, into: &part)
        }
      }
    }
    return values
  }

  private func decode(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .q8_0:
      let d = block.half(0)
      for i in 0..<32 { x[i] = d * Float(block.int8(2 + i)) }
    case .q4_0, .q4_1, .q5_0, .q5_1: decodeSmall(block, into: &x)
    case .q2_k: decodeQ2K(block, into: &x)
    case .q3_k: decodeQ3K(block, into: &x)
    case .q4_k, .q5_k: decodeQ4K(block, into: &x)
    case .q6_k: decodeQ6K(block, into: &x)
    }
  }

  /// Scale d, least value m where there is one, fifth bits h where there are, nibbles: the first 16 elements have the low
  /// ones.
  ///
  ///     x = d (q − 8), d (q − 16)    or    d q + m
  private func decodeSmall(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    let hasLeast = self == .q4_1 || self == .q5_1
    let hasFifth = self == .q5_0 || self == .q5_1
    let d = block.half(0)
    let m = hasLeast ? block.half(2) : 0
    let fifths = hasLeast ? 4 : 2
    let nibbles = fifths + (hasFifth ? 4 : 0)
    for i in 0..<32 {
      var q = block.bits(nibbles + i % 16, shift: i / 16 * 4, 4)
      if hasFifth { q |= block.bits(fifths + i / 8, shift: i % 8, 1) << 4 }
      x[i] = hasLeast ? d * Float(q) + m : d * Float(q - (hasFifth ? 16 : 8))
    }
  }

  /// 16 groups of 16: a byte s each, its low nibble the scale and its high one the least value; 2 bits an element.
  ///
  ///     x = (d s_low) q − m s_high
  private func decodeQ2K(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    let (d, m) = (block.half(80), block.half(82))
    for group in 0..<16 {
      let scale = d * Float(block.bits(group, shift: 0, 4))
      let least = m * Float(block.bits(group, shift: 4, 4))
      for i in (16 * group)..<(16 * group + 16) {
        let q = block.bits(16 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, 2)
        x[i] = scale * Float(q) - least
      }
    }
  }

  /// 16 groups of 16 with a scale of 6 bits each; 2 bits an element, and a third whose absence takes 4 off.
  ///
  ///     x = d (s − 32) (q − 4 (1 − h))
  private func decodeQ3K(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    let d = block.half(108)
    for group in 0..<16 {
      let low = block.bits(96 + group % 8, shift: group / 8 * 4, 4)
      let high = block.bits(104 + group % 4, shift: group / 4 * 2, 2)
      let scale = d * Float((low | high << 4) - 32)
      for i in (16 * group)..<(16 * group + 16) {
        let q = block.bits(32 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, 2)
        let h = block.bits(i % 32, shift: i / 32, 1)
        x[i] = scale * Float(q - 4 * (1 - h))
      }
    }
  }

  /// Eight groups of 32 with a scale s and a least value l of 6 bits each; 4 bits an element, or 5.
  ///
  ///     x = (d s) q − m l
  private func decodeQ4K(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    let (d, m) = (block.half(0), block.half(2))
    let nibbles = self == .q5_k ? 48 : 16
    for group in 0..<8 {
      let (s, l) = block.scaleAndLeast(group)
      let (scale, least) = (d * Float(s), m * Float(l))
      for i in 0..<32 {
        var q = block.bits(nibbles + group / 2 * 32 + i, shift: group % 2 * 4, 4)
        if self == .q5_k { q |= block.bits(16 + i, shift: group, 1) << 4 }
        x[32 * group + i] = scale * Float(q) - least
      }
    }
  }

  /// 16 groups of 16 with a scale of 8 bits each; 4 bits and 2 bits an element.
  ///
  ///     x = (d s) (q − 32)
  private func decodeQ6K(_ block: Block, into x: inout UnsafeMutableBufferPointer<Float>) {
    let d = block.half(208)
    for i in 0..<256 {
      let low = block.bits(i / 128 * 64 + i % 64, shift: i % 128 / 64 * 4, 4)
      let high = block.bits(128 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, 2)
      x[i] = d * Float(block.int8(192 + i / 16)) * Float((low | high << 4) - 32)
    }
  }
}

/// The bytes of one block; every index is below the block's byte count by the constants above.
private struct Block {
  let bytes: UnsafeRawBufferPointer

  /// So many bits of a byte.
  func bits(_ offset: Int, shift: Int, _ count: Int) -> Int { Int(bytes[offset]) >> shift & (1 << count - 1) }

  func int8(_ offset: Int) -> Int8 { Int8(bitPattern: bytes[offset]) }

  func half(_ offset: Int) -> Float { Float(halfBits: UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8) }

  /// The 6-bit scale and least value of a group of Q4_K and Q5_K. Bytes 4 to 7 have the scales of groups 0 to 3, bytes 8
  /// to 11 their least values; the upper two bits of those bytes, above the nibbles of bytes 12 to 15, are groups 4 to 7.
  func scaleAndLeast(_ group: Int) -> (Int, Int) {
    let index = group % 4
    if group < 4 { return (bits(4 + index, shift: 0, 6), bits(8 + index, shift: 0, 6)) }
    return (
      bits(12 + index, shift: 0, 4) | bits(4 + index, shift: 6, 2) << 4,
      bits(12 + index, shift: 4, 4) | bits(8 + index, shift: 6, 2) << 4
    )
  }
}
