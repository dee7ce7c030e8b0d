// SPDX-License-Identifier: Apache-2.0
// A model's file, mapped or copied: the same model, and a copy outlives what happens to the file.

import Foundation
import Funes
import FunesConvert
import FunesTestSupport
import Testing

@Suite struct ModelFileTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")

  /// One below the threshold, one above it, one with a huge page and a bit.
  private static let sizes = [20, 640, 740]
  private static let files = Result {
    var converter = Converter(precision: .fast)
    converter.selfTest = []
    return try sizes.map { try converter.convert(.streaming(.lstm, inputs: 32, units: $0, outputs: 3)).bytes }
  }

  private func write(units: Int) throws -> (path: String, bytes: [UInt8]) {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let bytes = try Self.files.get()[#require(Self.sizes.firstIndex(of: units))]
    let path = folder.appendingPathComponent("\(units).funes").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return (path, bytes)
  }

  private func output(_ file: ModelFile) throws -> [Float] {
    var session = try Session(file)
    let x = (0..<32).map { Float($0) / 32 }
    var y = [Float](repeating: 0, count: 3)
    for _ in 0..<3 { #expect(session.step(x.span, into: y.mutableSpan) == .ok) }
    return y
  }

  @Test(arguments: sizes)
  func everyPlacementIsTheSameModel(units: Int) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let (path, bytes) = try write(units: units)
    #expect((bytes.count >= ModelFile.copyThreshold) == (units > 20))
    let expected = try output(ModelFile(copying: bytes))
    for placement in [ModelFile.Placement.automatic, .mapped, .copied] {
      #expect(try output(ModelFile(path: path, placement: placement)) == expected)
    }
  }

  @Test func aCopyOutlivesItsFile() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    for units in [20, 640] {
      let (path, _) = try write(units: units)
      let file = try ModelFile(path: path, placement: .copied)
      let expected = try output(file)
      #expect(truncate(path, 0) == 0)
      #expect(try output(file) == expected)
      #expect(throws: ModelFileError.refused(path: path, .tooShort(found: 0))) {
        try ModelFile(path: path, placement: .copied)
      }
    }
  }

  @Test func aRefusedCopyIsNotKept() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var (path, bytes) = try write(units: 640)
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    for placement in [ModelFile.Placement.automatic, .mapped, .copied] {
      #expect(throws: ModelFileError.self) { try ModelFile(path: path, placement: placement) }
    }
    #expect(throws: ModelError.self) { try ModelFile(copying: bytes) }
    #expect(throws: ModelError.tooShort(found: 3)) { try ModelFile(copying: [1, 2, 3]) }
  }

  @Test func aFolderIsNoFile() {
    #expect(throws: ModelFileError.notAFile(path: "/")) { try ModelFile(path: "/", placement: .copied) }
  }
}
