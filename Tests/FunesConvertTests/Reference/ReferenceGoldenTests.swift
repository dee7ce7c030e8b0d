// SPDX-License-Identifier: Apache-2.0
// Real checkpoints through their recipes: the float reference gives what the original framework gave.

import Foundation
import Testing

@testable import FunesConvert

@Suite(.releaseOnly, .needsSharedData) struct ReferenceGoldenTests {
  @Test func g2pSpellsItsGoldenWords() throws {
    let imported = try RecipeFiles.imported("g2p-en", checkpoint: "g2p-en/checkpoint20.npz")
    let golden = try RecipeFiles.golden("g2p-en/golden.npz")
    #expect(
      imported.graph.texts.map(\.symbols) == [
        try golden.tensor("graphemes").strings(), try golden.tensor("phonemes").strings(),
      ])
    let generation = try #require(imported.graph.generation)
    let model = FloatReference(imported.graph)
    for word in try golden.tensor("words").strings() {
      let source = try golden.tensor("\(word)_in").integers().map { Int32($0) }
      #expect(source.last == Int32(generation.appendedID!))
      let encoded = try model.run(program: "encode", inputs: ["grapheme": .ids(source)], rows: source.count)
      expectClose(
        encoded.value(named: "encoded")?.values, try golden.tensor("\(word)_enc_h").floats().values, "\(word) encoded")
      var logits: [Float] = []
      var hidden: [Float] = []
      var phonemes: [Int64] = []
      var next = Int32(generation.startID)
      for _ in 0..<generation.longest {
        let step = try model.run(program: "step", inputs: ["phoneme": .ids([next])], rows: 1)
        let row = step["logits"]!
        logits += row
        hidden += step.value(named: "decoded")!.values
        next = Int32(row.indices.max { row[$0] < row[$1] }!)
        phonemes.append(Int64(next))
        if generation.stopIDs.contains(Int(next)) { break }
      }
      #expect(try golden.tensor("\(word)_out").integers() == phonemes)
      expectClose(logits, try golden.tensor("\(word)_logits").floats().values, "\(word) logits")
      expectClose(hidden, try golden.tensor("\(word)_dec_h").floats().values, "\(word) decoded")
    }
  }

  @Test func indicateSpellsItsGoldenWords() throws {
    let imported = try RecipeFiles.imported("indicate", checkpoint: "indicate/weights.npz")
    let golden = try RecipeFiles.golden("indicate/golden.npz")
    let generation = try #require(imported.graph.generation)
    let model = FloatReference(imported.graph)
    for word in 0..<5 {
      let source = try golden.tensor("in\(word)").integers().map { Int32($0) }
      #expect(source.count == generation.padding?.rows)
      let encoded = try model.run(program: "encode", inputs: ["character": .ids(source)], rows: source.count)
      let rows = try golden.tensor("enc_out\(word)").floats().values
      expectClose(encoded.value(named: "encoded")?.values, rows, "encoded \(word)")
      let letters = try golden.tensor("out\(word)").integers().map { Int32($0) }
      let fed = [Int32(generation.startID)] + letters.dropLast()
      let steps = try model.run(program: "step", inputs: ["letter": .ids(fed)], rows: fed.count)
      expectClose(steps["logits"], try golden.tensor("logits\(word)").floats().values, "logits \(word)")
      let best = (0..<fed.count).map { Int32(argmax(steps["logits"]![($0 * 36)..<(($0 + 1) * 36)])) }
      #expect(best == letters)
    }
  }

  @Test(arguments: [
    ("ml-kws-basic-lstm", "Basic_LSTM_S", "stop"), ("ml-kws-lstm", "LSTM_S", "unknown"),
    ("ml-kws-gru", "GRU_S", "stop"),
  ]) func keywordsAreHeard(recipe: String, tag: String, heardForStop: String) throws {
    let imported = try RecipeFiles.imported(recipe, checkpoint: "ml-kws/\(tag)_weights.npz")
    let golden = try RecipeFiles.golden("ml-kws/golden.npz")
    let model = FloatReference(imported.graph)
    // Two of the three networks hear "stop"; the golden of the third says "unknown", as the original does.
    for (word, heard) in [("yes", "yes"), ("stop", heardForStop)] {
      let mfcc = try golden.tensor("\(tag)_\(word)_mfcc").floats()
      model.reset()
      let result = try model.run(program: "step", inputs: ["mfcc": .floats(mfcc.values)], rows: mfcc.shape[1])
      let probs = Array(result["probs"]!.suffix(12))
      expectClose(probs, try golden.tensor("\(tag)_\(word)_probs").floats().values, "\(recipe) \(word)")
      #expect(imported.graph.texts[0].symbols[probs.indices.max { probs[$0] < probs[$1] }!] == heard)
    }
  }

  @Test func aVoiceHasItsEmbedding() throws {
    let imported = try RecipeFiles.imported("resemblyzer", checkpoint: "resemblyzer/pretrained.pt")
    let golden = try RecipeFiles.golden("resemblyzer/golden.npz")
    let mels = try golden.tensor("mels").floats()
    let (steps, width) = (mels.shape[1], mels.shape[2])
    let model = FloatReference(imported.graph)
    for voice in 0..<mels.shape[0] {
      let rows = Array(mels.values[voice * steps * width..<(voice + 1) * steps * width])
      model.reset()
      let result = try model.run(program: "step", inputs: ["mels": .floats(rows)], rows: steps, trace: false)
      let embeds = try golden.tensor("embed").floats().values
      expectClose(
        Array(result["embed"]!.suffix(256)), Array(embeds[voice * 256..<(voice + 1) * 256]), "voice \(voice) embed")
      for (key, state) in [("lstm_out_last", "hidden"), ("cell", "cell")] {
        let all = try golden.tensor(key).floats()
        for layer in 0..<3 {
          let start = (layer * all.shape[1] + voice) * 256
          expectClose(
            model.state(named: "layer\(layer).\(state)"), Array(all.values[start..<start + 256]),
            "voice \(voice) layer \(layer) \(state)")
        }
      }
    }
  }

  @Test func theBareCellOfAVoiceDetectorGivesItsStates() throws {
    let imported = try RecipeFiles.imported(
      "silero-lstm", checkpoint: "silero-vad/silero_vad_16k_from_jit.safetensors")
    let golden = try RecipeFiles.golden("silero-vad/golden_lstm_cell.npz")
    let x = try golden.tensor("x").floats()
    let model = FloatReference(imported.graph)
    var (h, c): ([Float], [Float]) = ([], [])
    for row in 0..<x.shape[0] {
      let input = Array(x.values[row * 128..<(row + 1) * 128])
      h += try model.run(program: "step", inputs: ["x": .floats(input)], rows: 1)["h"]!
      c += model.state(named: "h.cell")!
    }
    expectClose(h, try golden.tensor("h").floats().values, "silero h")
    expectClose(c, try golden.tensor("c").floats().values, "silero c")
  }

  /// Its own cutting of the stream into frames too, 64 samples of which are of the row before.
  @Test func theWholeVoiceDetectorHearsSpeech() throws {
    let imported = try RecipeFiles.imported(
      "silero-vad", checkpoint: "silero-vad/silero_vad_16k_from_jit.safetensors")
    let golden = try RecipeFiles.golden("silero-vad/golden.npz")
    let audio = try golden.tensor("audio").floats().values
    let model = FloatReference(imported.graph)
    let result = try model.run(program: "step", inputs: ["samples": .floats(audio)], rows: audio.count / 512)
    #expect(result.value(named: "frame")?.values == (try golden.tensor("frames").floats().values))
    let found = try #require(result["probability"])
    let expected = try golden.tensor("probs").floats().values
    let error = zip(found, expected).map { abs($0 - $1) }.max()
    #expect(found.count == expected.count)
    #expect(error! <= 1e-5, "off by \(error!), expected 1e-5 at most")
  }

  @Test(arguments: ["char-rnn-classification.pt", "weights.npz"]) func namesAreOfTheirLanguages(file: String) throws {
    let imported = try RecipeFiles.imported("char-rnn-classification", checkpoint: "char-rnn-classification/\(file)")
    let golden = try RecipeFiles.golden("char-rnn-classification/golden.npz")
    let model = FloatReference(imported.graph)
    let languages = ["Satoshi": "Japanese", "Schmidt": "German", "Dovesky": "Russian", "Jackson": "Scottish"]
    for (name, language) in languages {
      let letters = try golden.tensor("\(name)_idx").integers().map { Int32($0) }
      #expect(letters.map { imported.graph.texts[0].symbols[Int($0)] }.joined() == name)
      model.reset()
      let result = try model.run(program: "step", inputs: ["letter": .ids(letters)], rows: letters.count)
      expectClose(result["logp"], try golden.tensor("\(name)_logp").floats().values, "\(name) logp")
      expectClose(result.value(named: "h")?.values, try golden.tensor("\(name)_h").floats().values, "\(name) h")
      let last = Array(result["logp"]!.suffix(18))
      #expect(imported.graph.texts[1].symbols[last.indices.max { last[$0] < last[$1] }!] == language)
    }
  }

  @Test func rowsOneByOneAreTheRowsAtOnce() throws {
    let imported = try RecipeFiles.imported(
      "char-rnn-classification", checkpoint: "char-rnn-classification/weights.npz")
    let model = FloatReference(imported.graph)
    let letters: [Int32] = [3, 14, 51, 0, 7, 7, 20]
    let atOnce = try model.run(program: "step", inputs: ["letter": .ids(letters)], rows: letters.count)["logp"]!
    model.reset()
    let oneByOne = try letters.flatMap {
      try model.run(program: "step", inputs: ["letter": .ids([$0])], rows: 1)["logp"]!
    }
    #expect(atOnce == oneByOne)
  }
}
