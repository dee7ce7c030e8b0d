// SPDX-License-Identifier: Apache-2.0
// Writes a file so that a crash, a full disk or a cut of power leaves the old one or the new one whole: for models and
// for snapshots of state, on hosts.

#if !hasFeature(Embedded)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Why a file could not be written; what stood at the path before is untouched unless said otherwise.
  public enum AtomicFileError: Error, Equatable, Sendable {
    /// The path names a folder, a device or a pipe.
    case notARegularFile(path: String)
    /// The system refused an operation; `code` is errno. After "sync folder" the new file is already in place.
    case system(path: String, operation: String, code: Int32)
  }

  extension AtomicFileError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .notARegularFile(let path): "file \"\(path)\": found a folder or device, expected a file or nothing"
      case .system(let path, let operation, let code):
        "file \"\(path)\": could not \(operation): \(String(cString: strerror(code)))"
      }
    }
  }

  /// Replacing a file as a whole.
  public enum AtomicFile {
    /// Writes `bytes` to `path`: to a temporary file in the same folder, synced to the disk, renamed over `path`, and the
    /// folder synced. A file that stood there keeps its permissions; a symbolic link is followed.
    public static func write(_ path: String, _ bytes: UnsafeRawBufferPointer) throws(AtomicFileError) {
      let target = try resolve(path)
      let folder = target.path.lastIndex(of: "/").map { String(target.path[...$0]) } ?? "./"
      var temporary = ""
      var descriptor: Int32 = -1
      for attempt in 0..<100 where descriptor < 0 {
        temporary = "\(folder).funes-\(getpid())-\(attempt).tmp"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if descriptor < 0 && errno != EEXIST { break }
      }
      guard descriptor >= 0 else {
        throw .system(path: path, operation: "make a temporary file beside it", code: errno)
      }
      do throws(AtomicFileError) {
        try fill(descriptor, bytes, mode: target.mode, path: path)
        guard rename(temporary, target.path) == 0 else {
          throw .system(path: path, operation: "rename", code: errno)
        }
      } catch {
        unlink(temporary)
        throw error
      }
      try syncFolder(folder, path: path)
    }

    public static func write(_ path: String, _ bytes: [UInt8]) throws(AtomicFileError) {
      let result = bytes.withUnsafeBytes { bytes -> Result<Void, AtomicFileError> in
        do throws(AtomicFileError) { return .success(try write(path, bytes)) } catch { return .failure(error) }
      }
      try result.get()
    }

    /// Where the path leads, and the permissions of the file there, if any.
    private static func resolve(_ path: String) throws(AtomicFileError) -> (path: String, mode: mode_t?) {
      var status = stat()
      guard stat(path, &status) == 0 else {
        if errno == ENOENT { return (path, nil) }
        throw .system(path: path, operation: "look at it", code: errno)
      }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: path) }
      guard let resolved = realpath(path, nil) else { throw .system(path: path, operation: "resolve it", code: errno) }
      defer { free(resolved) }
      return (String(cString: resolved), status.st_mode & 0o7777)
    }

    /// Writes, syncs and closes.
    private static func fill(
      _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, mode: mode_t?, path: String
    ) throws(AtomicFileError) {
      var isOpen = true
      defer { if isOpen { close(descriptor) } }
      var done = 0
      while done < bytes.count {
        let count = writeOnce(descriptor, bytes.baseAddress! + done, min(bytes.count - done, 1 << 30))
        if count < 0 {
          if errno == EINTR { continue }
          throw .system(path: path, operation: "write", code: errno)
        }
        done += count
      }
      if let mode, fchmod(descriptor, mode) != 0 {
        throw .system(path: path, operation: "set permissions", code: errno)
      }
      guard fsync(descriptor) == 0 else { throw .system(path: path, operation: "sync", code: errno) }
      isOpen = false
      guard close(descriptor) == 0 else { throw .system(path: path, operation: "close", code: errno) }
    }

    private static func syncFolder(_ folder: String, path: String) throws(AtomicFileError) {
      let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .system(path: path, operation: "sync folder", code: errno) }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 else { throw .system(path: path, operation: "sync folder", code: errno) }
    }
  }

  /// The system's `write`, whose name the function above has too.
  private func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
  }
#endif
