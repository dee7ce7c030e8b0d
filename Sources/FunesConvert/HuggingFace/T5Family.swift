// SPDX-License-Identifier: Apache-2.0
// T5 (Raffel et al. 2019, arXiv:1910.10683) and its version 1.1: RMS norms, scores that are not scaled, and a bias by
// distance, in buckets that grow, learnt in the first layer and used in all.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct T5Family {
  private let folder: ModelFolder
  private var config: FolderConfig { folder.config }
  private var weights: FolderWeights { folder.weights }

  init(_ folder: ModelFolder) { self.folder = folder }

  func graph() throws -> Graph {
    _ = try folder.architecture(["T5ForConditionalGeneration", "T5WithLMHeadModel"])
    let builder = try read()
    var graph = try builder.graph()
    for stack in ["encoder", "decoder"] { try weights.passCopy("\(stack).embed_tokens.weight", of: "shared.weight") }
    // Of an earlier layout; no version computes with it.
    weights.passDerived { $0 == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight" }
    let symbols = builder.sourceEmbedding.tensor.shape[0]
    try folder.finishSequence(&graph, symbolCount: symbols, startKeys: ["decoder_start_token_id", "pad_token_id"])
    return graph
  }

  private func read() throws -> SequenceBuilder {
    let width = try config.integer("d_model", ModelFolder.widthRange)
    let heads = try config.integer("num_heads", 1...65_536)
    let headWidth = try config.integer("d_kv", ModelFolder.widthRange)
    guard heads * headWidth <= 65_536 else {
      throw config.conflict(
        ["num_heads", "d_kv"], "found heads of \(heads * headWidth) values together, expected at most 65536")
    }
    let layers = try config.integer("num_layers", ModelFolder.layerRange)
    let decoderLayers = try config.integer("num_decoder_layers", ModelFolder.layerRange, default: layers)
    let symbols = try config.integer("vocab_size", ModelFolder.symbolRange)
    // Distances beyond the last bucket are all one, so the rows are whoever converts' to choose.
    let trained = try config.integer("n_positions", ModelFolder.rowRange, default: 512)
    let rows = try folder.sequenceRows(trainedRows: trained, layers: decoderLayers, keyWidth: heads * headWidth)
    try config.require("is_encoder_decoder", .bool(true))
    try config.require("is_decoder", .bool(false))
    let norm = NormDescription(kind: .rms, epsilon: try config.epsilon("layer_norm_epsilon", default: 1e-6))
    let feedForward = try feedForward()
    let hidden = try config.integer("d_ff", ModelFolder.widthRange)
    func stack(_ name: String) -> LayerStack {
      LayerStack(
        prefix: "\(name).", width: width, hiddenWidth: hidden, norm: norm, feedForward: feedForward,
        weights: RoleWeights { role, shape in try self.weight(role, shape, name, feedForward.isGated) })
    }
    let shared = try weights.take("shared.weight", [symbols, width])
    let isTied = try config.flag("tie_word_embeddings", default: true)
    // Version 1.1 said so by an output of its own; newer configurations have a word for it.
    let isScaled = try config.flag("scale_decoder_outputs", default: isTied)
    let output = weights.has("lm_head.weight") ? try weights.take("lm_head.weight", [symbols, width]) : shared
    return SequenceBuilder(
      name: folder.name, encoder: stack("encoder"), decoder: stack("decoder"), encoderLayerCount: layers,
      decoderLayerCount: decoderLayers,
      encoderAttention: EncoderAttentionDescription(headCount: heads, headWidth: headWidth, scale: 1),
      decoderAttention: CausalAttentionDescription(
        headCount: heads, keyHeadCount: heads, headWidth: headWidth, windowRows: rows, scale: 1),
      memory: MemoryAttentionDescription(headCount: heads, headWidth: headWidth, scale: 1, rows: rows),
      sourceEmbedding: shared, targetEmbedding: shared,
      encoderDistances: try distances("encoder", heads: heads),
      decoderDistances: try distances("decoder", heads: heads),
      hasLastNorm: true, outputScale: isScaled ? Float(1 / Double(width).squareRoot()) : nil,
      output: Projection(weight: output.tensor == shared.tensor ? shared : output))
  }

  /// `relu`, `gated-gelu` and the like; the gelu of version 1.1 is that by tanh.
  private func feedForward() throws -> FeedForwardDescription {
    // Both are made of it.
    config.ignore(["dense_act_fn", "is_gated_act"])
    let word = try config.optionalWord("feed_forward_proj") ?? "relu"
    let isGated = word.hasPrefix("gated-")
    let name = word == "gated-gelu" ? "gelu_new" : isGated ? String(word.dropFirst(6)) : word
    guard let activation = ModelFolder.activations.first(where: { $0.key == name }) else {
      throw config.unsupported("feed_forward_proj", "\"\(word)\"", ["\"relu\"", "\"gated-gelu\"", "\"gated-silu\""])
    }
    return FeedForwardDescription(activation: activation.value, isGated: isGated)
  }

  // MARK: Distances

  /// Of each head, the bias at distances −B…B, or 0…B in a decoder, which sees no later row.
  private func distances(_ stack: String, heads: Int) throws -> NamedTensor {
    let buckets = try config.integer("relative_attention_num_buckets", 2...65_536, default: 32)
    let most = try config.integer("relative_attention_max_distance", 2...65_536, default: 128)
    let isBothWays = stack == "encoder"
    let exact = (isBothWays ? buckets / 2 : buckets) / 2
    guard exact >= 1, most > exact else {
      throw config.conflict(
        ["relative_attention_num_buckets", "relative_attention_max_distance"],
        "found \(buckets) buckets for \(most) rows, expected at least 4, and fewer than distances")
    }
    let count = heads * (2 * most + 1)
    guard count <= 1 << 24 else {
      throw config.conflict(
        ["num_heads", "relative_attention_max_distance"],
        "found \(count) heads' distances together, expected at most \(1 << 24)")
    }
    let table = try weights.take(
      "\(stack).block.0.layer.0.SelfAttention.relative_attention_bias.weight", [buckets, heads])
    let steps = isBothWays ? Array(-most...most) : Array(0...most)
    let values = (0..<heads).flatMap { head in
      steps.map { step in
        // Rows before have positive distances in a decoder, negative ones in an encoder.
        let distance = isBothWays ? step : -step
        return table.tensor.values[
          T5Family.bucket(distance, isBothWays: isBothWays, buckets: buckets, most: most) * heads + head]
      }
    }
    return table.with(FloatTensor(shape: [heads, steps.count], values: values))
  }

  /// The bucket of a key's row less the query's: one each for short distances, then ever wider ones up to `most`.
  static func bucket(_ distance: Int, isBothWays: Bool, buckets: Int, most: Int) -> Int {
    var (buckets, first) = (buckets, 0)
    var steps = max(-distance, 0)
    if isBothWays {
      buckets /= 2
      if distance > 0 { first = buckets }
      steps = abs(distance)
    }
    let exact = buckets / 2
    if steps < exact { return first + steps }
    // In single precision, as the original: at powers of two the quotient is whole or just below it.
    let share = Float(log(Double(Float(steps) / Float(exact)))) / Float(log(Double(most) / Double(exact)))
    return first + min(exact + Int(share * Float(buckets - exact)), buckets - 1)
  }

  // MARK: Weights

  private func weight(
    _ role: DecoderRole, _ shape: [Int], _ stack: String, _ isGated: Bool
  ) throws -> NamedTensor? {
    // Neither products nor norms have biases.
    guard role.part == .weight else { return nil }
    let block = "\(stack).block.\(role.layer ?? 0).layer"
    let last = stack == "encoder" ? 1 : 2
    let name: String? =
      switch role.module {
      case .q: "\(block).0.SelfAttention.q"
      case .k: "\(block).0.SelfAttention.k"
      case .v: "\(block).0.SelfAttention.v"
      case .attentionOutput: "\(block).0.SelfAttention.o"
      case .attentionNorm: "\(block).0.layer_norm"
      case .memoryQ: "\(block).1.EncDecAttention.q"
      case .memoryK: "\(block).1.EncDecAttention.k"
      case .memoryV: "\(block).1.EncDecAttention.v"
      case .memoryOutput: "\(block).1.EncDecAttention.o"
      case .memoryNorm: "\(block).1.layer_norm"
      case .gate: "\(block).\(last).DenseReluDense.wi_0"
      case .up: "\(block).\(last).DenseReluDense.\(isGated ? "wi_1" : "wi")"
      case .down: "\(block).\(last).DenseReluDense.wo"
      case .feedForwardNorm: "\(block).\(last).layer_norm"
      case .norm: "\(stack).final_layer_norm"
      default: nil
      }
    return try name.map { try weights.take("\($0).weight", shape) }
  }
}
