// SPDX-License-Identifier: Apache-2.0
// What is timed: a model's file, or a shape that becomes one.

import Funes
import FunesConvert

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum BenchTarget {
  case file(path: String)
  case shape(SyntheticShape, Precision)

  /// What begins as a shape does is one; all else is a path.
  ///
  /// - Parameter precision: a shape's; nil for the default, which is all that a file may be given.
  init(_ text: String, precision: Precision?) throws(BenchError) {
    if let shape = try SyntheticShape(text) {
      self = .shape(shape, precision ?? .default)
      return
    }
    guard precision == nil else { throw .precisionOfFile }
    self = .file(path: text)
  }

  /// The shape, or the file's name without its folders.
  var name: String {
    switch self {
    case .file(let path): String(path.split(separator: "/").last ?? "")
    case .shape(let shape, _): shape.description
    }
  }

  /// The model as an app has it: opened from a file, which of a shape is gone from the folder as soon as it is open.
  func open() throws -> ModelFile {
    switch self {
    case .file(let path):
      do throws(ModelFileError) {
        return try ModelFile(path: path)
      } catch {
        guard case .system(_, _, let code) = error, code == ENOENT, path.contains(":") else { throw error }
        throw BenchError.noSuchTarget(path)
      }
    case .shape(let shape, let precision):
      var converter = Converter(precision: precision)
      converter.selfTest = []
      let progress = Progress("quantising")
      converter.progress = { progress.update($0, of: $1, $2) }
      let bytes = try converter.convert(Graph(shape)).bytes
      progress.end()
      return try BenchTarget.opened(bytes)
    }
  }

  private static func opened(_ bytes: [UInt8]) throws -> ModelFile {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(folder)/funes-bench-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    let path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    guard descriptor >= 0 else { throw BenchError.noTemporaryFile(folder: folder, code: errno) }
    defer {
      unlink(path)
      close(descriptor)
    }
    let writer = ByteWriter(descriptor: descriptor, name: path)
    try writer.write(bytes)
    try writer.flush()
    return try ModelFile(path: path)
  }
}

/// Why nothing was timed.
enum BenchError: Error, Equatable, CustomStringConvertible {
  /// The sizes of a shape are not what its kind has.
  case badShape(found: String, expected: String)
  /// More weights than a bench makes.
  case shapeTooLarge(found: String, weightCount: Int)
  /// The target looks like a shape and is no file.
  case noSuchTarget(String)
  /// A file's bits were chosen when it was converted.
  case precisionOfFile
  /// A program that is no stream has no place to stand at.
  case positionOfBlock(program: String)
  /// The model's positions or memories hold fewer rows.
  case beyondPositions(found: Int, limit: Int)
  /// The model refused the random rows.
  case refused(program: String, status: Status)
  case noTemporaryFile(folder: String, code: Int32)

  var description: String {
    switch self {
    case .badShape(let found, let expected): "shape: found \"\(found)\", expected \(expected)"
    case .shapeTooLarge(let found, let weightCount):
      "shape: found \"\(found)\" with \(weightCount) weights, expected at most \(SyntheticShape.mostWeights)"
    case .noSuchTarget(let found):
      "target: found \"\(found)\", expected a file, or a shape: \(SyntheticShape.grammar)"
    case .precisionOfFile:
      "--precision, --weights and --activations: found a file, whose bits convert has chosen; expected a shape"
    case .positionOfBlock(let program):
      "--position: program \"\(program)\" sees its rows at once and keeps none; leave it out"
    case .beyondPositions(let found, let limit):
      "--position and --rows: found \(found) rows, expected at most \(limit), where the model's positions end"
    case .refused(let program, let status): "program \"\(program)\": found \(status) at random rows, expected none"
    case .noTemporaryFile(let folder, let code):
      "folder \"\(folder)\": cannot create a file: \(systemReason(code)); TMPDIR names another"
    }
  }
}
