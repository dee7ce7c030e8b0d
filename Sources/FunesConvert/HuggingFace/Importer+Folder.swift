// SPDX-License-Identifier: Apache-2.0
// A Hugging Face folder as a graph with the hashes of its files.

extension Importer {
  /// The graph of a folder with a `config.json`.
  static func folder(_ path: String, context: Int?, tokenizer: String?) throws -> Imported {
    let folder = try ModelFolder(path: path, context: context)
    var graph = try folder.graph(tokenizer: tokenizer)
    for file in folder.files {
      let name = file.split(separator: "/").last.map(String.init) ?? file
      graph.metadata["checkpoint.\(name).sha256"] = hexadecimal(try contents(of: file))
    }
    return Imported(graph: graph, notes: folder.notes, recipe: nil)
  }
}
