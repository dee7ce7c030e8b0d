// SPDX-License-Identifier: Apache-2.0
// A llama2.c model with its vocabulary through the command: converted, run on text, made to write, measured.

import Foundation
import FunesConvert
import FunesTestSupport
import Testing

@Suite struct PieceCommandTests {
  /// A model of random weights with the bytes and a few pieces, in both versions, and its vocabulary.
  private static let files: (folder: Folder, converted: Shell.Result) = {
    do {
      let folder = try Folder()
      let tokenizer = TokenizerFileBuilder([" ", "a", "b", " a", "ab"])
      var builder = LlamaFileBuilder()
      builder.symbolCount = tokenizer.pieces.count
      for (name, bytes) in [
        ("legacy.bin", builder.legacy), ("one.bin", builder.versionOne), ("tokenizer.bin", tokenizer.bytes),
      ] {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.path(name)))
      }
      let converted = try Shell.funes([
        "convert", folder.path("legacy.bin"), "--tokenizer", folder.path("tokenizer.bin"), "-o", folder.path("m.funes"),
      ])
      return (folder, converted)
    } catch {
      preconditionFailure("PieceCommandTests: \(error)")
    }
  }()

  private func path(_ name: String) -> String { Self.files.folder.path(name) }

  @Test func aModelIsConvertedAndKnowsItsPieces() throws {
    #expect(Self.files.converted.code == 0, "\(Self.files.converted.talk)")
    #expect(Self.files.converted.talk.contains("a llama2.c file: 2 layers of 8, 4 heads over 2, 264 symbols"))
    #expect(try Shell.funes(["verify", path("m.funes")]).code == 0)
    let shown = try Shell.funes(["inspect", path("m.funes")]).text
    #expect(shown.contains("text 0: pieces, 264 symbols, unknown is id 0, begins with id 1"))
    #expect(shown.contains("tokenizer.sha256"))
  }

  @Test func textIsRunAsPieces() throws {
    // The begin, then blank and a, which are better together than a and b, then b and the bytes of ü.
    let rows = try Shell.funes(["run", path("m.funes"), "--input", "text", "--output", "ids"], input: "abü")
    let ids = try Shell.funes(
      ["run", path("m.funes"), "--input", "ids", "--output", "ids"], input: "1 262 261 198 191")
    #expect(rows.code == 0 && rows.text == ids.text && rows.text.split(separator: "\n").count == 5)
    let text = try Shell.funes(["run", path("m.funes"), "--output", "text"], input: "abü")
    #expect(text.code == 0 && String(bytes: text.bytes, encoding: .utf8) != nil)
  }

  @Test func textIsWrittenFromItsBeginOn() throws {
    for prompt in [[], ["ab a"]] {
      let options = ["--max-tokens", "12", "--seed", "5"]
      let found = try Shell.funes(["generate", path("m.funes")] + prompt + options)
      #expect(found.code == 0, "\(found.talk)")
      #expect(found.text.hasPrefix(prompt.first ?? "") && String(bytes: found.bytes, encoding: .utf8) != nil)
      #expect(try Shell.funes(["generate", path("m.funes")] + prompt + options).bytes == found.bytes)
    }
  }

  @Test func aTextIsMeasuredAgainstTheCheckpoint() throws {
    try Data("ab a ab ü".utf8).write(to: URL(fileURLWithPath: path("text")))
    let found = try Shell.funes(["eval", path("m.funes"), "--text", path("text"), "--against", path("legacy.bin")])
    #expect(found.code == 0, "\(found.talk)")
    #expect(found.text.contains("KL divergence"))
    // The vocabulary is not given again, and makes no number.
    let layers = try Shell.funes(["compare", path("m.funes"), "--against", path("legacy.bin")])
    #expect(layers.code == 0 && layers.talk.isEmpty, "\(layers.talk)")
    let other = try Shell.funes(["eval", path("m.funes"), "--text", path("text"), "--against", path("one.bin")])
    #expect(other.code == 65 && other.talk.contains("checkpoint.weights.sha256"))
  }

  @Test func aWrongTokenizerIsRefusedByName() throws {
    try Data([7, 0, 0, 0]).write(to: URL(fileURLWithPath: path("short")))
    let cases: [(code: Int32, arguments: [String], says: String)] = [
      (65, ["convert", path("one.bin"), "--tokenizer", path("short")], "\(path("short"))\""),
      (65, ["convert", path("one.bin"), "--tokenizer", path("one.bin")], "found 1634415666 bytes"),
      (66, ["convert", path("one.bin"), "--tokenizer", path("none")], path("none")),
      (64, ["convert", path("one.bin"), "--recipe-out", path("r.json")], "needs no recipe"),
    ]
    for (code, arguments, says) in cases {
      let found = try Shell.funes(arguments)
      #expect(found.code == code && found.talk.contains(says), "\(arguments): \(found.talk)")
    }
  }
}
