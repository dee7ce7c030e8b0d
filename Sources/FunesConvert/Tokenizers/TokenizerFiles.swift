// SPDX-License-Identifier: Apache-2.0
// The door from tokenizer files to the rules that a model's text table holds.

import Funes

/// A tokenizer read from its files.
public struct TokenizerFiles: Sendable {
  /// What texts are read through, and written where there is no `target`.
  public var source: TokenizerRules
  /// What targets are written through, where sources and targets have tokenizers of their own.
  public var target: TokenizerRules?
  /// SHA-256 of the files, one after another, in hexadecimal.
  public var digest: String

  /// Largest file that is read: far above any vocabulary, so that memory stays bounded.
  static let byteLimit = 1 << 28

  /// Whether a folder holds a tokenizer.
  public static func isPresent(folder: String) -> Bool { layout(of: folder) != nil }

  /// The tokenizer of a folder; of several, the first of the list in `TokenizerError.noTokenizer`.
  ///
  /// - Parameter modelType: `model_type` of the folder's model, which tells the tokenizer where its files do not.
  public static func read(folder: String, modelType: String? = nil) throws(TokenizerError) -> TokenizerFiles {
    guard let names = layout(of: folder) else { throw .noTokenizer(folder: folder) }
    let configuration = "\(folder)/tokenizer_config.json"
    let hasConfiguration = FilePath.isFile(configuration)
    return try read(
      names.map { "\(folder)/\($0)" }, configuration: hasConfiguration ? configuration : nil, modelType: modelType)
  }

  /// The tokenizer that a single file holds, whatever its name: tokenizer.json, a SentencePiece model, or vocab.txt.
  public static func read(file: String) throws(TokenizerError) -> TokenizerFiles {
    try read([file], configuration: nil)
  }

  /// Sets of files that are a tokenizer.
  private static let layouts = [
    ["tokenizer.json"], ["tokenizer.model"], ["spiece.model"], ["source.spm", "target.spm", "vocab.json"],
    ["vocab.json", "merges.txt"], ["vocab.txt"],
  ]

  private static func layout(of folder: String) -> [String]? {
    layouts.first { $0.allSatisfy { FilePath.isFile("\(folder)/\($0)") } }
  }

  private static func read(
    _ paths: [String], configuration path: String?, modelType: String? = nil
  ) throws(TokenizerError) -> TokenizerFiles {
    var contents: [[UInt8]] = []
    for path in paths { contents.append(try bytes(of: path)) }
    let isJSON = contents[0].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    if paths.count == 1, isJSON {
      // All that it does stands in the file itself.
      let rules = try HuggingFaceTokenizer.rules(contents[0], file: paths[0])
      return TokenizerFiles(source: rules, target: nil, digest: digest(contents))
    }
    let more = try path.map { path throws(TokenizerError) in try bytes(of: path) }
    let configuration = try TokenizerConfiguration(more, file: path ?? "", modelType: modelType)
    let digest = digest(contents + (more.map { [$0] } ?? []))
    switch paths.count {
    case 3:
      let models = [0, 1].map { (contents[$0], paths[$0]) }
      var rules: [TokenizerRules] = []
      for (bytes, path) in models {
        let model = try SentencePieceModel(bytes, file: path)
        rules.append(
          try VocabularyFiles.pieces(model, vocabulary: contents[2], paths[2], isSource: rules.isEmpty))
      }
      return TokenizerFiles(source: rules[0], target: rules[1], digest: digest)
    case 2:
      let rules = try VocabularyFiles.bytes(
        vocabulary: contents[0], paths[0], merges: contents[1], paths[1], configuration)
      return TokenizerFiles(source: rules, target: nil, digest: digest)
    default:
      // A SentencePiece model begins with a piece, which is field 1; no symbol of BERT's is empty.
      let rules =
        try contents[0].first == 0x0A
        ? SentencePieceModel(contents[0], file: paths[0]).rules(configuration)
        : VocabularyFiles.words(contents[0], file: paths[0], configuration)
      return TokenizerFiles(source: rules, target: nil, digest: digest)
    }
  }

  private static func bytes(of path: String) throws(TokenizerError) -> [UInt8] {
    do throws(CheckpointError) {
      let source = try ByteSource(path: path)
      guard source.count <= byteLimit else {
        throw CheckpointError.limitExceeded(
          at: CheckpointPlace(file: path), .tokenizerBytes, found: source.count, limit: byteLimit)
      }
      return try source.read(offset: 0, count: source.count)
    } catch {
      throw .file(error)
    }
  }

  private static func digest(_ contents: [[UInt8]]) -> String { Importer.hexadecimal(contents.flatMap { $0 }) }
}

extension SentencePieceModel {
  /// The rules with what the model's class adds: T5 ends a text and has tokens of its own, Llama begins a text.
  func rules(_ configuration: TokenizerConfiguration) throws(TokenizerError) -> TokenizerRules {
    var rules = try rules()
    let family = try configuration.family(default: modelType == 1 ? "T5" : "Llama")
    guard ["T5", "Llama", "CodeLlama", "Marian"].contains(family) else {
      throw configuration.unsupported(family, expected: "T5Tokenizer or LlamaTokenizer, or a tokenizer.json")
    }
    let isLlama = family.hasSuffix("Llama")
    func control(_ id: Int) -> [Int] { pieces.indices.contains(id) && pieces[id].kind == .control ? [id] : [] }
    if try configuration.flag("add_bos_token", default: isLlama) { rules.before = control(begin) }
    if try configuration.flag("add_eos_token", default: !isLlama) { rules.after = control(end) }
    guard family == "T5", configuration.root != nil else { return rules }
    for index in stride(from: try configuration.integer("extra_ids", default: 100) - 1, through: 0, by: -1) {
      let symbol = "<extra_id_\(index)>"
      guard !rules.symbols.contains(symbol) else { continue }
      rules.added.append(.init(id: rules.symbols.count, isSpecial: true))
      rules.symbols.append(symbol)
      rules.scores.append(TokenizerRules.noPart)
    }
    return rules
  }
}
