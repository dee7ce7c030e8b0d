// SPDX-License-Identifier: Apache-2.0
// `funes embed`: sentences to vectors of length 1, from arguments and lines, and cosines between them.

import Foundation
import Testing

@Suite struct EmbedTests {
  private let model = TestModels.shared.sentences

  private func vectors(_ text: String) -> [[Float]] {
    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map { $0.split(separator: ",").compactMap { Float($0) } }
  }

  @Test func aSentenceIsTheMeanOfItsRowsAtLengthOne() throws {
    let found = try Shell.funes(["embed", model, "abc", "a", "a"])
    #expect(found.code == 0, "\(found.talk)")
    let all = vectors(found.text)
    #expect(all.count == 3 && all.allSatisfy { $0.count == 6 } && all[1] == all[2] && all[0] != all[1])
    for vector in all { #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6) }
    let letters = try ["a", "b", "c"].map { try vectors(Shell.funes(["embed", model, "--no-normalize", $0]).text)[0] }
    let mean = (0..<6).map { at -> Float in (letters[0][at] + letters[1][at] + letters[2][at]) / 3 }
    let plain = try vectors(Shell.funes(["embed", model, "--no-normalize", "abc"]).text)[0]
    for (a, b) in zip(mean, plain) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func linesGiveWhatArgumentsGive() throws {
    let arguments = try Shell.funes(["embed", model, "ab", "ü", "ca"])
    #expect(try Shell.funes(["embed", model], input: "ab\r\nü\nca").bytes == arguments.bytes)
    let floats = try Shell.funes(["embed", model, "--output", "f32"], input: "ab\nü\nca\n").bytes
    #expect(floats.count == 3 * 6 * 4)
    let objects = try Shell.funes(["embed", model, "--output", "jsonl"], input: "ab\n").text
    #expect(objects.hasPrefix(#"{"line":1,"text":"ab","embedding":["#))
  }

  @Test func anArgumentIsOneSentenceWhole() throws {
    let found = try Shell.funes(["embed", model, "ab\nc"])
    #expect(found.code == 65 && found.talk.contains("line 1"), "the vocabulary has no line feed: \(found.talk)")
  }

  @Test func scoresOfSymbolsAreNoVector() throws {
    let found = try Shell.funes(["embed", TestModels.shared.names, "ab"])
    #expect(found.code == 64 && found.talk.contains("found scores of labels or symbols"), "\(found.talk)")
    let encoder = try Shell.funes(["embed", TestModels.shared.translator, "--program", "encode", "ab"])
    #expect(encoder.code == 64 && encoder.talk.contains("found no output"), "\(encoder.talk)")
  }

  @Test func rowsArePooledAsAsked() throws {
    let refused = try Shell.funes(["embed", model, "--output-name", "rows", "ab"])
    #expect(refused.code == 64 && refused.talk.contains("choose --pool mean, first or last"))
    func pooled(_ how: String, _ text: String) throws -> [UInt8] {
      try Shell.funes(["embed", model, "--output-name", "rows", "--pool", how, text]).bytes
    }
    #expect(try pooled("first", "ab") == pooled("mean", "a"))
    #expect(try pooled("last", "ab") == pooled("mean", "b"))
    #expect(
      try Shell.funes(["embed", model, "--longest", "2", "abb"]).bytes == Shell.funes(["embed", model, "ab"]).bytes)
  }

  @Test func nearnessIsTheCosine() throws {
    let found = try Shell.funes(["embed", model, "--near", "ab"], input: "ab\nc\n").text.split(separator: "\n")
    #expect(found[0] == "1.0\tab" && found[1].hasSuffix("\tc"))
    let (x, y) = try (
      vectors(Shell.funes(["embed", model, "ab"]).text)[0], vectors(Shell.funes(["embed", model, "c"]).text)[0]
    )
    let cosine = zip(x, y).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    #expect(abs(Float(found[1].split(separator: "\t")[0])! - cosine) < 1e-5)
  }

  @Test func aBadLineEndsItOrIsSkipped() throws {
    let lines = Array("ab\n".utf8) + [0xFF, 0x0A] + Array("zz\nc\n".utf8)
    let stopped = try Shell.funes(["embed", model], input: lines)
    #expect(
      stopped.code == 65 && vectors(stopped.text).count == 1 && stopped.talk.contains("line 2"), "\(stopped.talk)")
    let skipped = try Shell.funes(["embed", model, "--skip-bad-lines"], input: lines)
    #expect(skipped.code == 0 && vectors(skipped.text).map(\.count) == [6, 0, 0, 6], "\(skipped.text)")
    #expect(skipped.talk.contains("line 2") && skipped.talk.contains("line 3"))
  }

  @Test func aSentenceThatIsTooLongIsRefusedOrCut() throws {
    let found = try Shell.funes(["embed", model], input: "a\nabcabcabca\n")
    #expect(found.code == 65 && found.talk.contains("line 2: found 10 tokens, expected at most 8; --longest 8 cuts"))
    let cut = try Shell.funes(["embed", model, "--longest", "8"], input: "abcabcabca\n")
    #expect(try cut.bytes == Shell.funes(["embed", model, "abcabcaa"]).bytes)
  }

  @Test func whatIsNoSentenceEncoderIsRefused() throws {
    let found = try Shell.funes(["embed", TestModels.shared.floats, "a"])
    #expect(found.code == 64 && found.talk.contains("expected one input of one id a row"), "\(found.talk)")
  }
}
