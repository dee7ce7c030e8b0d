// SPDX-License-Identifier: Apache-2.0
// Standard streams and files by descriptor: what the command needs of the system, without a framework's start-up time.

import Funes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file opened for reading, closed by its owner's end.
final class InputFile {
  let descriptor: Int32
  let path: String

  init(path: String) throws(StreamError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    self.path = path
    guard descriptor >= 0 else { throw .cannotOpen(file: path, code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether it is a file of bytes, and no folder, pipe or device.
  var isRegular: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// A reader over the file from where it stands.
  func reader() -> ByteReader { ByteReader(descriptor: descriptor, name: path) }
}

/// What goes to people, beside the data.
enum Talk {
  static var isTerminal: Bool { isatty(2) == 1 }

  /// Writes a line to stderr at once.
  static func say(_ line: String) { write(line.withoutControls + "\n") }

  /// Writes to stderr at once. Nobody listening is no error.
  static func write(_ text: String) {
    let talk = ByteWriter(descriptor: 2, name: "stderr")
    try? talk.write(text)
    try? talk.flush()
  }
}

extension String {
  /// The text with control characters replaced: names are a file's, and could steer the terminal. Line feeds stay.
  var withoutControls: String {
    let shown = unicodeScalars.map { scalar -> Unicode.Scalar in
      let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      return isControl && scalar != "\n" ? "\u{FFFD}" : scalar
    }
    return String(String.UnicodeScalarView(shown))
  }
}

extension ByteWriter {
  /// Stdout.
  static func standardOutput() -> ByteWriter { ByteWriter(descriptor: 1, name: "stdout") }
}

extension ByteReader {
  /// Stdin; the writer is flushed before each wait.
  static func standardInput(flushing writer: ByteWriter) -> ByteReader {
    ByteReader(descriptor: 0, name: "stdin", flushing: writer)
  }
}

/// Seconds on a clock that only goes forward.
func secondsNow() -> Double { Double(Session.nanoseconds()) * 1e-9 }
