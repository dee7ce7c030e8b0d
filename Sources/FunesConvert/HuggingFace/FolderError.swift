// SPDX-License-Identifier: Apache-2.0
// Why a Hugging Face folder was refused, with names and numbers. The wording stands in FolderError+Description.swift.

/// Why a folder with a `config.json` is not converted.
public enum FolderError: Error, Equatable {
  /// The folder has none of these files.
  case missingFile(folder: String, expected: [String])
  /// A file exceeds what is read, so that memory stays bounded.
  case fileTooLarge(file: String, found: Int, limit: Int)
  /// A file is no JSON.
  case json(file: String, JSONError)
  /// A file or a value of it is of another kind.
  case wrongKind(file: String, key: String, found: String, expected: String)
  /// A key that the family cannot do without is missing.
  case missingKey(file: String, key: String)
  /// A value is of the right kind but names something that is not done.
  case unsupported(file: String, key: String, found: String, expected: [String])
  /// A number is outside what any model has.
  case outOfRange(file: String, key: String, found: String, expected: String)
  /// Values that do not go together.
  case conflict(file: String, keys: [String], reason: String)
  /// Keys that no model of the family is known to have: they may change what it computes.
  case unknownKeys(file: String, family: String, found: [String])
  /// The index names a file that is not a plain name beside it.
  case shardName(file: String, found: String)
  /// The index and a shard differ about a tensor.
  case shardTensor(file: String, tensor: String, shard: String, isListed: Bool)
  /// The checkpoint has no tensor of that name.
  case missingTensor(String)
  /// A tensor is of another shape than the configuration implies.
  case tensorShape(tensor: String, found: [Int], expected: [Int])
  /// A tensor that should hold another's values does not.
  case notTied(tensor: String, to: String)
  /// Tensors that nothing takes and that are not known to be derived from others.
  case unusedTensors([String])
}
