// SPDX-License-Identifier: Apache-2.0
// Vocabularies in files of their own: BERT's `vocab.txt`, GPT-2's `vocab.json` with `merges.txt`, Marian's `vocab.json`
// with two SentencePiece models. What else such a tokenizer does, its class knows, which `tokenizer_config.json` names.

import Funes

/// What `tokenizer_config.json` says, where it lies beside a vocabulary.
struct TokenizerConfiguration {
  let root: TokenizerNode?
  /// `model_type` of the model that the tokenizer lies beside, where that is known.
  let modelType: String?

  init(_ bytes: [UInt8]?, file: String, modelType: String? = nil) throws(TokenizerError) {
    self.modelType = modelType
    guard let bytes else {
      root = nil
      return
    }
    root = TokenizerNode(try VocabularyFiles.json(bytes, file: file), file: file)
  }

  /// The class without its ending, such as `Bert`.
  func family(default otherwise: String) throws(TokenizerError) -> String {
    guard let node = root?.find("tokenizer_class") else { return otherwise }
    let name = try node.string()
    for ending in ["TokenizerFast", "Tokenizer"] where name.hasSuffix(ending) {
      return String(name.dropLast(ending.count))
    }
    return name
  }

  func flag(_ key: String, default otherwise: Bool) throws(TokenizerError) -> Bool {
    guard let root else { return otherwise }
    return try root.flag(key, default: otherwise)
  }

  func integer(_ key: String, default otherwise: Int) throws(TokenizerError) -> Int {
    guard let node = root?.find(key) else { return otherwise }
    return try node.integer(0...65_536)
  }

  func unsupported(_ family: String, expected: String) -> TokenizerError {
    .fault(
      file: root?.file ?? "", at: "tokenizer_class",
      .unsupported(found: JSONText.quoted(family), expected: expected))
  }

  /// Tokens by their ids that were added to the vocabulary.
  func added() throws(TokenizerError) -> [(content: String, token: TokenizerRules.AddedToken)] {
    guard let node = root?.find("added_tokens_decoder") else { return [] }
    var added: [(content: String, token: TokenizerRules.AddedToken)] = []
    for member in try node.members() {
      let part = TokenizerNode(member.value, file: node.file, path: "\(node.path).\(member.key)")
      guard let id = Int(member.key), id >= 0 else {
        throw part.error(.wrongKind(found: "the key \(JSONText.quoted(member.key))", expected: "an id"))
      }
      let token = TokenizerRules.AddedToken(
        id: id, isSpecial: try part.flag("special", default: false),
        isNormalized: try part.flag("normalized", default: false), stripsLeft: try part.flag("lstrip", default: false),
        stripsRight: try part.flag("rstrip", default: false),
        isSingleWord: try part.flag("single_word", default: false))
      added.append((try part.need("content").symbol(), token))
    }
    return added.sorted { $0.token.id < $1.token.id }
  }
}

enum VocabularyFiles {
  static func json(_ bytes: [UInt8], file: String) throws(TokenizerError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .json(file: file, error)
    }
  }

  // MARK: BERT

  /// A symbol a line, in the order of ids.
  static func words(
    _ bytes: [UInt8], file: String, _ configuration: TokenizerConfiguration
  ) throws(TokenizerError) -> TokenizerRules {
    let family = try configuration.family(default: "Bert")
    guard ["Bert", "DistilBert", "Electra"].contains(family) else {
      throw configuration.unsupported(family, expected: "BertTokenizer, DistilBertTokenizer or ElectraTokenizer")
    }
    var vocabulary = VocabularyBuilder(file: file)
    for (id, line) in try lines(bytes, file: file).enumerated() {
      try vocabulary.add(line, id: id, at: "line \(id + 1)")
    }
    var rules = TokenizerRules(method: .words, symbols: try vocabulary.all(at: ""))
    func need(_ symbol: String) throws(TokenizerError) -> Int {
      guard let id = vocabulary.id(symbol) else {
        throw .fault(
          file: file, at: "", .wrongKind(found: "no \(JSONText.quoted(symbol))", expected: "it among BERT's symbols"))
      }
      return id
    }
    rules.unknown = try need("[UNK]")
    (rules.before, rules.after) = ([try need("[CLS]")], [try need("[SEP]")])
    for symbol in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] {
      if let id = vocabulary.id(symbol) { rules.added.append(.init(id: id, isSpecial: true)) }
    }
    let isLower = try configuration.flag("do_lower_case", default: true)
    let steps: [(Bool, NormalizingStep)] = [
      (true, .clean), (try configuration.flag("tokenize_chinese_chars", default: true), .spaceChinese),
      (try configuration.flag("strip_accents", default: isLower), .stripAccents), (isLower, .lowercase),
    ]
    rules.normalization = steps.filter(\.0).map(\.1)
    rules.splitting = [.bert]
    rules.decoding = .cleanWords
    return rules
  }

  /// Lines of UTF-8, each ended by LF or CR LF, the last perhaps by nothing.
  private static func lines(_ bytes: [UInt8], file: String) throws(TokenizerError) -> [String] {
    var lines: [String] = []
    var begin = 0
    while begin < bytes.count {
      let end = bytes[begin...].firstIndex(of: 0x0A) ?? bytes.count
      let last = end > begin && bytes[end - 1] == 0x0D ? end - 1 : end
      guard let line = String(utf8Bytes: bytes[begin..<last]) else {
        throw .fault(file: file, at: "line \(lines.count + 1)", .notText)
      }
      lines.append(line)
      begin = end + 1
    }
    return lines
  }

  // MARK: GPT-2

  /// What reads `vocab.json` with `merges.txt` where no `tokenizer_config.json` says it.
  private static func byteFamily(_ modelType: String?, _ file: String) throws(TokenizerError) -> String {
    switch modelType {
    case nil, "gpt2": return "GPT2"
    case "qwen2": return "Qwen2"
    case "roberta": return "Roberta"
    case let type?:
      throw .fault(
        file: file, at: "",
        .unsupported(
          found: "a vocabulary of \(JSONText.quoted(type))",
          expected: "tokenizer.json, or tokenizer_config.json with a \"tokenizer_class\""))
    }
  }

  static func bytes(
    vocabulary contents: [UInt8], _ file: String, merges: [UInt8], _ mergesFile: String,
    _ configuration: TokenizerConfiguration
  ) throws(TokenizerError) -> TokenizerRules {
    var family = try configuration.family(default: "")
    if family.isEmpty { family = try byteFamily(configuration.modelType, file) }
    guard ["GPT2", "Qwen2", "Roberta"].contains(family) else {
      throw configuration.unsupported(
        family, expected: "GPT2Tokenizer, Qwen2Tokenizer or RobertaTokenizer, or a tokenizer.json")
    }
    var vocabulary = try ids(contents, file: file)
    var added = try configuration.added()
    for (content, token) in added where vocabulary.id(content) != token.id {
      try vocabulary.add(content, id: token.id, at: "added_tokens_decoder")
    }
    if added.isEmpty {
      let special = family == "Roberta" ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : ["<|endoftext|>"]
      for symbol in special {
        guard let id = vocabulary.id(symbol) else { continue }
        added.append((symbol, .init(id: id, isSpecial: true, stripsLeft: symbol == "<mask>")))
      }
    }
    var rules = TokenizerRules(method: .merges, symbols: try vocabulary.all(at: ""))
    if family == "Roberta" {
      guard let begin = vocabulary.id("<s>"), let end = vocabulary.id("</s>") else {
        throw .fault(
          file: file, at: "",
          .wrongKind(found: "no \"<s>\" or no \"</s>\"", expected: "both among RoBERTa's symbols"))
      }
      (rules.before, rules.after) = ([begin], [end])
    }
    for (index, line) in try lines(merges, file: mergesFile).enumerated() {
      if line.isEmpty || index == 0 && line.hasPrefix("#version") { continue }
      let place = "line \(index + 1)"
      let pair = try VocabularyBuilder.pair(line, file: mergesFile, at: place)
      do throws(TokenizerError) {
        rules.merges.append(try vocabulary.merge(pair, at: place))
      } catch {
        guard case .fault(_, let at, let fault) = error else { throw error }
        throw .fault(file: mergesFile, at: at, fault)
      }
    }
    rules.added = added.map(\.token)
    rules.hasByteSymbols = true
    rules.decoding = .bytes
    rules.addsPrefixSpace = try configuration.flag("add_prefix_space", default: false)
    rules.splitting = [family == "Qwen2" ? .qwen2 : .gpt2]
    if family == "Qwen2" { rules.normalization = [.nfc] }
    return rules
  }

  /// Symbols and their ids: `vocab.json`.
  private static func ids(_ bytes: [UInt8], file: String) throws(TokenizerError) -> VocabularyBuilder {
    var vocabulary = VocabularyBuilder(file: file)
    for member in try TokenizerNode(try json(bytes, file: file), file: file).members() {
      let node = TokenizerNode(member.value, file: file, path: member.key)
      try vocabulary.add(member.key, id: try node.integer(0...(VocabularyBuilder.limit - 1)), at: member.key)
    }
    return vocabulary
  }

  // MARK: Marian

  /// The pieces of a SentencePiece model under the ids of a vocabulary of two languages; those of the other language
  /// alone take no part in cutting.
  ///
  /// - Parameter isSource: a source may begin with the language that it is translated into, such as `>>fra<<`.
  static func pieces(
    _ model: SentencePieceModel, vocabulary contents: [UInt8], _ file: String, isSource: Bool
  ) throws(TokenizerError) -> TokenizerRules {
    var rules = try model.rules()
    guard rules.method == .unigram else {
      throw .fault(
        file: model.file, at: "trainer_spec.model_type",
        .unsupported(found: "\(model.modelType)", expected: "1, unigram"))
    }
    let vocabulary = try ids(contents, file: file)
    // Ids have no holes from here on.
    rules.symbols = try vocabulary.all(at: "")
    var scores = [Double](repeating: TokenizerRules.noPart, count: vocabulary.count)
    for (piece, score) in zip(model.pieces, rules.scores) where piece.kind == .normal || piece.kind == .userDefined {
      guard let id = vocabulary.id(piece.text) else {
        throw .fault(file: model.file, at: "pieces", .unknownSymbol(piece.text))
      }
      scores[id] = score
    }
    func need(_ symbol: String) throws(TokenizerError) -> Int {
      guard let id = vocabulary.id(symbol) else {
        throw .fault(
          file: file, at: "", .wrongKind(found: "no \(JSONText.quoted(symbol))", expected: "it among the symbols"))
      }
      return id
    }
    rules.scores = scores
    rules.unknown = try need("<unk>")
    let end = try need("</s>")
    rules.after = [end]
    rules.added = [.init(id: end, isSpecial: true), .init(id: try need("<unk>"), isSpecial: true)]
    if let pad = vocabulary.id("<pad>") { rules.added.append(.init(id: pad, isSpecial: true)) }
    guard isSource else { return rules }
    for (id, symbol) in rules.symbols.enumerated() where symbol.hasPrefix(">>") && symbol.hasSuffix("<<") {
      if symbol.utf8.count > 4 { rules.added.append(.init(id: id)) }
    }
    return rules
  }
}
