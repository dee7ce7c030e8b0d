// SPDX-License-Identifier: Apache-2.0
// Ties a model to the checkpoint and recipe that it was made of: a comparison with another would mean nothing.

import Funes

/// Why a checkpoint or recipe is not the one that a model was made of.
public enum ProvenanceError: Error, Equatable {
  /// The model's metadata and the file's SHA-256 differ; nil where one side has none. `key` is that of the metadata.
  case differs(key: String, model: String?, file: String?)
  /// The model was made of a folder, and a file was given.
  case notAFolder(file: String)
  /// The model was made of a format that leaves its rows of context open, and another was given.
  case fixedContext(files: [String])
}

extension ProvenanceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .differs(let key, let model, nil):
      "\(key): the model was made with one (\(model ?? "")), found none; give it"
    case .differs(let key, nil, let file):
      "\(key): the model was made without one, found \(file ?? ""); leave it out"
    case .differs(let key, let model?, let file?):
      "\(key): found \(file), expected \(model); give the file that the model was made of"
    case .notAFolder(let file):
      "\"\(file)\": found a file, expected the folder with config.json that the model was made of; give the folder"
    case .fixedContext(let files):
      files.map { "\"\($0)\"" }.joined(separator: ", ")
        + ": found a format that fixes its rows of context, expected one that leaves them open; give the file that the "
        + "model was made of, without a recipe"
    }
  }
}

public enum Provenance {
  /// The graph of the files that a model was made of, with its rows of context.
  ///
  /// Throws `ProvenanceError` where they are others, and what `Importer.graph` throws.
  public static func graph(of model: Model, checkpoints: [String: String], recipePath: String?) throws -> Graph {
    if model.metadata.contains(where: { $0.key == "checkpoint.config.json.sha256" }),
      let file = checkpoints.values.sorted().first(where: { FilePath.isFile($0) })
    {
      throw ProvenanceError.notAFolder(file: file)
    }
    let graph: Graph
    do {
      graph = try Importer.graph(checkpoints: checkpoints, recipePath: recipePath, context: model.context).graph
    } catch let error as ImportError where error == .unexpectedContext {
      throw ProvenanceError.fixedContext(files: checkpoints.values.sorted())
    }
    try check(graph, against: model)
    return graph
  }

  /// Throws unless the graph was read from the files that the model names. A tokenizer is none of them: it makes no number.
  public static func check(_ graph: Graph, against model: Model) throws(ProvenanceError) {
    let known = Dictionary(model.metadata.filter { isFigured($0.key) }.map { ($0.key, $0.value) }) { $1 }
    let found = graph.metadata.filter { isFigured($0.key) }
    for key in Set(known.keys).union(found.keys).sorted() where known[key] != found[key] {
      throw .differs(key: key, model: known[key], file: found[key])
    }
  }

  private static func isFigured(_ key: String) -> Bool { key.hasSuffix(".sha256") && key != "tokenizer.sha256" }
}

extension Model {
  /// Rows of context that the model was converted with, where its format left them open.
  public var context: Int? { metadata.first { $0.key == "context" }.flatMap { Int($0.value) } }
}

extension Converter {
  /// A converter that makes of a model's graph the model again: with the file's own matrices, and what it says about itself.
  public init(as model: Model) {
    self.init()
    given = model.matrices
    metadata = Dictionary(model.metadata.map { ($0.key, $0.value) }) { $1 }
    if model.states.contains(where: { $0.heads > 0 }) { cacheBits = .eight }
  }
}
