// SPDX-License-Identifier: Apache-2.0
// Tiny tokenizers of every kind, made by tools/make_tokenizer_fixtures.py: read, stored in a model's file, and held to the
// ids and texts of Hugging Face's `tokenizers`.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

enum TokenizerGoldens {
  static let folder = CellGoldens.folder.appendingPathComponent("tokenizers", isDirectory: true)
  static let kinds = [
    "bert.json", "bpe.model", "gpt2.json", "llama2.json", "llama3.json", "qwen2.json", "t5.json", "unigram.model",
  ]

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  static func rules(_ name: String) throws -> TokenizerRules {
    try TokenizerFiles.read(file: folder.appendingPathComponent(name).path).source
  }

  static func golden() throws -> JSONValue { try JSONValue(parsing: bytes("golden.json")) }

  /// What a model's file gives back of rules that were put into it.
  static func stored(_ rules: TokenizerRules) throws -> TokenizerRules? {
    var graph = Graph.everyOperator()
    _ = graph.addText(rules)
    let file = try AlignedBytes(Converter().convert(graph).bytes)
    return try withExtendedLifetime(file) {
      try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)).texts.last?.tokenizer
    }
  }
}

@Suite struct TokenizerGoldenTests {
  @Test(arguments: TokenizerGoldens.kinds)
  func idsAndTextsAreThoseOfTokenizers(kind: String) throws {
    let golden = try TokenizerGoldens.golden()
    func strings(_ value: JSONValue?) -> [String] { value?.elements?.compactMap(\.stringValue) ?? [] }
    let lines = strings(golden["lines"])
    let wanted = try #require(golden["kinds"]?[kind])
    let ids = (wanted["ids"]?.elements ?? []).map { $0.elements?.compactMap { $0.intValue.map(Int32.init) } }
    let texts = strings(wanted["texts"])
    try #require(lines.count >= 40 && ids.count == lines.count && texts.count == lines.count)
    let stored = try TokenizerGoldens.stored(TokenizerGoldens.rules(kind))
    let rules = try #require(stored)
    let tokenizer = Tokenizer(rules)
    for (index, line) in lines.enumerated() {
      #expect(tokenizer.ids(of: line) == ids[index], "line \(index)")
      let text = tokenizer.text(of: ids[index] ?? [])
      #expect(text.utf8.elementsEqual(texts[index].utf8), "line \(index)")
      // As it comes, no character ever leaves in parts.
      var decoder = TokenDecoder(tokenizer)
      let parts = (ids[index] ?? []).map { decoder.push(Int($0)) } + [decoder.finish()]
      #expect(parts.joined().utf8.elementsEqual(text.utf8))
      #expect(text.contains("\u{FFFD}") || !parts.contains { $0.contains("\u{FFFD}") })
    }
  }

  @Test(arguments: TokenizerGoldens.kinds)
  func aFileHoldsAllThatATokenizerDoes(kind: String) throws {
    let rules = try TokenizerGoldens.rules(kind)
    var wanted = rules
    // Added tokens stand by their flags.
    func key(_ token: TokenizerRules.AddedToken) -> [Int] {
      let flags = [token.isSpecial, token.isNormalized, token.stripsLeft, token.stripsRight, token.isSingleWord]
      return [flags.enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) }, token.id]
    }
    wanted.added.sort { key($0).lexicographicallyPrecedes(key($1)) }
    let stored = try TokenizerGoldens.stored(rules)
    let found = try #require(stored)
    if rules.method == .unigram {
      for (first, second) in zip(found.scores, rules.scores) { #expect(abs(first - second) <= abs(second) * 0x1p-46) }
      wanted.scores = found.scores
    }
    #expect(found == wanted)
  }

  /// GGUF holds the same tokenizers as arrays.
  @Test func arraysMakeTheSameRules() throws {
    let model = try SentencePieceModel(TokenizerGoldens.bytes("bpe.model"), file: "bpe.model")
    var arrays = TokenizerArrays(model: "llama", tokens: model.pieces.map(\.text))
    arrays.scores = model.pieces.map(\.score)
    arrays.types = model.pieces.map(\.kind.rawValue)
    (arrays.unknown, arrays.begin, arrays.end) = (0, 1, 2)
    #expect(try TokenizerRules(arrays) == TokenizerGoldens.rules("bpe.model"))
    let rules = try TokenizerGoldens.rules("gpt2.json")
    arrays = TokenizerArrays(model: "gpt2", tokens: rules.symbols)
    arrays.merges = rules.merges.map { "\(rules.symbols[Int($0.left)]) \(rules.symbols[Int($0.right)])" }
    (arrays.architecture, arrays.addsSpacePrefix) = ("gpt2", true)
    arrays.types = rules.symbols.indices.map { $0 == 0 ? 3 : 1 }
    #expect(try TokenizerRules(arrays) == rules)
    arrays.pre = "qwen2"
    #expect(try TokenizerRules(arrays).splitting == [.qwen2])
    arrays.pre = "smollm"
    #expect(try TokenizerRules(arrays).splitting == [.digits, .gpt2])
  }

  @Test func vocabulariesOfTheirOwnMakeTheSameRules() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    #expect(!TokenizerFiles.isPresent(folder: folder.path))
    #expect(throws: TokenizerError.noTokenizer(folder: folder.path)) { try TokenizerFiles.read(folder: folder.path) }
    // BERT: a symbol a line; tokenizer_config.json says how texts are cleaned.
    let bert = try TokenizerGoldens.rules("bert.json")
    try write("vocab.txt", bert.symbols.joined(separator: "\r\n"))
    var found = try TokenizerFiles.read(folder: folder.path).source
    var wanted = bert
    (wanted.added, wanted.longestWord) = (found.added, 100)
    #expect(found == wanted)
    try write("tokenizer_config.json", #"{"tokenizer_class": "DistilBertTokenizer", "do_lower_case": false}"#)
    found = try TokenizerFiles.read(folder: folder.path).source
    #expect(found.normalization == [.clean, .spaceChinese])
    // GPT-2: ids and merges apart. It goes before vocab.txt.
    let gpt2 = try TokenizerGoldens.rules("gpt2.json")
    let members = gpt2.symbols.enumerated().map { "\(JSONText.quoted($1)): \($0)" }
    try write("vocab.json", "{" + members.joined(separator: ", ") + "}")
    let merges = gpt2.merges.map { "\(gpt2.symbols[Int($0.left)]) \(gpt2.symbols[Int($0.right)])\n" }
    try write("merges.txt", "#version: 0.2\n" + merges.joined())
    try write(
      "tokenizer_config.json",
      """
      {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true,
       "added_tokens_decoder": {"0": {"content": "<s>", "special": true}}}
      """)
    #expect(try TokenizerFiles.read(folder: folder.path).source == gpt2)
    try write("tokenizer_config.json", #"{"tokenizer_class": "CTRLTokenizer"}"#)
    #expect(throws: TokenizerError.self) { try TokenizerFiles.read(folder: folder.path) }
    // Where nothing says it, the model's type does.
    try FileManager.default.removeItem(at: folder.appendingPathComponent("tokenizer_config.json"))
    #expect(throws: TokenizerError.self) { try TokenizerFiles.read(folder: folder.path, modelType: "ctrl") }
    #expect(try TokenizerFiles.read(folder: folder.path, modelType: "qwen2").source.splitting == [.qwen2])
  }

  /// Ids of RobertaTokenizer of transformers for the same two files.
  @Test func robertaBeginsAndEndsATextByItsOwnSymbols() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let symbols = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "Ġ", "Ġa", "<mask>"]
    let members = symbols.enumerated().map { "\(JSONText.quoted($1)): \($0)" }
    try Data("{\(members.joined(separator: ", "))}".utf8).write(to: folder.appendingPathComponent("vocab.json"))
    try Data("#version: 0.2\nĠ a\n".utf8).write(to: folder.appendingPathComponent("merges.txt"))
    let tokenizer = Tokenizer(try TokenizerFiles.read(folder: folder.path, modelType: "roberta").source)
    let golden: [(String, [Int32])] = [
      ("b a", [0, 5, 7, 2]), (" a", [0, 7, 2]), ("", [0, 2]), ("a<s>b", [0, 4, 0, 5, 2]),
      ("<unk>a<pad>", [0, 3, 4, 1, 2]), ("a<mask> b a", [0, 4, 8, 6, 5, 7, 2]),
    ]
    for (text, ids) in golden { #expect(tokenizer.ids(of: text) == ids, "\(text)") }
    // As the published tokenizer.json of RoBERTa has it.
    #expect(tokenizer.ids(of: "a <mask>") == [0, 4, 8, 2])
    #expect(tokenizer.text(of: [0, 4, 7, 2]) == "a a")
  }

  @Test func marianReadsTwoModelsThroughOneVocabulary() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bytes = try TokenizerGoldens.bytes("unigram.model")
    let model = try SentencePieceModel(bytes, file: "unigram.model")
    for name in ["source.spm", "target.spm"] { try Data(bytes).write(to: folder.appendingPathComponent(name)) }
    let pieces = model.pieces.filter { $0.kind == .normal }.map(\.text)
    let symbols = ["</s>", "<unk>", "target"] + pieces + ["<pad>", ">>fra<<"]
    let members = symbols.enumerated().map { "\(JSONText.quoted($1)): \($0)" }
    try Data("{\(members.joined(separator: ", "))}".utf8).write(to: folder.appendingPathComponent("vocab.json"))
    let files = try TokenizerFiles.read(folder: folder.path)
    var source = files.source
    let language = source.added.removeLast()
    #expect(files.target == source && language == .init(id: symbols.count - 1))
    let (marian, plain) = (Tokenizer(files.source), Tokenizer(try TokenizerGoldens.rules("unigram.model")))
    for text in ["The old clock", "a target", "ＡＢ ﬁ"] {
      let wanted = plain.ids(of: text)?.map { plain.rules.symbols[Int($0)] }
      #expect(marian.ids(of: text)?.map { marian.rules.symbols[Int($0)] } == wanted)
      let translated = marian.ids(of: ">>fra<< \(text)")
      #expect(translated?.map { marian.rules.symbols[Int($0)] } == wanted.map { [">>fra<<"] + $0 })
    }
  }

  @Test(.needsSharedData) func minilmsTokenizerIsRead() throws {
    let path = try SharedData.path("checkpoints/minilm/tokenizer.json")
    let tokenizer = Tokenizer(try TokenizerFiles.read(file: path).source)
    // The golden's ids of the same sentence, from the model's own tokenizer.
    let golden = try Checkpoint.read(path: SharedData.path("checkpoints/minilm/golden.npz"))
    let ids = try golden.tensor("input_ids").integers()
    let sentences = try golden.tensor("sentences").strings()
    let width = ids.count / sentences.count
    for (row, sentence) in sentences.enumerated() {
      let wanted = ids[(row * width)..<((row + 1) * width)].filter { $0 != 0 }
      #expect(tokenizer.ids(of: sentence)?.map(Int.init) == wanted.map { Int($0) })
    }
  }
}
