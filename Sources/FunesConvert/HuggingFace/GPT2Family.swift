// SPDX-License-Identifier: Apache-2.0
// GPT-2 (Radford et al. 2019): layer norms, a learnt table of positions, and weights stored (inputs, outputs).

struct GPT2Family {
  private let folder: ModelFolder
  /// In front of tensors' names; the first published checkpoints have none.
  private let prefix: String
  private var config: FolderConfig { folder.config }

  init(_ folder: ModelFolder) {
    self.folder = folder
    prefix = folder.weights.has("transformer.wte.weight") ? "transformer." : ""
  }

  func graph() throws -> Graph {
    _ = try folder.architecture(["GPT2LMHeadModel"])
    let description = try read()
    let weights = folder.weights
    var graph = try DecoderBuilder.graph(description) { role, shape in try self.weight(role, shape) }
    if description.isTied { try weights.passCopy("lm_head.weight", of: "\(prefix)wte.weight") }
    weights.passDerived { $0.hasSuffix(".attn.bias") || $0.hasSuffix(".attn.masked_bias") }
    try folder.finish(&graph, description: description)
    return graph
  }

  private func read() throws -> DecoderDescription {
    let width = try config.integer("n_embd", ModelFolder.widthRange)
    let layers = try config.integer("n_layer", ModelFolder.layerRange)
    let heads = try HeadNumbers(config, width: width, headsKey: "n_head", keyHeadsKey: nil, headWidthKey: nil)
    let positions = try config.integer("n_positions", ModelFolder.rowRange)
    let windows = try folder.windows(
      trainedRows: positions, slidingRows: Array(repeating: nil, count: layers), keyWidth: width)
    // The order of a product, for half precision; and what an older configuration says twice.
    config.ignore(["reorder_and_upcast_attn", "n_ctx"])
    // Written by the first published checkpoints; nothing ever read them.
    config.ignore(["n_special", "predict_special_tokens"])
    config.ignore(["summary_activation", "summary_proj_to_labels", "summary_type", "summary_use_proj"])
    let isScaled = try config.flag("scale_attn_weights", default: true)
    let isScaledByLayer = try config.flag("scale_attn_by_inverse_layer_idx", default: false)
    let scales = (0..<layers).map { layer in
      (isScaled ? 1 / Float(heads.headWidth).squareRoot() : 1) / (isScaledByLayer ? Float(layer + 1) : 1)
    }
    return DecoderDescription(
      name: folder.name, symbolCount: try config.integer("vocab_size", ModelFolder.symbolRange), width: width,
      hiddenWidth: try config.integer("n_inner", ModelFolder.widthRange, default: 4 * width), layerCount: layers,
      headCount: heads.heads, keyHeadCount: heads.heads, headWidth: heads.headWidth, windowRows: windows,
      norm: NormDescription(kind: .layer, epsilon: try config.epsilon("layer_norm_epsilon", default: 1e-5)),
      rotary: nil, positionRows: positions,
      feedForward: FeedForwardDescription(
        activation: try config.choice("activation_function", ModelFolder.activations, default: "gelu_new"),
        isGated: false),
      isTied: try config.flag("tie_word_embeddings", default: true), attentionScales: scales)
  }

  private func weight(_ role: DecoderRole, _ shape: [Int]) throws -> NamedTensor? {
    let weights = folder.weights
    let part = role.part == .weight ? "weight" : "bias"
    let layer = "\(prefix)\(role.layer.map { "h.\($0)." } ?? "")"
    switch role.module {
    case .embedding: return try weights.take("\(prefix)wte.weight", shape)
    case .positions: return try weights.take("\(prefix)wpe.weight", shape)
    case .norm: return try weights.take("\(prefix)ln_f.\(part)", shape)
    case .output: return role.part == .weight ? try weights.take("lm_head.weight", shape) : nil
    case .attentionNorm: return try weights.take("\(layer)ln_1.\(part)", shape)
    case .feedForwardNorm: return try weights.take("\(layer)ln_2.\(part)", shape)
    case .attentionOutput: return try turned("\(layer)attn.c_proj.\(part)", shape)
    case .up: return try turned("\(layer)mlp.c_fc.\(part)", shape)
    case .down: return try turned("\(layer)mlp.c_proj.\(part)", shape)
    case .q: return try third(0, "q", "\(layer)attn.c_attn.\(part)", shape)
    case .k: return try third(1, "k", "\(layer)attn.c_attn.\(part)", shape)
    case .v: return try third(2, "v", "\(layer)attn.c_attn.\(part)", shape)
    default: return nil
    }
  }

  /// A bias as it is; a weight that is stored (inputs, outputs) as (outputs, inputs).
  private func turned(_ name: String, _ shape: [Int]) throws -> NamedTensor {
    let stored = try folder.weights.take(name, shape.reversed())
    return shape.count == 1 ? stored : stored.with(stored.tensor.transposed)
  }

  /// Queries, keys or values of the matrix that makes all three, one after another.
  private func third(_ index: Int, _ letter: String, _ name: String, _ shape: [Int]) throws -> NamedTensor {
    let fused = try turned(name, [3 * shape[0]] + shape.dropFirst())
    let rows = (index * shape[0])..<((index + 1) * shape[0])
    return NamedTensor(name: "\(name)[\(letter)]", tensor: fused.tensor.rows(rows))
  }
}
