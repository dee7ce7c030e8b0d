// SPDX-License-Identifier: Apache-2.0
// The door to every checkpoint format: finds out from the first bytes what a file is and hands it to that reader. What
// comes out is the same for all: named tensors, which importers and recipes take by name.

/// The tensors of a checkpoint, and what else it says about itself.
///
/// A file that was read has been checked whole: every tensor lies inside the file. Elements are decoded only when they
/// are asked for. Names are those of the file. Where tensors are nested, as in a PyTorch dictionary of dictionaries,
/// the keys are joined by ".": `model_state.lstm.weight_ih_l0`; a list counts from 0; numbers are written decimal.
public struct Checkpoint: Sendable {
  /// In the order of the file.
  public let tensors: [CheckpointTensor]
  /// Texts that the file holds beside its tensors: the `__metadata__` of safetensors; the numbers, texts and booleans
  /// of a PyTorch file by their joined names; the metadata of GGUF, of long lists only how many values they have.
  public let metadata: [String: String]
  /// The file, as it was named.
  public let file: String
  private let indices: [String: Int]

  init(file: String, tensors: [CheckpointTensor], metadata: [String: String]) throws(CheckpointError) {
    var indices: [String: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard indices.updateValue(index, forKey: tensor.name) == nil else {
        throw .duplicateTensor(file: file, name: tensor.name)
      }
    }
    self.file = file
    self.tensors = tensors
    self.metadata = metadata
    self.indices = indices
  }

  /// Reads the checkpoint at `path`, whatever its extension.
  public static func read(path: String) throws(CheckpointError) -> Checkpoint {
    try read(try ByteSource(path: path))
  }

  /// Reads a checkpoint that is in memory; `name` stands for the file in errors.
  public static func read(bytes: [UInt8], name: String) throws(CheckpointError) -> Checkpoint {
    try read(ByteSource(bytes: bytes, name: name))
  }

  /// The names of the tensors in the order of the file.
  public var tensorNames: [String] { tensors.map(\.name) }

  /// The tensor of this name, nil when there is none.
  public subscript(name: String) -> CheckpointTensor? {
    indices[name].map { tensors[$0] }
  }

  /// The tensor of this name; an error that names it when there is none.
  public func tensor(_ name: String) throws(CheckpointError) -> CheckpointTensor {
    guard let tensor = self[name] else { throw .noSuchTensor(file: file, name: name) }
    return tensor
  }
}
