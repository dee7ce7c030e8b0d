// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a graph, which needs no recipe: the file tells its architecture and its vocabulary.

import Foundation

extension Importer {
  /// The graph of a GGUF file; `stem` names a model that has no name.
  static func graph(of gguf: GGUFFile, stem: String) throws -> Imported {
    let title = gguf.metadata["general.name"]?.stringValue.flatMap { $0.isEmpty || $0.contains("\0") ? nil : $0 }
    let decoder = try GGUFDecoder(gguf, name: title ?? stem)
    let description = decoder.description
    var graph = try decoder.graph(windowRows: decoder.positions)
    for (key, metadata) in [("licence", "general.license"), ("source", "general.source.url")] {
      graph.metadata[key] = gguf.metadata[metadata]?.stringValue
    }
    let heads = "\(description.headCount) heads over \(description.keyHeadCount)"
    var notes = [
      "a GGUF file of \(decoder.architecture.rawValue): \(description.layerCount) layers of \(description.width), \(heads), "
        + "\(description.symbolCount) symbols, \(decoder.positions) positions"
    ]
    notes.append("no vocabulary: the model reads ids")
    return Imported(graph: graph, notes: notes, recipe: nil)
  }
}
