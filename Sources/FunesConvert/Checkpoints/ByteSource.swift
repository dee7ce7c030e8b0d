// SPDX-License-Identifier: Apache-2.0
// The bytes of one checkpoint, read piece by piece: nothing is loaded that is not asked for, and nothing is allocated
// before the piece is known to lie inside the file.

import Funes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file, or bytes in memory, that pieces are read from.
///
/// The file is read, not mapped: a file that shrinks while it is read gives an error rather than a signal.
final class ByteSource: Sendable {
  private enum Storage: Sendable {
    case file(descriptor: Int32)
    case memory([UInt8])
  }

  /// The name for errors: the path as it was given.
  let name: String
  /// Bytes in all, when it was opened.
  let count: Int
  private let storage: Storage

  init(bytes: [UInt8], name: String) {
    self.name = name
    count = bytes.count
    storage = .memory(bytes)
  }

  init(path: String) throws(CheckpointError) {
    // A pipe without a writer must not block the open.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotRead(file: path, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .cannotRead(file: path, code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notAFile(file: path)
    }
    name = path
    count = Int(status.st_size)
    storage = .file(descriptor: descriptor)
  }

  deinit {
    if case .file(let descriptor) = storage { close(descriptor) }
  }

  /// The bytes `[offset, offset + count)`.
  func read(offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      let available = offset >= 0 ? max(0, self.count - offset) : 0
      throw .truncated(at: CheckpointPlace(file: name, offset: offset), needed: count, available: available)
    }
    switch storage {
    case .memory(let bytes): return Array(bytes[offset..<(offset + count)])
    case .file(let descriptor): return try read(descriptor, offset: offset, count: count)
    }
  }

  /// Up to `count` first bytes.
  func prefix(_ count: Int) throws(CheckpointError) -> [UInt8] {
    try read(offset: 0, count: min(count, self.count))
  }

  /// The SHA-256 of all bytes, a piece at a time: files may be larger than memory.
  func digest() throws(CheckpointError) -> [UInt8] {
    var sha = SHA256()
    for offset in stride(from: 0, to: count, by: 1 << 20) {
      let piece = try read(offset: offset, count: min(1 << 20, count - offset))
      sha.update(piece.span)
    }
    let digest = sha.finish()
    return digest.indices.map { digest[$0] }
  }

  private func read(_ descriptor: Int32, offset: Int, count: Int) throws(CheckpointError) -> [UInt8] {
    var done = 0
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      while done < count {
        guard let base = buffer.baseAddress else { break }
        let got = pread(descriptor, base + done, count - done, off_t(offset + done))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { code = errno }
        if got <= 0 { break }
        done += got
      }
      initializedCount = done
    }
    guard code == 0 else { throw .cannotRead(file: name, code: code) }
    guard done == count else {
      throw .truncated(at: CheckpointPlace(file: name, offset: offset), needed: count, available: done)
    }
    return bytes
  }
}
