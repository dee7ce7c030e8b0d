// SPDX-License-Identifier: Apache-2.0
// Marian (Junczys-Dowmunt et al. 2018, arXiv:1804.00344), the translators of OPUS-MT: norms last, sines as positions, a
// bias on the scores.

struct MarianFamily {
  private let folder: ModelFolder
  private var config: FolderConfig { folder.config }
  private var weights: FolderWeights { folder.weights }
  /// PyTorch's, which the configuration does not have.
  private static let epsilon: Float = 1e-5
  /// What scores of symbols that a target must not have are lowered to.
  private static let forbidden: Float = -1000

  init(_ folder: ModelFolder) { self.folder = folder }

  func graph() throws -> Graph {
    _ = try folder.architecture(["MarianMTModel"])
    let builder = try read()
    var graph = try builder.graph()
    weights.passDerived { $0.hasSuffix(".embed_positions.weight") }
    let symbols = builder.targetEmbedding.tensor.shape[0]
    try folder.finishSequence(&graph, symbolCount: symbols, startKeys: ["decoder_start_token_id", "pad_token_id"])
    return graph
  }

  private func read() throws -> SequenceBuilder {
    let width = try config.integer("d_model", ModelFolder.widthRange)
    let positions = try config.integer("max_position_embeddings", ModelFolder.rowRange)
    let layers = (
      encoder: try config.integer("encoder_layers", ModelFolder.layerRange),
      decoder: try config.integer("decoder_layers", ModelFolder.layerRange)
    )
    try checkVariants()
    let rows = try folder.sequenceRows(trainedRows: positions, layers: layers.decoder, keyWidth: width)
    let activation = try config.choice("activation_function", ModelFolder.activations, default: "gelu")
    func stack(_ name: String) throws -> (LayerStack, HeadNumbers) {
      let heads = try HeadNumbers(
        config, width: width, headsKey: "\(name)_attention_heads", keyHeadsKey: nil, headWidthKey: nil)
      let stack = LayerStack(
        prefix: "\(name).", width: width, hiddenWidth: try config.integer("\(name)_ffn_dim", ModelFolder.widthRange),
        norm: NormDescription(kind: .layer, epsilon: MarianFamily.epsilon), isNormLast: true,
        feedForward: FeedForwardDescription(activation: activation, isGated: false),
        weights: RoleWeights { role, shape in try self.weight(role, shape, name) })
      return (stack, heads)
    }
    let (encoder, encoderHeads) = try stack("encoder")
    let (decoder, heads) = try stack("decoder")
    let scale = 1 / Float(heads.headWidth).squareRoot()
    let (source, target) = try embeddings(width)
    return SequenceBuilder(
      name: folder.name, encoder: encoder, decoder: decoder, encoderLayerCount: layers.encoder,
      decoderLayerCount: layers.decoder,
      encoderAttention: encoderHeads.encoderAttention(),
      decoderAttention: CausalAttentionDescription(
        headCount: heads.heads, keyHeadCount: heads.heads, headWidth: heads.headWidth, windowRows: rows, scale: scale),
      memory: MemoryAttentionDescription(headCount: heads.heads, headWidth: heads.headWidth, scale: scale, rows: rows),
      sourceEmbedding: source, targetEmbedding: target,
      embeddingScale: try config.flag("scale_embedding", default: false) ? Float(width).squareRoot() : nil,
      // Sources and targets have as many rows as memories and caches: the table is no longer.
      positions: NamedTensor(name: "positions", tensor: Sinusoids.table(rows: rows, width: width)),
      hasLastNorm: false, output: try output(target, width))
  }

  /// What older configurations say of variants that only other models of their kind have.
  private func checkVariants() throws {
    try config.require("is_encoder_decoder", .bool(true))
    try config.require("is_decoder", .bool(false))
    for key in ["add_final_layer_norm", "normalize_before", "normalize_embedding", "add_bias_logits"] {
      try config.require(key, .bool(false))
    }
    // Positions are sines whatever is said of them; a number of another model of that kind; layers under another name.
    config.ignore(["static_position_embeddings", "extra_pos_embeddings", "num_hidden_layers"])
  }

  /// One table for both sides, or one each.
  private func embeddings(_ width: Int) throws -> (source: NamedTensor, target: NamedTensor) {
    let symbols = try config.integer("vocab_size", ModelFolder.symbolRange)
    let targets = try config.integer("decoder_vocab_size", ModelFolder.symbolRange, default: symbols)
    guard try config.flag("share_encoder_decoder_embeddings", default: true) else {
      return (
        try weights.take("model.encoder.embed_tokens.weight", [symbols, width]),
        try weights.take("model.decoder.embed_tokens.weight", [targets, width])
      )
    }
    let shared = try weights.take("model.shared.weight", [symbols, width])
    for stack in ["encoder", "decoder"] {
      try weights.passCopy("model.\(stack).embed_tokens.weight", of: shared.name)
    }
    return (shared, shared)
  }

  private func output(_ target: NamedTensor, _ width: Int) throws -> Projection {
    let symbols = target.tensor.shape[0]
    var weight = target
    if try config.flag("tie_word_embeddings", default: true) {
      try weights.passCopy("lm_head.weight", of: target.name)
    } else {
      weight = try weights.take("lm_head.weight", [symbols, width])
    }
    var bias = try weights.take("final_logits_bias", [1, symbols])
    bias.tensor.shape = [symbols]
    // The padding's vector is zeros, whose score would often be the best.
    let forbidden = try folder.forbiddenIDs(below: symbols)
    for id in forbidden { bias.tensor.values[id] = MarianFamily.forbidden }
    if !forbidden.isEmpty {
      let ids = forbidden.map { "\($0)" }.joined(separator: ", ")
      folder.notes.append(
        "never chosen, by \"bad_words_ids\": \(ids); their scores are lowered to \(Int(MarianFamily.forbidden))")
    }
    return Projection(weight: weight, bias: bias)
  }

  private func weight(_ role: DecoderRole, _ shape: [Int], _ stack: String) throws -> NamedTensor? {
    let part = role.part == .weight ? "weight" : "bias"
    let layer = "model.\(stack).layers.\(role.layer ?? 0)."
    let name: String? =
      switch role.module {
      case .q: "self_attn.q_proj"
      case .k: "self_attn.k_proj"
      case .v: "self_attn.v_proj"
      case .attentionOutput: "self_attn.out_proj"
      case .attentionNorm: "self_attn_layer_norm"
      case .memoryQ: "encoder_attn.q_proj"
      case .memoryK: "encoder_attn.k_proj"
      case .memoryV: "encoder_attn.v_proj"
      case .memoryOutput: "encoder_attn.out_proj"
      case .memoryNorm: "encoder_attn_layer_norm"
      case .up: "fc1"
      case .down: "fc2"
      case .feedForwardNorm: "final_layer_norm"
      default: nil
      }
    return try name.map { try weights.take("\(layer)\($0).\(part)", shape) }
  }
}
