// SPDX-License-Identifier: Apache-2.0
// Which instruction set the kernels use. All of them give the same bits.

import CFunesKernels

/// An instruction set that there are kernels for, on this machine or another. The kernels name them: `scalar`, `avx2`, ….
public struct ISA: Equatable, Sendable {
  /// Among the kernels' names.
  let index: Int32

  private init(index: Int32) { self.index = index }

  /// The one of that name; nil where there are no kernels of that name.
  private init?(matching isName: (UnsafePointer<CChar>) -> Bool) {
    var index: Int32 = 0
    while let known = funes_isa_known(index) {
      if isName(known) {
        self.index = index
        return
      }
      index += 1
    }
    return nil
  }

  /// The kernels' table; null where this machine or build has no such instruction set.
  var table: OpaquePointer? { funes_isa_find(funes_isa_known(index)) }

  /// Whether this machine and build have it.
  public var isAvailable: Bool { table != nil }

  /// The table of a session that was asked for that ISA, or for none.
  static func table(of isa: ISA?) -> OpaquePointer? {
    if let isa { return isa.table }
    #if hasFeature(Embedded)
      return funes_isa_find(nil)
    #else
      return preferred?.table
    #endif
  }
}

#if hasFeature(Embedded)
  extension ISA {
    /// The one of that name; nil where there are no kernels of that name.
    public init?(named name: StaticString) {
      self.init { known in
        var position = 0
        while position < name.utf8CodeUnitCount {
          if UInt8(bitPattern: known[position]) != name.utf8Start[position] { return false }
          position += 1
        }
        return known[position] == 0
      }
    }
  }
#else
  extension ISA: CaseIterable, CustomStringConvertible {
    /// Every one that there are kernels for; `isAvailable` says which this machine has.
    public static var allCases: [ISA] {
      var cases: [ISA] = []
      while funes_isa_known(Int32(cases.count)) != nil { cases.append(ISA(index: Int32(cases.count))) }
      return cases
    }

    /// The one of that name; nil where there are no kernels of that name.
    public init?(named name: String) {
      self.init { String(cString: $0) == name }
    }

    public var name: String { String(cString: funes_isa_known(index)) }
    public var description: String { name }

    /// The best that this machine has.
    public static var best: ISA {
      ISA(named: String(cString: funes_isa_name(funes_isa_find(nil)))) ?? ISA(index: 0)
    }
  }
#endif
