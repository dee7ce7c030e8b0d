// SPDX-License-Identifier: Apache-2.0
// DistilBERT (Sanh et al. 2019, arXiv:1910.01108): BERT's encoder with half the layers, no kinds of tokens and no pooler.

struct DistilBERTFamily {
  private let folder: ModelFolder
  private let prefix: String
  private var config: FolderConfig { folder.config }
  private var weights: FolderWeights { folder.weights }
  /// Not in the configuration.
  private static let epsilon: Float = 1e-12

  init(_ folder: ModelFolder) {
    self.folder = folder
    prefix = folder.weights.has("distilbert.embeddings.word_embeddings.weight") ? "distilbert." : ""
  }

  func graph() throws -> Graph {
    let kinds = ["Model", "ForSequenceClassification", "ForTokenClassification", "ForMaskedLM"]
    let architecture = try folder.architecture(kinds.map { "DistilBert\($0)" })
    let width = try config.integer("dim", ModelFolder.widthRange)
    let rows = try config.integer("max_position_embeddings", ModelFolder.rowRange)
    let activation = try config.choice("activation", ModelFolder.activations, default: "gelu")
    // The table is stored either way.
    config.ignore(["sinusoidal_pos_embds", "tie_word_embeddings", "tie_weights_"])
    let encoder = try read(width: width, activation: activation)
    let head = ModelHead(folder: folder, width: width)
    let pipeline = try SentencePipeline(folder)
    let positions = try weights.take("\(prefix)embeddings.position_embeddings.weight", [rows, width])
    let graph = try encoder.graph(positions: positions) { builder, embedding, x in
      if let pipeline { return pipeline.outputs(&builder, x) }
      switch architecture {
      case "DistilBertForSequenceClassification":
        let first = builder.add("first", .first, [x], domain: 0)
        let pooled = try head.pooler(&builder, "pooled", first, "pre_classifier", .relu)
        return [try head.classifier(&builder, pooled, "classifier")]
      case "DistilBertForTokenClassification": return [try head.classifier(&builder, x, "classifier")]
      case "DistilBertForMaskedLM":
        try weights.passCopy("vocab_projector.weight", of: embedding.name)
        let dense = Projection(
          weight: try weights.take("vocab_transform.weight", [width, width]),
          bias: try weights.take("vocab_transform.bias", [width]))
        return [
          encoder.vocabulary(
            &builder, x, embedding, dense: dense, activation: activation,
            gain: try weights.take("vocab_layer_norm.weight", [width]),
            normBias: try weights.take("vocab_layer_norm.bias", [width]),
            bias: try weights.take("vocab_projector.bias", [encoder.symbolCount]))
        ]
      default: return [Graph.Port(name: "last_hidden", value: x)]
      }
    }
    weights.passDerived { $0.hasSuffix("embeddings.position_ids") }
    if pipeline != nil {
      folder.passUnneeded(prefixes: ["vocab_", "pre_classifier.", "classifier."], "the sentence's vector")
    }
    return graph
  }

  private func read(width: Int, activation: Graph.Activation) throws -> TextEncoder {
    let heads = try HeadNumbers(config, width: width, headsKey: "n_heads", keyHeadsKey: nil, headWidthKey: nil)
    let stack = LayerStack(
      width: width, hiddenWidth: try config.integer("hidden_dim", ModelFolder.widthRange),
      norm: NormDescription(kind: .layer, epsilon: DistilBERTFamily.epsilon), isNormLast: true,
      feedForward: FeedForwardDescription(activation: activation, isGated: false),
      weights: RoleWeights { role, shape in try self.weight(role, shape) })
    return TextEncoder(
      name: folder.name, symbolCount: try config.integer("vocab_size", ModelFolder.symbolRange),
      layerCount: try config.integer("n_layers", ModelFolder.layerRange), stack: stack,
      attention: heads.encoderAttention())
  }

  private func weight(_ role: DecoderRole, _ shape: [Int]) throws -> NamedTensor? {
    let part = role.part == .weight ? "weight" : "bias"
    let layer = "\(prefix)transformer.layer.\(role.layer ?? 0)."
    switch role.module {
    case .embedding: return try weights.take("\(prefix)embeddings.word_embeddings.weight", shape)
    case .embeddingNorm: return try weights.take("\(prefix)embeddings.LayerNorm.\(part)", shape)
    case .q: return try weights.take("\(layer)attention.q_lin.\(part)", shape)
    case .k: return try weights.take("\(layer)attention.k_lin.\(part)", shape)
    case .v: return try weights.take("\(layer)attention.v_lin.\(part)", shape)
    case .attentionOutput: return try weights.take("\(layer)attention.out_lin.\(part)", shape)
    case .attentionNorm: return try weights.take("\(layer)sa_layer_norm.\(part)", shape)
    case .up: return try weights.take("\(layer)ffn.lin1.\(part)", shape)
    case .down: return try weights.take("\(layer)ffn.lin2.\(part)", shape)
    case .feedForwardNorm: return try weights.take("\(layer)output_layer_norm.\(part)", shape)
    default: return nil
    }
  }
}
