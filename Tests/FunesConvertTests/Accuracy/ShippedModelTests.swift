// SPDX-License-Identifier: Apache-2.0
// The models under firmware-models: each file is what its converter wrote, gives what PyTorch gave in float, and makes
// what its card shows.

import Foundation
import Funes
import FunesConvert
import Testing

@Suite struct ShippedModelTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../firmware-models").standardizedFileURL
  static let texts = ["shakespeare-lstm", "shakespeare-gru", "shakespeare-rnn"]
  static let names = ["names-gru"]
  /// Of folders with config.json and a tokenizer, which need no recipe.
  static let decoders = ["shakespeare-decoder"]

  /// Below the figures on the cards, which are 41 to 47 dB for texts, 34 to 49 dB for the eight names, 49.9 dB for tokens.
  private static let leastTextSNR = 40.0
  private static let leastNameSNR = 33.0
  private static let leastDecoderSNR = 48.5

  private func open(_ name: String) throws -> ModelFile {
    try ModelFile(path: Self.folder.appendingPathComponent("\(name)/model.funes").path)
  }

  private func golden(_ name: String) throws -> Checkpoint {
    try Checkpoint.read(path: Self.folder.appendingPathComponent("\(name)/golden.npz").path)
  }

  @Test(arguments: texts + names + decoders) func everyFileIsWhole(name: String) throws {
    let file = try open(name)
    try file.model.verify()
    if !Self.decoders.contains(name) {
      let recipe = try Recipe.parse(
        Array(Data(contentsOf: Self.folder.appendingPathComponent("\(name)/recipe.json"))))
      #expect(recipe.name == name)
    }
    #expect(file.model.metadata.contains { $0.key == "name" && $0.value == name })
    #expect(FileManager.default.fileExists(atPath: Self.folder.appendingPathComponent("\(name)/README.md").path))
  }

  @Test(arguments: texts) func aTextIsForetoldAsInFloat(name: String) throws {
    let comparison = try GoldenComparison(
      open(name), golden: golden(name), map: PortMap(parsing: "character=ids,logits=logits"), program: 0)
    let difference = try #require(comparison.outputs.first?.difference)
    #expect(difference.rowCount == 256)
    #expect(difference.snr >= Self.leastTextSNR)
    #expect(difference.agreeingRowCount >= 253)
  }

  /// The golden is longer than the window that attention sees.
  @Test(arguments: decoders) func tokensAreForetoldAsInFloat(name: String) throws {
    let comparison = try GoldenComparison(
      open(name), golden: golden(name), map: PortMap(parsing: "token=ids,logits=logits"), program: 0)
    let difference = try #require(comparison.outputs.first?.difference)
    #expect(difference.rowCount == 160)
    #expect(difference.snr >= Self.leastDecoderSNR)
    #expect(difference.agreeingRowCount >= 158)
  }

  @Test func namesAreOfTheLanguagesThatFloatSays() throws {
    let golden = try golden("names-gru")
    for index in try golden.tensor("names").strings().indices {
      let comparison = try GoldenComparison(
        open("names-gru"), golden: golden, map: PortMap(parsing: "character=\(index)_ids,logits=\(index)_logits"),
        program: 0)
      let difference = try #require(comparison.outputs.first?.difference)
      #expect(difference.rowCount == 1)
      #expect(difference.agreeingRowCount == 1)
      #expect(difference.snr >= Self.leastNameSNR)
    }
  }
}
