// SPDX-License-Identifier: Apache-2.0
// Vocabularies of GGUF: ids are those of sentencepiece and tokenizers, by tools/make_gguf_tokenizers.py; what is broken is
// refused by its key.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct GGUFTokenizerTests {
  private static let folder = CellGoldens.folder.appendingPathComponent("gguf", isDirectory: true)

  private struct Golden: Decodable {
    var texts: [String]
    var ids: [String: [[Int32]]]
  }

  private func rules(_ gguf: GGUFFile) throws -> TokenizerRules {
    try TokenizerRules(#require(try TokenizerArrays(gguf)))
  }

  @Test(arguments: ["llama", "gpt-2", "llama-bpe", "qwen2"]) func idsAreTheOriginals(kind: String) throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent("tokens.json"))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let expected = try #require(golden.ids[kind])
    let path = Self.folder.appendingPathComponent("tokens-\(kind).gguf").path
    let tokenizer = Tokenizer(try rules(#require(try GGUFFile(ByteSource(path: path)))))
    #expect(expected.count == golden.texts.count)
    for (text, ids) in zip(golden.texts, expected) {
      #expect(tokenizer.ids(of: text) == ids, "\(kind): \(text.debugDescription)")
      // A composed form is another text; SentencePiece's sign for a blank comes back as one.
      if kind == "qwen2", text.unicodeScalars.contains("\u{301}") { continue }
      if kind == "llama", text.contains("▁") { continue }
      #expect(Array(tokenizer.text(of: ids).utf8) == Array(text.utf8), "\(kind): \(text.debugDescription)")
    }
  }

  @Test func aModelReadsAndWritesTexts() throws {
    let words = ["<unk>", "<s>", "</s>", "▁a", "b"]
    var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
    builder.addVocabulary(words)
    let graph = try self.graph(builder)
    #expect(graph.texts.count == 1 && graph.texts[0].symbols == words)
    #expect(graph.programs[0].inputs[0].text == 0 && graph.programs[0].outputs[0].text == 0)
    #expect(graph.generation?.startID == 1 && graph.generation?.stopIDs == [2])
    _ = try Converter().convert(graph)
    // Fewer symbols than rows: the rest has no text.
    builder.set("tokenizer.ggml.tokens", GGUFBuilder.strings(Array(words.dropLast())))
    builder.set("tokenizer.ggml.scores", nil)
    builder.set("tokenizer.ggml.token_type", nil)
    #expect(try self.graph(builder).texts[0].symbols.count == 4)
    builder.set("tokenizer.ggml.tokens", GGUFBuilder.strings(words + ["c"]))
    #expect(throws: GGUFModelError.tooManySymbols(file: "x", found: 6, expected: 5)) { try self.graph(builder) }
  }

  @Test func anotherVocabularyMayStandForTheOwn() throws {
    var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
    builder.add("tokenizer.ggml.model", GGUFBuilder.string("another"))
    builder.add("tokenizer.ggml.tokens", GGUFBuilder.strings(["a"]))
    let gguf = try #require(try GGUFFile(ByteSource(bytes: builder.bytes, name: "x")))
    let words = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).txt")
    defer { try? FileManager.default.removeItem(at: words) }
    try Data("[UNK]\na\nb\n[CLS]\n[SEP]\n".utf8).write(to: words)
    let imported = try Importer.graph(of: gguf, stem: "x", tokenizerPath: words.path)
    #expect(imported.graph.texts.first?.symbols == ["[UNK]", "a", "b", "[CLS]", "[SEP]"])
    #expect(imported.graph.metadata["tokenizer.sha256"]?.count == 64)
    try Data("[UNK]\na\nb\n[CLS]\n[SEP]\nc\n".utf8).write(to: words)
    #expect(throws: GGUFModelError.tooManySymbols(file: words.path, found: 6, expected: 5)) {
      try Importer.graph(of: gguf, stem: "x", tokenizerPath: words.path)
    }
  }

  private func graph(_ builder: GGUFBuilder) throws -> Graph {
    try Importer.graph(of: #require(try GGUFFile(ByteSource(bytes: builder.bytes, name: "x"))), stem: "x").graph
  }

  private static func wrong(_ key: String, _ found: String, _ expected: String) -> GGUFModelError {
    .wrongValue(file: "x", key: "tokenizer.ggml.\(key)", found: found, expected: expected)
  }

  /// A key, a value that it may not have, and the error.
  static let broken: [(key: String, value: [UInt8], error: GGUFModelError)] = [
    ("model", GGUFBuilder.uint32(1), wrong("model", "1", "a text")),
    ("tokens", GGUFBuilder.string("a"), wrong("tokens", "a text", "a list of texts")),
    ("pre", GGUFBuilder.bool(1), wrong("pre", "a boolean", "a text")),
    ("scores", GGUFBuilder.float32s([1, 2]), wrong("scores", "a list of float32", "5 numbers, one a symbol")),
    ("scores", GGUFBuilder.float32(1), wrong("scores", "1.0", "5 numbers, one a symbol")),
    (
      "token_type", GGUFBuilder.float32s([1, 1, 1, 1, 1]),
      wrong("token_type", "a list of float32", "5 whole numbers, one a symbol")
    ),
    ("merges", GGUFBuilder.int32s([1]), wrong("merges", "a list of int32", "a list of texts")),
    ("bos_token_id", GGUFBuilder.uint32(5), wrong("bos_token_id", "5", "an id from 0 to 4")),
    ("eos_token_id", GGUFBuilder.uint32(-1), wrong("eos_token_id", "4294967295", "an id from 0 to 4")),
    ("eot_token_id", GGUFBuilder.float32(1), wrong("eot_token_id", "1.0", "an id from 0 to 4")),
    ("add_bos_token", GGUFBuilder.uint32(1), wrong("add_bos_token", "1", "a boolean")),
  ]

  @Test(arguments: broken.indices) func brokenVocabulariesAreRefused(index: Int) throws {
    let (key, value, error) = Self.broken[index]
    var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
    builder.addVocabulary(["<unk>", "<s>", "</s>", "▁a", "b"])
    builder.set("tokenizer.ggml.\(key)", value)
    #expect(throws: error, "\(key)") { try graph(builder) }
    expectBadDataExit(of: error)
  }

  @Test func unknownKindsAreRefused() throws {
    var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
    builder.addVocabulary(["<unk>", "<s>", "</s>", "▁a", "b"])
    for (key, value) in [("model", "rwkv"), ("token_type", ""), ("scores", "")] {
      var broken = builder
      switch key {
      case "token_type": broken.set("tokenizer.ggml.token_type", GGUFBuilder.int32s([2, 3, 3, 9, 1]))
      case "scores": broken.set("tokenizer.ggml.scores", GGUFBuilder.float32s([0, 0, 0, .nan, 0]))
      default: broken.set("tokenizer.ggml.\(key)", GGUFBuilder.string(value))
      }
      do {
        _ = try graph(broken)
        Issue.record("\(key) was read")
      } catch let error as TokenizerError {
        #expect("\(error)".contains("tokenizer.ggml.\(key)"))
        expectBadDataExit(of: error)
      }
    }
  }
}
