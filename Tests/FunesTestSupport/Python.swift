// SPDX-License-Identifier: Apache-2.0
// Runs the Python twins of tools/, for tests that compare with them where there is a Python.

import Foundation

public enum Python {
  /// The path of a script of tools/.
  public static func tool(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("tools/\(name)").path
  }

  public static let isPresent = run(["-c", "pass"]) != nil

  /// What a script prints; nil where it fails or there is no Python. Input goes through a file, so that no pipe can fill.
  public static func run(_ arguments: [String], input: String = "") -> String? {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).txt").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard (try? Data(input.utf8).write(to: URL(fileURLWithPath: path))) != nil else { return nil }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardInput = FileHandle(forReadingAtPath: path)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: text, as: UTF8.self) : nil
  }
}
