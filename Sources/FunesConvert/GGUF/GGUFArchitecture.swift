// SPDX-License-Identifier: Apache-2.0
// The architectures of GGUF that become a graph: what their metadata says of a decoder, and how they name its weights.
// Source of keys and names: https://github.com/ggml-org/ggml, docs/gguf.md.

/// A decoder by the name that GGUF has for it.
enum GGUFArchitecture: String, CaseIterable {
  /// Llama, Mistral and their like: rows of q and k are ordered so that neighbours are turned together.
  case llama
  /// The same with biases, and halves turned together.
  case qwen2
  /// Positions from a table; q, k and v in one matrix.
  case gpt2

  static let positionRange = 1...(1 << 24)

  /// Keys that are read, and those that say nothing of what is computed.
  private var knownKeys: Set<String> {
    let common: Set = [
      "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count", "vocab_size",
    ]
    switch self {
    case .llama, .qwen2:
      return common.union([
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
        "attention.sliding_window", "rope.dimension_count", "rope.freq_base", "rope.scale_linear", "rope.scaling.type",
        "rope.scaling.factor", "rope.scaling.original_context_length", "rope.scaling.finetuned",
        "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "tensor_data_layout", "expert_count",
        "expert_used_count",
      ])
    case .gpt2: return common.union(["attention.head_count_kv", "attention.layer_norm_epsilon"])
    }
  }

  /// The architecture of a file.
  init(_ gguf: GGUFFile) throws(GGUFModelError) {
    let (file, key) = (gguf.checkpoint.file, "general.architecture")
    guard let value = gguf.metadata[key] else { throw .missingKey(file: file, key: key, expected: "a text") }
    guard let name = value.stringValue else {
      throw .wrongValue(file: file, key: key, found: value.kind, expected: "a text")
    }
    guard let known = GGUFArchitecture(rawValue: name) else {
      throw .unknownArchitecture(file: file, found: name, known: GGUFArchitecture.allCases.map(\.rawValue))
    }
    self = known
  }

  func keys(_ gguf: GGUFFile) throws(GGUFModelError) -> GGUFKeys {
    try GGUFKeys(gguf, architecture: rawValue, known: knownKeys)
  }

  /// The name of a weight; q, k and v of a fused matrix have one.
  func name(of role: DecoderRole) -> String {
    let module =
      switch role.module {
      case .embedding: "token_embd"
      case .positions: "position_embd"
      case .attentionNorm: "attn_norm"
      case .q: self == .gpt2 ? "attn_qkv" : "attn_q"
      case .k: self == .gpt2 ? "attn_qkv" : "attn_k"
      case .v: self == .gpt2 ? "attn_qkv" : "attn_v"
      case .attentionOutput: "attn_output"
      case .feedForwardNorm: "ffn_norm"
      case .gate: "ffn_gate"
      case .up: "ffn_up"
      case .down: "ffn_down"
      case .norm: "output_norm"
      case .output: "output"
      // Of encoders, which no architecture here has.
      default: role.module.rawValue
      }
    return (role.layer.map { "blk.\($0)." } ?? "") + module + (role.part == .bias ? ".bias" : ".weight")
  }

  /// Which third of a fused matrix a role takes; nil for a tensor of its own.
  func third(of role: DecoderRole) -> (index: Int, name: String)? {
    guard self == .gpt2 else { return nil }
    return switch role.module {
    case .q: (0, "q")
    case .k: (1, "k")
    case .v: (2, "v")
    default: nil
    }
  }
}
