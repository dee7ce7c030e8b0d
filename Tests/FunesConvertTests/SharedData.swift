// SPDX-License-Identifier: Apache-2.0
// Finds the folder of real checkpoints and goldens, which is not part of the repository, and says when it is absent.

import Foundation
import Testing

/// The folder of real checkpoints: `FUNES_SHARED`, or `../shared` beside the package.
///
/// A test that reads it carries the trait `.needsSharedData`. Where the folder is absent such tests are skipped, each
/// with a message, and their number is printed when the run ends; with `FUNES_REQUIRE_SHARED=1` they run, and fail.
enum SharedData {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["FUNES_SHARED"], !path.isEmpty {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return package.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
  }()

  static let isPresent = FileManager.default.fileExists(atPath: folder.appendingPathComponent("checkpoints").path)
  static let isRequired = ProcessInfo.processInfo.environment["FUNES_REQUIRE_SHARED"] == "1"

  /// The path of a file given relative to the folder, as in "checkpoints/g2p-en/golden.npz".
  ///
  /// Throws when there is no such file, so that a missing file fails the test that needs it.
  static func path(_ relative: String) throws -> String {
    let path = folder.appendingPathComponent(relative).path
    guard FileManager.default.fileExists(atPath: path) else { throw MissingSharedFile(path: path) }
    return path
  }

  /// Whether tests on shared data run at all; counts those that do not.
  static func admit() -> Bool {
    if isPresent || isRequired { return true }
    skippedTests.increment()
    return false
  }
}

/// A file of the shared folder that a test needs is not there.
struct MissingSharedFile: Error, CustomStringConvertible {
  var path: String
  var description: String { "shared data: found no file \"\(path)\"; set FUNES_SHARED to the folder that has it" }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test, with a message, where the shared folder is absent.
  static var needsSharedData: Self {
    .enabled(
      if: SharedData.admit(),
      "no folder \"\(SharedData.folder.path)\"; set FUNES_SHARED to run this on real checkpoints")
  }
}

/// Counts skipped tests and prints the count when the process ends.
private final class SkipCounter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  init() {
    atexit { skippedTests.report() }
  }

  func increment() {
    lock.withLock { count += 1 }
  }

  func report() {
    let count = lock.withLock { self.count }
    let line = "shared data: \(count) tests skipped, since \"\(SharedData.folder.path)\" is absent\n"
    FileHandle.standardError.write(Data(line.utf8))
  }
}

private let skippedTests = SkipCounter()
