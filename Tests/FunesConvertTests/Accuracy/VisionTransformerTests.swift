// SPDX-License-Identifier: Apache-2.0
// Vision transformers by recipe: small ones of random weights against PyTorch, and published ones that read digits: the
// float reference, the signal-to-noise ratio of int8, and every decision.

import Foundation
import Funes
import Testing

@testable import FunesConvert

/// A recipe for vit-pytorch's names: `hidden` 0 stands for blocks without a unit behind their attention.
private struct SmallViT: Sendable, CustomTestStringConvertible {
  var name: String
  var size, patch, classes, dim, depth, heads, head, hidden: Int
  var testDescription: String { name }

  static let all = [
    SmallViT(name: "attention alone", size: 28, patch: 4, classes: 3, dim: 4, depth: 1, heads: 1, head: 4, hidden: 0),
    SmallViT(name: "one block", size: 28, patch: 4, classes: 3, dim: 4, depth: 1, heads: 1, head: 4, hidden: 8),
    SmallViT(name: "two blocks", size: 12, patch: 3, classes: 5, dim: 12, depth: 2, heads: 2, head: 5, hidden: 20),
  ]
  static let digits = SmallViT(
    name: "3class", size: 28, patch: 7, classes: 3, dim: 64, depth: 4, heads: 4, head: 16, hidden: 128)

  /// `prefix` stands before every tensor's name.
  func recipe(_ prefix: String = "") -> String {
    let tokens = (size / patch) * (size / patch) + 1, width = heads * head
    let layer = "\(prefix)transformer.layers.{i}" + (hidden == 0 ? "" : ".0")
    let qkv = ["q", "k", "v"].enumerated().map { index, name in
      """
      {"op": "linear", "input": "a{i}", "output": "\(name){i}",
       "weight": {"tensor": "\(layer).fn.to_qkv.weight", "rows": [\(index * width), \((index + 1) * width)]}},
      """
    }
    let unit = "\(prefix)transformer.layers.{i}.1"
    let forward =
      hidden == 0
      ? #", {"op": "copy", "input": "y{i}", "output": "x{i+1}"}"#
      : """
      , {"op": "layer_norm", "input": "y{i}", "output": "b{i}", "weight": "\(unit).norm.weight", "bias": "\(unit).norm.bias"},
      {"op": "linear", "input": "b{i}", "output": "w{i}", "weight": "\(unit).fn.net.0.weight", "bias": "\(unit).fn.net.0.bias"},
      {"op": "relu", "input": "w{i}", "output": "r{i}"},
      {"op": "linear", "input": "r{i}", "output": "n{i}", "weight": "\(unit).fn.net.3.weight", "bias": "\(unit).fn.net.3.bias"},
      {"op": "add", "inputs": ["y{i}", "n{i}"], "output": "x{i+1}"}
      """
    return """
      {"funes_recipe": 1, "name": "vit", "checkpoints": {"weights": "vit.npz"}, "programs": [
      {"name": "step", "inputs": [{"name": "image", "shape": [1, \(size), \(size)]}], "ops": [
        {"op": "patches", "input": "image", "output": "p", "kernel": [\(patch)], "stride": [\(patch)]},
        {"op": "linear", "input": "p", "output": "t", "weight": "\(prefix)to_patch_embedding.1.weight",
         "bias": "\(prefix)to_patch_embedding.1.bias"},
        {"op": "constant", "output": "c", "value": "\(prefix)cls_token", "shape": [1, \(dim)]},
        {"op": "concat", "inputs": ["c", "t"], "output": "j", "lanes": 1},
        {"op": "constant", "output": "places", "value": "\(prefix)pos_embedding", "shape": [\(tokens), \(dim)]},
        {"op": "add", "inputs": ["j", "places"], "output": "x0"},
        {"repeat": \(depth), "ops": [
          {"op": "layer_norm", "input": "x{i}", "output": "a{i}", "weight": "\(layer).norm.weight",
           "bias": "\(layer).norm.bias"},
          \(qkv.joined())
          {"op": "block_attention", "inputs": ["q{i}", "k{i}", "v{i}"], "output": "s{i}", "heads": \(heads),
           "lanes": \(tokens)},
          {"op": "linear", "input": "s{i}", "output": "o{i}", "weight": "\(layer).fn.to_out.0.weight",
           "bias": "\(layer).fn.to_out.0.bias"},
          {"op": "add", "inputs": ["x{i}", "o{i}"], "output": "y{i}"}\(forward)]},
        {"op": "slice", "input": "x\(depth)", "output": "token", "lanes": 1, "begin": 0, "count": \(dim)},
        {"op": "layer_norm", "input": "token", "output": "even", "weight": "\(prefix)mlp_head.0.weight",
         "bias": "\(prefix)mlp_head.0.bias"},
        {"op": "linear", "input": "even", "output": "logits", "weight": "\(prefix)mlp_head.1.weight",
         "bias": "\(prefix)mlp_head.1.bias"}],
      "outputs": ["logits"]}]}
      """
  }
}

/// The decisions of rows of scores.
private func decisions(_ logits: [Float], _ classes: Int) -> [Int] {
  stride(from: 0, to: logits.count, by: classes).map { argmax(logits[$0..<$0 + classes]) }
}

@Suite struct SmallVisionTransformerTests {
  private static let golden = Result { try Checkpoint.read(path: CellGoldens.path("vit.npz")) }

  @Test(arguments: SmallViT.all) fileprivate func aSmallOneIsPyTorchs(model: SmallViT) throws {
    let golden = try Self.golden.get()
    let source = try Importer.source(CellGoldens.path("vit.npz"))
    let used = source.names.filter { $0.hasPrefix(model.name) && !$0.hasSuffix(".image") && !$0.hasSuffix(".logits") }
    let recipe = try Recipe.parse(model.recipe("\(model.name)."))
    let graph = try recipe.graph(
      sources: ["weights": TensorSource(try used.map { ($0, try source.tensor($0)) })])
    let image = try golden.tensor("\(model.name).image").floats().values
    let expected = try golden.tensor("\(model.name).logits").floats().values
    let found = try FloatReference(graph).run(program: "step", inputs: ["image": .floats(image)], rows: 3, trace: false)
    expectClose(found["logits"], expected, model.name)
    let rows = try QuantizedRun(graph, .default).rows(image, count: 3, output: "logits")
    #expect(signalToNoise(rows, expected) > 35)
    #expect(decisions(rows, model.classes) == decisions(expected, model.classes))
  }
}

@Suite(.releaseOnly, .needsSharedData) struct DigitTests {
  private func normalized(_ digits: Checkpoint) throws -> [Float] {
    let image = ImagePreparation.digits
    return try digits.tensor("x_raw").integers().map { Float($0) }.chunks(of: image.count).flatMap {
      image.row(ofBytes: $0)
    }
  }

  @Test func theReferenceHasTheGoldenLogits() throws {
    let imported = try RecipeFiles.imported("vit-mnist", checkpoint: "vit-mnist-explorations/vit_mnist_gpu.pt")
    #expect(try ImagePreparation(metadata: imported.graph.metadata.map { ($0.key, $0.value) }) == .digits)
    let golden = try RecipeFiles.golden("vit-mnist-explorations/golden.npz")
    let count = 2
    let x = Array(try golden.tensor("x_normalized").floats().values.prefix(count * 784))
    let raw = try golden.tensor("x_raw").floats().values.prefix(count * 784)
    let prepared = Array(raw).chunks(of: 784).flatMap { ImagePreparation.digits.row(ofBytes: $0.map { $0 * 255 }) }
    expectClose(prepared, x, limit: 1e-6, "preparation")
    let found = try FloatReference(imported.graph).run(
      program: "step", inputs: ["image": .floats(x)], rows: count, trace: false)
    expectClose(found["logits"], Array(try golden.tensor("logits").floats().values.prefix(count * 10)), "vit-mnist")
  }

  /// The simulation's ratio less 1.5 dB, on the golden images; and on 200 digits what the original decided.
  @Test(arguments: [Scheme.default, .high]) func integersDecideAsTheOriginal(scheme: Scheme) throws {
    let imported = try RecipeFiles.imported("vit-mnist", checkpoint: "vit-mnist-explorations/vit_mnist_gpu.pt")
    let run = try QuantizedRun(imported.graph, scheme.precision)
    let golden = try RecipeFiles.golden("vit-mnist-explorations/golden.npz")
    let found = try run.rows(golden.tensor("x_normalized").floats().values, count: 20, output: "logits")
    let ratio = signalToNoise(found, try golden.tensor("logits").floats().values)
    let limits = try JSONDecoder().decode(
      Limits.self,
      from: Data(contentsOf: URL(fileURLWithPath: SharedData.path("checkpoints/vit-mnist-explorations/limits.json"))))
    let limit = (scheme == .high ? limits.snr_db.high : limits.snr_db.default) - 1.5
    print("    \(scheme): SNR \((ratio * 100).rounded() / 100) dB, at least \(limit) dB wanted")
    #expect(ratio >= limit)
    let digits = try RecipeFiles.golden("vit-mnist-explorations/mnist200.npz")
    let logits = try run.rows(normalized(digits), count: 200, output: "logits")
    let decided = decisions(logits, 10)
    #expect(decided == decisions(try digits.tensor("logits").floats().values, 10))
    let labels = try digits.tensor("labels").integers()
    #expect(zip(decided, labels).count { Int64($0) == $1 } == 195)
  }

  @Test func theModelOfThreeDigitsDecidesAsItsOriginal() throws {
    let recipe = try Recipe.parse(SmallViT.digits.recipe())
    let path = try SharedData.path("checkpoints/vit-mnist-explorations/vit_mnist_3class.pt")
    let graph = try recipe.graph(sources: ["weights": Importer.source(path)])
    let golden = try Checkpoint.read(path: CellGoldens.path("vit.npz"))
    let digits = try RecipeFiles.golden("vit-mnist-explorations/mnist200.npz")
    let images = try normalized(digits)
    let expected = try golden.tensor("3class.logits").floats().values
    let reference = try FloatReference(graph).run(
      program: "step", inputs: ["image": .floats(Array(images.prefix(2 * 784)))], rows: 2, trace: false)
    expectClose(reference["logits"], Array(expected.prefix(6)), "3class")
    let logits = try QuantizedRun(graph, .default).rows(images, count: 200, output: "logits")
    #expect(signalToNoise(Array(logits.prefix(60)), expected) > 40)
    #expect(decisions(logits, 3).map(Int64.init) == (try golden.tensor("3class.decisions").integers()))
  }

  private struct Limits: Decodable {
    struct Ratios: Decodable { var `default`, high: Double }
    var snr_db: Ratios
  }
}

extension ImagePreparation {
  fileprivate static var digits: ImagePreparation {
    var image = ImagePreparation(height: 28, width: 28, channels: 1)
    (image.mean, image.deviation) = ([0.1307], [0.3081])
    return image
  }
}

extension Array {
  fileprivate func chunks(of count: Int) -> [ArraySlice<Element>] {
    stride(from: 0, to: self.count, by: count).map { self[$0..<$0 + count] }
  }
}
