// SPDX-License-Identifier: Apache-2.0
// The element types that checkpoints hold, and how many bytes each takes.

/// The type of a checkpoint tensor's elements.
public enum DType: Sendable, Hashable {
  case f16, bf16, f32, f64
  case i8, u8, i16, u16, i32, u32, i64, u64
  case bool
  /// Blocks of elements that share scales, as ggml has them.
  case blocks(BlockType)
  /// Text of at most so many characters, four bytes each, padded with zeros (numpy `<U`).
  case unicode(characterCount: Int)
  /// Text of at most so many bytes, padded with zeros (numpy `|S`).
  case byteString(byteCount: Int)

  /// Bytes of one element, or of one block.
  public var byteCount: Int {
    switch self {
    case .i8, .u8, .bool: 1
    case .f16, .bf16, .i16, .u16: 2
    case .f32, .i32, .u32: 4
    case .f64, .i64, .u64: 8
    case .unicode(let characterCount): characterCount * 4
    case .byteString(let byteCount): byteCount
    case .blocks(let block): block.byteCount
    }
  }

  /// Elements of one block; 1 for elements that stand alone.
  public var elementsTogether: Int { if case .blocks(let block) = self { block.elementCount } else { 1 } }

  public var isFloat: Bool {
    switch self {
    case .f16, .bf16, .f32, .f64, .blocks: true
    default: false
    }
  }

  /// Whether the elements are whole numbers; booleans are 0 and 1.
  public var isInteger: Bool {
    switch self {
    case .i8, .u8, .i16, .u16, .i32, .u32, .i64, .u64, .bool: true
    default: false
    }
  }
}

extension DType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .f16: "f16"
    case .bf16: "bf16"
    case .f32: "f32"
    case .f64: "f64"
    case .i8: "i8"
    case .u8: "u8"
    case .i16: "i16"
    case .u16: "u16"
    case .i32: "i32"
    case .u32: "u32"
    case .i64: "i64"
    case .u64: "u64"
    case .bool: "bool"
    case .blocks(let block): "\(block)"
    case .unicode(let characterCount): "text of \(characterCount) characters"
    case .byteString(let byteCount): "text of \(byteCount) bytes"
    }
  }
}
