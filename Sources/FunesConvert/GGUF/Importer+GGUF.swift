// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a graph, which needs no recipe: the file tells its architecture and its vocabulary.

import Funes

extension Importer {
  /// The graph of a GGUF file.
  ///
  /// - Parameters:
  ///   - stem: names a model that has no name.
  ///   - context: rows that caches hold; nil for those of training that fit.
  ///   - tokenizerPath: a tokenizer's file that stands for the file's own vocabulary.
  static func graph(
    of gguf: GGUFFile, stem: String, context: Int? = nil, tokenizerPath: String? = nil
  ) throws -> Imported {
    let title = gguf.metadata["general.name"]?.stringValue.flatMap { $0.isEmpty || $0.contains("\0") ? nil : $0 }
    let decoder = try GGUFDecoder(gguf, name: title ?? stem, context: context)
    let description = decoder.description
    var graph = try decoder.graph()
    graph.metadata["context"] = "\(decoder.context.rows)"
    for (key, metadata) in [("licence", "general.license"), ("source", "general.source.url")] {
      graph.metadata[key] = gguf.metadata[metadata]?.stringValue
    }
    let heads = "\(description.headCount) heads over \(description.keyHeadCount)"
    var notes = [
      "a GGUF file of \(decoder.architecture.rawValue): \(description.layerCount) layers of \(description.width), \(heads), "
        + "\(description.symbolCount) symbols",
      decoder.context.note(byteCount: description.cacheByteCount),
    ]
    graph.generation = try Graph.Generation(
      gguf, classes: description.symbolCount, longest: description.windowRows.max() ?? 1)
    var rules: TokenizerRules?
    if let tokenizerPath {
      let tokenizer = try TokenizerFiles.read(file: tokenizerPath)
      rules = tokenizer.source
      graph.metadata["tokenizer.sha256"] = tokenizer.digest
    } else if let arrays = try TokenizerArrays(gguf) {
      rules = try TokenizerRules(arrays)
    }
    if let rules {
      guard rules.symbols.count <= description.symbolCount else {
        throw GGUFModelError.tooManySymbols(
          file: tokenizerPath ?? gguf.checkpoint.file, found: rules.symbols.count, expected: description.symbolCount)
      }
      let text = graph.addText(rules)
      graph.programs[0].inputs[0].text = text
      graph.programs[0].outputs[0].text = text
      notes.append("a vocabulary of \(counted(rules.symbols.count, "symbol"))")
    } else {
      notes.append("no vocabulary: the model reads ids; --tokenizer gives it one")
    }
    return Imported(graph: graph, notes: notes, recipe: nil)
  }
}
