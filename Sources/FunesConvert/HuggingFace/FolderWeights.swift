// SPDX-License-Identifier: Apache-2.0
// The weights of a folder, in one file or in shards with an index, and an account of what was taken of them.

/// Tensors by name, of all shards, each to be taken once or known to be derived from others.
final class FolderWeights {
  private let tensors: [String: CheckpointTensor]
  private let names: [String]
  /// Files that were read, as paths.
  let files: [String]
  private var taken: Set<String> = []

  /// In order of preference.
  static let fileNames = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
  ]
  /// Longest index that is read: a hundred bytes a tensor.
  static let indexByteLimit = 16 << 20
  /// Most shards.
  static let shardLimit = 4096

  init(folder: String) throws {
    let found = FolderWeights.fileNames.first { FilePath.isFile("\(folder)/\($0)") }
    guard let found else { throw FolderError.missingFile(folder: folder, expected: FolderWeights.fileNames) }
    let path = "\(folder)/\(found)"
    var tensors: [CheckpointTensor] = []
    if found.hasSuffix(".index.json") {
      let shards = try FolderWeights.shards(path)
      for (shard, listed) in shards {
        let checkpoint = try Checkpoint.read(path: "\(folder)/\(shard)")
        let has = Set(checkpoint.tensorNames)
        if let name = listed.first(where: { !has.contains($0) }) {
          throw FolderError.shardTensor(file: path, tensor: name, shard: shard, isListed: true)
        }
        if let name = checkpoint.tensorNames.first(where: { !listed.contains($0) }) {
          throw FolderError.shardTensor(file: path, tensor: name, shard: shard, isListed: false)
        }
        tensors += checkpoint.tensors
      }
      files = [path] + shards.map { "\(folder)/\($0.shard)" }
    } else {
      tensors = try Checkpoint.read(path: path).tensors
      files = [path]
    }
    names = tensors.map(\.name)
    self.tensors = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The shards that an index names, in order of their names, each with its tensors. The index is a JSON object whose
  /// `weight_map` gives each tensor's file; each tensor has one, since a key stands once.
  private static func shards(_ path: String) throws -> [(shard: String, tensors: Set<String>)] {
    let bytes = try FolderConfig.bytes(path, limit: indexByteLimit)
    let index = try FolderConfig(file: path, bytes: bytes)
    guard let map = index.value("weight_map") else { throw FolderError.missingKey(file: path, key: "weight_map") }
    guard let members = map.members else { throw index.wrongKind("weight_map", map, "an object") }
    index.ignore(["metadata"])
    try index.checkAllRead(family: "sharded")
    var shards: [String: Set<String>] = [:]
    for member in members {
      guard let shard = member.value.stringValue else {
        throw index.wrongKind("weight_map.\(member.key)", member.value, "a string")
      }
      let isPlain = !shard.isEmpty && !shard.hasPrefix(".") && !shard.contains("/") && !shard.contains("\0")
      guard isPlain else { throw FolderError.shardName(file: path, found: shard) }
      shards[shard, default: []].insert(member.key)
      guard shards.count <= shardLimit else {
        throw FolderError.outOfRange(
          file: path, key: "weight_map", found: "more than \(shardLimit) shards", expected: "at most \(shardLimit)")
      }
    }
    return shards.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func has(_ name: String) -> Bool { tensors[name] != nil }

  /// The shape of a tensor that must be there.
  func shape(of name: String) throws(FolderError) -> [Int] {
    guard let tensor = tensors[name] else { throw .missingTensor(name) }
    return tensor.shape
  }

  /// Tensors that nothing has taken yet, in the order of the files.
  var remaining: [String] { names.filter { !taken.contains($0) } }

  /// The tensor of this name, which must be there in this shape.
  func take(_ name: String, _ shape: [Int]) throws -> NamedTensor {
    guard let tensor = tensors[name] else { throw FolderError.missingTensor(name) }
    guard tensor.shape == shape else {
      throw FolderError.tensorShape(tensor: name, found: tensor.shape, expected: shape)
    }
    taken.insert(name)
    return NamedTensor(name: name, tensor: try tensor.floats())
  }

  /// A tensor that is a copy of another one: it may be missing, but not be different.
  func passCopy(_ name: String, of original: String) throws {
    guard let copy = tensors[name], let tensor = tensors[original] else { return }
    guard try copy.shape == tensor.shape && copy.floats().values == tensor.floats().values else {
      throw FolderError.notTied(tensor: name, to: original)
    }
    taken.insert(name)
  }

  /// Tensors that are computed from the configuration alone, wherever they stand.
  func passDerived(where isDerived: (String) -> Bool) {
    for name in names where isDerived(name) { taken.insert(name) }
  }

  /// Throws where a tensor was not taken.
  func checkAllTaken() throws(FolderError) {
    guard remaining.isEmpty else { throw .unusedTensors(remaining) }
  }
}
