// SPDX-License-Identifier: Apache-2.0
// `funes tokenize` as a shell drives it: lines to ids and back, of tokenizers' files and of models that hold one.

import Foundation
import FunesConvert
import FunesTestSupport
import Testing

@Suite struct TokenizeCommandTests {
  private static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("FunesConvertTests/Goldens/tokenizers", isDirectory: true)

  /// Goes when the process does.
  private static let folder: Folder = {
    do {
      return try Folder()
    } catch {
      preconditionFailure("TokenizeCommandTests: \(error)")
    }
  }()

  private func path(_ name: String) -> String { Self.fixtures.appendingPathComponent(name).path }

  /// A model that reads and writes ids of a tokenizer, and has rows for more where it is padded.
  private static func model(
    in folder: Folder, isLineSequence: Bool = false, padding: Int = 0
  ) throws -> (path: String, symbols: Int, notes: [String]) {
    var rules = try TokenizerFiles.read(file: fixtures.appendingPathComponent("llama3.json").path).source
    rules.isLineSequence = isLineSequence
    let count = rules.symbols.count + padding
    var b = TestGraphBuilder(name: "tokens")
    let id = b.value("id", [1], element: .id)
    let row = b.add("row", .embedding(table: b.matrix("table", count, 8)), [id], shape: [8])
    let scores = b.add("scores", .linear(weight: b.matrix("out", count, 8), bias: nil), [row], shape: [count])
    let run = b.run()
    let text = b.graph.addText(rules)
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "token", value: id, classes: count, text: text)],
        outputs: [Graph.Port(name: "logits", value: scores, text: text)], runs: [run], resets: [])
    ]
    let path = folder.path("m\(padding)\(isLineSequence).funes")
    try Data(try Converter().convert(b.graph).bytes).write(to: URL(fileURLWithPath: path))
    return (path, rules.symbols.count, b.graph.symbolNotes)
  }

  @Test func linesBecomeIdsAndTextsAgain() throws {
    let text = "The old clock in the hall\n\nИ Ёж, 12 ½\n"
    let found = try Shell.funes(["tokenize", path("llama3.json")], input: text)
    #expect(found.code == 0, "\(found.talk)")
    let lines = found.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4 && lines.prefix(3).allSatisfy { $0.hasPrefix("0") } && lines[1] == "0")
    #expect(try Shell.funes(["tokenize", path("llama3.json"), "--decode"], input: found.text).text == text)
  }

  @Test func jsonCarriesWhatALineCannot() throws {
    let text = #""a\nb\u0000 \"c\" <s>""# + "\n"
    let ids = try Shell.funes(["tokenize", path("gpt2.json"), "--json"], input: text)
    #expect(ids.code == 0 && ids.text.hasPrefix("[") && ids.text.hasSuffix("]\n"))
    let back = try Shell.funes(["tokenize", path("gpt2.json"), "--json", "--decode"], input: ids.text)
    // <s> is special, and nothing in a text; the first blank is the one that this tokenizer puts there.
    #expect(back.text == #"" a\nb\u0000 \"c\" ""# + "\n")
  }

  @Test func aModelReadsAndWritesThroughItsTokenizer() throws {
    let (model, symbols, _) = try Self.model(in: Self.folder)
    let ids = try Shell.funes(["tokenize", model], input: "the clock's ½\n")
    let same = try Shell.funes(["tokenize", path("llama3.json")], input: "the clock's ½\n")
    #expect(ids.code == 0 && ids.text == same.text, "\(ids.talk)")
    #expect(try Shell.funes(["tokenize", model, "--port", "logits"], input: "the clock's ½\n").text == ids.text)
    let shown = try Shell.funes(["inspect", model]).text
    #expect(shown.contains("text 0: merges, \(symbols) symbols") && shown.contains("cut by llama3"))
    #expect(try Shell.funes(["inspect", model, "--json"]).text.contains("\"splitting\": [\"llama3\"]"))
    let count = ids.text.split(whereSeparator: { $0 == " " || $0 == "\n" }).count
    let rows = try Shell.funes(["run", model, "--input", "text", "--output", "ids"], input: "the clock's ½")
    #expect(rows.code == 0 && rows.text.split(separator: "\n").count == count, "\(rows.text) \(count)")
    let wrong = try Shell.funes(["tokenize", model, "--port", "x"], input: "")
    #expect(wrong.code == 64 && wrong.talk.contains("found \"x\", expected \"token\" or \"logits\""))
  }

  @Test func aLineOfNothingHasTheIdsAroundIt() throws {
    let model = try Self.model(in: Self.folder, isLineSequence: true).path
    for (options, input) in [([], "\n\nthe clock\n"), (["--json"], "\"\"\n\"the clock\"\n")] {
      let found = try Shell.funes(["tokenize", model] + options, input: input)
      let same = try Shell.funes(["tokenize", path("llama3.json")] + options, input: input)
      #expect(found.code == 0 && found.text == same.text && same.text.contains("0"), "\(found.text) \(found.talk)")
    }
  }

  @Test func idsWithoutTextAreSaidAndIdsThatAreNotAreRefused() throws {
    let (plain, symbols, none) = try Self.model(in: Self.folder)
    #expect(none.isEmpty)
    let (padded, _, notes) = try Self.model(in: Self.folder, padding: 129)
    #expect(notes == ["tokenizer: found \(symbols) symbols for \(symbols + 129) ids; 129 ids have no text"])
    #expect(try Self.model(in: Self.folder, padding: 128).notes.isEmpty)
    let last = try Shell.funes(["tokenize", padded, "--decode"], input: "\(symbols + 128)\n")
    #expect(last.code == 0 && last.text == "\n", "\(last.talk)")
    let cases: [(model: String, options: [String], input: String, says: String)] = [
      (plain, [], "1\n2 \(symbols)\n", "line 2, column 3: found \"\(symbols)\", expected an id in 0...\(symbols - 1)"),
      (plain, [], "-1\n", "line 1, column 1: found \"-1\", expected an id in 0...\(symbols - 1)"),
      (plain, ["--json"], "[1,99999]\n", "line 1: found 99999, expected an id in 0...\(symbols - 1)"),
      (path("llama3.json"), [], "99999\n", "found \"99999\", expected an id in 0...\(symbols - 1)"),
      (padded, [], "\(symbols + 129)\n", "expected an id in 0...\(symbols + 128)"),
    ]
    for (model, options, input, says) in cases {
      let found = try Shell.funes(["tokenize", model, "--decode"] + options, input: input)
      #expect(found.code == 65 && found.talk.contains(says), "\(input): \(found.code) \(found.talk)")
    }
  }

  @Test func whatIsNoTokenizerOrTextIsRefused() throws {
    let folder = Self.folder
    try FileManager.default.createDirectory(atPath: folder.path("empty"), withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.path("t.json")))
    let cases: [(code: Int32, arguments: [String], input: [UInt8], says: String)] = [
      (66, [folder.path("none")], [], "none"),
      (66, [folder.path("empty")], [], "found no tokenizer"),
      (65, [folder.path("t.json")], [], "found no \"model\", expected one"),
      (64, [path("gpt2.json"), "--port", "x"], [], "is no model"),
      (65, [path("gpt2.json")], [0x61, 0x0A, 0xFF, 0x0A], "line 2, column 1"),
      (65, [path("gpt2.json"), "--json"], Array("a\n".utf8), "line 1"),
      (65, [path("gpt2.json"), "--json"], Array("[1]\n".utf8), "found an array, expected a text"),
      (65, [path("gpt2.json"), "--decode"], Array("1 x\n".utf8), "found \"x\", expected an id"),
      (65, [path("gpt2.json"), "--decode", "--json"], Array("[0.5]\n".utf8), "found a number, expected an id"),
    ]
    for (code, arguments, input, says) in cases {
      let found = try Shell.funes(["tokenize"] + arguments, input: input)
      #expect(found.code == code && found.talk.contains(says), "\(arguments): \(found.code) \(found.talk)")
    }
  }
}
