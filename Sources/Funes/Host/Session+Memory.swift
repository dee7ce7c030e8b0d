// SPDX-License-Identifier: Apache-2.0
// Memory of a session's own: from the system, which may say no, and always does where there is none.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  extension Session {
    /// Memory at a multiple of 64; nil where there is not so much. Swift's own `allocate` stops the process instead.
    static func takeMemory(_ byteCount: Int) -> UnsafeMutableRawPointer? {
      var memory: UnsafeMutableRawPointer?
      return posix_memalign(&memory, 64, byteCount) == 0 ? memory : nil
    }

    static func returnMemory(_ memory: UnsafeMutableRawPointer) { free(memory) }
  }
#elseif os(none)
  extension Session {
    static func takeMemory(_ byteCount: Int) -> UnsafeMutableRawPointer? { nil }
    static func returnMemory(_ memory: UnsafeMutableRawPointer) {}
  }
#else
  extension Session {
    static func takeMemory(_ byteCount: Int) -> UnsafeMutableRawPointer? {
      .allocate(byteCount: byteCount, alignment: 64)
    }
    static func returnMemory(_ memory: UnsafeMutableRawPointer) { memory.deallocate() }
  }
#endif
