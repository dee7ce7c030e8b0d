// SPDX-License-Identifier: Apache-2.0
// What a file of rows may hold.

import ArgumentParser
import FunesConvert

enum SampleFormat: Equatable, ExpressibleByArgument {
  /// Tensors named as inputs, in npz or safetensors.
  case tensors
  /// What `run` reads.
  case stream(InputFormat)

  init?(argument: String) {
    switch argument {
    case "tensors", "npz", "safetensors": self = .tensors
    default:
      guard let format = InputFormat(rawValue: argument) else { return nil }
      self = .stream(format)
    }
  }

  static var allValueStrings: [String] { ["tensors"] + InputFormat.allCases.map(\.rawValue) }
}

/// Why a file of rows cannot be used, with the file's name where the reason lacks it.
struct SampleFileError: Error, CustomStringConvertible {
  var files: [String]
  var reason: any Error
  var description: String { "\(files.map { "\"\($0)\"" }.joined(separator: ", ")): \(reason)" }

  /// Runs `body`; what it throws without a file's name gets that of `file`.
  static func naming<Result>(_ file: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as StreamError where !error.namesFile {
      throw SampleFileError(files: [file], reason: error)
    } catch let error where error is SampleError || error is CalibrationError {
      throw SampleFileError(files: [file], reason: error)
    }
  }
}
