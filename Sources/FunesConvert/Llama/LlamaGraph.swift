// SPDX-License-Identifier: Apache-2.0
// A llama2.c checkpoint as a graph: Llama's decoder (Touvron et al. 2023, arXiv:2307.09288), one token a row.

/// Describes the decoder of a llama2.c file and gives its weights.
///
///     x   = embedding[token]
///     a   = norm(x);  x += output · attention(rotary(q · a), rotary(k · a), v · a)
///     b   = norm(x);  x += down · (silu(gate · b) ∘ (up · b))          both for each layer
///     y   = embedding · norm(x), or classifier · norm(x)
enum LlamaGraph {
  /// Of every norm, and of every rotary angle; neither stands in the file.
  static let epsilon: Float = 1e-5
  static let rotaryBase = 10_000.0

  /// Without a tokenizer the graph reads and scores ids and knows no text.
  static func graph(
    _ header: LlamaHeader, _ checkpoint: Checkpoint, name: String, tokenizer: LlamaTokenizer?
  ) throws -> Graph {
    var graph = try DecoderBuilder.graph(description(header, name: name)) { role, _ in
      // The header implies every shape; there is no bias.
      guard role.part == .weight else { return nil }
      let name = tensorName(role)
      return NamedTensor(name: name, tensor: try checkpoint.tensor(name).floats())
    }
    if let tokenizer { bind(tokenizer, header, to: &graph) }
    return graph
  }

  private static func description(_ header: LlamaHeader, name: String) -> DecoderDescription {
    let turns = RotaryTurns.values(base: rotaryBase, dimensions: header.headWidth)
    return DecoderDescription(
      name: name, symbolCount: header.symbolCount, width: header.width, hiddenWidth: header.hiddenWidth,
      layerCount: header.layerCount, headCount: header.headCount, keyHeadCount: header.keyHeadCount,
      headWidth: header.headWidth, windowRows: Array(repeating: header.windowRows, count: header.layerCount),
      norm: NormDescription(kind: .rms, epsilon: epsilon),
      rotary: RotaryDescription(dimensions: header.headWidth, isHalved: false, turns: turns), positionRows: nil,
      feedForward: FeedForwardDescription(activation: .silu, isGated: true), isTied: !header.hasClassifier,
      attentionScales: Array(repeating: 1 / Float(header.headWidth).squareRoot(), count: header.layerCount))
  }

  /// `LlamaFile` names tensors after their roles.
  private static func tensorName(_ role: DecoderRole) -> String {
    if role.module == .output { return "classifier" }
    return (role.layer.map { "layers.\($0)." } ?? "") + role.module.rawValue
  }

  /// Token 1 begins each text, and ends it: in training one text follows another.
  private static func bind(_ tokenizer: LlamaTokenizer, _ header: LlamaHeader, to graph: inout Graph) {
    var table = Graph.TextTable(kind: .pieces, symbols: tokenizer.symbols, unknown: LlamaTokenizer.unknown)
    table.begin = LlamaTokenizer.begin
    table.scores = graph.constants.count
    graph.constants.append(
      Graph.Constant(name: "tokenizer.scores", layout: .vector, values: tokenizer.scores))
    graph.texts = [table]
    graph.programs[0].inputs[0].text = 0
    graph.programs[0].outputs[0].text = 0
    graph.generation = Graph.Generation(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: LlamaTokenizer.begin,
      stopIDs: [LlamaTokenizer.begin],
      longest: header.windowRows, output: 0, input: 0)
  }
}
