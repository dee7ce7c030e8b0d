// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels use. All of them give the same bits.

import CFunesKernels

/// An instruction set that this machine can run.
public enum ISA: Sendable {
  case scalar, avx2, avx512vnni

  /// The kernels' table; null where this machine or build has no such instruction set.
  var table: OpaquePointer? {
    let name: StaticString =
      switch self {
      case .scalar: "scalar"
      case .avx2: "avx2"
      case .avx512vnni: "avx512vnni"
      }
    return name.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { funes_isa_find($0.baseAddress) }
    }
  }

  /// Whether this machine and build have it.
  public var isAvailable: Bool { table != nil }
}

#if !hasFeature(Embedded)
  extension ISA: CaseIterable {}
#endif
