// SPDX-License-Identifier: Apache-2.0
// What encoders' folders say beside weights: labels, pooling of sentences, settings of images.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct EncoderFolderTests {
  private func graph(_ path: String) throws -> Imported {
    try Importer.graph(checkpoints: ["weights": path], recipePath: nil)
  }

  @Test(arguments: ["distilbert-sequence", "vit", "deit"]) func classesHaveTheirNames(fixture: String) throws {
    let graph = try graph(FamilyFixture.root.appendingPathComponent(fixture).path).graph
    let output = try #require(graph.programs[0].outputs.first)
    #expect(output.name == "logits")
    #expect(graph.texts[try #require(output.text)].symbols == ["good", "bad", "unknown"])
  }

  @Test func classesOfOneNameAreNumbered() throws {
    let copy = try FolderCopy(of: "vit")
    try copy.change("\"2\": \"unknown\"", "\"2\": \"good\"")
    #expect(try graph(copy.path).graph.texts[0].symbols == ["good#0", "bad", "good#2"])
  }

  @Test func aBlockBeginsAfresh() throws {
    let graph = try graph(FamilyFixture.root.appendingPathComponent("bert").path).graph
    let program = graph.programs[0]
    #expect(program.name == "encode" && program.isBlock)
    #expect(program.resets.map { graph.states[$0].name } == ["positions.position"])
    #expect(graph.states[program.resets[0]].limit == 17)
  }

  @Test func whatASentenceNeedsNotIsLeftOutAndSaid() throws {
    let imported = try graph(FamilyFixture.root.appendingPathComponent("minilm").path)
    #expect(
      imported.notes == [
        "token type 0 is part of every position: sentences are read one at a time",
        "left out, since the sentence's vector needs none of it: pooler.dense.bias, pooler.dense.weight",
        "no tokenizer: the model reads ids; --tokenizer gives it one",
      ])
    #expect(!imported.graph.constants.contains { $0.name.hasPrefix("pooler") })
  }

  @Test func theOldNamesOfNormsAreKnown() throws {
    let copy = try FolderCopy(of: "bert")
    let path = "\(copy.path)/model.safetensors"
    let before = try graph(copy.path).graph.constants
    // Names of one length, so that no offset changes.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for (new, old) in [("LayerNorm.weight\"", "LayerNorm.gamma\" "), ("LayerNorm.bias\"", "LayerNorm.beta\"")] {
      while let range = bytes.range(of: Data(new.utf8)) { bytes.replaceSubrange(range, with: Data(old.utf8)) }
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    let after = try graph(copy.path).graph.constants
    #expect(before.map(\.values) == after.map(\.values))
  }

  @Test func imagesSayWhatTheyGoThrough() throws {
    let copy = try FolderCopy(of: "vit")
    try copy.write(
      "preprocessor_config.json",
      """
      {"do_resize": true, "size": {"height": 8, "width": 8}, "resample": 3, "do_rescale": true, "rescale_factor": 0.5,
       "do_normalize": true, "image_mean": [0.5, 0.25, 0.5], "image_std": [0.5, 0.5, 1], "image_processor_type": "x"}
      """)
    let metadata = try graph(copy.path).graph.metadata.filter { $0.key.hasPrefix("image.") }
    #expect(
      metadata == [
        "image.height": "8", "image.width": "8", "image.resample": "bicubic", "image.scale": "127.5",
        "image.mean": "0.5 0.25 0.5", "image.std": "0.5 0.5 1.0", "image.channels": "3", "image.layout": "planes",
      ])
    try copy.write("preprocessor_config.json", "{\"do_flip\": true}")
    #expect(
      copy.refusal() == "\"F/preprocessor_config.json\": found \"do_flip\", which no image model is known to have and "
        + "which may change what it computes; where it does not, leave it out of a copy of the file")
    try copy.write("preprocessor_config.json", "{\"image_mean\": [0.5]}")
    #expect(
      copy.refusal() == "\"F/preprocessor_config.json\", \"image_mean\": found an array, expected a number for each of "
        + "the 3 channels")
  }

  // MARK: Broken folders

  @Test func aTokenizerIsBoundToIDs() throws {
    let copy = try FolderCopy(of: "bert")
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + (0..<35).map { "w\($0)" }
    try copy.write("vocab.txt", words.joined(separator: "\n") + "\n")
    let imported = try graph(copy.path)
    let table = try #require(imported.graph.programs[0].inputs[0].text)
    #expect(imported.graph.texts[table].symbols == words)
    #expect(imported.graph.texts[table].isLineSequence)
    #expect(imported.graph.metadata["tokenizer.sha256"]?.count == 64)
    let vocabulary = try #require(imported.graph.texts[table].tokenizer)
    #expect(vocabulary.before == [2] && vocabulary.after == [3])
    try copy.write("vocab.txt", (words + ["one more"]).joined(separator: "\n") + "\n")
    #expect(
      copy.refusal()
        == "\"F/config.json\", \"vocab_size\": found 40 rows and a tokenizer of 41 symbols, expected no more "
        + "than rows")
    try copy.write("vocab.txt", "")
    #expect(copy.refusal() != nil)
  }

  @Test func anotherTokenizerMayBeGiven() throws {
    let path = FamilyFixture.root.appendingPathComponent("bert").path
    let copy = try FolderCopy(of: "bert")
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (0..<30).map { "w\($0)" }
    try copy.write("vocab.txt", words.joined(separator: "\n") + "\n")
    for tokenizer in [copy.path, "\(copy.path)/vocab.txt"] {
      let graph = try Importer.graph(
        checkpoints: ["weights": path], recipePath: nil, tokenizerPath: tokenizer
      ).graph
      #expect(graph.texts.first?.symbols == words)
    }
    #expect(throws: ImportError.self) {
      try Importer.graph(
        checkpoints: ["weights": FamilyFixture.root.appendingPathComponent("vit").path], recipePath: nil,
        tokenizerPath: copy.path)
    }
  }

  @Test func headsThatAreNotMadeAreLeftOutAndSaid() throws {
    let copy = try FolderCopy(of: "bert")
    let original = try graph(copy.path)
    #expect(original.notes.count == 2)
    // The bare encoder's pooler beside a head that does not use it.
    try copy.change("\"BertModel\"", "\"BertForTokenClassification\"")
    #expect(
      copy.refusal()
        == "tensor \"classifier.weight\": found none, expected it; do the weights belong to this config.json?")
  }

  /// Fixture, file, text, its replacement, and what is said.
  static let broken: [[String]] = [
    [
      "minilm", "1_Pooling/config.json", "\"pooling_mode_cls_token\": false", "\"pooling_mode_cls_token\": true",
      "found 2 of them true, expected one",
    ],
    [
      "minilm", "1_Pooling/config.json", "\"pooling_mode_max_tokens\": false", "\"pooling_mode_max_tokens\": true",
      "\"pooling_mode_max_tokens\": found true, expected false",
    ],
    [
      "minilm", "modules.json", "models.Normalize", "models.Dense",
      "\"type\": found \"Dense\", expected \"Transformer\", \"Pooling\" or \"Normalize\"",
    ],
    [
      "minilm", "modules.json", "\"1_Pooling\"", "\"../1_Pooling\"",
      "found the shard \"../1_Pooling\", expected the plain name of a file beside it",
    ],
    ["minilm", "modules.json", "models.Pooling", "models.Transformer", "found no \"Pooling\", expected it"],
    [
      "bert", "config.json", "\"type_vocab_size\": 2",
      "\"position_embedding_type\": \"relative_key\", \"type_vocab_size\": 2",
      "\"position_embedding_type\": found \"relative_key\", expected \"absolute\"",
    ],
    [
      "bert", "config.json", "\"is_decoder\": false", "\"is_decoder\": true",
      "\"is_decoder\": found true, expected false",
    ],
    [
      "t5", "config.json", "\"feed_forward_proj\": \"relu\"", "\"feed_forward_proj\": \"gated-swiglu\"",
      "\"feed_forward_proj\": found \"gated-swiglu\", expected \"relu\", \"gated-gelu\" or \"gated-silu\"",
    ],
    [
      "t5", "config.json", "\"relative_attention_num_buckets\": 8", "\"relative_attention_num_buckets\": 16",
      "found shape [8, 2], expected [16, 2]",
    ],
    [
      "t5", "config.json", "\"relative_attention_max_distance\": 9", "\"relative_attention_max_distance\": 2",
      "expected at least 4, and fewer than distances",
    ],
    [
      "t5", "config.json", "\"d_kv\": 4", "\"d_kv\": 65536",
      "\"num_heads\" and \"d_kv\": found heads of 131072 values together",
    ],
    [
      "t5", "config.json", "\"num_decoder_layers\": 1", "\"num_decoder_layers\": 2",
      "tensor \"decoder.block.1.layer.1.EncDecAttention.k.weight\": found none",
    ],
    [
      "t5", "config.json", "\"is_encoder_decoder\": true", "\"is_encoder_decoder\": false",
      "\"is_encoder_decoder\": found false, expected true",
    ],
    [
      "marian", "config.json", "\"is_decoder\": false", "\"is_decoder\": false, \"normalize_before\": true",
      "\"normalize_before\": found true, expected false",
    ],
    [
      "marian", "config.json", "\"encoder_attention_heads\": 2", "\"encoder_attention_heads\": 3",
      "\"encoder_attention_heads\": found 3 heads, expected a divisor of the width 16",
    ],
    [
      "marian", "config.json", "\"decoder_start_token_id\": 39", "\"decoder_start_token_id\": \"</s>\"",
      "\"decoder_start_token_id\": found a string, expected an id or a list of ids",
    ],
    [
      "marian", "config.json", "\"share_encoder_decoder_embeddings\": true",
      "\"share_encoder_decoder_embeddings\": false", "tensor \"model.encoder.embed_tokens.weight\": found none",
    ],
    [
      "marian", "config.json", "\"max_position_embeddings\": 24", "\"max_position_embeddings\": 1000000000",
      "\"max_position_embeddings\": found 1000000000, expected 1 to 16777216",
    ],
    [
      "bert", "config.json", "\"BertModel\"", "\"BertForQuestionAnswering\"",
      "found \"BertForQuestionAnswering\", expected",
    ],
    [
      "bert", "config.json", "\"type_vocab_size\": 2", "\"type_vocab_size\": 3",
      "found shape [2, 16], expected [3, 16]",
    ],
    [
      "bert", "config.json", "\"add_cross_attention\": false", "\"add_cross_attention\": true",
      "\"add_cross_attention\": found true, expected false",
    ],
    [
      "roberta", "config.json", "\"pad_token_id\": 1", "\"pad_token_id\": 15",
      "found no position behind that of padding",
    ],
    ["vit", "config.json", "\"patch_size\": 4", "\"patch_size\": 9", "found patches larger than the image"],
    ["vit", "config.json", "\"patch_size\": 4", "\"patch_size\": 0", "found 0, expected 1 to 16384"],
    [
      "vit", "config.json", "\"image_size\": 8", "\"image_size\": [8, 8, 8]",
      "\"image_size\": found an array, expected a whole number or two of them",
    ],
    ["vit", "config.json", "\"image_size\": 8", "\"image_size\": 12", "found shape [1, 5, 16], expected [1, 10, 16]"],
    [
      "vit", "config.json", "\"0\": \"good\"", "\"7\": \"good\"",
      "\"id2label\": found an object, expected the ids from \"0\" on, each with a string",
    ],
    [
      "vit", "config.json", "\"0\": \"good\",", "\"0\": \"good\", \"3\": \"new\",",
      "found shape [3, 16], expected [4, 16]",
    ],
    [
      "vit", "config.json", "\"qkv_bias\": true", "\"qkv_bias\": false",
      "tensors that nothing takes: found \"vit.encoder",
    ],
  ]

  @Test(arguments: broken) func aBrokenFolderIsRefused(change: [String]) throws {
    let copy = try FolderCopy(of: change[0])
    let path = "\(copy.path)/\(change[1])"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let range = try #require(text.range(of: change[2]))
    try copy.write(change[1], text.replacingCharacters(in: range, with: change[3]))
    let refusal = try #require(copy.refusal())
    #expect(refusal.contains(change[4]), "\(refusal)")
  }
}
