// SPDX-License-Identifier: Apache-2.0
// Every family that is read from a Hugging Face folder, against transformers: a random model of a few kilobytes each.

import Foundation
import Funes
import Testing

@testable import FunesConvert

@Suite struct FamilyTests {
  /// Random weights without structure, in few columns: trained ones reach 30 dB and more.
  private static let leastSNR = 20.0

  @Test(arguments: FamilyFixture.all) func theFamilyComputesAsTheOriginalDoes(fixture: FamilyFixture) throws {
    let graph = try fixture.graph()
    let file = try ModelFile(copying: Converter().convert(graph).bytes)
    let golden = try Checkpoint.read(path: "\(fixture.path)/golden.npz")
    let map = try PortMap(parsing: fixture.ports)
    let program = try #require(file.model.programIndex(named: fixture.program))
    for chunk in [nil, 1] {
      let float = try GoldenComparison(
        file, runner: ReferenceRunner(graph), chunk: chunk, golden: golden, map: map, program: program)
      for output in float.outputs {
        #expect(output.difference.maxAbs <= fixture.limit, "\(output.output), chunk \(chunk ?? 0)")
      }
    }
    let int8 = try GoldenComparison(file, golden: golden, map: map, program: program)
    for output in int8.outputs { #expect(output.difference.snr >= Self.leastSNR, "\(output.output)") }
    try StreamingProof.check(file)
  }

  @Test func everyFamilyHasAFixture() {
    let titles = Set(
      FamilyFixture.all.compactMap { fixture in
        try? FolderConfig(path: "\(fixture.path)/config.json").value("model_type")?.stringValue
      })
    // Another name for RoBERTa.
    for family in ModelFolder.families where family.key != "xlm-roberta" {
      #expect(titles.contains(family.key), "\(family.key)")
    }
  }

  @Test(arguments: FamilyFixture.all.filter { $0.ports.hasPrefix("encode.") })
  func greedyTargetsAreTheOriginals(fixture: FamilyFixture) throws {
    let graph = try fixture.graph()
    let generation = try #require(graph.generation)
    let golden = try Checkpoint.read(path: "\(fixture.path)/golden.npz")
    let sources = try golden.tensor("source")
    let (ids, width) = (try sources.integers().map { Int32($0) }, sources.shape[1])
    let tokens = try golden.tensor("token").integers().map { Int($0) }
    let rows = tokens.count / sources.shape[0]
    let model = FloatReference(graph)
    for (index, begin) in stride(from: 0, to: ids.count, by: width).enumerated() {
      let source = Array(ids[begin..<(begin + width)])
      #expect(source.last == generation.appendedID.map { Int32($0) })
      _ = try model.run(program: "encode", inputs: ["source": .ids(source)], rows: width)
      var made = [generation.startID]
      while made.count < rows, !generation.stopIDs.contains(made.last!) || made.count == 1 {
        let row = try model.run(program: "step", inputs: ["token": .ids([Int32(made.last!)])], rows: 1)
        made.append(argmax(try #require(row["logits"])))
      }
      #expect(made == Array(tokens[(index * rows)..<((index + 1) * rows)]))
    }
  }

  @Test func forbiddenSymbolsAreNeverTheBest() throws {
    let copy = try FolderCopy(of: "marian")
    try copy.write("generation_config.json", "{\"bad_words_ids\": [[39], [1, 2]], \"eos_token_id\": [0, 5]}")
    let imported = try Importer.graph(checkpoints: ["weights": copy.path], recipePath: nil)
    let bias = try #require(imported.graph.constants.first { $0.name == "final_logits_bias" })
    #expect(bias.values[39] == -1000 && bias.values[1] > -10)
    #expect(imported.graph.generation?.stopIDs == [0, 5])
    #expect(
      imported.notes.contains("never chosen, by \"bad_words_ids\": 39; their scores are lowered to -1000"))
  }

  @Test func wavesAreSines() {
    let (rows, width) = (600, 5)
    let table = Sinusoids.table(rows: rows, width: width)
    #expect(table.shape == [rows, width])
    for row in 0..<rows {
      let angles = [0.0, 2, 4].map { Double(row) / pow(10_000, $0 / Double(width)) }
      let expected = angles.map { sin($0) } + angles.prefix(2).map { cos($0) }
      for (found, wave) in zip(table.values[(row * width)...], expected) {
        #expect(abs(Double(found) - wave) <= 0x1p-24)
      }
    }
  }

  @Test func bucketsAreThoseOfTheOriginal() {
    // transformers' T5Attention._relative_position_bucket for 32 buckets and 128 rows, at some distances.
    let distances = [-200, -128, -127, -91, -90, -64, -45, -32, -16, -12, -8, -7, -1, 0, 1, 7, 8, 16, 32, 64, 127, 128]
    let both = distances.map { T5Family.bucket($0, isBothWays: true, buckets: 32, most: 128) }
    #expect(both == [15, 15, 15, 15, 14, 14, 12, 12, 10, 9, 8, 7, 1, 0, 17, 23, 24, 26, 28, 30, 31, 31])
    let one = distances.map { T5Family.bucket($0, isBothWays: false, buckets: 32, most: 128) }
    #expect(one == [31, 31, 31, 29, 29, 26, 23, 21, 16, 12, 8, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func shardsAreOneModel() throws {
    let copy = try FolderCopy(of: "llama")
    let whole = try Importer.graph(checkpoints: ["weights": copy.path], recipePath: nil).graph
    let names = try Checkpoint.read(path: "\(copy.path)/model.safetensors").tensorNames
    try copy.move("model.safetensors", to: "part.safetensors")
    let map = names.map { "\"\($0)\": \"part.safetensors\"" }.joined(separator: ", ")
    try copy.write("model.safetensors.index.json", "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {\(map)}}")
    let sharded = try Importer.graph(checkpoints: ["weights": copy.path], recipePath: nil).graph
    #expect("\(whole.constants)" == "\(sharded.constants)")
    #expect(sharded.metadata["checkpoint.part.safetensors.sha256"] != nil)
    #expect(sharded.metadata["checkpoint.model.safetensors.index.json.sha256"] != nil)
  }

  @Test func theContextIsTheCaches() throws {
    let copy = try FolderCopy(of: "llama")
    let imported = try Importer.graph(checkpoints: ["weights": copy.path], recipePath: nil, context: 7)
    let caches = imported.graph.states.filter { $0.kind == .cache }
    #expect(caches.count == 4 && caches.allSatisfy { $0.lanes == 7 })
    #expect(imported.graph.metadata["context"] == "7")
    #expect(imported.notes.contains { $0.hasPrefix("7 rows of context, 1 MiB of caches in a session, of 64 rows") })
    #expect(
      copy.refusal(context: 65) == "--context: found 65, expected 1 to 64, the rows that the model was trained for")
    #expect(copy.refusal(context: 0)?.hasPrefix("--context: found 0") == true)
  }
}
