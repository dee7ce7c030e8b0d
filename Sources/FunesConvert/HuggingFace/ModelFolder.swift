// SPDX-License-Identifier: Apache-2.0
// A Hugging Face folder: config.json says which family it is, and the family makes the graph.

import Foundation

/// What a family works on, and what it says on the way.
final class ModelFolder {
  let path: String
  let config: FolderConfig
  let weights: FolderWeights
  /// Rows of context that were asked for.
  let requestedRows: Int?
  /// Rows of context that were chosen.
  var contextRows: Int?
  /// What a person should know, a line each.
  var notes: [String] = []

  /// What the model is called: the folder's name.
  var name: String {
    let name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    return name.isEmpty || name == "/" ? "model" : name
  }

  init(path: String, context: Int?) throws {
    self.path = path
    requestedRows = context
    let file = "\(path)/config.json"
    guard ModelFolder.isFile(file) else { throw FolderError.missingFile(folder: path, expected: ["config.json"]) }
    config = try FolderConfig(path: file)
    weights = try FolderWeights(folder: path)
  }

  static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// The graph of the folder's model. Every key and every tensor was read, is known to say nothing, or is refused.
  func graph() throws -> Graph {
    let family = try config.choice("model_type", ModelFolder.families)
    try config.passHarmlessKeys()
    let graph = try family.make(self)
    try config.checkAllRead(family: family.title)
    try weights.checkAllTaken()
    return graph
  }

  /// Files that the graph was made of, by their names in metadata.
  var files: [String] { ["\(path)/config.json"] + weights.files }

  struct Family {
    var title: String
    var make: (ModelFolder) throws -> Graph
  }

  static var families: KeyValuePairs<String, Family> {
    [
      "llama": Family(title: "Llama") { try LlamaFamily(.llama, $0).graph() },
      "mistral": Family(title: "Mistral") { try LlamaFamily(.mistral, $0).graph() },
      "qwen2": Family(title: "Qwen2") { try LlamaFamily(.qwen2, $0).graph() },
      "gpt2": Family(title: "GPT-2") { try GPT2Family($0).graph() },
      "gpt_neox": Family(title: "GPT-NeoX") { try NeoXFamily($0).graph() },
    ]
  }

  /// Which of the architectures that are done the folder names first; the one in front where it names none.
  func architecture(_ known: [String]) throws -> String {
    guard let value = config.value("architectures") else { return known[0] }
    guard let found = value.elements?.first?.stringValue else {
      throw config.wrongKind("architectures", value, "a list of strings")
    }
    guard known.contains(found) else {
      throw config.unsupported("architectures", "\"\(found)\"", known.map { "\"\($0)\"" })
    }
    return found
  }

  /// Functions by the names that configurations give them.
  static let activations: KeyValuePairs<String, Graph.Activation> = [
    "gelu": .gelu, "gelu_python": .gelu, "gelu_new": .geluTanh, "gelu_fast": .geluTanh, "gelu_pytorch_tanh": .geluTanh,
    "gelu_python_tanh": .geluTanh, "relu": .relu, "silu": .silu, "swish": .silu, "tanh": .tanh, "sigmoid": .sigmoid,
  ]
}
