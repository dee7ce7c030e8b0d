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
