// SPDX-License-Identifier: Apache-2.0
// A Hugging Face folder through the command: converted with a context of choice, held to goldens in int8 and in float.

import Foundation
import FunesConvert
import Testing

@testable import FunesCommand

@Suite struct FolderCommandTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("FunesConvertTests/HuggingFace/Fixtures")

  private func path(_ name: String) -> String { Self.fixtures.appendingPathComponent(name).path }

  @Test func aFolderIsConvertedAndComparedBothWays() throws {
    let folder = try Folder()
    let model = folder.path("m.funes")
    let converted = try Shell.funes(["convert", path("llama"), "--context", "20", "-o", model])
    #expect(converted.code == 0, "\(converted.talk)")
    #expect(
      converted.talk.contains(
        "20 rows of context, 1 MiB of caches in a session, of 64 rows that the model was trained for; --context chooses"
      ))
    let golden = ["compare", model, "--golden", "\(path("llama"))/golden.npz", "--map", "token=ids,logits=logits"]
    #expect(try Shell.funes(golden + ["--limit", "snr 20"]).code == 0)
    // What int8 costs is far from what the float side is off by.
    #expect(try Shell.funes(golden + ["--limit", "max-abs 0.0004"]).code == 1)
    for chunk in [[], ["--chunk", "1"], ["--chunk", "5"]] {
      let float = try Shell.funes(golden + chunk + ["--against", path("llama"), "--limit", "max-abs 0.0004"])
      #expect(float.code == 0, "\(float.talk)")
    }
    let other = try Shell.funes(golden + ["--against", path("llama-3")])
    #expect(other.code == 65 && other.talk.contains("give the file that the model was made of"))
  }

  @Test func whatDoesNotGoTogetherIsRefused() throws {
    let folder = try Folder()
    let output = ["-o", folder.path("m.funes")]
    let long = try Shell.funes(["convert", path("llama"), "--context", "65"] + output)
    #expect(long.code == 64 && long.talk.contains("--context: found 65, expected 1 to 64"))
    let bare = try Shell.funes(["convert", folder.path("")] + output)
    #expect(bare.code == 65 && bare.talk.contains("found no config.json, expected it"))
    let golden = ["compare", folder.path("m.funes"), "--chunk", "2", "--against", path("llama")]
    #expect(try Shell.funes(golden).code == 64)
    let neither = try Shell.funes(["compare", folder.path("m.funes")])
    #expect(neither.code == 64 && neither.talk.contains("expected --golden or --against"))
  }

  @Test func aFileOfAFolderIsPointedToTheFolder() throws {
    let folder = try Folder()
    let (model, output) = (folder.path("m.funes"), ["-o", folder.path("n.funes")])
    let weights = path("llama") + "/model.safetensors"
    #expect(try Shell.funes(["convert", path("llama"), "--rows", "0", "-o", model]).code == 0)
    try Data("1 2 3".utf8).write(to: URL(fileURLWithPath: folder.path("ids")))
    try Data("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n".utf8)
      .write(to: URL(fileURLWithPath: folder.path("pointer")))
    let cases: [(code: Int32, arguments: [String], says: String)] = [
      (65, ["compare", model, "--against", weights], "found a file, expected the folder with config.json"),
      (65, ["eval", model, "--ids", folder.path("ids"), "--against", weights], "expected the folder with config.json"),
      (65, ["convert", weights] + output, "config.json lies beside the checkpoint: give the folder"),
      (65, ["convert", folder.path("pointer")] + output, "found a Git LFS pointer"),
      (65, ["convert", path("llama") + "/config.json"] + output, "found JSON text"),
      (65, ["convert", folder.path("ids")] + output, "found text that begins with \"1 2 3\""),
      (64, ["convert", path("llama"), "-o", "-"], "--output: found \"-\", expected a file"),
    ]
    for (code, arguments, says) in cases {
      let found = try Shell.funes(arguments)
      #expect(found.code == code && found.talk.contains(says), "\(arguments): \(found.code) \(found.talk)")
    }
  }

  @Test func aModelIsNamedAfterItsFolder() {
    for end in ["", "/", "/.", "/./", "/../llama", "/../llama/."] {
      #expect(CheckpointPaths.stem(of: path("llama") + end) == "llama", "\(end)")
    }
    #expect(CheckpointPaths.stem(of: path("llama") + "/..") == "Fixtures")
    #expect(CheckpointPaths.stem(of: "/") == "model")
  }

  @Test func anEncoderDecoderIsConvertedWhole() throws {
    let folder = try Folder()
    let model = folder.path("m.funes")
    let converted = try Shell.funes(["convert", path("marian"), "-o", model])
    #expect(converted.code == 0, "\(converted.talk)")
    #expect(converted.text.contains("step, output logits"))
    #expect(try Shell.funes(["verify", model]).code == 0)
  }
}
