// SPDX-License-Identifier: Apache-2.0
// Llama (Touvron et al. 2023, arXiv:2302.13971), Mistral (Jiang et al. 2023, arXiv:2310.06825) and Qwen2 (Yang et al. 2024,
// arXiv:2407.10671): one decoder, which differs in where biases are and which rows a layer sees.

struct LlamaFamily {
  enum Member { case llama, mistral, qwen2 }

  private let member: Member
  private let folder: ModelFolder
  private var config: FolderConfig { folder.config }

  init(_ member: Member, _ folder: ModelFolder) {
    self.member = member
    self.folder = folder
  }

  /// Modules with biases.
  private struct Biases {
    var attention = false
    var attentionOutput = false
    var feedForward = false
  }

  func graph() throws -> Graph {
    let architectures: [Member: [String]] = [
      .llama: ["LlamaForCausalLM", "LLaMAForCausalLM"], .mistral: ["MistralForCausalLM"], .qwen2: ["Qwen2ForCausalLM"],
    ]
    _ = try folder.architecture(architectures[member]!)
    let (description, biases) = try read()
    let weights = folder.weights
    var graph = try DecoderBuilder.graph(description) { role, shape in
      if role.part == .bias {
        switch role.module {
        case .q, .k, .v: guard biases.attention else { return nil }
        case .attentionOutput: guard biases.attentionOutput else { return nil }
        case .gate, .up, .down: guard biases.feedForward else { return nil }
        default: return nil
        }
      }
      return try weights.take(LlamaFamily.tensorName(role), shape)
    }
    if description.isTied { try weights.passCopy("lm_head.weight", of: "model.embed_tokens.weight") }
    weights.passDerived { $0.hasSuffix(".rotary_emb.inv_freq") }
    try folder.finish(&graph, description: description)
    return graph
  }

  private func read() throws -> (DecoderDescription, Biases) {
    let width = try config.integer("hidden_size", ModelFolder.widthRange)
    let layers = try config.integer("num_hidden_layers", ModelFolder.layerRange)
    let heads = try HeadNumbers(
      config, width: width, headsKey: "num_attention_heads", keyHeadsKey: "num_key_value_heads",
      headWidthKey: "head_dim")
    let positions = try config.integer("max_position_embeddings", ModelFolder.rowRange)
    let rotary = try RotaryConfig(config, headWidth: heads.headWidth, positions: positions)
    let (sliding, biases) = try readMember(layers: layers)
    let windows = try folder.windows(
      trainedRows: min(positions, rotary.mostRows), slidingRows: sliding, keyWidth: heads.keyHeads * heads.headWidth)
    let description = DecoderDescription(
      name: folder.name, symbolCount: try config.integer("vocab_size", ModelFolder.symbolRange), width: width,
      hiddenWidth: try config.integer("intermediate_size", ModelFolder.widthRange), layerCount: layers,
      headCount: heads.heads, keyHeadCount: heads.keyHeads, headWidth: heads.headWidth, windowRows: windows,
      norm: NormDescription(kind: .rms, epsilon: try config.epsilon("rms_norm_eps", default: 1e-6)),
      rotary: rotary.description, positionRows: nil,
      feedForward: FeedForwardDescription(
        activation: try config.choice("hidden_act", ModelFolder.activations, default: "silu"), isGated: true),
      isTied: try config.flag("tie_word_embeddings", default: false),
      attentionScales: Array(repeating: rotary.scale(headWidth: heads.headWidth), count: layers))
    return (description, biases)
  }

  /// What differs: of each layer the rows that a row sees, nil for all, and which modules have biases.
  private func readMember(layers: Int) throws -> ([Int?], Biases) {
    let all = [Int?](repeating: nil, count: layers)
    switch member {
    case .llama:
      // Parts of a product that were computed on several machines: the same sums.
      config.ignore(["pretraining_tp", "is_llama_config", "max_sequence_length"])
      try config.require("rope_interleaved", .bool(false))
      let attention = try config.flag("attention_bias", default: false)
      let feedForward = try config.flag("mlp_bias", default: false)
      return (all, Biases(attention: attention, attentionOutput: attention, feedForward: feedForward))
    case .mistral:
      let rows = try config.optionalInteger("sliding_window", ModelFolder.rowRange)
      return (all.map { _ in rows }, Biases())
    case .qwen2:
      try config.require("use_mrope", .bool(false))
      let isSliding = try config.flag("use_sliding_window", default: false)
      let rows = try config.optionalInteger("sliding_window", ModelFolder.rowRange)
      let first = try config.integer("max_window_layers", 0...ModelFolder.layerRange.upperBound, default: 28)
      var slides = (0..<layers).map { isSliding && $0 >= first }
      if let kinds = config.value("layer_types") {
        let known = ["full_attention": false, "sliding_attention": true]
        let listed = kinds.elements?.compactMap { $0.stringValue.flatMap { known[$0] } }
        guard let listed, listed.count == layers, kinds.elements?.count == layers else {
          throw config.wrongKind("layer_types", kinds, "\"full_attention\" or \"sliding_attention\" for each layer")
        }
        slides = listed
      }
      guard rows != nil || !slides.contains(true) else {
        throw config.conflict(["use_sliding_window", "sliding_window"], "found layers that slide and no window")
      }
      return (slides.map { $0 ? rows : nil }, Biases(attention: true))
    }
  }

  private static func tensorName(_ role: DecoderRole) -> String {
    let module =
      switch role.module {
      case .embedding: "embed_tokens"
      case .attentionNorm: "input_layernorm"
      case .q: "self_attn.q_proj"
      case .k: "self_attn.k_proj"
      case .v: "self_attn.v_proj"
      case .attentionOutput: "self_attn.o_proj"
      case .feedForwardNorm: "post_attention_layernorm"
      case .gate: "mlp.gate_proj"
      case .up: "mlp.up_proj"
      case .down: "mlp.down_proj"
      case .norm: "norm"
      default: "lm_head"
      }
    let part = role.part == .weight ? "weight" : "bias"
    if role.module == .output { return "lm_head.\(part)" }
    return "model.\(role.layer.map { "layers.\($0)." } ?? "")\(module).\(part)"
  }
}
