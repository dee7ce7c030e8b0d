// SPDX-License-Identifier: Apache-2.0
// Real checkpoints in int8 against goldens of the original software: the signal-to-noise ratio that a simulation of the
// same scheme reached (limits.json beside each golden) less a margin, and every decision unchanged.

import Foundation
import Funes
import FunesConvert
import Testing

/// Below the simulation by so much at most: another rounding of e and of sums. An int8 embedding table, which the
/// simulation left in float, costs up to 0.9 dB more.
private let margin = 1.0
private let embeddingMargin = 1.5

/// What 16-bit weights and activations are to reach on every checkpoint, in dB, and how far below the simulation at most: it had
/// 32,767 and float embeddings where the planes have 32,512 and the runtime 16-bit ones.
private let highLimit = 45.0
private let highMargin = 8.0

enum Scheme: String, CaseIterable, CustomTestStringConvertible {
  case fast, `default`, high
  var precision: Precision {
    switch self {
    case .fast: .fast
    case .default: .default
    case .high: .high
    }
  }
  var testDescription: String { rawValue }
}

@Suite(.releaseOnly, .needsSharedData) struct RealInt8Tests {
  @Test(arguments: Scheme.allCases) func resemblyzerEmbedsAsFloatDoes(scheme: Scheme) throws {
    let (graph, golden) = try open("resemblyzer", "pretrained.pt", recipe: "resemblyzer")
    let run = try QuantizedRun(graph, scheme.precision)
    let mels = try golden.tensor("mels").floats()
    let expected = try golden.tensor("embed").floats().values
    var found: [Float] = []
    for clip in 0..<mels.shape[0] {
      let frames = Array(mels.values[(clip * 160 * 40)..<((clip + 1) * 160 * 40)])
      found += try run.rows(frames, count: 160, output: "embed").suffix(256)
    }
    try expect(found, expected, limits("resemblyzer"), scheme, margin)
  }

  @Test(arguments: Scheme.allCases) func g2pSpellsTheGoldenWords(scheme: Scheme) throws {
    let (graph, golden) = try open("g2p-en", "checkpoint20.npz", recipe: "g2p-en")
    let run = try QuantizedRun(graph, scheme.precision)
    var found: [Float] = []
    var expected: [Float] = []
    for word in try golden.tensor("words").strings() {
      let source = try golden.tensor("\(word)_in").integers().map { Int32($0) }
      let spoken = try golden.tensor("\(word)_out").integers().map { Int($0) }
      let (ids, logits) = try run.generate(source: source)
      #expect(ids == spoken, "\(word)")
      if ids == spoken {
        found += logits
        expected += try golden.tensor("\(word)_logits").floats().values
      }
    }
    try expect(found, expected, limits("g2p-en"), scheme, embeddingMargin)
  }

  @Test(arguments: Scheme.allCases) func indicateSpellsTheGoldenWords(scheme: Scheme) throws {
    let (graph, golden) = try open("indicate", "weights.npz", recipe: "indicate")
    let run = try QuantizedRun(graph, scheme.precision)
    var found: [Float] = []
    var expected: [Float] = []
    for (word, spelled) in ["hindi", "dilli", "rajshekhar", "mohan", "ganga"].enumerated() {
      let source = try golden.tensor("in\(word)").integers().map { Int32($0) }
      let (ids, logits) = try run.generate(source: source)
      let text = graph.texts[1].symbols
      #expect(ids.map { text[$0] }.joined() == spelled + "$")
      found += logits
      expected += try golden.tensor("logits\(word)").floats().values
    }
    try expect(found, expected, limits("indicate"), scheme, embeddingMargin)
  }

  @Test(arguments: Scheme.allCases, [("Basic_LSTM_S", "basic-lstm"), ("LSTM_S", "lstm"), ("GRU_S", "gru")])
  func keywordsAreHeard(scheme: Scheme, network: (name: String, recipe: String)) throws {
    let (graph, golden) = try open("ml-kws", "\(network.name)_weights.npz", recipe: "ml-kws-\(network.recipe)")
    let run = try QuantizedRun(graph, scheme.precision)
    var found: [Float] = []
    var expected: [Float] = []
    for word in ["yes", "stop"] {
      let features = try golden.tensor("\(network.name)_\(word)_mfcc").floats()
      let count = features.shape[1]
      let reference = try FloatReference(graph).run(
        program: "step", inputs: ["mfcc": .floats(features.values)], rows: count)
      let logits = try run.rows(features.values, count: count, output: "logits").suffix(12)
      found += logits
      expected += try #require(reference.outputs["logits"]).values.suffix(12)
      let probabilities = try golden.tensor("\(network.name)_\(word)_probs").floats().values
      if scheme != .fast { #expect(argmax(logits) == argmax(probabilities), "\(word)") }
    }
    let models = try #require(limits("ml-kws")["models"] as? [String: Any])
    let own = try #require(models[network.name] as? [String: Any])
    try expect(found, expected, #require(own["logits"] as? [String: Any]), scheme, margin)
  }

  @Test(arguments: Scheme.allCases) func namesGetTheirLanguages(scheme: Scheme) throws {
    let (graph, golden) = try open(
      "char-rnn-classification", "char-rnn-classification.pt", recipe: "char-rnn-classification")
    let run = try QuantizedRun(graph, scheme.precision)
    var found: [Float] = []
    var expected: [Float] = []
    for name in ["Satoshi", "Jackson", "Dovesky", "Schmidt"] {
      let ids = try golden.tensor("\(name)_idx").integers().map { Int32($0) }
      let output = try #require(run.model.programs[0].outputs.first?.name)
      let rows = try run.rows(ids: ids, output: output)
      let own = try golden.tensor("\(name)_logp").floats().values
      if scheme != .fast { #expect(argmax(rows.suffix(18)) == argmax(own.suffix(18)), "\(name)") }
      found += rows
      expected += own
    }
    try expect(found, expected, limits("char-rnn-classification"), scheme, margin)
  }

  @Test(arguments: Scheme.allCases) func sileroCellStreams(scheme: Scheme) throws {
    let (graph, golden) = try open(
      "silero-vad", "silero_vad_16k_from_jit.safetensors", recipe: "silero-lstm", golden: "golden_lstm_cell.npz")
    let run = try QuantizedRun(graph, scheme.precision)
    let x = try golden.tensor("x").floats()
    let output = try #require(run.model.programs[0].outputs.first?.name)
    let found = try run.rows(x.values, count: x.shape[0], output: output)
    let cell = try #require(limits("silero-vad")["lstm_cell"] as? [String: Any])
    try expect(found, golden.tensor("h").floats().values, cell, scheme, margin)
  }

  @Test(arguments: Scheme.allCases) func sileroHearsSpeech(scheme: Scheme) throws {
    let (graph, golden) = try open("silero-vad", "silero_vad_16k_from_jit.safetensors", recipe: "silero-vad")
    let run = try QuantizedRun(graph, scheme.precision)
    let audio = try golden.tensor("audio").floats().values
    let found = try run.rows(audio, count: audio.count / 512, output: "probability")
    let expected = try golden.tensor("probs").floats().values
    for (found, expected) in zip(found, expected) { #expect((found > 0.5) == (expected > 0.5)) }
    try expect(found, expected, limits("silero-vad"), scheme, margin)
  }

  // MARK: Shared

  private func open(
    _ folder: String, _ file: String, recipe: String, golden: String = "golden.npz"
  ) throws -> (Graph, Checkpoint) {
    let recipes = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../tools/recipes").standardizedFileURL
    let imported = try Importer.graph(
      checkpoints: ["weights": SharedData.path("checkpoints/\(folder)/\(file)")],
      recipePath: recipes.appendingPathComponent("\(recipe).json").path)
    return (imported.graph, try Checkpoint.read(path: SharedData.path("checkpoints/\(folder)/\(golden)")))
  }

  private func limits(_ folder: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: SharedData.path("checkpoints/\(folder)/limits.json")))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func expect(
    _ found: [Float], _ expected: [Float], _ limits: [String: Any], _ scheme: Scheme, _ margin: Double
  ) throws {
    let ratios = try #require(limits["snr_db"] as? [String: Any])
    let reached = try #require(ratios[scheme.rawValue] as? Double)
    let limit = scheme == .high ? max(reached - highMargin, highLimit) : reached - margin
    try #require(found.count == expected.count)
    let ratio = signalToNoise(found, expected)
    print(
      "    \(scheme.rawValue): SNR \((ratio * 100).rounded() / 100) dB, at least \((limit * 100).rounded() / 100) dB wanted"
    )
    #expect(ratio >= limit, "SNR \(ratio) dB, expected at least \(limit) dB")
  }
}
