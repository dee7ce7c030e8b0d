// SPDX-License-Identifier: Apache-2.0
// A Hugging Face folder: config.json says which family it is, and the family makes the graph.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a family works on, and what it says on the way.
final class ModelFolder {
  /// As it was given.
  let root: String
  /// Where config.json and the weights are: `root`, but in folders of sentence-transformers that keep them apart.
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
  var name: String { FilePath.folderName(of: root) }

  init(path: String, context: Int?) throws {
    root = path
    var path = path
    if !FilePath.isFile("\(path)/config.json"), FilePath.isFile("\(path)/modules.json") {
      let encoder = try SentencePipeline.modules(path).first { $0.kind == "Transformer" }
      if let encoder, !encoder.path.isEmpty { path = "\(path)/\(encoder.path)" }
    }
    self.path = path
    requestedRows = context
    let file = "\(path)/config.json"
    guard FilePath.isFile(file) else { throw FolderError.missingFile(folder: path, expected: ["config.json"]) }
    config = try FolderConfig(path: file)
    weights = try FolderWeights(folder: path)
  }

  /// The graph of the folder's model. Every key and every tensor was read, is known to say nothing, or is refused.
  ///
  /// - Parameter tokenizer: a tokenizer's file or folder in place of the folder's own.
  func graph(tokenizer: String? = nil) throws -> Graph {
    let family = try config.choice("model_type", ModelFolder.families)
    try config.passHarmlessKeys()
    var graph = try family.make(self)
    try config.checkAllRead(family: family.title)
    try weights.checkAllTaken()
    try bindText(&graph, tokenizer: tokenizer)
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
      "bert": Family(title: "BERT") { try BERTFamily(.bert, $0).graph() },
      "roberta": Family(title: "RoBERTa") { try BERTFamily(.roberta, $0).graph() },
      "xlm-roberta": Family(title: "XLM-RoBERTa") { try BERTFamily(.roberta, $0).graph() },
      "distilbert": Family(title: "DistilBERT") { try DistilBERTFamily($0).graph() },
      "t5": Family(title: "T5") { try T5Family($0).graph() },
      "marian": Family(title: "Marian") { try MarianFamily($0).graph() },
      "vit": Family(title: "ViT") { try ViTFamily(.vit, $0).graph() },
      "deit": Family(title: "DeiT") { try ViTFamily(.deit, $0).graph() },
      "gpt2": Family(title: "GPT-2") { try GPT2Family($0).graph() },
      "gpt_neox": Family(title: "GPT-NeoX") { try NeoXFamily($0).graph() },
    ]
  }

  /// Weights of heads that the folder has beside the one that is made, and a note that says so.
  func passUnneeded(prefixes: [String], _ purpose: String) {
    let names = weights.remaining.filter { name in prefixes.contains { name.hasPrefix($0) } }
    guard !names.isEmpty else { return }
    weights.passDerived { names.contains($0) }
    notes.append("left out, since \(purpose) needs none of it: \(names.joined(separator: ", "))")
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
