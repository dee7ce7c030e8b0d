// SPDX-License-Identifier: Apache-2.0
// A tokenizer as arrays in memory, as GGUF files hold one.

import Funes

/// What a GGUF file says of its tokenizer.
public struct TokenizerArrays: Sendable {
  /// `tokenizer.ggml.model`: `llama` (SentencePiece's byte-pair encoding) or `gpt2` (that of bytes).
  public var model: String
  /// `general.architecture`, which tells how texts are cut where `pre` does not.
  public var architecture: String?
  /// `tokenizer.ggml.pre`: how texts are cut into words.
  public var pre: String?
  public var tokens: [String]
  /// One a token; none for `gpt2`.
  public var scores: [Float] = []
  /// One a token, or none: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.
  public var types: [Int] = []
  /// Two tokens with a blank between; none for `llama`, whose scores tell them.
  public var merges: [String] = []
  public var unknown: Int?
  public var begin: Int?
  public var end: Int?
  /// Whether a text gets the begin id, the end id, and a blank; nil for what the model does by itself.
  public var addsBegin: Bool?
  public var addsEnd: Bool?
  public var addsSpacePrefix: Bool?
  /// For errors.
  public var file = "tokenizer"

  public init(model: String, tokens: [String]) {
    self.model = model
    self.tokens = tokens
  }
}

extension TokenizerRules {
  /// The tokenizer that a GGUF file's arrays describe. Models and ways of cutting that are not known are refused by name.
  public init(_ arrays: TokenizerArrays) throws(TokenizerError) {
    let counts = [("scores", arrays.scores.count), ("token_type", arrays.types.count)]
    for (name, count) in counts where count != 0 && count != arrays.tokens.count {
      throw .fault(
        file: arrays.file, at: "tokenizer.ggml.\(name)",
        .outOfRange(found: count, expected: arrays.tokens.count...arrays.tokens.count))
    }
    switch arrays.model {
    case "llama": self = try SentencePieceModel(arrays).rules()
    case "gpt2": self = try arrays.byteRules()
    default:
      throw .fault(
        file: arrays.file, at: "tokenizer.ggml.model",
        .unsupported(found: "the tokenizer \(JSONText.quoted(arrays.model))", expected: "llama or gpt2"))
    }
    if arrays.addsBegin ?? (arrays.model == "llama"), let begin = try arrays.id("bos_token_id", arrays.begin) {
      before = [begin]
    }
    if arrays.addsEnd ?? false, let end = try arrays.id("eos_token_id", arrays.end) { after = [end] }
  }
}

extension TokenizerArrays {
  func id(_ name: String, _ id: Int?) throws(TokenizerError) -> Int? {
    if let id, !tokens.indices.contains(id) {
      throw .fault(
        file: file, at: "tokenizer.ggml.\(name)", .outOfRange(found: id, expected: 0...max(0, tokens.count - 1)))
    }
    return id
  }

  fileprivate func byteRules() throws(TokenizerError) -> TokenizerRules {
    var vocabulary = VocabularyBuilder(file: file)
    for (id, token) in tokens.enumerated() { try vocabulary.add(token, id: id, at: "tokenizer.ggml.tokens[\(id)]") }
    var rules = TokenizerRules(
      method: .merges, symbols: try vocabulary.all(at: "tokenizer.ggml.tokens"),
      unknown: try id("unknown_token_id", unknown))
    for (index, merge) in merges.enumerated() {
      let place = "tokenizer.ggml.merges[\(index)]"
      let pair = try VocabularyBuilder.pair(merge, file: file, at: place)
      rules.merges.append(try vocabulary.merge(pair, at: place))
    }
    rules.hasByteSymbols = true
    rules.decoding = .bytes
    rules.addsPrefixSpace = addsSpacePrefix ?? false
    // The default is GPT-2's, whatever the model was trained with.
    switch pre ?? (architecture == "qwen2" ? "qwen2" : "default") {
    case "default" where architecture != "gpt2":
      throw .fault(
        file: file, at: "tokenizer.ggml.pre",
        .unsupported(
          found: "\(pre == nil ? "none" : "the pre-tokenizer \"default\"") beside \(architecture ?? "no architecture")",
          expected: "the name of a pre-tokenizer; --tokenizer gives the model its own"))
    case "default", "gpt-2", "gpt2", "olmo", "phi-2": rules.splitting = [.gpt2]
    case "llama3", "llama-v3", "llama-bpe": (rules.splitting, rules.prefersWholeWords) = ([.llama3], true)
    case "smollm": rules.splitting = [.digits, .gpt2]
    case "qwen2": (rules.splitting, rules.normalization) = ([.qwen2], [.nfc])
    case let pre:
      throw .fault(
        file: file, at: "tokenizer.ggml.pre",
        .unsupported(found: "the pre-tokenizer \(JSONText.quoted(pre))", expected: "gpt-2, llama-bpe, smollm or qwen2"))
    }
    rules.added = types.indices.filter { types[$0] == 3 || types[$0] == 4 }.map {
      TokenizerRules.AddedToken(id: $0, isSpecial: types[$0] == 3)
    }
    return rules
  }
}

extension SentencePieceModel {
  /// SentencePiece's byte-pair encoding as Llama has it.
  init(_ arrays: TokenizerArrays) throws(TokenizerError) {
    file = arrays.file
    modelType = 2
    pieces = []
    for (id, token) in arrays.tokens.enumerated() {
      let type = arrays.types.isEmpty ? (id == arrays.unknown ?? 0 ? 2 : 1) : arrays.types[id]
      guard let kind = Kind(rawValue: type) else {
        throw .fault(
          file: file, at: "tokenizer.ggml.token_type[\(id)]", .outOfRange(found: type, expected: 1...6))
      }
      let score = arrays.scores.isEmpty ? 0 : arrays.scores[id]
      guard score.magnitude <= 0x1p50 else {
        throw .fault(file: file, at: "tokenizer.ggml.scores[\(id)]", .score(found: Double(score)))
      }
      pieces.append(Piece(text: token, score: score, kind: kind))
    }
    guard !pieces.isEmpty else {
      throw .fault(file: file, at: "tokenizer.ggml.tokens", .wrongKind(found: "no symbol", expected: "one at least"))
    }
    unknown = try arrays.id("unknown_token_id", arrays.unknown) ?? 0
    fallsBackToBytes = pieces.contains { $0.kind == .byte }
    addsDummyPrefix = arrays.addsSpacePrefix ?? true
    removesExtraWhitespaces = false
  }
}
