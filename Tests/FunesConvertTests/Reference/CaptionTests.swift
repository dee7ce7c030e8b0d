// SPDX-License-Identifier: Apache-2.0
// Captioners by recipe: an encoder that remembers the patches of an image, a decoder that attends to them, and a file that
// says how words are generated. Against the goldens that tools/make_caption_golden.py makes with PyTorch.

import Funes
import Testing

@testable import FunesConvert

/// In dB: rows of 12 random weights average little of int8's error away, and two layers pass it on.
private let leastRatio = 25.0

@Suite struct CaptionTests {
  /// `P` stands for the case's name before each tensor's.
  static let generation = """
    "generation": {"encode": "encode", "step": "step", "start": 1, "stop": 0, "longest": 9, "output": "logits",
      "input": "word"},
    """
  static let encoder = """
    {"op": "patches", "input": "image", "output": "cut", "kernel": [2], "stride": [2]},
    {"op": "linear", "input": "cut", "output": "conv", "weight": {"tensor": "P.conv.weight", "reshape": [12, 12]},
     "bias": "P.conv.bias"},
    """

  /// An LSTM whose attention (Bahdanau's) asks with the state before the word.
  static let recurrent = """
    {"funes_recipe": 1, "name": "captions", "checkpoints": {"weights": "captions.npz"}, \(generation)
     "states": [{"name": "hidden", "kind": "hidden", "width": 14}, {"name": "cell", "kind": "cell", "width": 14}],
     "programs": [
      {"name": "encode", "block": true, "reset": ["memory.filled"], "inputs": [{"name": "image", "shape": [3, 8, 8]}],
       "ops": [\(encoder)
        {"op": "relu", "input": "conv", "output": "patches"},
        {"op": "pool", "input": "patches", "output": "mean", "lanes": 16},
        {"op": "linear", "input": "mean", "output": "h", "weight": "P.init_h.weight", "bias": "P.init_h.bias"},
        {"op": "tanh", "input": "h", "output": "h0"}, {"op": "state_write", "input": "h0", "state": "hidden"},
        {"op": "linear", "input": "mean", "output": "c", "weight": "P.init_c.weight", "bias": "P.init_c.bias"},
        {"op": "tanh", "input": "c", "output": "c0"}, {"op": "state_write", "input": "c0", "state": "cell"},
        {"op": "linear", "input": "patches", "output": "keys", "weight": "P.key.weight"},
        {"op": "remember", "inputs": ["keys", "patches"], "memory": "memory", "rows": 16, "lanes": 16}],
       "outputs": []},
      {"name": "step", "inputs": [{"name": "word", "classes": 11}],
       "ops": [{"sequential": [
        {"op": "state_read", "state": "hidden", "output": "before"},
        {"op": "linear", "input": "before", "output": "query", "weight": "P.query.weight", "bias": "P.query.bias"},
        {"op": "memory_attention", "input": "query", "output": "seen", "memory": "memory", "heads": 1,
         "score": {"tensor": "P.score.weight", "reshape": [10]}},
        {"op": "embedding", "input": "word", "output": "embedded", "weight": "P.embed.weight"},
        {"op": "concat", "inputs": ["embedded", "seen"], "output": "both"},
        {"op": "lstm", "input": "both", "output": "state", "weight_x": "P.cell.weight_ih", "weight_h": "P.cell.weight_hh",
         "bias_x": "P.cell.bias_ih", "bias_h": "P.cell.bias_hh", "hidden": "hidden", "cell": "cell"},
        {"op": "concat", "inputs": ["state", "seen"], "output": "all"},
        {"op": "linear", "input": "all", "output": "logits", "weight": "P.out.weight", "bias": "P.out.bias"}]}],
       "outputs": ["logits"]}]}
    """

  private static func projection(_ input: String, _ output: String, _ attention: String, _ part: Int) -> String {
    let rows = "[\(12 * part), \(12 * part + 12)]"
    return """
      {"op": "linear", "input": "\(input)", "output": "\(output)",
       "weight": {"tensor": "P.decoder.layers.{i}.\(attention).in_proj_weight", "rows": \(rows)},
       "bias": {"tensor": "P.decoder.layers.{i}.\(attention).in_proj_bias", "rows": \(rows)}},
      """
  }
  private static func named(_ op: String, _ input: String, _ output: String, _ tensor: String) -> String {
    """
    {"op": "\(op)", "input": "\(input)", "output": "\(output)", "weight": "P.\(tensor).weight", "bias": "P.\(tensor).bias"},
    """
  }

  /// `nn.TransformerDecoder`, norms first: its attention to the image has keys and values made once.
  static let attending = """
    {"funes_recipe": 1, "name": "captions", "checkpoints": {"weights": "captions.npz"}, \(generation)
     "programs": [
      {"name": "encode", "block": true, "inputs": [{"name": "image", "shape": [3, 8, 8]}],
       "reset": ["memory0.filled", "memory1.filled", "own0.slot", "own0.filled", "own1.slot", "own1.filled", "x0.position"],
       "ops": [\(encoder)
        {"op": "constant", "output": "places", "value": "P.places", "shape": [16, 12]},
        {"op": "add", "inputs": ["conv", "places"], "output": "patches"},
        {"repeat": 2, "ops": [
          \(projection("patches", "keys{i}", "multihead_attn", 1))\(projection("patches", "values{i}", "multihead_attn", 2))
          {"op": "remember", "inputs": ["keys{i}", "values{i}"], "memory": "memory{i}", "rows": 16, "lanes": 16}]}],
       "outputs": []},
      {"name": "step", "inputs": [{"name": "word", "classes": 11}],
       "ops": [
        {"op": "embedding", "input": "word", "output": "embedded", "weight": "P.embed.weight"},
        {"op": "position", "input": "embedded", "output": "x0", "weight": "P.order.weight"},
        {"repeat": 2, "ops": [
          \(named("layer_norm", "x{i}", "a{i}", "decoder.layers.{i}.norm1"))
          \(projection("a{i}", "q{i}", "self_attn", 0))\(projection("a{i}", "k{i}", "self_attn", 1))
          \(projection("a{i}", "v{i}", "self_attn", 2))
          {"op": "attention", "inputs": ["q{i}", "k{i}", "v{i}"], "output": "own{i}", "heads": 2, "window": 9},
          \(named("linear", "own{i}", "b{i}", "decoder.layers.{i}.self_attn.out_proj"))
          {"op": "add", "inputs": ["x{i}", "b{i}"], "output": "y{i}"},
          \(named("layer_norm", "y{i}", "c{i}", "decoder.layers.{i}.norm2"))
          \(projection("c{i}", "asked{i}", "multihead_attn", 0))
          {"op": "memory_attention", "input": "asked{i}", "output": "seen{i}", "memory": "memory{i}", "heads": 2},
          \(named("linear", "seen{i}", "d{i}", "decoder.layers.{i}.multihead_attn.out_proj"))
          {"op": "add", "inputs": ["y{i}", "d{i}"], "output": "z{i}"},
          \(named("layer_norm", "z{i}", "e{i}", "decoder.layers.{i}.norm3"))
          \(named("linear", "e{i}", "wide{i}", "decoder.layers.{i}.linear1"))
          {"op": "gelu", "input": "wide{i}", "output": "open{i}"},
          \(named("linear", "open{i}", "narrow{i}", "decoder.layers.{i}.linear2"))
          {"op": "add", "inputs": ["z{i}", "narrow{i}"], "output": "x{i+1}"}]},
        \(named("layer_norm", "x2", "even", "decoder.norm"))
        {"op": "linear", "input": "even", "output": "logits", "weight": "P.out.weight", "bias": "P.out.bias"}],
       "outputs": ["logits"]}]}
    """

  private struct Golden {
    var graph: Graph
    var images: [[Float]]
    /// Of each image.
    var ids: [[Int]] = []
    var logits: [[Float]] = []

    init(_ name: String) throws {
      let text = name == "recurrent" ? CaptionTests.recurrent : CaptionTests.attending
      let recipe = try Recipe.parse(text.replacing("\"P.", with: "\"\(name)."))
      let source = try Importer.source(CellGoldens.path("captions.npz"))
      let apart = ["image", "ids", "logits"].map { "\(name).\($0)" }
      let used = source.names.filter { $0.hasPrefix("\(name).") && !apart.contains($0) }
      graph = try recipe.graph(sources: ["weights": TensorSource(try used.map { ($0, try source.tensor($0)) })])
      let golden = try Checkpoint.read(path: CellGoldens.path("captions.npz"))
      let pixels = try golden.tensor(apart[0]).floats().values
      images = (0..<3).map { Array(pixels[$0 * 192..<($0 + 1) * 192]) }
      var rest = try golden.tensor(apart[2]).floats().values[...]
      let all = try golden.tensor(apart[1]).integers().map { Int($0) }
      for image in 0..<3 {
        ids.append(all[image * 9..<image * 9 + 9].filter { $0 >= 0 })
        logits.append(Array(rest.prefix(ids[image].count * 11)))
        rest = rest.dropFirst(ids[image].count * 11)
      }
    }
  }

  @Test(arguments: ["recurrent", "attending"]) func theReferenceIsPyTorch(name: String) throws {
    let golden = try Golden(name)
    let model = FloatReference(golden.graph)
    for (index, image) in golden.images.enumerated() {
      _ = try model.run(program: "encode", inputs: ["image": .floats(image)], rows: 1)
      let words = [1] + golden.ids[index].dropLast().map { Int32($0) }
      let logits = try words.flatMap {
        try model.run(program: "step", inputs: ["word": .ids([$0])], rows: 1, trace: false)["logits"]!
      }
      expectClose(logits, golden.logits[index], "\(name), image \(index)")
    }
  }

  /// As the file's own generation record says: the words of each image, one image after another in one session.
  @Test(arguments: ["recurrent", "attending"]) func captionsAreGenerated(name: String) throws {
    let golden = try Golden(name)
    let file = try ModelFile(copying: try Converter().convert(golden.graph).bytes)
    try file.model.verify()
    let generation = try #require(file.model.generation)
    let (encode, step) = (try #require(generation.encodeProgram), generation.stepProgram)
    var session = try Session(file)
    for round in 0..<2 {
      for (index, image) in golden.images.enumerated() {
        _ = session.unsafeInput(of: encode).update(fromContentsOf: image)
        #expect(session.run(encode) == RunResult(rows: 1, status: .ok))
        var (ids, logits): ([Int], [Float]) = ([], [])
        var next = generation.startID
        while ids.count < generation.longest {
          session.unsafeInputIDs(of: step)[0] = Int32(next)
          #expect(session.run(step) == RunResult(rows: 1, status: .ok))
          let row = Array(session.unsafeOutput(generation.output, of: step))
          logits += row
          next = argmax(row)
          ids.append(next)
          if next == 0 { break }
        }
        #expect(ids == golden.ids[index], "\(name), image \(index), round \(round)")
        if ids == golden.ids[index] { #expect(signalToNoise(logits, golden.logits[index]) > leastRatio) }
      }
    }
  }

  /// The table of nine positions ends: a tenth word is refused, and a new image makes room.
  @Test func theLongestCaptionIsTheTables() throws {
    let golden = try Golden("attending")
    let file = try ModelFile(copying: try Converter().convert(golden.graph).bytes)
    let step = try #require(file.model.programIndex(named: "step"))
    let encode = try #require(file.model.programIndex(named: "encode"))
    #expect(file.model.rowLimit(of: step) == 9 && file.model.rowLimit(of: encode) == 1)
    var session = try Session(file)
    for _ in 0..<2 {
      #expect(session.run(encode).status == .ok)
      for _ in 0..<9 { #expect(session.run(step).status == .ok) }
      #expect(session.run(step) == RunResult(rows: 0, status: .cacheFull))
    }
  }
}
