// SPDX-License-Identifier: Apache-2.0
// Runs the built command as a shell does: bytes in, bytes out, an exit code.

import Foundation

/// The command beside the test bundle.
enum Shell {
  struct Result {
    var code: Int32
    var bytes: [UInt8]
    var talk: String
    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  static let command: URL = {
    let bundles = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map(\.bundleURL)
    let places =
      bundles + [Bundle.main.executableURL, URL(fileURLWithPath: CommandLine.arguments[0])].compactMap { $0 }
    let found = places.map { $0.resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("funes") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    precondition(found != nil, "the funes command is not beside the tests: build it first")
    return found!
  }()

  static func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = command
    process.arguments = arguments
    return process
  }

  /// Runs to the end; input, output and talk go through files, so that no pipe can fill.
  /// The environment is this process's own, and what is given besides.
  static func funes(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) throws -> Result {
    let folder = try Folder()
    let files = try ["in", "out", "talk"].map { name in
      let path = folder.path(name)
      try Data(name == "in" ? input : []).write(to: URL(fileURLWithPath: path))
      return path
    }
    let process = process(arguments)
    if !environment.isEmpty {
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }
    process.standardInput = FileHandle(forReadingAtPath: files[0])
    process.standardOutput = FileHandle(forWritingAtPath: files[1])
    process.standardError = FileHandle(forWritingAtPath: files[2])
    try process.run()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: files[1]))),
      talk: try String(contentsOf: URL(fileURLWithPath: files[2]), encoding: .utf8))
  }

  static func funes(_ arguments: [String], input: String) throws -> Result {
    try funes(arguments, input: Array(input.utf8))
  }
}

/// A folder that is removed with its owner.
final class Folder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}
