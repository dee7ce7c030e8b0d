// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2018, arXiv:1810.04805), of which MiniLM is one, and RoBERTa (Liu et al. 2019, arXiv:1907.11692),
// which counts positions from behind the padding's id and has other heads.

struct BERTFamily {
  enum Member { case bert, roberta }

  private let member: Member
  private let folder: ModelFolder
  /// In front of tensors' names: none in a bare encoder.
  private let prefix: String
  private var config: FolderConfig { folder.config }
  private var weights: FolderWeights { folder.weights }

  init(_ member: Member, _ folder: ModelFolder) {
    self.member = member
    self.folder = folder
    let name = member == .bert ? "bert." : "roberta."
    prefix = folder.weights.has("\(name)embeddings.word_embeddings.weight") ? name : ""
  }

  private var title: String { member == .bert ? "Bert" : "Roberta" }

  func graph() throws -> Graph {
    let kinds = ["Model", "ForSequenceClassification", "ForTokenClassification", "ForMaskedLM"]
    var known = kinds.map { title + $0 }
    if member == .roberta { known += kinds.map { "XLMRoberta" + $0 } }
    let architecture = try folder.architecture(known)
    let kind = kinds.first { architecture.hasSuffix($0) } ?? kinds[0]
    let width = try config.integer("hidden_size", ModelFolder.widthRange)
    let activation = try config.choice("hidden_act", ModelFolder.activations, default: "gelu")
    let encoder = try read(width: width, activation: activation)
    let head = ModelHead(folder: folder, width: width)
    let pipeline = try SentencePipeline(folder)
    let graph = try encoder.graph(positions: positions(width: width)) { builder, embedding, x in
      if let pipeline { return pipeline.outputs(&builder, x) }
      switch kind {
      case "ForSequenceClassification": return [try sequenceHead(&builder, head, x)]
      case "ForTokenClassification": return [try head.classifier(&builder, x, "classifier")]
      case "ForMaskedLM":
        return [try maskedHead(&builder, encoder, embedding, x, width: width, activation: activation)]
      default: return try bareHead(&builder, head, x)
      }
    }
    weights.passDerived { $0.hasSuffix("embeddings.position_ids") || $0.hasSuffix("embeddings.token_type_ids") }
    let heads = ["cls.", "lm_head.", "classifier."]
    switch kind {
    case _ where pipeline != nil:
      folder.passUnneeded(prefixes: ["pooler.", "\(prefix)pooler."] + heads, "the sentence's vector")
    case "Model": folder.passUnneeded(prefixes: heads, "the bare encoder")
    case "ForMaskedLM": folder.passUnneeded(prefixes: ["\(prefix)pooler.", "cls.seq_relationship."], "masked words")
    default: folder.passUnneeded(prefixes: ["\(prefix)pooler."], "the classifier")
    }
    return graph
  }

  private func read(width: Int, activation: Graph.Activation) throws -> TextEncoder {
    let heads = try HeadNumbers(
      config, width: width, headsKey: "num_attention_heads", keyHeadsKey: nil, headWidthKey: nil)
    try config.require("position_embedding_type", .string("absolute"))
    try config.require("is_decoder", .bool(false))
    config.ignore([
      "tie_word_embeddings", "directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
      "pooler_size_per_head", "pooler_type",
    ])
    let stack = LayerStack(
      width: width, hiddenWidth: try config.integer("intermediate_size", ModelFolder.widthRange),
      norm: NormDescription(kind: .layer, epsilon: try config.epsilon("layer_norm_eps", default: 1e-12)),
      isNormLast: true, feedForward: FeedForwardDescription(activation: activation, isGated: false),
      weights: RoleWeights { role, shape in try self.weight(role, shape) })
    return TextEncoder(
      name: folder.name, symbolCount: try config.integer("vocab_size", ModelFolder.symbolRange),
      layerCount: try config.integer("num_hidden_layers", ModelFolder.layerRange), stack: stack,
      attention: heads.encoderAttention())
  }

  /// The table of positions with the vector of the first kind of token on every row: a sentence alone is all of that kind.
  private func positions(width: Int) throws -> NamedTensor {
    let rows = try config.integer("max_position_embeddings", ModelFolder.rowRange)
    let kinds = try config.integer("type_vocab_size", 1...65_536, default: 2)
    let table = try weights.take("\(prefix)embeddings.position_embeddings.weight", [rows, width])
    let types = try weights.take("\(prefix)embeddings.token_type_embeddings.weight", [kinds, width])
    var first = 0
    if member == .roberta {
      first = try config.integer("pad_token_id", 0...rows, default: 1) + 1
      guard first < rows else {
        throw config.conflict(["pad_token_id", "max_position_embeddings"], "found no position behind that of padding")
      }
    }
    let positions = table.tensor.rows(first..<rows)
    let type = types.tensor.values[..<width]
    let sums = positions.values.enumerated().map { $0.element + type[$0.offset % width] }
    if kinds > 1 { folder.notes.append("token type 0 is part of every position: sentences are read one at a time") }
    return NamedTensor(name: table.name, tensor: FloatTensor(shape: positions.shape, values: sums))
  }

  // MARK: Heads

  private func bareHead(_ builder: inout BlockBuilder, _ head: ModelHead, _ x: Int) throws -> [Graph.Port] {
    var outputs = [Graph.Port(name: "last_hidden", value: x)]
    let pooler = "\(prefix)pooler.dense"
    if weights.has("\(pooler).weight") {
      let first = builder.add("first", .first, [x], domain: 0)
      outputs.append(Graph.Port(name: "pooled", value: try head.pooler(&builder, "pooled", first, pooler, .tanh)))
    }
    return outputs
  }

  private func sequenceHead(_ builder: inout BlockBuilder, _ head: ModelHead, _ x: Int) throws -> Graph.Port {
    let first = builder.add("first", .first, [x], domain: 0)
    let dense = member == .bert ? "\(prefix)pooler.dense" : "classifier.dense"
    let pooled = try head.pooler(&builder, "pooled", first, dense, .tanh)
    return try head.classifier(&builder, pooled, member == .bert ? "classifier" : "classifier.out_proj")
  }

  private func maskedHead(
    _ builder: inout BlockBuilder, _ encoder: TextEncoder, _ embedding: NamedTensor, _ x: Int, width: Int,
    activation: Graph.Activation
  ) throws -> Graph.Port {
    let (dense, norm, bias, decoder) =
      member == .bert
      ? (
        "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias",
        "cls.predictions.decoder"
      ) : ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder")
    try weights.passCopy("\(decoder).weight", of: embedding.name)
    try weights.passCopy("\(decoder).bias", of: bias)
    return encoder.vocabulary(
      &builder, x, embedding,
      dense: Projection(
        weight: try weights.take("\(dense).weight", [width, width]), bias: try weights.take("\(dense).bias", [width])),
      activation: member == .bert ? activation : .gelu,
      gain: try normTensor("\(norm).weight", [width]), normBias: try normTensor("\(norm).bias", [width]),
      bias: try weights.take(bias, [encoder.symbolCount]))
  }

  // MARK: Weights

  private func weight(_ role: DecoderRole, _ shape: [Int]) throws -> NamedTensor? {
    let part = role.part == .weight ? "weight" : "bias"
    let layer = "\(prefix)encoder.layer.\(role.layer ?? 0)."
    switch role.module {
    case .embedding: return try weights.take("\(prefix)embeddings.word_embeddings.weight", shape)
    case .embeddingNorm: return try normTensor("\(prefix)embeddings.LayerNorm.\(part)", shape)
    case .q: return try weights.take("\(layer)attention.self.query.\(part)", shape)
    case .k: return try weights.take("\(layer)attention.self.key.\(part)", shape)
    case .v: return try weights.take("\(layer)attention.self.value.\(part)", shape)
    case .attentionOutput: return try weights.take("\(layer)attention.output.dense.\(part)", shape)
    case .attentionNorm: return try normTensor("\(layer)attention.output.LayerNorm.\(part)", shape)
    case .up: return try weights.take("\(layer)intermediate.dense.\(part)", shape)
    case .down: return try weights.take("\(layer)output.dense.\(part)", shape)
    case .feedForwardNorm: return try normTensor("\(layer)output.LayerNorm.\(part)", shape)
    default: return nil
    }
  }

  /// The oldest checkpoints call a norm's gain gamma and its bias beta.
  private func normTensor(_ name: String, _ shape: [Int]) throws -> NamedTensor {
    for (new, old) in [(".weight", ".gamma"), (".bias", ".beta")] where name.hasSuffix(new) && !weights.has(name) {
      let alias = "\(name.dropLast(new.count))\(old)"
      if weights.has(alias) { return try weights.take(alias, shape) }
    }
    return try weights.take(name, shape)
  }
}
