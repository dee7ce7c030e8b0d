// SPDX-License-Identifier: Apache-2.0
// A .funes file, mapped read-only or copied, on hosts: the owner of the bytes that a Model borrows.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Why a file could not be opened as a model.
  public enum ModelFileError: Error, Equatable, Sendable {
    /// The system refused to open, map or read the file; `code` is errno.
    case system(path: String, operation: String, code: Int32)
    /// The path names a folder, a device or a pipe.
    case notAFile(path: String)
    /// The file was read and refused.
    case refused(path: String, ModelError)
  }

  /// A `.funes` file in memory for as long as it or a session of it lives.
  public final class ModelFile: Sendable {
    /// Where a file's bytes are while it is open.
    public enum Placement: Sendable {
      /// Copied where steps gain by it, mapped elsewhere: Linux has pages of 2 MB for memory but not for files, and of
      /// weights from `copyThreshold` bytes on larger pages stay better in the caches.
      case automatic
      /// The file's own pages, which all processes that map it share. A process that truncates the file under it stops
      /// this one with SIGBUS.
      case mapped
      /// Read into memory of this process, as a file should be that others may write to.
      case copied
    }

    /// The size from which `automatic` copies, where the system has huge pages. Measured on a core with 2 MB of cache of
    /// its own, LSTM steps on huge pages beside pages of 4 KB: as fast at 1.4 MB, 0.7 of the time at 1.7 MB, 0.55 at
    /// 2 MB, since small pages strewn over memory push each other out of that cache; as fast again at 4 MB, 0.95 at 15 MB.
    public static let copyThreshold = 3 << 19

    /// Valid while the file is: keep the file in a variable of its own.
    public let model: Model
    private let memory: FileMemory

    public init(
      path: String, placement: Placement = .automatic, memoryLimit: Int = Int(Int32.max)
    ) throws(ModelFileError) {
      // A pipe without a writer must not block the open.
      let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system(path: path, operation: "open", code: errno) }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw .system(path: path, operation: "stat", code: errno) }
      let byteCount = Int(status.st_size)
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
      guard byteCount >= 128 else { throw .refused(path: path, .tooShort(found: max(byteCount, 0))) }
      var copy: FileMemory?
      if placement == .copied || placement == .automatic && ModelFile.gains(byteCount) {
        copy = FileMemory(blank: byteCount)
        if copy == nil, placement == .copied { throw .system(path: path, operation: "read", code: errno) }
      }
      var filled = byteCount
      if let copy {
        do throws(ReadError) {
          filled = try ModelFile.fill(copy, byteCount, from: descriptor)
        } catch {
          copy.release()
          throw .system(path: path, operation: "read", code: error.code)
        }
        memory = copy
      } else {
        guard let mapped = FileMemory(mapping: descriptor, byteCount: byteCount) else {
          throw .system(path: path, operation: "map", code: errno)
        }
        memory = mapped
      }
      do throws(ModelError) {
        model = try Model(
          unsafeBytes: UnsafeRawBufferPointer(start: memory.pointer, count: filled), memoryLimit: memoryLimit)
      } catch {
        memory.release()
        throw .refused(path: path, error)
      }
    }

    /// A model in memory: the bytes are copied to where their alignment is right.
    public init(copying bytes: [UInt8], memoryLimit: Int = Int(Int32.max)) throws(ModelError) {
      guard bytes.count >= 128 else { throw .tooShort(found: bytes.count) }
      guard let copy = FileMemory(blank: bytes.count) else {
        fatalError("ModelFile: the system has no memory for a copy")
      }
      bytes.withUnsafeBytes { copy.pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
      copy.seal()
      memory = copy
      do throws(ModelError) {
        model = try Model(
          unsafeBytes: UnsafeRawBufferPointer(start: copy.pointer, count: bytes.count), memoryLimit: memoryLimit)
      } catch {
        copy.release()
        throw error
      }
    }

    deinit { memory.release() }

    private static func gains(_ byteCount: Int) -> Bool { byteCount >= copyThreshold && FileMemory.hasHugePages }

    private struct ReadError: Error { var code: Int32 }

    /// Reads a file into memory, which is then sealed; fewer bytes where the file has been cut since, and the model
    /// refuses what is left.
    private static func fill(
      _ memory: FileMemory, _ byteCount: Int, from descriptor: Int32
    ) throws(ReadError) -> Int {
      var filled = 0
      while filled < byteCount {
        let count = read(descriptor, memory.pointer + filled, byteCount - filled)
        if count == 0 { break }
        if count > 0 {
          filled += count
        } else if errno != EINTR {
          throw ReadError(code: errno)
        }
      }
      memory.seal()
      return filled
    }
  }
#endif
