// SPDX-License-Identifier: Apache-2.0
// What encoder-decoders of all families share: rows of source and target, and how a target begins and ends.

extension ModelFolder {
  /// Rows that a memory of sources and a decoder's caches hold, chosen together.
  func sequenceRows(trainedRows: Int, layers: Int, keyWidth: Int) throws -> Int {
    let context = try ContextRows.choose(
      requested: requestedRows, trainedRows: trainedRows, bytesPerRow: 8 * keyWidth * layers)
    contextRows = context.rows
    notes.append(context.note(byteCount: 8 * keyWidth * layers * context.rows))
    return context.rows
  }

  /// The context that the graph was made with, and how a target is made: sources end with the id that ends targets.
  func finishSequence(_ graph: inout Graph, symbolCount: Int, startKeys: [String]) throws {
    let rows = contextRows ?? 1
    graph.metadata["context"] = "\(rows)"
    var ends = try config.ids("eos_token_id", below: symbolCount)
    if let more = try generationConfig?.ids("eos_token_id", below: symbolCount), !more.isEmpty { ends = more }
    var start: Int?
    for key in startKeys where start == nil {
      start = try config.id(key, below: symbolCount) ?? generationConfig?.id(key, below: symbolCount)
    }
    guard let start else { throw FolderError.missingKey(file: config.file, key: startKeys[0]) }
    graph.generation = Graph.Generation(
      encodeProgram: 0, stepProgram: 1, appendedID: ends.first, startID: start,
      stopIDs: Array(ends.prefix(Graph.Generation.stopLimit)), longest: rows, output: 0,
      input: 0)
  }

  /// generation_config.json, whose settings go before those of config.json; most of them are whoever generates'.
  var generationConfig: FolderConfig? {
    get throws {
      let file = "\(path)/generation_config.json"
      return FilePath.isFile(file) ? try FolderConfig(path: file) : nil
    }
  }

  /// Single symbols that a target must never have.
  func forbiddenIDs(below count: Int) throws -> [Int] {
    let lists = try generationConfig?.value("bad_words_ids") ?? config.value("bad_words_ids")
    return (lists?.elements ?? []).compactMap { word in
      guard let ids = word.elements, ids.count == 1, let id = ids[0].intValue, (0..<count).contains(id) else {
        return nil
      }
      return id
    }
  }
}
