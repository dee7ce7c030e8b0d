// SPDX-License-Identifier: Apache-2.0
// GPT-NeoX (Black et al. 2022, arXiv:2204.06745) and Pythia: layer norms, part of each head turned, attention and
// feed-forward side by side, and one matrix for queries, keys and values, head after head.

struct NeoXFamily {
  private let folder: ModelFolder
  private var config: FolderConfig { folder.config }

  init(_ folder: ModelFolder) { self.folder = folder }

  func graph() throws -> Graph {
    _ = try folder.architecture(["GPTNeoXForCausalLM"])
    let description = try read()
    let hasBiases = try config.flag("attention_bias", default: true)
    let weights = folder.weights
    var graph = try DecoderBuilder.graph(description) { role, shape in
      switch role.module {
      case .q, .k, .v:
        guard role.part == .weight || hasBiases else { return nil }
        return try NeoXFamily.part(role, shape, weights, description)
      case .attentionOutput: guard role.part == .weight || hasBiases else { return nil }
      case .output: guard role.part == .weight else { return nil }
      default: break
      }
      return try weights.take(NeoXFamily.tensorName(role), shape)
    }
    if description.isTied { try weights.passCopy("embed_out.weight", of: "gpt_neox.embed_in.weight") }
    weights.passDerived { name in
      [".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"].contains { name.hasSuffix($0) }
    }
    try folder.finish(&graph, description: description)
    return graph
  }

  private func read() throws -> DecoderDescription {
    let width = try config.integer("hidden_size", ModelFolder.widthRange)
    let layers = try config.integer("num_hidden_layers", ModelFolder.layerRange)
    let heads = try HeadNumbers(
      config, width: width, headsKey: "num_attention_heads", keyHeadsKey: nil, headWidthKey: nil)
    let positions = try config.integer("max_position_embeddings", ModelFolder.rowRange)
    let rotary = try RotaryConfig(
      config, headWidth: heads.headWidth, positions: positions, share: 0.25, keys: ("rotary_emb_base", "rotary_pct"))
    let windows = try folder.windows(
      trainedRows: min(positions, rotary.mostRows), slidingRows: Array(repeating: nil, count: layers), keyWidth: width)
    try config.require("is_decoder", .bool(false), .bool(true))
    return DecoderDescription(
      name: folder.name, symbolCount: try config.integer("vocab_size", ModelFolder.symbolRange), width: width,
      hiddenWidth: try config.integer("intermediate_size", ModelFolder.widthRange), layerCount: layers,
      headCount: heads.heads, keyHeadCount: heads.heads, headWidth: heads.headWidth, windowRows: windows,
      norm: NormDescription(kind: .layer, epsilon: try config.epsilon("layer_norm_eps", default: 1e-5)),
      rotary: rotary.description, positionRows: nil,
      feedForward: FeedForwardDescription(
        activation: try config.choice("hidden_act", ModelFolder.activations, default: "gelu"), isGated: false),
      isParallel: try config.flag("use_parallel_residual", default: true),
      isTied: try config.flag("tie_word_embeddings", default: false),
      attentionScales: Array(repeating: rotary.scale(headWidth: heads.headWidth), count: layers))
  }

  /// The rows of one kind out of query_key_value, which has for each head its queries, keys and values in turn.
  private static func part(
    _ role: DecoderRole, _ shape: [Int], _ weights: FolderWeights, _ description: DecoderDescription
  ) throws -> NamedTensor {
    let fused = try weights.take(tensorName(role), [3 * shape[0]] + shape.dropFirst())
    let third = role.module == .q ? 0 : role.module == .k ? 1 : 2
    let rows = (0..<description.headCount).flatMap { head in
      let first = (3 * head + third) * description.headWidth
      return first..<(first + description.headWidth)
    }
    let letter = role.module == .q ? "q" : role.module == .k ? "k" : "v"
    return NamedTensor(name: "\(fused.name)[\(letter)]", tensor: fused.tensor.rows(rows))
  }

  private static func tensorName(_ role: DecoderRole) -> String {
    let module =
      switch role.module {
      case .embedding: "embed_in"
      case .attentionNorm: "input_layernorm"
      case .q, .k, .v: "attention.query_key_value"
      case .attentionOutput: "attention.dense"
      case .feedForwardNorm: "post_attention_layernorm"
      case .gate, .up: "mlp.dense_h_to_4h"
      case .down: "mlp.dense_4h_to_h"
      case .norm: "final_layer_norm"
      default: "embed_out"
      }
    let part = role.part == .weight ? "weight" : "bias"
    if role.module == .output { return "embed_out.\(part)" }
    return "gpt_neox.\(role.layer.map { "layers.\($0)." } ?? "")\(module).\(part)"
  }
}
