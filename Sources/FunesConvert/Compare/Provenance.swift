// SPDX-License-Identifier: Apache-2.0
// Ties a model to the checkpoint and recipe that it was made of: a comparison with another would mean nothing.

import Funes

/// Why a checkpoint or recipe is not the one that a model was made of.
public enum ProvenanceError: Error, Equatable {
  /// The model's metadata and the file's SHA-256 differ; nil where one side has none. `key` is that of the metadata.
  case differs(key: String, model: String?, file: String?)
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
    }
  }
}

public enum Provenance {
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
  /// A converter with the precision that every matrix of a model has.
  public init(as model: Model) {
    self.init()
    for constant in model.constants where constant.isMatrix {
      let activations = Precision.Activations(rawValue: constant.activationBits) ?? .sixteen
      exceptions[constant.name] = Precision(activations: activations, isEqualized: constant.hasEqualizer)
    }
    if model.states.contains(where: { $0.heads > 0 }) { cacheBits = .eight }
  }
}
