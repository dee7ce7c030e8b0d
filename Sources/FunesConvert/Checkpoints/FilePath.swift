// SPDX-License-Identifier: Apache-2.0
// What paths say and what stands there, asked of the system itself: a framework for it would cost a program that streams
// milliseconds at its start.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

package enum FilePath {
  package static func isFolder(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT == S_IFDIR } ?? false }

  /// Whether something stands there that is no folder.
  package static func isFile(_ path: String) -> Bool { mode(path).map { $0 & S_IFMT != S_IFDIR } ?? false }

  private static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode : nil
  }

  /// The last part of a path; empty for the root.
  package static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

  /// The name without its last extension, where it has one behind a name of its own.
  package static func stem(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, name.index(after: dot) != name.endIndex else {
      return name
    }
    return String(name[..<dot])
  }

  /// Where a file stands.
  static func folder(of path: String) -> String {
    guard let cut = path.lastIndex(of: "/") else { return "." }
    return cut == path.startIndex ? "/" : String(path[..<cut])
  }

  /// What a folder is called, its own name for "." and ".."; "model" for the root.
  package static func folderName(of path: String) -> String {
    var found = name(of: path)
    if found.isEmpty || found == "." || found == "..", let real = realpath(path, nil) {
      defer { free(real) }
      found = name(of: String(cString: real))
    }
    return found.isEmpty ? "model" : found
  }

  /// All bytes of what stands there, which may be a pipe; nil where it cannot be read.
  static func contents(of path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }
}
