// SPDX-License-Identifier: Apache-2.0
// The wording of what is wrong with a Hugging Face folder: found, expected; remedy.

extension FolderError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missingFile(let folder, let expected):
      "folder \"\(folder)\": found no \(expected.joined(separator: ", no ")), expected \(expected.count > 1 ? "one" : "it")"
    case .fileTooLarge(let file, let found, let limit):
      "\"\(file)\": found \(found) bytes, expected at most \(limit)"
    case .json(let file, let error): "\"\(file)\": \(error)"
    case .wrongKind(let file, let key, let found, let expected):
      "\"\(file)\"\(FolderError.of(key)): found \(found), expected \(expected)"
    case .missingKey(let file, let key): "\"\(file)\": found no \"\(key)\", expected it"
    case .unsupported(let file, let key, let found, let expected):
      "\"\(file)\"\(FolderError.of(key)): found \(found), expected \(FolderError.list(expected))"
    case .outOfRange(let file, let key, let found, let expected):
      "\"\(file)\"\(FolderError.of(key)): found \(found), expected \(expected)"
    case .conflict(let file, let keys, let reason):
      "\"\(file)\", \(keys.map { "\"\($0)\"" }.joined(separator: " and ")): \(reason)"
    case .unknownKeys(let file, let family, let found):
      "\"\(file)\": found \(found.map { "\"\($0)\"" }.joined(separator: ", ")), which no \(family) model is known to have and which"
        + " may change what it computes; where it does not, leave it out of a copy of the file"
    case .shardName(let file, let found):
      "\"\(file)\": found the shard \"\(found)\", expected the plain name of a file beside it"
    case .shardTensor(let file, let tensor, let shard, true):
      "\"\(file)\": tensor \"\(tensor)\" is said to be in \"\(shard)\", which has none"
    case .shardTensor(let file, let tensor, let shard, false):
      "\"\(file)\": \"\(shard)\" has a tensor \"\(tensor)\" that the index does not list there"
    case .missingTensor(let tensor):
      "tensor \"\(tensor)\": found none, expected it; do the weights belong to this config.json?"
    case .tensorShape(let tensor, let found, let expected):
      "tensor \"\(tensor)\": found shape \(found), expected \(expected) by config.json"
    case .notTied(let tensor, let other):
      "tensor \"\(tensor)\": found other values than those of \"\(other)\", expected the same, since \"tie_word_embeddings\" is true"
    case .unusedTensors(let names):
      "tensors that nothing takes: found \(FolderError.some(names)), expected each to be of the model"
    }
  }

  private static func of(_ key: String) -> String { key.isEmpty ? "" : ", \"\(key)\"" }

  /// Words as `a`, `a or b`, `a, b or c`.
  private static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  /// The first few names, and how many more there are.
  private static func some(_ names: [String]) -> String {
    let shown = names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}
