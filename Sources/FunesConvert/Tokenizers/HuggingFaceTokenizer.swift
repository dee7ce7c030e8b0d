// SPDX-License-Identifier: Apache-2.0
// `tokenizer.json`, the file of Hugging Face's `tokenizers`: its model, vocabulary and added tokens. What it asks for
// and is not known here is refused by name, since ids would differ without a word.

import Funes

/// Reads `tokenizer.json`.
struct HuggingFaceTokenizer {
  let root: TokenizerNode
  var rules = TokenizerRules(method: .merges, symbols: [])
  private var vocabulary: VocabularyBuilder

  /// Truncation and padding concern batches of texts, not texts, and are passed over.
  static func rules(_ bytes: [UInt8], file: String) throws(TokenizerError) -> TokenizerRules {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw .json(file: file, error)
    }
    var reader = HuggingFaceTokenizer(TokenizerNode(value, file: file))
    try reader.read()
    return reader.rules
  }

  private init(_ root: TokenizerNode) {
    self.root = root
    vocabulary = VocabularyBuilder(file: root.file)
  }

  private mutating func read() throws(TokenizerError) {
    try root.only([
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
      "model",
    ])
    try root.expect("version", "1.0")
    let model = try root.need("model")
    switch try method(model) {
    case "BPE": try readMerges(model)
    case "WordPiece": try readWords(model)
    case "Unigram": try readUnigram(model)
    case let found:
      throw model.error(
        .unsupported(found: "the model \(JSONText.quoted(found))", expected: "BPE, WordPiece or Unigram"))
    }
    if let node = root.find("normalizer") { rules.normalization = try normalization(node) }
    if let node = root.find("pre_tokenizer") { try readSplitting(node) }
    rules.decoding = try decoding(root.find("decoder"))
    if let node = root.find("post_processor") { try readFrame(node) }
    try checkSteps()
  }

  /// Old files do not name the model.
  private func method(_ model: TokenizerNode) throws(TokenizerError) -> String {
    if let type = model.find("type") { return try type.string() }
    if model.find("merges") != nil { return "BPE" }
    return model.find("vocab")?.value.elements != nil ? "Unigram" : "WordPiece"
  }

  // MARK: Models

  private mutating func readMerges(_ model: TokenizerNode) throws(TokenizerError) {
    try model.only([
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
      "ignore_merges", "vocab", "merges",
    ])
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] { try model.expect(key, "") }
    if let dropout = model.find("dropout"), dropout.value.doubleValue != 0 {
      throw dropout.error(.unsupported(found: "a dropout", expected: "none"))
    }
    rules.fusesUnknown = try model.flag("fuse_unk", default: false)
    rules.fallsBackToBytes = try model.flag("byte_fallback", default: false)
    rules.prefersWholeWords = try model.flag("ignore_merges", default: false)
    try readVocabulary(try model.need("vocab"))
    try readAdded()
    for (index, node) in try model.need("merges").elements().enumerated() {
      let pair = try HuggingFaceTokenizer.pair(node)
      rules.merges.append(try vocabulary.merge(pair, at: "model.merges[\(index)]"))
    }
    rules.unknown = try unknown(model)
  }

  /// A merge is written as two strings, or as one with a blank between.
  private static func pair(_ node: TokenizerNode) throws(TokenizerError) -> (String, String) {
    if node.value.elements != nil {
      let parts = try node.elements()
      guard parts.count == 2 else {
        throw node.error(.wrongKind(found: "\(parts.count) symbols", expected: "two"))
      }
      return (try parts[0].string(), try parts[1].string())
    }
    return try VocabularyBuilder.pair(try node.string(), file: node.file, at: node.path)
  }

  private mutating func readWords(_ model: TokenizerNode) throws(TokenizerError) {
    try model.only(["type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"])
    rules.method = .words
    try model.expect("continuing_subword_prefix", "##")
    rules.longestWord = try model.find("max_input_chars_per_word")?.integer(1...65_536) ?? 100
    try readVocabulary(try model.need("vocab"))
    try readAdded()
    guard let unknown = try unknown(model) else {
      throw model.error(.wrongKind(found: "no \"unk_token\"", expected: "one"))
    }
    rules.unknown = unknown
  }

  private mutating func readUnigram(_ model: TokenizerNode) throws(TokenizerError) {
    try model.only(["type", "unk_id", "vocab", "byte_fallback"])
    rules.method = .unigram
    rules.fusesUnknown = true
    rules.fallsBackToBytes = try model.flag("byte_fallback", default: false)
    var scores: [Double] = []
    for (id, node) in try model.need("vocab").elements().enumerated() {
      let pair = try node.elements()
      guard pair.count == 2 else {
        throw node.error(.wrongKind(found: "\(pair.count) values", expected: "a symbol and its score"))
      }
      try vocabulary.add(try pair[0].string(), id: id, at: node.path)
      scores.append(try pair[1].number())
    }
    rules.unknown = try model.find("unk_id")?.integer(0...max(0, scores.count - 1))
    try readAdded()
    // An added token beyond the model's symbols takes no part in cutting.
    rules.scores = scores + [Double](repeating: TokenizerRules.noPart, count: vocabulary.count - scores.count)
  }

  /// Some files say with an empty text that there is none.
  private func unknown(_ model: TokenizerNode) throws(TokenizerError) -> Int? {
    guard let node = model.find("unk_token") else { return nil }
    let symbol = try node.string()
    if symbol.isEmpty { return nil }
    guard let id = vocabulary.id(symbol) else { throw node.error(.unknownSymbol(symbol)) }
    return id
  }

  private mutating func readVocabulary(_ node: TokenizerNode) throws(TokenizerError) {
    for member in try node.members() {
      guard let id = member.value.intValue else {
        throw TokenizerNode(member.value, file: node.file, path: "\(node.path).\(member.key)").wrong("a whole number")
      }
      try vocabulary.add(member.key, id: id, at: "\(node.path).\(member.key)")
    }
  }

  /// Added tokens have an id of the vocabulary, or the next ones.
  private mutating func readAdded() throws(TokenizerError) {
    let nodes = try root.find("added_tokens")?.elements() ?? []
    var seen: Set<Int> = []
    for node in nodes {
      try node.only(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
      let content = try node.need("content").symbol()
      let id = try node.need("id").integer(0...(VocabularyBuilder.limit - 1))
      if vocabulary.id(content) != id { try vocabulary.add(content, id: id, at: node.path) }
      guard seen.insert(id).inserted, !content.isEmpty else {
        throw node.error(.duplicate(symbol: content, id: id, earlier: id))
      }
      rules.added.append(
        TokenizerRules.AddedToken(
          id: id, isSpecial: try node.flag("special", default: false),
          isNormalized: try node.flag("normalized", default: false),
          stripsLeft: try node.flag("lstrip", default: false),
          stripsRight: try node.flag("rstrip", default: false),
          isSingleWord: try node.flag("single_word", default: false)))
    }
    rules.symbols = try vocabulary.all(at: "model.vocab")
  }

  // MARK: Around the text

  /// What a post-processor puts before and after a text.
  private mutating func readFrame(_ node: TokenizerNode) throws(TokenizerError) {
    switch try node.type() {
    case "ByteLevel": break
    case "Sequence": for part in try node.need("processors").elements() { try readFrame(part) }
    case "BertProcessing", "RobertaProcessing":
      rules.before = [try named(try node.need("cls"))] + rules.before
      rules.after.append(try named(try node.need("sep")))
    case "TemplateProcessing": try readTemplate(node)
    case let found:
      throw node.error(
        .unsupported(
          found: "the post-processor \(JSONText.quoted(found))",
          expected: "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or a Sequence of them"))
    }
    guard rules.before.count + rules.after.count <= 16 else {
      throw node.error(
        .tooMany(what: "ids around a text", found: rules.before.count + rules.after.count, limit: 16))
    }
  }

  private func named(_ node: TokenizerNode) throws(TokenizerError) -> Int {
    let pair = try node.elements()
    guard pair.count == 2 else {
      throw node.error(.wrongKind(found: "\(pair.count) values", expected: "a symbol and its id"))
    }
    return try pair[1].integer(0...(rules.symbols.count - 1))
  }

  private mutating func readTemplate(_ node: TokenizerNode) throws(TokenizerError) {
    try node.only(["type", "single", "pair", "special_tokens"])
    var (before, after): ([Int], [Int]) = ([], [])
    var hasText = false
    for element in try node.need("single").elements() {
      try element.only(["SpecialToken", "Sequence"])
      if let text = element.find("Sequence") {
        let id = try text.need("id").string()
        guard id == "A", !hasText else {
          throw text.error(.wrongKind(found: "the text \(JSONText.quoted(id))", expected: "\"A\" once"))
        }
        hasText = true
      } else {
        let token = try element.need("SpecialToken").need("id")
        let name = try token.string()
        guard let special = try node.need("special_tokens").find(name) else { throw token.error(.unknownSymbol(name)) }
        for id in try special.need("ids").elements() {
          let id = try id.integer(0...(rules.symbols.count - 1))
          if hasText { after.append(id) } else { before.append(id) }
        }
      }
    }
    guard hasText else { throw node.error(.wrongKind(found: "no text", expected: "\"A\" once")) }
    rules.before = before + rules.before
    rules.after += after
  }

  /// A record holds so many steps.
  private func checkSteps() throws(TokenizerError) {
    if rules.normalization.filter({ $0 == .map }).count > 1 {
      throw .fault(file: root.file, at: "normalizer", .unsupported(found: "a second map", expected: "one"))
    }
    if rules.normalization.count > 8 {
      throw .fault(
        file: root.file, at: "normalizer", .tooMany(what: "steps", found: rules.normalization.count, limit: 8))
    }
    if rules.splitting.count > 4 {
      throw .fault(
        file: root.file, at: "pre_tokenizer", .tooMany(what: "steps", found: rules.splitting.count, limit: 4))
    }
  }
}

extension VocabularyBuilder {
  /// A merge of two symbols whose text is a symbol too.
  func merge(_ pair: (String, String), at path: String) throws(TokenizerError) -> TokenizerRules.Merge {
    for symbol in [pair.0, pair.1, pair.0 + pair.1] where id(symbol) == nil {
      throw .fault(file: file, at: path, .unknownSymbol(symbol))
    }
    return TokenizerRules.Merge(left: Int32(id(pair.0) ?? 0), right: Int32(id(pair.1) ?? 0))
  }

  /// The two symbols of a merge that is written with a blank between.
  static func pair(_ line: String, file: String, at path: String) throws(TokenizerError) -> (String, String) {
    let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw .fault(
        file: file, at: path, .wrongKind(found: JSONText.quoted(line), expected: "two symbols with a blank between"))
    }
    return (String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
  }
}
