// SPDX-License-Identifier: Apache-2.0
// GGUF files of small decoders, made of llama2.c's: the same rows of q and k, the same weights under other names.

import FunesTestSupport

@testable import FunesConvert

extension GGUFBuilder {
  /// A llama2.c file's weights as a GGUF file of `llama`.
  init(llama file: [UInt8], name: String = "x") throws {
    let source = ByteSource(bytes: file, name: name)
    guard let header = try LlamaHeader(source) else { throw CheckpointError.unknownFormat(file: name, found: []) }
    self.init()
    add("general.architecture", GGUFBuilder.string("llama"))
    add("llama.block_count", GGUFBuilder.uint32(header.layerCount))
    add("llama.context_length", GGUFBuilder.uint32(header.windowRows))
    add("llama.embedding_length", GGUFBuilder.uint32(header.width))
    add("llama.feed_forward_length", GGUFBuilder.uint32(header.hiddenWidth))
    add("llama.attention.head_count", GGUFBuilder.uint32(header.headCount))
    add("llama.attention.head_count_kv", GGUFBuilder.uint32(header.keyHeadCount))
    add("llama.attention.layer_norm_rms_epsilon", GGUFBuilder.float32(LlamaGraph.epsilon))
    add("llama.rope.dimension_count", GGUFBuilder.uint32(header.headWidth))
    for tensor in try LlamaFile.read(source, header).tensors {
      let values = try tensor.floats().values
      tensors.append(
        Tensor(
          GGUFBuilder.name(tensor.name), tensor.shape.reversed().map { UInt64($0) },
          data: FunesConvertTests.bytes(of: values)))
    }
  }

  /// A vocabulary of SentencePiece whose first three symbols are the unknown, the begin and the end.
  mutating func addVocabulary(_ words: [String]) {
    add("tokenizer.ggml.model", GGUFBuilder.string("llama"))
    add("tokenizer.ggml.tokens", GGUFBuilder.strings(words))
    add("tokenizer.ggml.scores", GGUFBuilder.float32s(words.indices.map { -Float($0) }))
    add("tokenizer.ggml.token_type", GGUFBuilder.int32s(words.indices.map { $0 == 0 ? 2 : $0 < 3 ? 3 : 1 }))
    add("tokenizer.ggml.unknown_token_id", GGUFBuilder.uint32(0))
    add("tokenizer.ggml.bos_token_id", GGUFBuilder.uint32(1))
    add("tokenizer.ggml.eos_token_id", GGUFBuilder.uint32(2))
  }

  /// Changes or adds a key.
  mutating func set(_ key: String, _ value: [UInt8]?) {
    metadata.removeAll { $0.key == Array(key.utf8) }
    if let value { add(key, value) }
  }

  private static func name(_ name: String) -> String {
    let names = [
      "embedding": "token_embd", "norm": "output_norm", "classifier": "output", "attention.norm": "attn_norm",
      "attention.q": "attn_q", "attention.k": "attn_k", "attention.v": "attn_v", "attention.output": "attn_output",
      "feed_forward.norm": "ffn_norm", "feed_forward.gate": "ffn_gate", "feed_forward.down": "ffn_down",
      "feed_forward.up": "ffn_up",
    ]
    let parts = name.split(separator: ".", maxSplits: 2).map(String.init)
    guard parts[0] == "layers" else { return names[name, default: name] + ".weight" }
    return "blk.\(parts[1]).\(names[parts[2], default: parts[2]]).weight"
  }
}
