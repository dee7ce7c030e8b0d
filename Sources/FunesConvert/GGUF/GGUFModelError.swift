// SPDX-License-Identifier: Apache-2.0
// Why a GGUF file that was read does not become a graph, and the wording of it: found, expected; remedy.

/// Why the model of a GGUF file was refused.
public enum GGUFModelError: Error, Equatable {
  /// The file's architecture is none that is known here.
  case unknownArchitecture(file: String, found: String, known: [String])
  /// A key that the architecture needs is missing.
  case missingKey(file: String, key: String, expected: String)
  /// A key has a value of another kind, or out of range.
  case wrongValue(file: String, key: String, found: String, expected: String)
  /// A key of the architecture is not known here: what it changes would be lost.
  case unknownKey(file: String, key: String)
  /// A tensor that the architecture needs is missing.
  case missingTensor(file: String, name: String, shape: [Int])
  /// A tensor's shape is not the one that the metadata implies.
  case wrongShape(file: String, tensor: String, found: [Int], expected: [Int])
  /// Tensors have no place in the architecture; the first of them by name.
  case unusedTensors(file: String, count: Int, first: [String])
  /// A vocabulary, the file's or that of another, has more symbols than the embedding has rows.
  case tooManySymbols(file: String, found: Int, expected: Int)
}

extension GGUFModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownArchitecture(let file, let found, let known):
      "\"\(file)\": found the architecture \"\(found)\", expected one of \(known.joined(separator: ", ")); write a recipe "
        + "that says what its tensors compute"
    case .missingKey(let file, let key, let expected): "\"\(file)\", key \"\(key)\": found none, expected \(expected)"
    case .wrongValue(let file, let key, let found, let expected):
      "\"\(file)\", key \"\(key)\": found \(found), expected \(expected)"
    case .unknownKey(let file, let key):
      "\"\(file)\", key \"\(key)\": found it, expected only what is known of this architecture; it may change what the "
        + "model computes"
    case .missingTensor(let file, let name, let shape):
      "\"\(file)\": found no tensor \"\(name)\", expected it with the shape \(shape)"
    case .wrongShape(let file, let tensor, let found, let expected):
      "\"\(file)\", tensor \"\(tensor)\": found the shape \(found), expected \(expected) by the metadata"
    case .unusedTensors(let file, let count, let first):
      "\"\(file)\": found \(count == 1 ? "a tensor" : "\(count) tensors") that the architecture has no place for ("
        + first.joined(separator: ", ") + (count > first.count ? ", …" : "") + "), expected none"
    case .tooManySymbols(let file, let found, let expected):
      "\"\(file)\": found a vocabulary of \(found) symbols, expected at most the \(expected) rows of \"token_embd.weight\""
    }
  }
}
