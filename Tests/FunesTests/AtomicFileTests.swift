// SPDX-License-Identifier: Apache-2.0
// Replacing files: the new one whole, or the old one untouched and nothing left behind.

import Foundation
import Funes
import Testing

@Suite struct AtomicFileTests {
  /// Runs `body` with the path of a fresh folder.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer {
      chmod(folder, 0o755)
      try? FileManager.default.removeItem(atPath: folder)
    }
    try body(folder)
  }

  private func bytes(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }
  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
  }

  @Test func aFileIsMadeAndReplaced() throws {
    try withFolder { folder in
      let path = folder + "/model"
      try AtomicFile.write(path, [1, 2, 3])
      #expect(bytes(path) == [1, 2, 3])
      chmod(path, 0o640)
      try AtomicFile.write(path, [UInt8](repeating: 7, count: 100_000))
      #expect(bytes(path) == [UInt8](repeating: 7, count: 100_000))
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o640)
      try AtomicFile.write(path, [])
      #expect(bytes(path) == [])
      #expect(try names(folder) == ["model"])
    }
  }

  @Test func aLinkKeepsPointingAtTheFile() throws {
    try withFolder { folder in
      try AtomicFile.write(folder + "/model", [1])
      try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: "model")
      try AtomicFile.write(folder + "/link", [2])
      #expect(bytes(folder + "/model") == [2])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link") == "model")
    }
  }

  @Test func foldersAndDevicesAreRefused() throws {
    try withFolder { folder in
      #expect(throws: AtomicFileError.notARegularFile(path: folder)) { try AtomicFile.write(folder, [1]) }
      #expect(throws: AtomicFileError.notARegularFile(path: "/dev/null")) { try AtomicFile.write("/dev/null", [1]) }
      let left = try names(folder)
      #expect(left.isEmpty)
    }
  }

  @Test func aMissingFolderIsAnError() throws {
    try withFolder { folder in
      let path = folder + "/none/model"
      let operation = "make a temporary file beside it"
      #expect(throws: AtomicFileError.system(path: path, operation: operation, code: ENOENT)) {
        try AtomicFile.write(path, [1])
      }
    }
  }

  /// Root may write anywhere, so there is nothing to see for it.
  @Test(.enabled(if: getuid() != 0, "root may write to every folder"))
  func aFolderThatMayNotBeWrittenKeepsItsFile() throws {
    try withFolder { folder in
      let path = folder + "/model"
      try AtomicFile.write(path, [1, 2, 3])
      chmod(folder, 0o555)
      #expect(throws: AtomicFileError.self) { try AtomicFile.write(path, [4]) }
      #expect(bytes(path) == [1, 2, 3])
      #expect(try names(folder) == ["model"])
    }
  }

  @Test func whatIsInTheWayOfTheTemporaryFileIsKept() throws {
    try withFolder { folder in
      let path = folder + "/model"
      try AtomicFile.write(path, [1, 2, 3])
      let taken = (0..<100).map { ".funes-\(getpid())-\($0).tmp" }
      for name in taken { try Data([9]).write(to: URL(fileURLWithPath: folder + "/" + name)) }
      #expect(throws: AtomicFileError.self) { try AtomicFile.write(path, [4]) }
      #expect(bytes(path) == [1, 2, 3])
      #expect(taken.allSatisfy { bytes(folder + "/" + $0) == [9] })
    }
  }

  @Test func theLongestNameIsWritten() throws {
    try withFolder { folder in
      let path = folder + "/" + String(repeating: "m", count: 255)
      try AtomicFile.write(path, [5])
      #expect(bytes(path) == [5])
    }
  }
}
