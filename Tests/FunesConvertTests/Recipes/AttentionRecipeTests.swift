// SPDX-License-Identifier: Apache-2.0
// Norms, rotary positions and attention by recipe: a small decoder of random weights, its graph, its runs, its refusals.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

/// 16-bit activations lose 2^-15 and caches 2^-11 of a number, in sums of some tens.
private let tolerance = 4e-3

/// One block of the Llama sort: 4 heads of 6 on 2, window 5, tied embeddings of 11 words.
private let decoder = """
  {"funes_recipe": 1, "name": "decoder", "checkpoints": {"weights": "decoder.safetensors"},
  "programs": [{"name": "step", "inputs": [{"name": "id", "classes": 11}],
    "ops": [
      {"op": "embedding", "input": "id", "output": "x", "weight": "embed"},
      {"op": "rms_norm", "input": "x", "output": "a", "weight": "norm1", "eps": 1e-05},
      {"op": "linear", "input": "a", "output": "q", "weight": "wq"},
      {"op": "linear", "input": "a", "output": "k", "weight": "wk"},
      {"op": "linear", "input": "a", "output": "v", "weight": "wv"},
      {"op": "rotary", "input": "q", "output": "qr", "style": "halves", "lanes": 4},
      {"op": "rotary", "input": "k", "output": "kr", "style": "halves", "lanes": 2},
      {"op": "attention", "inputs": ["qr", "kr", "v"], "output": "seen", "heads": 4, "key_heads": 2, "window": 5},
      {"op": "linear", "input": "seen", "output": "o", "weight": "wo"},
      {"op": "add", "inputs": ["x", "o"], "output": "y"},
      {"op": "layer_norm", "input": "y", "output": "b", "weight": "norm2", "bias": "norm2b"},
      {"op": "linear", "input": "b", "output": "gate", "weight": "w1"},
      {"op": "silu", "input": "gate", "output": "open"},
      {"op": "linear", "input": "b", "output": "up", "weight": "w3"},
      {"op": "multiply", "inputs": ["open", "up"], "output": "wide"},
      {"op": "linear", "input": "wide", "output": "down", "weight": "w2"},
      {"op": "add", "inputs": ["y", "down"], "output": "z"},
      {"op": "rms_norm", "input": "z", "output": "last", "weight": "norm1", "eps": 1e-05},
      {"op": "linear", "input": "last", "output": "logits", "weight": "embed"}],
    "outputs": ["logits"]}]}
  """

private func tensors() -> [(name: String, tensor: FloatTensor)] {
  var numbers = TestNumbers(seed: 11)
  let shapes: [(String, [Int])] = [
    ("embed", [11, 24]), ("norm1", [24]), ("wq", [24, 24]), ("wk", [12, 24]), ("wv", [12, 24]), ("wo", [24, 24]),
    ("norm2", [24]), ("norm2b", [24]), ("w1", [40, 24]), ("w3", [40, 24]), ("w2", [24, 40]),
  ]
  return shapes.map { name, shape in
    let size: Float = shape.count == 1 ? 1 : 1 / Float(shape[1]).squareRoot()
    return (name, FloatTensor(shape: shape, values: numbers.floats(shape.reduce(1, *)).map { $0 * size }))
  }
}

@Suite struct AttentionRecipeTests {
  private func graph(_ text: String = decoder) throws -> Graph {
    try Recipe.parse(text).graph(sources: ["weights": TensorSource(tensors())])
  }

  @Test func theDecoderIsWhatItsRecipeSays() throws {
    let recipe = try Recipe.parse(decoder)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    let graph = try graph()
    #expect(
      graph.states.map(\.name)
        == ["qr.position", "kr.position", "seen.keys", "seen.values", "seen.slot", "seen.filled"])
    #expect(graph.states.map(\.limit) == [Graph.State.noLimit, Graph.State.noLimit, 0, 0, 5, 6])
    #expect(graph.states[2].lanes == 5 && graph.states[2].width == 12 && graph.states[2].kind == .cache)
    #expect(graph.constants.map(\.name).filter { $0.hasPrefix("turns") } == ["turns 10000.0 6"])
    #expect(graph.constants.count { $0.name == "embed" } == 1)
  }

  @Test func theDecoderMeansTheSameInTheRuntime() throws {
    let shown = try graph().exposingAllValues()
    var rounded = shown
    for (index, matrix) in try Converter().quantize(shown) { rounded.constants[index].values = matrix.dequantized }
    let file = try ModelFile(copying: try Converter().convert(shown).bytes)
    let reference = FloatReference(rounded)
    let ids = (0..<14).map { Int32($0 * 7 % 11) }
    var session = try Session(file, rows: 7)
    for half in [Array(ids[..<7]), Array(ids[7...])] {
      for (index, id) in half.enumerated() { session.unsafeInputIDs()[index] = id }
      #expect(session.run(rows: 7).rows == 7)
      let expected = try reference.run(program: "step", inputs: ["id": .ids(half)], rows: 7)
      for (place, port) in shown.programs[0].outputs.enumerated() {
        expectClose(Array(session.unsafeOutput(place)), expected[port.name]!, limit: tolerance, port.name)
      }
    }
  }

  /// A table that is gathered from and multiplied with has one equalizer, that of products, at each precision.
  @Test(arguments: [Precision.default, .fast])
  func tiedEmbeddingsShareTilesAndEqualizer(precision: Precision) throws {
    let graph = try graph()
    let converted = try Converter(precision: precision).convert(graph)
    let uses = converted.report.layers.flatMap(\.matrices).filter { $0.name == "embed" }
    #expect(uses.count == 2 && uses[1].byteCount == 0)
    #expect(uses.allSatisfy { $0.isEqualized == precision.isEqualized })
    #expect(uses[0].weightSNR! > 40)
  }

  @Test func rowsAtOnceEqualRowsOneByOne() throws {
    let file = try ModelFile(copying: try Converter().convert(graph()).bytes)
    var whole = try Session(file, rows: 12), single = try Session(file)
    for index in 0..<12 { whole.unsafeInputIDs()[index] = Int32(index * 5 % 11) }
    #expect(whole.run(rows: 12).rows == 12)
    var rows: [UInt32] = []
    for index in 0..<12 {
      single.unsafeInputIDs()[0] = Int32(index * 5 % 11)
      #expect(single.run().rows == 1)
      rows += single.unsafeOutput().map(\.bitPattern)
    }
    #expect(whole.unsafeOutput().map(\.bitPattern) == rows)
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    let file = try ModelFile(copying: try Converter().convert(graph()).bytes)
    for isa in ISA.allCases where isa.isAvailable { try file.model.verify(isa: isa) }
    let runs = [SelfTestRun(program: 0, rows: 23, seed: 3)]
    let found = try ISA.allCases.filter(\.isAvailable).map { try file.model.selfTest(runs, isa: $0, threads: 2) }
    #expect(Set(found).count == 1)
  }

  @Test func theReportShowsNormsAndAttention() throws {
    let report = try Converter().convert(graph()).report
    #expect(report.layers.map(\.kind).contains("rms norm") && report.layers.map(\.kind).contains("layer norm"))
    let attention = try #require(report.layers.first { $0.kind == "attention" })
    #expect(attention.multiplyCount == 2 * 5 * 24 && attention.matrices.isEmpty)
    #expect(report.stateByteCount == 4 * 64 + 2 * 128)
    let lines = report.description.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first { $0.hasPrefix("seen ") }?.count == lines[0].count)
  }

  // MARK: Refusals

  private func refusal(_ old: String, _ new: String) -> RecipeError? {
    do {
      _ = try graph(decoder.replacing(old, with: new))
      return nil
    } catch {
      return error as? RecipeError
    }
  }

  @Test func whatDoesNotFitIsRefused() {
    #expect(
      refusal(#""key_heads": 2"#, #""key_heads": 3"#)
        == .conflictingFields(program: "step", operator: "seen", fields: ["heads", "key_heads"]))
    #expect(
      refusal(#""heads": 4"#, #""heads": 5"#)
        == .conflictingFields(program: "step", operator: "seen", fields: ["heads", "key_heads"]))
    #expect(
      refusal(#""key_heads": 2"#, #""key_heads": 4"#)
        == .valueShape(program: "step", operator: "seen", value: "kr", found: [12], expected: [4, 6]))
    #expect(
      refusal(#""window": 5"#, #""window": 0"#)
        == .numberOutOfRange(
          program: "step", operator: "seen", key: "window", found: 0, expected: 1...Graph.widthLimit))
    #expect(
      refusal(#""window": 5"#, #""window": 5, "scale": 0"#)
        == .notPositive(program: "step", operator: "seen", key: "scale", found: 0))
    #expect(
      refusal(#""style": "halves", "lanes": 4"#, #""style": "halves", "lanes": 8"#)
        == .oddDimensions(program: "step", operator: "qr", found: 3))
    #expect(
      refusal(#""style": "halves", "lanes": 4"#, #""style": "halves", "dimensions": 8, "lanes": 4"#)
        == .numberOutOfRange(program: "step", operator: "qr", key: "dimensions", found: 8, expected: 2...6))
    #expect(
      refusal(#""weight": "norm1", "eps": 1e-05"#, #""weight": "norm1", "eps": -1"#)
        == .notPositive(program: "step", operator: "a", key: "eps", found: -1))
    #expect(
      refusal(#""weight": "norm2","#, #""weight": "w1","#)
        == .tensorShape(operator: "b", tensor: "w1", found: [40, 24], expected: [24]))
  }
}
