// SPDX-License-Identifier: Apache-2.0
// A .funes file mapped read-only, or copied, on hosts: the owner of the bytes that a Model borrows.

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
    /// The system refused to open or map the file; `code` is errno.
    case system(path: String, operation: String, code: Int32)
    /// The path names a folder, a device or a pipe.
    case notAFile(path: String)
    /// The file was read and refused.
    case refused(path: String, ModelError)
  }

  /// A `.funes` file, mapped into memory for as long as it or a session of it lives.
  ///
  /// The mapping is shared with the file: a process that truncates the file under it stops this one with SIGBUS. Pass
  /// `isPrivateCopy` for files that others may write; they are read into memory instead.
  public final class ModelFile: Sendable {
    public let model: Model
    private let mapping: (address: Int, byteCount: Int, isMapped: Bool)

    public init(
      path: String, isPrivateCopy: Bool = false, memoryLimit: Int = Int(Int32.max)
    ) throws(ModelFileError) {
      // A pipe without a writer must not block the open.
      let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system(path: path, operation: "open", code: errno) }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw .system(path: path, operation: "stat", code: errno) }
      var byteCount = Int(status.st_size)
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
      guard byteCount >= 128 else { throw .refused(path: path, .tooShort(found: max(byteCount, 0))) }
      let address: UnsafeMutableRawPointer
      if isPrivateCopy {
        address = .allocate(byteCount: byteCount, alignment: 64)
        var filled = 0
        while filled < byteCount {
          let count = read(descriptor, address + filled, byteCount - filled)
          if count < 0 && errno == EINTR { continue }
          if count < 0 {
            let code = errno
            address.deallocate()
            throw .system(path: path, operation: "read", code: code)
          }
          // The file has been cut since: the model refuses what is left.
          if count == 0 { byteCount = filled }
          filled += count
        }
      } else {
        guard let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0), mapped != MAP_FAILED else {
          throw .system(path: path, operation: "map", code: errno)
        }
        address = mapped
      }
      mapping = (Int(bitPattern: address), byteCount, !isPrivateCopy)
      do throws(ModelError) {
        model = try Model(
          unsafeBytes: UnsafeRawBufferPointer(start: address, count: byteCount), memoryLimit: memoryLimit)
      } catch {
        ModelFile.release(mapping)
        throw .refused(path: path, error)
      }
    }

    /// A model in memory: the bytes are copied to where their alignment is right.
    public init(copying bytes: [UInt8], memoryLimit: Int = Int(Int32.max)) throws(ModelError) {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 64), alignment: 64)
      copy.copyBytes(from: bytes)
      mapping = (Int(bitPattern: copy.baseAddress), bytes.count, false)
      do throws(ModelError) {
        model = try Model(
          unsafeBytes: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]), memoryLimit: memoryLimit)
      } catch {
        ModelFile.release(mapping)
        throw error
      }
    }

    deinit { ModelFile.release(mapping) }

    private static func release(_ mapping: (address: Int, byteCount: Int, isMapped: Bool)) {
      guard let pointer = UnsafeMutableRawPointer(bitPattern: mapping.address) else { return }
      if mapping.isMapped { munmap(pointer, mapping.byteCount) } else { pointer.deallocate() }
    }
  }
#endif
