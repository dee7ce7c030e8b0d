// SPDX-License-Identifier: Apache-2.0
// Which exit code every error means.

import Funes
import FunesConvert

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the command ends after an error: the numbers of sysexits.h.
struct Failure {
  static let limitExceeded: Int32 = 1
  static let usage: Int32 = 64
  static let badData: Int32 = 65
  static let cannotOpen: Int32 = 66
  static let `internal`: Int32 = 70
  static let cannotCreate: Int32 = 73

  var exitCode: Int32
  /// What to say; nil for silence.
  var message: String?

  /// Nil for what the argument parser throws, which it words itself.
  init?(_ error: any Error) {
    message = "\(error)"
    switch error {
    case StreamError.outputClosed: (exitCode, message) = (0, nil)
    case let error as BadRowError: exitCode = Failure(error.reason)?.exitCode ?? Failure.badData
    case let error as SampleFileError: exitCode = Failure(error.reason)?.exitCode ?? Failure.badData
    case let error as StreamError:
      switch error {
      case .cannotOpen, .cannotRead: exitCode = Failure.cannotOpen
      case .cannotWrite: exitCode = Failure.cannotCreate
      default: exitCode = Failure.badData
      }
    case ModelFileError.system, ModelFileError.notAFile: exitCode = Failure.cannotOpen
    case CheckpointError.cannotRead, CheckpointError.notAFile: exitCode = Failure.cannotOpen
    case SampleError.mapping, SampleError.mappedTwice, SampleError.noOutputMapped: exitCode = Failure.usage
    case TokenizerError.file(let error): exitCode = Failure(error)?.exitCode ?? Failure.badData
    case TokenizerError.noTokenizer: exitCode = Failure.cannotOpen
    case is ModelFileError, is ModelError, is GGUFModelError, is SnapshotError, is StateFileError, is CheckpointError,
      is ConversionError, is JSONError, is RecipeError, is InferenceError, is SampleError, is ReferenceError,
      is ModelRunError, is ProvenanceError, is FolderError, is TokenizerError, is ClassifyError, is CalibrationError:
      exitCode = Failure.badData
    case BenchError.noTemporaryFile: exitCode = Failure.cannotCreate
    case is ChoiceError, is LongStreamError, is ContextError, is ISAChoiceError, is BenchError, OutputPathError.taken:
      exitCode = Failure.usage
    case is AtomicFileError, is OutputPathError: exitCode = Failure.cannotCreate
    case is LimitError, is BrokenModelError: exitCode = Failure.limitExceeded
    case ImportError.unreadableFile: exitCode = Failure.cannotOpen
    case ImportError.notARecipe: exitCode = Failure.badData
    case is ImportError: exitCode = Failure.usage
    case is SessionError, is StreamingError: exitCode = Failure.internal
    case let error as Interrupted: (exitCode, message) = (error.exitCode, nil)
    default: return nil
    }
  }
}

/// A row that the stream stopped at, though it could go on.
struct BadRowError: Error, CustomStringConvertible {
  var reason: StreamError
  var description: String { "\(reason); --skip-bad-rows goes on without it" }
}

/// Figures beyond the limits that were set.
struct LimitError: Error, CustomStringConvertible {
  var exceeded: [String]
  var description: String { exceeded.joined(separator: "\nfunes: ") }
}

/// The stream ended because of a signal.
struct Interrupted: Error {
  var exitCode: Int32

  /// Throws where a signal came.
  static func check() throws(Interrupted) {
    if let code = Interrupt.exitCode { throw Interrupted(exitCode: code) }
  }
}
