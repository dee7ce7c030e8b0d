// SPDX-License-Identifier: Apache-2.0
// Tokenizers' files that lie: each is refused at its place, with what was found and what was expected, and none makes
// memory or time grow beyond its own bytes.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct HostileTokenizerTests {
  private typealias Fault = TokenizerFileFault

  private func refusal(_ body: () throws(TokenizerError) -> Void) -> TokenizerError? {
    do throws(TokenizerError) {
      try body()
      return nil
    } catch {
      expectBadDataExit(of: error)
      return error
    }
  }

  /// A tokenizer.json around a model, an object's members as they are.
  private static func file(
    _ model: String = #""type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]"#, _ rest: String = ""
  ) -> String { "{\"version\": \"1.0\", \"model\": {\(model)}\(rest)}" }

  private func refusal(json: String) -> TokenizerError? {
    refusal { () throws(TokenizerError) in _ = try HuggingFaceTokenizer.rules(Array(json.utf8), file: "t") }
  }

  /// Expects a fault at a place of a tokenizer.json.
  private func expect(
    _ json: String, _ at: String, _ fault: TokenizerFileFault, location: SourceLocation = #_sourceLocation
  ) {
    #expect(refusal(json: json) == .fault(file: "t", at: at, fault), sourceLocation: location)
  }

  @Test func theFilesThatTheyAreMadeFromAreGood() throws {
    #expect(refusal(json: Self.file()) == nil)
    _ = try SentencePieceModel(Self.model(), file: "t").rules()
  }

  @Test func brokenJSONIsRefusedWhereItBreaks() {
    let cut = Self.file().utf8.count
    for count in [0, 1, 20, cut - 1] {
      guard case .json(file: "t", _) = refusal(json: String(Self.file().prefix(count))) else {
        Issue.record("cut at \(count): not refused as json")
        continue
      }
    }
    let deep = String(repeating: "[", count: 1 << 20)
    guard case .json(_, .tooDeep(limit: 64, at: _)) = refusal(json: Self.file(#""vocab": \#(deep)"#)) else {
      Issue.record("deep arrays: not refused")
      return
    }
    var bytes = Array(Self.file().utf8)
    bytes[bytes.firstIndex(of: UInt8(ascii: "a"))!] = 0xFF
    let broken = bytes
    guard case .json = refusal({ () throws(TokenizerError) in _ = try HuggingFaceTokenizer.rules(broken, file: "t") })
    else {
      Issue.record("no utf-8: not refused")
      return
    }
    guard case .json(_, .duplicateKey("a", at: _)) = refusal(json: Self.file(#""vocab": {"a": 0, "a": 1}"#)) else {
      Issue.record("a symbol twice: not refused")
      return
    }
  }

  @Test func vocabulariesAreHeldToTheirIds() {
    func bpe(_ vocabulary: String, _ merges: String = "") -> String {
      Self.file(#""type": "BPE", "vocab": {\#(vocabulary)}, "merges": [\#(merges)]"#)
    }
    expect(bpe(#""a": 0, "b": 0"#), "model.vocab.b", .duplicate(symbol: "b", id: 0, earlier: 0))
    expect(bpe(#""a": 0, "b": 2"#), "model.vocab", .hole(id: 1))
    let range = 0...(VocabularyBuilder.limit - 1)
    expect(bpe(#""a": -1"#), "model.vocab.a", .outOfRange(found: -1, expected: range))
    expect(bpe(#""a": 4611686018427387904"#), "model.vocab.a", .outOfRange(found: 1 << 62, expected: range))
    expect(bpe(#""a": 0.5"#), "model.vocab.a", .wrongKind(found: "a number", expected: "a whole number"))
    expect(bpe(#""a\u0000": 0"#), "model.vocab.a\0", .notText)
    let long = String(repeating: "a", count: 4_097)
    expect(bpe("\"\(long)\": 0"), "model.vocab.\(long)", .notText)
    for count in [513, 4_096] {
      let symbol = String(repeating: "a", count: count)
      expect(
        bpe("\"\(symbol)\": 0"), "model.vocab.\(symbol)", .tooMany(what: "bytes of a symbol", found: count, limit: 512))
    }
    expect(bpe(""), "model.vocab", .wrongKind(found: "no symbol", expected: "one at least"))
    expect(bpe(#""a": 0"#, #""a x""#), "model.merges[0]", .unknownSymbol("x"))
    expect(bpe(#""a": 0"#, #""a a""#), "model.merges[0]", .unknownSymbol("aa"))
    let two = "two symbols with a blank between"
    expect(bpe(#""a": 0"#, #""aa""#), "model.merges[0]", .wrongKind(found: "\"aa\"", expected: two))
    expect(bpe(#""a": 0"#, #""a  a""#), "model.merges[0]", .wrongKind(found: "\"a  a\"", expected: two))
    expect(bpe(#""a": 0"#, #"["a"]"#), "model.merges[0]", .wrongKind(found: "1 symbols", expected: "two"))
    expect(bpe(#""a": 0"#, "7"), "model.merges[0]", .wrongKind(found: "a number", expected: "a string"))
  }

  @Test func addedTokensAndFramesNameSymbols() {
    func added(_ tokens: String) -> String {
      Self.file(#""vocab": {"a": 0}, "merges": []"#, ", \"added_tokens\": [\(tokens)]")
    }
    expect(added(#"{"id": 2, "content": "x"}"#), "model.vocab", .hole(id: 1))
    expect(added(#"{"id": 1, "content": "a"}"#), "added_tokens[0]", .duplicate(symbol: "a", id: 1, earlier: 0))
    expect(added(#"{"id": 0, "content": "b"}"#), "added_tokens[0]", .duplicate(symbol: "b", id: 0, earlier: 0))
    expect(
      added(#"{"id": 1, "content": "x"}, {"id": 1, "content": "x"}"#), "added_tokens[1]",
      .duplicate(symbol: "x", id: 1, earlier: 1))
    expect(
      added(#"{"id": 1, "content": "x", "regex": true}"#), "added_tokens[0]",
      .unsupported(
        found: "the key \"regex\"", expected: "id, content, single_word, lstrip, rstrip, normalized, special"))
    func post(_ text: String) -> String {
      Self.file(#""vocab": {"a": 0}, "merges": []"#, ", \"post_processor\": \(text)")
    }
    expect(
      post(#"{"type": "BertProcessing", "sep": ["a", 1], "cls": ["a", 0]}"#), "post_processor.sep[1]",
      .outOfRange(found: 1, expected: 0...0))
    expect(
      post(#"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}], "special_tokens": {}}"#),
      "post_processor.single[0].SpecialToken.id", .unknownSymbol("x"))
    expect(
      post(#"{"type": "TemplateProcessing", "single": [], "special_tokens": {}}"#), "post_processor",
      .wrongKind(found: "no text", expected: "\"A\" once"))
    let many = Array(repeating: "0", count: 17).joined(separator: ",")
    expect(
      post(
        """
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
         "special_tokens": {"x": {"ids": [\(many)]}}}
        """), "post_processor", .tooMany(what: "ids around a text", found: 17, limit: 16))
  }

  /// What a file asks for and is not known is named.
  @Test(arguments: [
    (#""normalizer": {"type": "NFKC"}"#, "the normalizer \"NFKC\""),
    (
      #""normalizer": {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""}"#,
      "the replacement of \"(a+)+$\""
    ),
    (#""pre_tokenizer": {"type": "UnicodeScripts"}"#, "the pre-tokenizer \"UnicodeScripts\""),
    (
      #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}"#,
      "the pattern \"(a+)+$\""
    ),
    (#""pre_tokenizer": {"type": "Metaspace", "replacement": "_"}"#, "\"_\""),
    (#""decoder": {"type": "CTC"}"#, "the decoder CTC"),
    (#""post_processor": {"type": "Mystery"}"#, "the post-processor \"Mystery\""),
    (#""truncations": null"#, "the key \"truncations\""),
  ])
  func whatIsNotKnownIsNamed(rest: String, found: String) {
    guard
      case .fault(_, _, .unsupported(let named, _)) = refusal(
        json: Self.file("\"vocab\": {\"a\": 0}, \"merges\": []", ", \(rest)"))
    else {
      Issue.record("\(rest): not refused as unsupported")
      return
    }
    #expect(named.hasPrefix(found))
  }

  @Test func modelsThatAreNotKnownAreNamed() {
    expect(
      Self.file(#""type": "WordLevel", "vocab": {}"#), "model",
      .unsupported(found: "the model \"WordLevel\"", expected: "BPE, WordPiece or Unigram"))
    expect(
      Self.file(#""vocab": {"a": 0}, "merges": [], "dropout": 0.1"#), "model.dropout",
      .unsupported(found: "a dropout", expected: "none"))
    expect(
      Self.file(#""vocab": {"a": 0}, "merges": [], "unk_token": "u""#), "model.unk_token", .unknownSymbol("u"))
    expect(
      Self.file(#""type": "Unigram", "vocab": [["a", 1e300]]"#), "model.vocab[0][1]", .score(found: 1e300))
    expect(
      Self.file(#""type": "Unigram", "vocab": [["a", 0]], "unk_id": 1"#), "model.unk_id",
      .outOfRange(found: 1, expected: 0...0))
    expect(
      Self.file(#""type": "WordPiece", "vocab": {"a": 0}, "max_input_chars_per_word": 0, "unk_token": "a""#),
      "model.max_input_chars_per_word", .outOfRange(found: 0, expected: 1...65_536))
  }

  // MARK: SentencePiece

  /// A field of bytes, with a length that may be a lie.
  private static func field(_ number: Int, _ bytes: [UInt8], count: [UInt8]? = nil) -> [UInt8] {
    var key = number << 3 | 2
    var wire: [UInt8] = []
    while key > 0x7F {
      wire.append(UInt8(key & 0x7F) | 0x80)
      key >>= 7
    }
    return wire + [UInt8(key)] + (count ?? [UInt8(bytes.count)]) + bytes
  }

  private static func piece(_ text: String, type: UInt8 = 1) -> [UInt8] {
    field(1, field(1, Array(text.utf8)) + [0x15, 0, 0, 0x80, 0xBF, 0x18, type])
  }

  private static func model(_ more: [UInt8] = []) -> [UInt8] { piece("<unk>", type: 2) + piece("a") + more }

  private func refusal(model bytes: [UInt8]) -> TokenizerError? {
    refusal { () throws(TokenizerError) in _ = try SentencePieceModel(bytes, file: "t").rules() }
  }

  @Test func protocolBuffersAreHeldToTheirBytes() {
    func wire(_ more: [UInt8], _ found: String, _ expected: String, line: Int = #line) {
      let at = "byte \(Self.model().count)"
      #expect(
        refusal(model: Self.model(more)) == .fault(file: "t", at: at, .wire(found: found, expected: expected)),
        "\(line)")
    }
    let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
    wire(
      Self.field(4, [], count: huge), "a field of 18446744073709551615 bytes", "at most the 0 that are left")
    wire(Self.field(4, [1], count: [2]), "a field of 2 bytes", "at most the 1 that are left")
    wire([0x80], "the end of the message", "the end of a varint")
    wire(Array(repeating: 0x80, count: 11) + [1], "a varint beyond 64 bits", "at most ten bytes")
    wire(Array(repeating: 0xFF, count: 9) + [2], "a varint beyond 64 bits", "at most ten bytes")
    wire([0x0B], "wire type 3", "0, 1, 2 or 5")
    wire([0x02, 0], "field number 0", "1 to 536870911")
    #expect(refusal(model: []) == .fault(file: "t", at: "", .wire(found: "no piece", expected: "one at least")))
    #expect(
      refusal(model: [0x08, 1])
        == .fault(file: "t", at: "pieces[0]", .wire(found: "another wire type", expected: "bytes")))
  }

  @Test func aModelCutAnywhereIsNeverReadBeyond() throws {
    let whole = try TokenizerGoldens.bytes("unigram.model")
    for count in stride(from: 0, to: whole.count, by: 7) {
      // What is cut between two fields is a smaller model, or one without its unknown.
      _ = refusal(model: Array(whole[..<count]))
    }
    for position in stride(from: 0, to: whole.count, by: 11) {
      var changed = whole
      changed[position] ^= 0x9D
      _ = refusal { () throws(TokenizerError) in
        let rules = try SentencePieceModel(changed, file: "t").rules()
        _ = Tokenizer(rules).ids(of: "The old ＡＢ clock")
      }
    }
  }

  @Test func piecesAreHeldToTheSchema() {
    let at = "pieces[2]"
    #expect(
      refusal(model: Self.model(Self.piece("a")))
        == .fault(file: "t", at: at, .duplicate(symbol: "a", id: 2, earlier: 1)))
    #expect(
      refusal(model: Self.model(Self.piece("b", type: 9)))
        == .fault(file: "t", at: "pieces[2].type", .outOfRange(found: 9, expected: 1...6)))
    let bad = Self.field(1, Self.field(1, [0xC3]))
    guard case .fault(_, _, .notText) = refusal(model: Self.model(bad)) else {
      Issue.record("a piece that is no utf-8: not refused")
      return
    }
    let score = Self.field(1, Self.field(1, [0x62]) + [0x15, 0, 0, 0xC0, 0x7F])
    guard case .fault(_, "pieces[2].score", .score) = refusal(model: Self.model(score)) else {
      Issue.record("a score that is no number: not refused")
      return
    }
    // unk_id, field 40, beyond the pieces; model_type, field 3, of words.
    #expect(
      refusal(model: Self.model(Self.field(2, [0xC0, 0x02, 7])))
        == .fault(file: "t", at: "trainer_spec.unk_id", .outOfRange(found: 7, expected: 0...1)))
    #expect(
      refusal(model: Self.model(Self.field(2, [0x18, 3])))
        == .fault(
          file: "t", at: "trainer_spec.model_type",
          .unsupported(found: "3", expected: "1, unigram, or 2, byte-pair encoding")))
  }

  // MARK: Compiled maps

  private func refusal(map: [UInt8]) -> TokenizerError? {
    refusal { () throws(TokenizerError) in _ = try CompiledMap.replacements(map, file: "t", at: "m") }
  }

  private static func units(_ units: [UInt32], texts: [UInt8] = [0]) -> [UInt8] {
    ([UInt32(units.count * 4)] + units).flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * $0)) } }
      + texts
  }

  @Test func compiledMapsAreHeldToTheirUnits() {
    func broken(_ map: [UInt8], _ found: String, line: Int = #line) {
      guard case .fault("t", "m", .map(found, _)) = refusal(map: map) else {
        Issue.record("line \(line): \(String(describing: refusal(map: map)))")
        return
      }
    }
    broken([1, 0, 0, 0], "4 bytes")
    broken([0xFC, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], "a trie of 4294967292 bytes")
    broken([3, 0, 0, 0, 0, 0, 0, 0], "a trie of 3 bytes")
    // A root whose child "a" leads back to the root's own children, for ever.
    var cycle = [UInt32](repeating: 0, count: 256)
    cycle[0x61] = 0x61 | 0x61 << 10
    broken(Self.units(cycle), "a key of more than 256 bytes")
    // Two children that both lead back: so many ways that the visits end it.
    cycle[0x62] = 0x62 | 0x62 << 10
    broken(Self.units(cycle), "a key of more than 256 bytes")
    var leaf = [UInt32](repeating: 0, count: 256)
    leaf[0x61] = 0x61 | 0x100 | 0x3FF << 10
    broken(Self.units(leaf), "a value at \(0x61 ^ 0x3FF)")
    leaf[0x61] = 0x61 | 0x100 | 1 << 10
    leaf[0x60] = 0x8000_0007
    broken(Self.units(leaf), "a text at 7")
    leaf[0x60] = 0x8000_0000
    broken(Self.units(leaf, texts: [0xFF, 0]), "a text that is none")
    broken(Self.units(leaf, texts: [0x61]), "a text at 0")
  }

  @Test func textVocabulariesAreHeldToTheirLines() throws {
    let none = try TokenizerConfiguration(nil, file: "")
    func words(_ bytes: [UInt8]) -> TokenizerError? {
      refusal { () throws(TokenizerError) in _ = try VocabularyFiles.words(bytes, file: "t", none) }
    }
    #expect(words(Array("[UNK]\n[CLS]\n[SEP]".utf8)) == nil)
    #expect(
      words(Array("[UNK]\n[UNK]".utf8))
        == .fault(file: "t", at: "line 2", .duplicate(symbol: "[UNK]", id: 1, earlier: 0)))
    #expect(words([0x61, 0x0A, 0xFF]) == .fault(file: "t", at: "line 2", .notText))
    #expect(
      words(Array("a".utf8))
        == .fault(file: "t", at: "", .wrongKind(found: "no \"[UNK]\"", expected: "it among BERT's symbols")))
    func bytes(_ vocabulary: String, _ merges: String) -> TokenizerError? {
      refusal { () throws(TokenizerError) in
        _ = try VocabularyFiles.bytes(vocabulary: Array(vocabulary.utf8), "v", merges: Array(merges.utf8), "m", none)
      }
    }
    #expect(bytes(#"{"a": 0, "b": 1, "ab": 2}"#, "#version\na b\n") == nil)
    #expect(bytes(#"{"a": 0}"#, "a b") == .fault(file: "m", at: "line 1", .unknownSymbol("b")))
    #expect(
      bytes(#"{"a": 0}"#, "a")
        == .fault(file: "m", at: "line 1", .wrongKind(found: "\"a\"", expected: "two symbols with a blank between")))
    #expect(bytes("[]", "") == .fault(file: "v", at: "", .wrongKind(found: "an array", expected: "an object")))
  }

  @Test func arraysOfAnotherCountOrModelAreRefused() {
    func arrays(_ change: (inout TokenizerArrays) -> Void) -> TokenizerError? {
      var arrays = TokenizerArrays(model: "llama", tokens: ["<unk>", "a"])
      change(&arrays)
      let changed = arrays
      return refusal { () throws(TokenizerError) in _ = try TokenizerRules(changed) }
    }
    #expect(arrays { _ in } == nil)
    #expect(
      arrays { $0.model = "rwkv" }
        == .fault(
          file: "tokenizer", at: "tokenizer.ggml.model",
          .unsupported(found: "the tokenizer \"rwkv\"", expected: "llama or gpt2")))
    #expect(
      arrays { $0.scores = [1] }
        == .fault(file: "tokenizer", at: "tokenizer.ggml.scores", .outOfRange(found: 1, expected: 2...2)))
    #expect(
      arrays { $0.types = [2, 7] }
        == .fault(file: "tokenizer", at: "tokenizer.ggml.token_type[1]", .outOfRange(found: 7, expected: 1...6)))
    #expect(
      arrays { $0.begin = 9 }
        == .fault(file: "tokenizer", at: "tokenizer.ggml.bos_token_id", .outOfRange(found: 9, expected: 0...1)))
    #expect(
      arrays {
        $0.model = "gpt2"
        $0.pre = "mystery"
      }
        == .fault(
          file: "tokenizer", at: "tokenizer.ggml.pre",
          .unsupported(found: "the pre-tokenizer \"mystery\"", expected: "gpt-2, llama-bpe, smollm or qwen2")))
    // What is cut by default is told by the architecture, where that is known.
    for (architecture, pre, isRead) in [
      ("gpt2", nil, true), ("gpt2", "default", true), ("qwen2", nil, true), ("qwen2", "default", false),
      ("llama", nil, false), ("llama", "default", false), ("llama", "smollm", true),
    ] as [(String, String?, Bool)] {
      let refused = arrays { ($0.model, $0.architecture, $0.pre) = ("gpt2", architecture, pre) }
      #expect((refused == nil) == isRead, "\(architecture) \(pre ?? "none")")
      #expect(isRead || "\(refused!)".contains("--tokenizer"))
    }
  }
}
