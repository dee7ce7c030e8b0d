// SPDX-License-Identifier: Apache-2.0
// GGUF models of random weights against transformers' logits on the same, dequantised weights. tools/make_gguf_models.py
// made these few; tools/check_gguf holds all architectures and types to it.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct GGUFFamilyTests {
  private static let folder = CellGoldens.folder.appendingPathComponent("gguf", isDirectory: true)

  /// Names of models, and the largest error allowed: 1e-4 of the range of the logits, which PyTorch computes in float32.
  private static let cases: [(name: String, limit: Float)] = {
    let text = (try? String(contentsOf: folder.appendingPathComponent("cases.tsv"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "\t")
      return Float(fields[1]).map { (String(fields[0]), $0) }
    }
  }()

  @Test(arguments: cases) func logitsAreTheOriginals(name: String, limit: Float) throws {
    let path = Self.folder.appendingPathComponent(name)
    let file = path.appendingPathExtension("gguf").path
    let graph = try Importer.graph(checkpoints: ["weights": file], recipePath: nil).graph
    let golden = try Checkpoint.read(path: path.appendingPathExtension("npz").path)
    let ids = try golden.tensor("ids").integers().map { Int32($0) }
    let expected = try golden.tensor("logits").floats().values
    let run = try FloatReference(graph).run(program: "step", inputs: ["token": .ids(ids)], rows: ids.count)
    let found = try #require(run["logits"])
    #expect(found.count == expected.count && limit > 1e-4)
    let error = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error <= limit, "\(name): largest error \(error)")
    _ = try Converter().convert(graph)
  }

  @Test func aModelOfEveryArchitectureIsHere() {
    #expect(Self.cases.map(\.name) == ["llama-q4_0", "qwen2-q8_0", "gpt2-q4_0"])
  }
}
