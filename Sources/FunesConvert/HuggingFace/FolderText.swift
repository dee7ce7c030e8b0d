// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a folder, bound to every port of ids: what reads text and what writes it.

import Funes

extension ModelFolder {
  /// Binds the tokenizer at `path`, a file or a folder, or that of the folder itself where it has one.
  func bindText(_ graph: inout Graph, tokenizer path: String?) throws {
    guard graph.programs.contains(where: { $0.inputs.contains { $0.classes > 0 } }) else {
      if let path { throw ImportError.unexpectedTokenizer(path) }
      return
    }
    let files: TokenizerFiles
    if let path {
      files = try FilePath.isFolder(path) ? .read(folder: path) : .read(file: path)
    } else if let folder = [root, self.path].first(where: { TokenizerFiles.isPresent(folder: $0) }) {
      files = try .read(folder: folder, modelType: config.optionalWord("model_type"))
    } else {
      notes.append("no tokenizer: the model reads ids; --tokenizer gives it one")
      return
    }
    graph.metadata["tokenizer.sha256"] = files.digest
    let isStream = graph.programs.count == 1 && !graph.programs[0].isBlock
    func add(_ rules: TokenizerRules) -> Int {
      var rules = rules
      // A sentence or a source is a line; a decoder's text is all of it.
      rules.isLineSequence = !isStream
      return graph.addText(rules)
    }
    let source = add(files.source)
    let target = files.target.map(add) ?? source
    for program in graph.programs.indices {
      // What is translated is read through one tokenizer and written through the other.
      let table = graph.generation?.encodeProgram != nil && program == graph.generation?.stepProgram ? target : source
      let count = graph.texts[table].symbols.count
      for index in graph.programs[program].inputs.indices where graph.programs[program].inputs[index].classes > 0 {
        let classes = graph.programs[program].inputs[index].classes
        guard count <= classes else {
          throw config.conflict(
            ["vocab_size"], "found \(classes) rows and a tokenizer of \(count) symbols, expected no more than rows")
        }
        graph.programs[program].inputs[index].text = table
        for output in graph.programs[program].outputs.indices {
          let port = graph.programs[program].outputs[output]
          if port.text == nil, port.name == "logits", graph.values[port.value].width == classes {
            graph.programs[program].outputs[output].text = table
          }
        }
      }
    }
    // Where texts end with the id already, it is not appended again.
    if let appended = graph.generation?.appendedID, files.source.after.contains(appended) {
      graph.generation?.appendedID = nil
    }
  }
}
