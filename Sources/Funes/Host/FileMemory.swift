// SPDX-License-Identifier: Apache-2.0
// Memory for a file's bytes, read-only once filled: pages of the file itself, or pages of this process, large where the
// system has such.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A mapping, of a file or of none; whoever makes it releases it.
  struct FileMemory: Sendable {
    private let address: Int
    private let mappedByteCount: Int
    var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: address)! }

    /// Linux's, on x86 and, with pages of 4 KB, on ARM.
    private static let hugePage = 1 << 21

    /// The file's own pages; nil where the system refuses, which says why in errno.
    init?(mapping descriptor: Int32, byteCount: Int) {
      self.init(mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), byteCount)
    }

    /// Blank memory to be filled, and sealed after that; nil where there is not so much.
    ///
    /// From half a huge page on it begins at a multiple of one, and the system is asked to use them: for the last of
    /// them only where at least half of it is needed.
    init?(blank byteCount: Int) {
      let whole = (byteCount + FileMemory.hugePage / 2) / FileMemory.hugePage * FileMemory.hugePage
      let needed = max(byteCount, whole)
      let reserved = whole > 0 ? needed + FileMemory.hugePage : needed
      let access = PROT_READ | PROT_WRITE
      guard let memory = FileMemory(mmap(nil, reserved, access, MAP_PRIVATE | MAP_ANON, -1, 0), reserved) else {
        return nil
      }
      guard whole > 0 else {
        self = memory
        return
      }
      let before = -memory.address & (FileMemory.hugePage - 1)
      if before > 0 { munmap(memory.pointer, before) }
      // Whole pages of any size that a system has.
      let end = (before + needed + 0xFFFF) & ~0xFFFF
      if end < reserved { munmap(memory.pointer + end, reserved - end) }
      address = memory.address + before
      mappedByteCount = min(end, reserved) - before
      #if os(Linux) || os(Android)
        madvise(pointer, whole, MADV_HUGEPAGE)
      #endif
    }

    private init?(_ mapped: UnsafeMutableRawPointer?, _ byteCount: Int) {
      guard let mapped, mapped != MAP_FAILED else { return nil }
      address = Int(bitPattern: mapped)
      mappedByteCount = byteCount
    }

    /// Nothing is written any more.
    func seal() { mprotect(pointer, mappedByteCount, PROT_READ) }

    func release() { munmap(pointer, mappedByteCount) }

    /// Whether the system gives huge pages to who asks.
    static var hasHugePages: Bool {
      #if os(Linux) || os(Android)
        let descriptor = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { text in
          let count = read(descriptor, text.baseAddress, 64)
          // As in "always [madvise] never": the one in use stands in brackets.
          guard let bracket = text[..<max(count, 0)].firstIndex(of: UInt8(ascii: "[")), bracket + 1 < count else {
            return false
          }
          return text[bracket + 1] != UInt8(ascii: "n")
        }
      #else
        return false
      #endif
    }
  }
#endif
