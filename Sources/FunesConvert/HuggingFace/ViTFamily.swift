// SPDX-License-Identifier: Apache-2.0
// ViT (Dosovitskiy et al. 2020, arXiv:2010.11929) and DeiT (Touvron et al. 2020, arXiv:2012.12877), which has a second
// token and averages two classifiers. One image a row; its patches are an inner axis, so that `step` is a stream of images.

struct ViTFamily {
  enum Member { case vit, deit }

  private let member: Member
  private let folder: ModelFolder
  private let prefix: String
  private var config: FolderConfig { folder.config }
  private var weights: FolderWeights { folder.weights }

  init(_ member: Member, _ folder: ModelFolder) {
    self.member = member
    self.folder = folder
    let name = member == .vit ? "vit." : "deit."
    prefix = folder.weights.has("\(name)embeddings.cls_token") ? name : ""
  }

  /// The image, its patches, and the encoder's numbers.
  private struct Numbers {
    var channels: Int
    var size: Graph.Patches.Extent
    var patch: Graph.Patches.Extent
    var width: Int
    var hasBiases: Bool
    /// Tokens that stand before the patches.
    var tokens: Int
    var counts: Graph.Patches.Extent { .init(size.height / patch.height, size.width / patch.width) }
    var lanes: Int { counts.height * counts.width + tokens }
  }

  func graph() throws -> Graph {
    let title = member == .vit ? "ViT" : "DeiT"
    let known = ["\(title)ForImageClassification", "\(title)Model"]
    let architecture = try folder.architecture(
      known + (member == .deit ? ["DeiTForImageClassificationWithTeacher"] : []))
    let numbers = try read()
    let heads = try HeadNumbers(
      config, width: numbers.width, headsKey: "num_attention_heads", keyHeadsKey: nil, headWidthKey: nil)
    let activation = try config.choice("hidden_act", ModelFolder.activations, default: "gelu")
    let stack = LayerStack(
      width: numbers.width, hiddenWidth: try config.integer("intermediate_size", ModelFolder.widthRange),
      norm: NormDescription(kind: .layer, epsilon: try config.epsilon("layer_norm_eps", default: 1e-12)),
      feedForward: FeedForwardDescription(activation: activation, isGated: false),
      weights: RoleWeights { role, shape in try self.weight(role, shape, numbers) })
    let attention = heads.encoderAttention(lanes: numbers.lanes)
    var builder = BlockBuilder(name: folder.name)
    let image = builder.input("image", shape: [numbers.channels, numbers.size.height, numbers.size.width])
    var x = try embed(&builder, image.value, numbers)
    for layer in 0..<(try config.integer("num_hidden_layers", ModelFolder.layerRange)) {
      x = try stack.encoderLayer(&builder, x, layer, attention)
    }
    let outputs = try head(&builder, x, architecture, stack, numbers)
    builder.endProgram("step", inputs: [image], outputs: outputs)
    config.ignore(["encoder_stride", "problem_type"])
    weights.passDerived { $0 == "\(prefix)embeddings.mask_token" }
    if architecture.contains("Classification") { folder.passUnneeded(prefixes: ["\(prefix)pooler."], "the classifier") }
    var graph = builder.graph
    graph.metadata.merge(try ImageSettings.read(folder, channels: numbers.channels, size: numbers.size)) { $1 }
    return graph
  }

  private func read() throws -> Numbers {
    let side = 1...16_384
    func extent(_ key: String) throws -> Graph.Patches.Extent {
      guard let pair = config.value(key)?.elements else {
        let extent = try config.integer(key, side)
        return .init(extent, extent)
      }
      let sides = pair.compactMap(\.intValue).filter { side.contains($0) }
      guard sides.count == 2, pair.count == 2 else {
        throw config.wrongKind(key, .array(pair), "a whole number or two of them")
      }
      return .init(sides[0], sides[1])
    }
    let (size, patch) = (try extent("image_size"), try extent("patch_size"))
    guard patch.height <= size.height, patch.width <= size.width else {
      throw config.conflict(["image_size", "patch_size"], "found patches larger than the image")
    }
    return Numbers(
      channels: try config.integer("num_channels", 1...1024, default: 3), size: size, patch: patch,
      width: try config.integer("hidden_size", ModelFolder.widthRange),
      hasBiases: try config.flag("qkv_bias", default: true), tokens: member == .vit ? 1 : 2)
  }

  /// Patches as a product, the tokens before them, and the positions of all.
  private func embed(_ builder: inout BlockBuilder, _ image: Int, _ numbers: Numbers) throws -> Int {
    let width = numbers.width
    let cut = Graph.Patches(
      channels: numbers.channels, size: numbers.size, kernel: numbers.patch, stride: numbers.patch)
    let count = numbers.lanes - numbers.tokens
    let patches = builder.add("patches", .patches(cut), [image], shape: [count, cut.elementCount])
    let name = "\(prefix)embeddings.patch_embeddings.projection"
    let kernel = try weights.take(
      "\(name).weight", [width, numbers.channels, numbers.patch.height, numbers.patch.width])
    let product = Projection(
      weight: kernel.with(FloatTensor(shape: [width, cut.elementCount], values: kernel.tensor.values)),
      bias: try weights.take("\(name).bias", [width]))
    let projected = builder.linear("patches.projected", patches, product)
    let names = ["cls_token", "distillation_token"].prefix(numbers.tokens).map { "\(prefix)embeddings.\($0)" }
    let values = try names.flatMap { try weights.take($0, [1, 1, width]).tensor.values }
    let tokens = builder.constant("tokens", names.joined(separator: "+"), values, shape: [numbers.tokens, width])
    let joined = builder.add(
      "joined", .concat(lanes: 1), [tokens, projected], shape: [numbers.lanes, width], domain: 1)
    let table = try weights.take("\(prefix)embeddings.position_embeddings", [1, numbers.lanes, width])
    let positions = builder.constant("positions", table.name, table.tensor.values, shape: [numbers.lanes, width])
    return builder.add("placed", .add, [joined, positions])
  }

  private func head(
    _ builder: inout BlockBuilder, _ x: Int, _ architecture: String, _ stack: LayerStack, _ numbers: Numbers
  ) throws -> [Graph.Port] {
    let width = numbers.width
    let head = ModelHead(folder: folder, width: width)
    // A norm goes over each token alone: only those that are used need it.
    func token(_ builder: inout BlockBuilder, _ name: String, _ index: Int) throws -> Int {
      let slice = builder.add(
        "\(name).slice", .slice(lanes: 1, begin: index * width, count: width), [x], shape: [width])
      return try stack.norm(&builder, name, slice, .norm)
    }
    switch architecture {
    case "ViTModel", "DeiTModel":
      let normed = try stack.norm(&builder, "last_hidden", x, .norm)
      var outputs = [Graph.Port(name: "last_hidden", value: normed)]
      let activation = try config.choice("pooler_act", ModelFolder.activations, default: "tanh")
      let rows = try config.integer("pooler_output_size", ModelFolder.widthRange, default: width)
      if weights.has("\(prefix)pooler.dense.weight") {
        let first = builder.add(
          "first", .slice(lanes: 1, begin: 0, count: width), [normed], shape: [width])
        let dense = try head.dense(&builder, "pooled.dense", first, "\(prefix)pooler.dense", rows: rows)
        outputs.append(Graph.Port(name: "pooled", value: builder.add("pooled", .activate(activation), [dense])))
      }
      return outputs
    case "DeiTForImageClassificationWithTeacher":
      config.ignore(["pooler_act", "pooler_output_size"])
      let labels = try head.labels(of: "cls_classifier.weight")
      let first = try token(&builder, "first", 0)
      let second = try token(&builder, "second", 1)
      let own = try head.dense(&builder, "logits.class", first, "cls_classifier", rows: labels.count)
      let taught = try head.dense(
        &builder, "logits.distillation", second, "distillation_classifier", rows: labels.count)
      let sum = builder.add("logits.sum", .add, [own, taught])
      return [head.port(&builder, builder.add("logits", .scale(0.5), [sum]), labels: labels)]
    default:
      config.ignore(["pooler_act", "pooler_output_size"])
      return [try head.classifier(&builder, try token(&builder, "first", 0), "classifier")]
    }
  }

  private func weight(_ role: DecoderRole, _ shape: [Int], _ numbers: Numbers) throws -> NamedTensor? {
    let part = role.part == .weight ? "weight" : "bias"
    let layer = "\(prefix)encoder.layer.\(role.layer ?? 0)."
    switch role.module {
    case .q, .k, .v:
      guard role.part == .weight || numbers.hasBiases else { return nil }
      let name = role.module == .q ? "query" : role.module == .k ? "key" : "value"
      return try weights.take("\(layer)attention.attention.\(name).\(part)", shape)
    case .attentionOutput: return try weights.take("\(layer)attention.output.dense.\(part)", shape)
    case .attentionNorm: return try weights.take("\(layer)layernorm_before.\(part)", shape)
    case .up: return try weights.take("\(layer)intermediate.dense.\(part)", shape)
    case .down: return try weights.take("\(layer)output.dense.\(part)", shape)
    case .feedForwardNorm: return try weights.take("\(layer)layernorm_after.\(part)", shape)
    case .norm: return try weights.take("\(prefix)layernorm.\(part)", shape)
    default: return nil
    }
  }
}
