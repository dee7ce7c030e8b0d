// SPDX-License-Identifier: Apache-2.0
// The block types of ggml: a few elements that share scales, in few bits each.
// Source of the layouts: https://github.com/ggml-org/ggml, src/ggml-common.h.

/// How a block of elements is stored.
public enum BlockType: String, Sendable, Hashable, CaseIterable {
  // 32 elements of so many bits and one scale; `_1` has a least value too.
  case q8_0, q4_0, q4_1, q5_0, q5_1
  // 256 elements of so many bits in groups of 16 or 32, whose scales are whole multiples of one.
  case q2_k, q3_k, q4_k, q5_k, q6_k

  /// Elements of a block.
  public var elementCount: Int {
    switch self {
    case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1: 32
    case .q2_k, .q3_k, .q4_k, .q5_k, .q6_k: 256
    }
  }

  /// Bytes of a block.
  public var byteCount: Int {
    switch self {
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    case .q2_k: 84
    case .q3_k: 110
    case .q4_k: 144
    case .q5_k: 176
    case .q6_k: 210
    }
  }
}

extension BlockType: CustomStringConvertible {
  public var description: String { rawValue }
}
