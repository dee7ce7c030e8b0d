// SPDX-License-Identifier: Apache-2.0
// A folder of sentence-transformers: modules.json says what stands behind the encoder, usually the mean of its rows,
// brought to length 1. It becomes the output "embedding".

/// How the rows of a sentence become its vector.
struct SentencePipeline {
  private enum Pooling { case mean, first, last }
  private var pooling = Pooling.mean
  private var isNormalized = false
  /// Tokens that longer sentences are cut to.
  private let longest: Int?

  /// Nil where the folder has no modules.json.
  init?(_ folder: ModelFolder) throws {
    let file = "\(folder.root)/modules.json"
    guard FilePath.isFile(file) else { return nil }
    var pooling: Pooling?
    for module in try SentencePipeline.modules(folder.root) {
      switch module.kind {
      case "Transformer": break
      case "Pooling": pooling = try SentencePipeline.pooling("\(folder.root)/\(module.path)/config.json")
      case "Normalize": isNormalized = true
      default:
        throw FolderError.unsupported(
          file: file, key: "type", found: "\"\(module.kind)\"",
          expected: ["\"Transformer\"", "\"Pooling\"", "\"Normalize\""])
      }
    }
    guard let pooling else { throw FolderError.missingKey(file: file, key: "Pooling") }
    self.pooling = pooling
    longest = try SentencePipeline.longestSentence(folder)
  }

  /// The output "embedding".
  func outputs(_ builder: inout BlockBuilder, _ x: Int) -> [Graph.Port] {
    builder.note("sentence.longest", longest.map(String.init))
    let operation: Graph.Operation =
      switch pooling {
      case .mean: .pool(lanes: nil, heads: 1)
      case .first: .first
      case .last: .last
      }
    var vector = builder.add(isNormalized ? "pooled" : "embedding", operation, [x], domain: 0)
    if isNormalized { vector = builder.add("embedding", .l2Normalize(lanes: 1), [vector]) }
    return [Graph.Port(name: "embedding", value: vector)]
  }

  /// What modules.json lists, in its order: the last word of the type, and the folder.
  static func modules(_ root: String) throws -> [(kind: String, path: String)] {
    let file = "\(root)/modules.json"
    let bytes = try FolderConfig.bytes(file, limit: FolderConfig.byteLimit)
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch {
      throw FolderError.json(file: file, error)
    }
    guard let elements = value.elements else {
      throw FolderError.wrongKind(file: file, key: "", found: value.kind, expected: "an array")
    }
    return try elements.map { element in
      guard let type = element["type"]?.stringValue, let path = element["path"]?.stringValue else {
        throw FolderError.wrongKind(
          file: file, key: "", found: element.kind, expected: "objects with a \"type\" and a \"path\"")
      }
      let isPlain = !path.hasPrefix(".") && !path.contains("/") && !path.contains("\0")
      guard isPlain else { throw FolderError.shardName(file: file, found: path) }
      return (type.split(separator: ".").last.map(String.init) ?? type, path)
    }
  }

  private static func pooling(_ path: String) throws -> Pooling {
    let config = try FolderConfig(path: path)
    config.ignore(["word_embedding_dimension", "embedding_dimension", "include_prompt"])
    let modes: KeyValuePairs<String, Pooling> = ["mean": .mean, "cls": .first, "lasttoken": .last]
    if config.has("pooling_mode") {
      let pooling = try config.choice("pooling_mode", modes)
      try config.checkAllRead(family: "pooling")
      return pooling
    }
    let keys: KeyValuePairs<String, Pooling> = [
      "pooling_mode_mean_tokens": .mean, "pooling_mode_cls_token": .first, "pooling_mode_lasttoken": .last,
    ]
    for key in ["max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens"] {
      try config.require("pooling_mode_\(key)", .bool(false))
    }
    var chosen: [Pooling] = []
    for (key, pooling) in keys where try config.flag(key, default: false) { chosen.append(pooling) }
    try config.checkAllRead(family: "pooling")
    guard chosen.count == 1 else {
      throw config.conflict(keys.map(\.key), "found \(chosen.count) of them true, expected one")
    }
    return chosen[0]
  }

  /// The most tokens of a sentence, longer ones being cut; nil where the folder does not say.
  private static func longestSentence(_ folder: ModelFolder) throws -> Int? {
    let file = "\(folder.path)/sentence_bert_config.json"
    guard FilePath.isFile(file) else { return nil }
    let config = try FolderConfig(path: file)
    guard let rows = try config.optionalInteger("max_seq_length", 2...(1 << 24)) else { return nil }
    folder.notes.append("sentences are cut at \(rows) tokens, as sentence-transformers does")
    return rows
  }
}
