// SPDX-License-Identifier: Apache-2.0
// Folders that are broken, cut, absurd or of what is not done: each refused by a message that names what was found.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct HostileFolderTests {
  /// A change of the Llama fixture's config.json, and what is said of it.
  struct Change: Sendable, CustomStringConvertible {
    var from: String
    var to: String
    var refusal: String
    var description: String { to }
  }

  private static let config = "\"F/config.json\""

  static let changes: [Change] = [
    Change(
      from: "\"model_type\": \"llama\"", to: "\"model_type\": \"mamba\"",
      refusal: "\(config), \"model_type\": found \"mamba\", expected "
        + list(ModelFolder.families.map { "\"\($0.key)\"" })),
    Change(
      from: "LlamaForCausalLM", to: "LlamaForQuestionAnswering",
      refusal: "\(config), \"architectures\": found \"LlamaForQuestionAnswering\", expected \"LlamaForCausalLM\" or "
        + "\"LLaMAForCausalLM\""),
    Change(
      from: "\"silu\"", to: "\"quick_gelu\"",
      refusal: "\(config), \"hidden_act\": found \"quick_gelu\", expected "
        + list(ModelFolder.activations.map { "\"\($0.key)\"" })),
    Change(
      from: "\"rope_type\": \"default\"", to: "\"rope_type\": \"spiral\"",
      refusal:
        "\(config), \"rope_parameters.rope_type\": found \"spiral\", expected \"default\", \"linear\", \"dynamic\", "
        + "\"llama3\", \"yarn\" or \"longrope\""),
    Change(
      from: "\"rope_type\": \"default\"", to: "\"rope_type\": \"linear\"",
      refusal: "\(config): found no \"rope_parameters.factor\", expected it"),
    Change(
      from: "\"rope_type\": \"default\"", to: "\"rope_type\": \"linear\", \"factor\": -2",
      refusal: "\(config), \"rope_parameters.factor\": found -2.0, expected above 0 and at most 2^50"),
    Change(
      from: "\"rope_type\": \"default\"", to: "\"rope_type\": \"default\", \"mrope_section\": [1]",
      refusal:
        "\(config): found \"rope_parameters.mrope_section\", which no Llama model is known to have and which may "
        + "change what it computes; where it does not, leave it out of a copy of the file"),
    Change(
      from: "\"model_type\"", to: "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}, \"model_type\"",
      refusal: "\(config), \"rope_parameters\" and \"rope_scaling\": found both, expected one"),
    Change(
      from: "\"model_type\"", to: "\"quantization_config\": {\"bits\": 4}, \"model_type\"",
      refusal: "\(config): found \"quantization_config\", which no Llama model is known to have and which may change "
        + "what it computes; where it does not, leave it out of a copy of the file"),
    Change(
      from: "\"hidden_size\": 16", to: "\"hidden_size\": \"16\"",
      refusal: "\(config), \"hidden_size\": found a string, expected a whole number"),
    Change(
      from: "\"hidden_size\": 16", to: "\"hidden_size\": 1099511627776",
      refusal: "\(config), \"hidden_size\": found 1099511627776, expected 1 to 65536"),
    Change(
      from: "\"hidden_size\": 16", to: "\"width\": 16", refusal: "\(config): found no \"hidden_size\", expected it"),
    Change(
      from: "\"num_hidden_layers\": 2", to: "\"num_hidden_layers\": 1000000000",
      refusal: "\(config), \"num_hidden_layers\": found 1000000000, expected 1 to 1024"),
    Change(
      from: "\"num_hidden_layers\": 2", to: "\"num_hidden_layers\": 3",
      refusal:
        "tensor \"model.layers.2.input_layernorm.weight\": found none, expected it; do the weights belong to this "
        + "config.json?"),
    Change(
      from: "\"num_hidden_layers\": 2", to: "\"num_hidden_layers\": 1",
      refusal: "tensors that nothing takes: found \"model.layers.1.input_layernorm.weight\", "
        + "\"model.layers.1.mlp.down_proj.weight\", \"model.layers.1.mlp.gate_proj.weight\", "
        + "\"model.layers.1.mlp.up_proj.weight\", \"model.layers.1.post_attention_layernorm.weight\", "
        + "\"model.layers.1.self_attn.k_proj.weight\", \"model.layers.1.self_attn.o_proj.weight\", "
        + "\"model.layers.1.self_attn.q_proj.weight\" and 1 more, expected each to be of the model"),
    Change(
      from: "\"num_key_value_heads\": 2", to: "\"num_key_value_heads\": 3",
      refusal: "\(config), \"num_attention_heads\" and \"num_key_value_heads\": found 4 and 3, expected the second to "
        + "divide the first"),
    Change(
      from: "\"head_dim\": 4", to: "\"head_dim\": 5",
      refusal: "\(config), \"partial_rotary_factor\": found 1.0 of 5, expected an even number of values"),
    Change(
      from: "\"vocab_size\": 40", to: "\"vocab_size\": 4000000",
      refusal: "tensor \"model.embed_tokens.weight\": found shape [40, 16], expected [4000000, 16] by config.json"),
    Change(
      from: "\"rms_norm_eps\": 1e-05", to: "\"rms_norm_eps\": 0",
      refusal: "\(config), \"rms_norm_eps\": found 0.0, expected above 0 and at most 2^50"),
    Change(
      from: "\"rms_norm_eps\": 1e-05", to: "\"rms_norm_eps\": 1e-60",
      refusal: "\(config), \"rms_norm_eps\": found 1e-60, expected at least 1.2e-38"),
    Change(
      from: "\"tie_word_embeddings\": false", to: "\"tie_word_embeddings\": true",
      refusal:
        "tensor \"lm_head.weight\": found other values than those of \"model.embed_tokens.weight\", expected the "
        + "same, since \"tie_word_embeddings\" is true"),
    Change(
      from: "\"attention_bias\": false", to: "\"attention_bias\": true",
      refusal:
        "tensor \"model.layers.0.self_attn.q_proj.bias\": found none, expected it; do the weights belong to this "
        + "config.json?"),
    Change(
      from: "\"attention_bias\": false", to: "\"attention_bias\": 0",
      refusal: "\(config), \"attention_bias\": found a number, expected true or false"),
    Change(
      from: "\"head_dim\": 4", to: "\"head_dim\": 4, \"head_dim\": 8",
      refusal: "\(config): json 10:18: found the key \"head_dim\" twice, expected each key once"),
    Change(
      from: "}", to: "", refusal: "\(config): json 33:1: found the end of the text, expected \",\" or \"}\""),
  ]

  private static func list(_ words: [String]) -> String {
    words.count > 1 ? "\(words.dropLast().joined(separator: ", ")) or \(words.last!)" : words.joined()
  }

  @Test(arguments: changes) func aBrokenConfigurationIsRefused(change: Change) throws {
    let copy = try FolderCopy(of: "llama")
    try copy.change(change.from, change.to)
    #expect(copy.refusal() == change.refusal)
  }

  @Test func distancesBeyondReasonAreRefused() throws {
    let copy = try FolderCopy(of: "t5")
    try copy.change("\"num_heads\": 2", "\"num_heads\": 65536")
    try copy.change("\"d_kv\": 4", "\"d_kv\": 1")
    let heads = 65_536 * (2 * 128 + 1)
    try copy.change("\"relative_attention_max_distance\": 9", "\"relative_attention_max_distance\": 128")
    #expect(
      copy.refusal()
        == "\(Self.config), \"num_heads\" and \"relative_attention_max_distance\": found \(heads) heads' distances "
        + "together, expected at most 16777216")
  }

  @Test func whatTheFirstCheckpointsOfGPT2SayIsPassedOver() throws {
    let copy = try FolderCopy(of: "gpt2")
    try copy.change("\"model_type\"", "\"n_special\": 0, \"predict_special_tokens\": true, \"model_type\"")
    #expect(copy.refusal() == nil)
  }

  /// Heads beside an encoder that is wanted bare, or as a sentence's vector.
  @Test(arguments: ["bert", "minilm"]) func headsBesideAnEncoderAreLeftOut(fixture: String) throws {
    let copy = try FolderCopy(of: fixture)
    try copy.addTensor("cls.seq_relationship.bias")
    #expect(copy.refusal() == nil)
    try copy.addTensor("mystery.bias")
    #expect(copy.refusal()?.contains("\"mystery.bias\"") == true)
  }

  @Test func aFolderWithoutItsFilesIsRefused() throws {
    let copy = try FolderCopy(of: "llama")
    try copy.move("model.safetensors", to: "weights.safetensors")
    #expect(
      copy.refusal()
        == "folder \"F\": found no model.safetensors, no model.safetensors.index.json, no pytorch_model.bin, "
        + "no pytorch_model.bin.index.json, expected one")
    try copy.write("config.json", "[]")
    #expect(copy.refusal() == "\(Self.config): found an array, expected an object")
    try copy.write("config.json", String(repeating: "[", count: 100_000))
    #expect(copy.refusal()?.hasPrefix(Self.config) == true)
    try copy.write("config.json", String(repeating: " ", count: FolderConfig.byteLimit + 1))
    #expect(copy.refusal() == "\(Self.config): found 16777217 bytes, expected at most 16777216")
    try copy.remove("config.json")
    #expect(copy.refusal() == "folder \"F\": found no config.json, expected it")
  }

  /// Indices of shards, and what is said of them; `model.safetensors` is the shard.
  static let indices: [(index: String, refusal: String)] = [
    ("{}", "found no \"weight_map\", expected it"),
    ("{\"weight_map\": []}", "found an array, expected an object"),
    ("{\"weight_map\": {\"a\": 1}}", "found a number, expected a string"),
    (
      "{\"weight_map\": {\"a\": \"../x.bin\"}}",
      "found the shard \"../x.bin\", expected the plain name of a file beside it"
    ),
    ("{\"weight_map\": {\"a\": \"/etc/passwd\"}}", "found the shard \"/etc/passwd\", expected the plain name"),
    ("{\"weight_map\": {\"a\": \"..\"}}", "found the shard \"..\", expected the plain name"),
    ("{\"weight_map\": {\"a\": \"\"}}", "found the shard \"\", expected the plain name"),
    ("{\"weight_map\": {\"a\": \"none.safetensors\"}}", "none.safetensors"),
    ("{\"weight_map\": {\"a\": \"x.safetensors\"}}", "tensor \"a\" is said to be in \"x.safetensors\", which has none"),
    (
      "{\"weight_map\": {\"lm_head.weight\": \"x.safetensors\"}}",
      "\"x.safetensors\" has a tensor \"model.embed_tokens.weight\" that the index does not list there"
    ),
    ("{\"weight_map\": {}, \"quantization\": 1}", "found \"quantization\", which no sharded model is known to have"),
    ("{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}", "found the key \"a\" twice"),
  ]

  @Test(arguments: indices) func aBrokenIndexIsRefused(index: String, refusal: String) throws {
    let copy = try FolderCopy(of: "llama")
    try copy.move("model.safetensors", to: "x.safetensors")
    try copy.write("model.safetensors.index.json", index)
    do {
      _ = try Importer.graph(checkpoints: ["weights": copy.path], recipePath: nil)
      Issue.record("taken")
    } catch {
      #expect("\(error)".contains(refusal), "\(error)")
    }
  }
}
