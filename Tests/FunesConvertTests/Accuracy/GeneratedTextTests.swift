// SPDX-License-Identifier: Apache-2.0
// Real models through what `funes generate` and `funes eval` do: words to phonemes, a story against the float model's
// own choices, and how well int8 foretells what the model itself writes.

import Foundation
import Funes
import Testing

@testable import FunesCommand
@testable import FunesConvert

@Suite(.releaseOnly, .needsSharedData) struct GeneratedTextTests {
  /// What a writer was given.
  private final class Memory {
    var bytes: [UInt8] = []
    lazy var output = ByteWriter { [unowned self] (written: UnsafeRawBufferPointer) throws(StreamError) in
      bytes.append(contentsOf: written)
    }
    func take() throws -> String {
      try output.flush()
      defer { bytes = [] }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  private func file(_ graph: Graph) throws -> ModelFile { try ModelFile(copying: try Converter().convert(graph).bytes) }

  private func stories() throws -> Graph {
    let path: (String) throws -> String = { try SharedData.path("checkpoints/stories260K/\($0)") }
    return try Importer.graph(
      checkpoints: ["weights": path("stories260K.bin")], recipePath: nil, tokenizerPath: path("tok512.bin")
    ).graph
  }

  @Test func wordsBecomeThePhonemesOfTheOriginal() throws {
    let golden = try RecipeFiles.golden("g2p-en/golden.npz")
    let model = try file(RecipeFiles.imported("g2p-en", checkpoint: "g2p-en/checkpoint20.npz").graph)
    let engine = try SessionHolder(model)
    let translator = try Translator(engine: engine)
    let letters = try #require(translator.source.symbols)
    let phonemes = try #require(translator.target.symbols)
    let memory = Memory()
    var options = GenerationOptions()
    options.sampler.temperature = 0
    var generation = Generation(engine, translator.language, table: phonemes, options: options, output: memory.output)
    let words = try golden.tensor("words").strings()
    #expect(words.count == 8)
    for word in words {
      try translator.read(try LanguageModel.ids(of: word, through: letters.asLines))
      try generation.write(after: [translator.startID], longest: translator.longest, isContinued: false)
      let target = try golden.tensor("\(word)_out").integers().map { Int($0) }
      let spoken = target.filter { !translator.language.stopIDs.contains($0) }
      let found = try memory.take()
      print("    \(word): \(found)")
      #expect(found == spoken.compactMap { phonemes.symbol($0) }.joined(separator: " "))
    }
  }

  /// Greedy text of the int8 model is that of the float model up to the first id of which the float model is in two minds.
  /// What counts as that is told by the noise of int8: see `StoriesTests.tie`.
  @Test func aGreedyStoryIsThatOfTheFloatModel() throws {
    let graph = try stories()
    let model = try file(graph)
    let language = try LanguageModel(model.model)
    let reference = FloatReference(graph)
    let symbols = try #require(language.input.symbols)
    var fed = try LanguageModel.ids(of: "Once upon a time", through: symbols)
    var generator = TextGenerator(
      engine: try SessionHolder(model), language: language, options: SamplerOptions(temperature: 0))
    generator.give(fed)
    var count = 0
    while count < 200 {
      let rows = ["token": ReferenceRows.ids(fed)]
      let result = try reference.run(program: "step", inputs: rows, rows: fed.count, trace: false)
      let logits = Array(try #require(result["logits"]).suffix(512))
      let best = logits.indices.sorted { logits[$0] > logits[$1] }
      let margin = logits[best[0]] - logits[best[1]]
      let drawn = try generator.next()
      if drawn.id != best[0] || margin < 0.01 {
        print("    stories: as the float model for \(count) ids, then \(drawn.id) by \(margin) against \(best[0])")
        #expect(margin < 0.1 && drawn.id == best[1])
        break
      }
      count += 1
      if language.stopIDs.contains(drawn.id) { break }
      fed = [Int32(drawn.id)]
    }
    #expect(count >= 50)
  }

  /// Teacher forcing over stories that the model drew itself. The whole measure is 10,000 ids, by `funes eval`.
  @Test func itsOwnStoriesAreForetoldAsInFloat() throws {
    let graph = try stories()
    let model = try file(graph)
    let language = try LanguageModel(model.model)
    var sequences: [[Int32]] = []
    for seed in 1..<3 as Range<UInt64> {
      var generator = TextGenerator(
        engine: try SessionHolder(model), language: language, options: SamplerOptions(seed: seed))
      generator.give([1])
      var ids: [Int32] = [1]
      _ = try generator.generate(count: 150) { drawn in
        ids.append(Int32(drawn.id))
        return false
      }
      sequences.append(ids)
    }
    var evaluation = LanguageEvaluation(file: model, language: language, reference: FloatReference(graph))
    try evaluation.run(sequences) { _, _ in }
    let comparison = evaluation.comparison
    let ratio = comparison.model.nats - comparison.reference!.nats
    print(
      "    stories: \(comparison.model.tokenCount) ids of its own: ln perplexity ratio \(ratio), KL \(comparison.klDivergence)"
    )
    #expect(ratio.magnitude <= 0.002 && comparison.klDivergence <= 0.002)
  }
}
