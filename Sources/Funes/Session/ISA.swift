// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels use. All of them give the same bits.

import CFunesKernels

/// An instruction set that this machine can run.
public enum ISA: Sendable, CaseIterable {
  case scalar, avx2, avx512vnni

  /// The kernels' table; null where this machine or build has no such instruction set.
  var table: OpaquePointer? {
    switch self {
    case .scalar: funes_isa_find("scalar")
    case .avx2: funes_isa_find("avx2")
    case .avx512vnni: funes_isa_find("avx512vnni")
    }
  }

  /// Whether this machine and build have it.
  public var isAvailable: Bool { table != nil }
}
