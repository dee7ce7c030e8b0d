// SPDX-License-Identifier: Apache-2.0
// Names out of paths, and bytes out of base 64.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct FilePathTests {
  @Test(arguments: [
    ("a/b.pt", "b", "b.pt", "a"), ("b.tar.gz", "b.tar", "b.tar.gz", "."), ("/b", "b", "b", "/"),
    (".b", ".b", ".b", "."),
    ("a/b.", "b.", "b.", "a"), ("/a//b.c", "b", "b.c", "/a/"),
  ])
  func pathsAreTakenApart(path: String, stem: String, name: String, folder: String) {
    #expect(FilePath.stem(of: path) == stem && FilePath.name(of: path) == name && FilePath.folder(of: path) == folder)
  }

  @Test func foldersHaveNamesOfTheirOwn() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("deep"), withIntermediateDirectories: true)
    let path = folder.path
    #expect(FilePath.folderName(of: path) == folder.lastPathComponent)
    #expect(FilePath.folderName(of: path + "/deep/") == "deep")
    #expect(FilePath.folderName(of: path + "/deep/..") == folder.lastPathComponent)
    #expect(FilePath.folderName(of: path + "/.") == folder.lastPathComponent)
    #expect(FilePath.folderName(of: "/") == "model")
    #expect(FilePath.isFolder(path) && !FilePath.isFile(path) && !FilePath.isFile(path + "/none"))
    #expect(FilePath.contents(of: path) == nil && FilePath.contents(of: path + "/none") == nil)
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    try Data(bytes).write(to: folder.appendingPathComponent("file"))
    #expect(FilePath.contents(of: path + "/file") == bytes && FilePath.isFile(path + "/file"))
  }

  @Test func base64IsReadAsFoundationReadsIt() {
    for count in 0..<20 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 37 &* $0 &+ 11 &* count) }
      #expect(Base64.bytes(of: Data(bytes).base64EncodedString()) == bytes)
    }
    #expect(Base64.bytes(of: "+/+/") == [0xFB, 0xFF, 0xBF])
    for text in ["A", "AA", "AAA", "AA=A", "A===", "====", "AAAA=", "AA A", "AA\n=", "é=="] {
      #expect(Base64.bytes(of: text) == nil, "\(text)")
    }
  }
}
