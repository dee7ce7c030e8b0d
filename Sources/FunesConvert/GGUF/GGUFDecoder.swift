// SPDX-License-Identifier: Apache-2.0
// The decoder of a GGUF file: its description from the metadata, its weights by role, each tensor used or refused.

/// Describes and hands out one decoder.
struct GGUFDecoder {
  let gguf: GGUFFile
  let architecture: GGUFArchitecture
  let keys: GGUFKeys
  let description: DecoderDescription
  /// Rows that caches hold, of those that the model was trained for.
  let context: ContextRows

  private static let factorsName = "rope_freqs.weight"
  private static let embeddingName = "token_embd.weight"

  /// - Parameter context: rows that were asked for; nil for those of training that fit.
  init(_ gguf: GGUFFile, name: String, context requested: Int?) throws {
    self.gguf = gguf
    architecture = try GGUFArchitecture(gguf)
    keys = try architecture.keys(gguf)
    let positions = try keys.count("context_length", in: GGUFArchitecture.positionRange)
    let width = try keys.count("embedding_length", in: 1...65_536)
    let heads = try keys.count("attention.head_count", in: 1...65_536)
    let keyHeads = try keys.optionalCount("attention.head_count_kv", in: 1...heads) ?? heads
    guard heads % keyHeads == 0 else {
      throw keys.wrong("attention.head_count_kv", "\(keyHeads)", "a divisor of the \(heads) heads")
    }
    let layers = try keys.count("block_count", in: 1...512)
    // Many experts would be many feed-forward layers.
    _ = try keys.optionalCount("expert_count", in: 0...0)
    let headWidth = try GGUFDecoder.headWidth(keys, width: width, heads: heads)
    guard heads * headWidth <= 65_536 else {
      throw keys.wrong(
        "attention.key_length", "\(headWidth)", "at most \(65_536 / heads), so that \(heads) heads have 65536 values")
    }
    let isTable = architecture == .gpt2
    let rotary = isTable ? nil : try GGUFDecoder.rotary(gguf, keys, headWidth: headWidth, positions: positions)
    if architecture == .gpt2, keyHeads != heads {
      throw keys.wrong("attention.head_count_kv", "\(keyHeads)", "\(heads), as many as heads")
    }
    let epsilonKey = isTable ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"
    context = try ContextRows.choose(
      requested: requested, trainedRows: positions, bytesPerRow: 4 * keyHeads * headWidth * layers)
    var window = context.rows
    if let rows = try keys.optionalCount("attention.sliding_window", in: GGUFArchitecture.positionRange) {
      window = min(window, rows)
    }
    let scale = Float((rotary?.scoreScale ?? 1) / Double(headWidth).squareRoot())
    description = DecoderDescription(
      name: name, symbolCount: try GGUFDecoder.symbolCount(gguf, width: width), width: width,
      hiddenWidth: try keys.count("feed_forward_length", in: 1...262_144), layerCount: layers, headCount: heads,
      keyHeadCount: keyHeads, headWidth: headWidth, windowRows: [Int](repeating: window, count: layers),
      norm: NormDescription(
        kind: isTable ? .layer : .rms, epsilon: Float(try keys.requiredPositive(epsilonKey))),
      rotary: rotary?.description, positionRows: isTable ? positions : nil,
      feedForward: FeedForwardDescription(activation: isTable ? .geluTanh : .silu, isGated: !isTable),
      isTied: gguf.checkpoint["output.weight"] == nil, attentionScales: [Float](repeating: scale, count: layers))
  }

  /// The graph, for which each tensor of the file is taken.
  func graph() throws -> Graph {
    var used: Set<String> = description.rotary == nil ? [] : [GGUFDecoder.factorsName]
    let graph = try DecoderBuilder.graph(description) { role, shape in
      try tensor(role, shape, &used)
    }
    let unused = gguf.checkpoint.tensorNames.filter { !used.contains($0) }
    guard unused.isEmpty else {
      throw GGUFModelError.unusedTensors(
        file: keys.file, count: unused.count, first: Array(unused.prefix(3)))
    }
    return graph
  }

  // MARK: Weights

  private func tensor(_ role: DecoderRole, _ shape: [Int], _ used: inout Set<String>) throws -> NamedTensor? {
    let name = architecture.name(of: role)
    guard let tensor = gguf.checkpoint[name] else {
      if role.part == .bias, !isNorm(role) { return nil }
      throw GGUFModelError.missingTensor(file: keys.file, name: name, shape: shape)
    }
    used.insert(name)
    guard let third = architecture.third(of: role) else {
      return NamedTensor(name: name, tensor: try GGUFDecoder.floats(tensor, shape))
    }
    // q, k and v are as wide as each other; the rows of one stand after those of the one before.
    let fused = try GGUFDecoder.floats(tensor, [3 * shape[0]] + shape.dropFirst())
    let count = fused.values.count / 3
    let values = Array(fused.values[(third.index * count)..<((third.index + 1) * count)])
    return NamedTensor(name: "\(name)[\(third.name)]", tensor: FloatTensor(shape: shape, values: values))
  }

  /// Norms with a bias have one always.
  private func isNorm(_ role: DecoderRole) -> Bool {
    switch role.module {
    case .attentionNorm, .feedForwardNorm, .norm: true
    default: false
    }
  }

  private static func floats(_ tensor: CheckpointTensor, _ shape: [Int]) throws -> FloatTensor {
    guard tensor.shape == shape else {
      throw GGUFModelError.wrongShape(file: tensor.file, tensor: tensor.name, found: tensor.shape, expected: shape)
    }
    return try tensor.floats()
  }

  private static func symbolCount(_ gguf: GGUFFile, width: Int) throws -> Int {
    let file = gguf.checkpoint.file
    guard let embedding = gguf.checkpoint[embeddingName] else {
      throw GGUFModelError.missingTensor(file: file, name: embeddingName, shape: [-1, width])
    }
    guard embedding.shape.count == 2, embedding.shape[1] == width, embedding.shape[0] > 0 else {
      throw GGUFModelError.wrongShape(
        file: file, tensor: embeddingName, found: embedding.shape, expected: [-1, width])
    }
    return embedding.shape[0]
  }

  // MARK: Heads and turns

  private static func headWidth(_ keys: GGUFKeys, width: Int, heads: Int) throws -> Int {
    var headWidth = try keys.optionalCount("attention.key_length", in: 1...65_536)
    if headWidth == nil {
      guard width % heads == 0 else {
        throw keys.wrong("attention.head_count", "\(heads)", "a divisor of the \(width) of a row")
      }
      headWidth = width / heads
    }
    let values = try keys.optionalCount("attention.value_length", in: 1...65_536)
    if let values, values != headWidth {
      throw keys.wrong("attention.value_length", "\(values)", "\(headWidth ?? 0), the width of a head's keys")
    }
    return headWidth ?? 0
  }

  private static func rotary(
    _ gguf: GGUFFile, _ keys: GGUFKeys, headWidth: Int, positions: Int
  ) throws -> (description: RotaryDescription, scoreScale: Double) {
    let dimensions = try keys.optionalCount("rope.dimension_count", in: 1...65_536) ?? headWidth
    guard dimensions % 2 == 0, dimensions <= headWidth else {
      throw keys.wrong("rope.dimension_count", "\(dimensions)", "an even number up to the \(headWidth) of a head")
    }
    let factors = try gguf.checkpoint[factorsName].map { try floats($0, [dimensions / 2]).values }
    if let factors, let index = factors.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw CheckpointError.valueOutOfRange(file: gguf.checkpoint.file, tensor: factorsName, index: index)
    }
    let rotary = try GGUFRotary(keys, dimensions: dimensions, factors: factors, positions: positions)
    guard rotary.scoreScale == 1 || dimensions == headWidth else {
      throw keys.wrong(
        "rope.dimension_count", "\(dimensions) beside yarn", "\(headWidth), all of a head")
    }
    let description = RotaryDescription(
      dimensions: dimensions, isHalved: keys.architecture == GGUFArchitecture.qwen2.rawValue,
      turns: RotaryTurns.values(frequencies: rotary.frequencies))
    return (description, rotary.scoreScale)
  }
}
