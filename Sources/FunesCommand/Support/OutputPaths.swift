// SPDX-License-Identifier: Apache-2.0
// Looks at the files that a command is to write before it works for them: none of them may be an input or another
// output, and each must have a folder that takes it.

import Funes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file on a command line, and what names it there.
struct NamedPath {
  /// As an error calls it: `--state-out`, or "the model".
  var title: String
  var path: String

  init(_ title: String, _ path: String) {
    self.title = title
    self.path = path
  }

  /// Where the path leads: the same for every path to one file, whether the file is there or not.
  fileprivate var place: String {
    var status = stat()
    if stat(path, &status) == 0 { return "\(status.st_dev) \(status.st_ino)" }
    guard let folder = realpath(folder, nil) else { return path }
    defer { free(folder) }
    return String(cString: folder) + "/" + (path.split(separator: "/").last ?? "")
  }

  /// The folder that the file stands in.
  fileprivate var folder: String {
    guard let cut = path.lastIndex(of: "/") else { return "." }
    return cut == path.startIndex ? "/" : String(path[..<cut])
  }
}

/// Why a file is not written to, before any work is done for it.
enum OutputPathError: Error, Equatable, CustomStringConvertible {
  /// The output is an input, or another output.
  case taken(output: String, path: String, other: String)
  /// There is no folder where the output is to stand.
  case noFolder(output: String, folder: String)
  /// The folder takes no new file; `code` is errno.
  case notWritable(output: String, folder: String, code: Int32)

  var description: String {
    switch self {
    case .taken(let output, let path, let other):
      "\(output): found \"\(path)\", which is \(other) too, expected a file of its own"
    case .noFolder(let output, let folder): "\(output): folder \"\(folder)\" does not exist"
    case .notWritable(let output, let folder, let code):
      "\(output): folder \"\(folder)\" cannot be written to: \(systemReason(code))"
    }
  }
}

/// The files that a command is to write.
enum OutputPaths {
  /// Throws `OutputPathError`, or `AtomicFileError` where an output's path names something other than a file.
  static func check(_ outputs: [NamedPath], inputs: [NamedPath]) throws {
    var taken = inputs.map { ($0.title, $0.place) }
    for output in outputs {
      let place = output.place
      if let (other, _) = taken.first(where: { $0.1 == place }) {
        throw OutputPathError.taken(output: output.title, path: output.path, other: other)
      }
      taken.append((output.title, place))
      var status = stat()
      if stat(output.path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        throw AtomicFileError.notARegularFile(path: output.path)
      }
      guard stat(output.folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw OutputPathError.noFolder(output: output.title, folder: output.folder)
      }
      guard access(output.folder, W_OK | X_OK) == 0 else {
        throw OutputPathError.notWritable(output: output.title, folder: output.folder, code: errno)
      }
    }
  }
}
