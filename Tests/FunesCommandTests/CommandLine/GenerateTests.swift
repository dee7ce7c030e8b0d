// SPDX-License-Identifier: Apache-2.0
// `funes generate` as a shell runs it: prompts, states, searches, stop strings and JSON.

import Foundation
import FunesConvert
import Testing

@Suite struct GenerateTests {
  private let models = TestModels.shared

  private func text(_ arguments: [String], input: String = "") throws -> String {
    let found = try Shell.funes(["generate"] + arguments, input: input)
    #expect(found.code == 0 && found.talk.isEmpty, "\(arguments): \(found.talk)")
    return found.text
  }

  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
    }
  }

  @Test func aPromptMayComeFromAFileOrStdin() throws {
    let folder = try Folder()
    let path = folder.path("prompt")
    let options = ["--seed", "3", "--max-tokens", "20"]
    let expected = try text([models.language, "abcab"] + options)
    try Data("abcab\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(try text([models.language, "--prompt-file", path] + options) == expected)
    #expect(try text([models.language, "--prompt-file", "-"] + options, input: "abcab\r\n") == expected)
    // A prompt of many blocks, and the same fed by a saved state.
    let long = String(repeating: "abcüba", count: 60)
    let whole = try text([models.language, long, "--hide-prompt"] + options)
    let begin = String(long.prefix(200))
    let state = folder.path("s")
    #expect(try text([models.language, begin, "--max-tokens", "0", "--hide-prompt", "--state-out", state]).isEmpty)
    let rest = String(long.dropFirst(200))
    #expect(try text([models.language, rest, "--hide-prompt", "--state-in", state] + options) == whole)
  }

  @Test func aSavedPromptGoesOnAsIfItHadJustBeenRead() throws {
    let folder = try Folder()
    let (state, later) = (folder.path("prompt.fstate"), folder.path("later.fstate"))
    let greedy = ["--greedy", "--hide-prompt"]
    let whole = try text([models.language, "abc", "--max-tokens", "30"] + greedy)
    _ = try text([models.language, "abc", "--max-tokens", "0", "--state-out", state])
    for _ in 0..<2 {
      #expect(try text([models.language, "--state-in", state, "--max-tokens", "30"] + greedy) == whole)
    }
    let drawn = try text([models.language, "abc", "--seed", "9", "--hide-prompt", "--max-tokens", "30"])
    #expect(
      try text([models.language, "--state-in", state, "--seed", "9", "--hide-prompt", "--max-tokens", "30"]) == drawn)
    // In three parts, none of which says where the others were.
    func part(_ more: [String]) throws -> [Int] {
      try objects(text([models.language, "--greedy", "--json"] + more)).compactMap { $0["id"] as? Int }
    }
    let first = try part(["--state-in", state, "--max-tokens", "7", "--state-out", later])
    let second = try part(["--state-in", later, "--max-tokens", "9", "--state-out", later])
    let third = try part(["--state-in", later, "--max-tokens", "14"])
    #expect(try first + second + third == part(["abc", "--max-tokens", "30"]))
    // The bits of the state, too: what was read in one go is what was read in two.
    let bits = folder.path("bits.fstate")
    _ = try text([models.language, "--state-in", state, "bca", "--max-tokens", "0", "--state-out", later])
    _ = try text([models.language, "abcbca", "--max-tokens", "0", "--state-out", bits])
    #expect(FileManager.default.contentsEqual(atPath: later, andPath: bits))
    // A state saved before an id was fed says so to whoever reads rows.
    let run = try Shell.funes(["run", models.language, "--input", "text", "--state-in", state], input: "a")
    #expect(run.code == 0 && run.talk.contains("before id 2 was fed"), "\(run.talk)")
  }

  @Test func aStateOfAnotherModelIsRefused() throws {
    let folder = try Folder()
    let state = folder.path("s")
    _ = try text([models.language, "ab", "--max-tokens", "0", "--state-out", state])
    var other = TestModels.languageGraph()
    other.metadata["source"] = "another"
    let path = folder.path("other.funes")
    try Data(try Converter().convert(other).bytes).write(to: URL(fileURLWithPath: path))
    let refused = try Shell.funes(["generate", path, "--state-in", state])
    #expect(refused.code == 65 && refused.talk.contains(state) && refused.bytes.isEmpty, "\(refused.talk)")
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: state)))
    bytes[80] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: state))
    let damaged = try Shell.funes(["generate", models.language, "--state-in", state])
    #expect(damaged.code == 65 && damaged.bytes.isEmpty)
  }

  @Test func aStopStringEndsTheTextBeforeIt() throws {
    let whole = try text([models.language, "ab", "--seed", "4", "--hide-prompt", "--max-tokens", "60"]).trimmed
    let stop = String(whole.dropFirst(20).prefix(3))
    let begin = try #require(whole.range(of: stop)).lowerBound
    let options = [models.language, "ab", "--seed", "4", "--hide-prompt", "--max-tokens", "60"]
    #expect(try text(options + ["--stop", "zz", "--stop", stop]).trimmed == String(whole[..<begin]).trimmed)
    let last = try #require(try objects(text(options + ["--stop", stop, "--json"])).last)
    #expect(last["finish"] as? String == "stopString" && last["text"] as? String == String(whole[..<begin]))
  }

  @Test func jsonTellsIDsLikelihoodsAndTheEnd() throws {
    let options = [models.language, "ab", "--greedy", "--max-tokens", "12"]
    let lines = try objects(text(options + ["--json"]))
    #expect(lines.count == 13)
    var (sum, joined) = (0.0, "")
    for line in lines.dropLast() {
      let likelihood = try #require(line["logprob"] as? Double)
      let id = try #require(line["id"] as? Int)
      #expect(likelihood < 0 && (0..<5).contains(id))
      sum += likelihood
      let cumulative = try #require(line["cumulative"] as? Double)
      #expect(abs(cumulative - sum) < 1e-5)
      joined += try #require(line["text"] as? String)
    }
    let last = try #require(lines.last)
    #expect(last["finish"] as? String == "length" && last["tokens"] as? Int == 12)
    #expect(last["text"] as? String == joined && (last["tokensPerSecond"] as? Double ?? 0) > 0)
    #expect(try text(options + ["--hide-prompt"]).trimmed == joined.trimmed)
    let rows = try text(options + ["--logprobs"]).split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(rows.count == 12 && rows.allSatisfy { $0.count == 4 })
    #expect(rows.map { Int($0[2]) } == lines.dropLast().map { $0["id"] as? Int })
  }

  @Test func aSearchPrintsTheBestOrSeveral() throws {
    let options = [models.language, "ab", "--beams", "4", "--max-tokens", "6"]
    let best = try text(options + ["--hide-prompt"])
    let lines = try text(options + ["--n-best", "3"]).split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(lines.count == 3 && lines.allSatisfy { $0.count == 3 })
    let scores = try lines.map { try #require(Double($0[0])) }
    #expect(scores == scores.sorted(by: >))
    let found = try objects(text(options + ["--n-best", "3", "--json"]))
    #expect(found.count == 4 && found.dropLast().map { $0["rank"] as? Int } == [1, 2, 3])
    #expect((found[0]["text"] as? String)?.trimmed == best.trimmed && (found[0]["ids"] as? [Int])?.count == 6)
    #expect(try text(options + ["--hide-prompt"]) == best)
  }

  @Test func anEncoderDecoderSearchesAndAnswersLines() throws {
    let single = try text([models.translator, "ba"])
    #expect(
      try text([models.translator, "--prompt-file", "-"], input: "ab\nba\n").split(separator: "\n").last.map(
        String.init) == single.trimmed)
    let search = try objects(text([models.translator, "ba", "--beams", "3", "--n-best", "2", "--json"]))
    #expect(search.count == 3 && search[0]["score"] as? Double ?? 0 >= search[1]["score"] as? Double ?? 0)
    let refused = try Shell.funes(["generate", models.translator, "ba", "--state-in", "none"])
    #expect(refused.code == 66)
    let short = try text([models.translator, "ba", "--max-tokens", "2"]).split(separator: " ")
    #expect(short.count <= 2)
  }

  /// A source of one length is filled up with the pad id, and a longer one is refused.
  @Test func aSourceIsFilledUpToItsRows() throws {
    let folder = try Folder()
    func model(_ padding: Graph.Generation.Padding?, _ name: String) throws -> String {
      var graph = TestModels.translatorGraph()
      graph.generation?.padding = padding
      graph.generation?.appendedID = nil
      let path = folder.path(name)
      try Data(try Converter().convert(graph).bytes).write(to: URL(fileURLWithPath: path))
      return path
    }
    let padded = try model(Graph.Generation.Padding(id: 0, rows: 5), "padded")
    let plain = try model(nil, "plain")
    // Id 0 is a.
    let likelihoods = ["--json", "--max-tokens", "3"]
    func figures(_ model: String, _ source: String) throws -> [Double?] {
      try objects(text([model, source] + likelihoods)).map { $0["cumulative"] as? Double }
    }
    #expect(try figures(padded, "ba") == figures(plain, "baaaa"))
    #expect(try figures(padded, "ba") != figures(plain, "ba"))
    let inspected = try Shell.funes(["inspect", padded]).text
    #expect(inspected.contains("each source filled up to 5 rows with id 0"))
    let refused = try Shell.funes(["generate", padded, "bababa"])
    #expect(refused.code == 65 && refused.talk.contains("found 6 ids, expected at most 5"), "\(refused.talk)")
    let run = try Shell.funes(["run", padded, "--skip-bad-rows"], input: "bababa\nba\n")
    #expect(run.code == 0 && run.text.split(separator: "\n", omittingEmptySubsequences: false).count == 3)
  }
}

extension String {
  /// Without line ends at its end.
  fileprivate var trimmed: String {
    var text = self
    while text.last == "\n" { text.removeLast() }
    return text
  }
}
