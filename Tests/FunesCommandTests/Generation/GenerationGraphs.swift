// SPDX-License-Identifier: Apache-2.0
// Language models so small that every text of them can be written down.

import Funes
import FunesConvert
import FunesTestSupport

@testable import FunesCommand

/// A language model of random weights, its last id the stop id.
struct TinyLanguage {
  let file: ModelFile
  let language: LanguageModel
  let classes: Int

  init(classes: Int, seed: UInt64 = 7, sharpness: Float = 1) throws {
    var b = TestGraphBuilder(name: "tiny")
    b.numbers = TestNumbers(seed: seed)
    let ids = b.value("id", [1], element: .id)
    let embedded = b.add("embedded", .embedding(table: b.matrix("table", classes, 8)), [ids], shape: [8])
    let h = b.add("h", .cell(b.cell("gru", .gru, inputs: 8, units: 16, gates: 3)), [embedded], shape: [16])
    let weight = b.constant(
      "w", .matrix(rows: classes, cols: 16, groups: 1), b.numbers.floats(classes * 16).map { $0 * sharpness })
    let y = b.add("scores", .linear(weight: weight, bias: nil), [h], shape: [classes])
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "id", value: ids, classes: classes)],
        outputs: [Graph.Port(name: "scores", value: y)], runs: [b.run()], resets: [])
    ]
    graph.generation = Graph.Generation(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: 0, stopIDs: [classes - 1], longest: 9, output: 0,
      input: 0)
    file = try ModelFile(copying: try Converter().convert(graph).bytes)
    language = try LanguageModel(file.model)
    self.classes = classes
  }

  /// A session that has read the start id.
  func begun() throws -> SessionHolder {
    let engine = try SessionHolder(file)
    try engine.feed(0, to: language, after: 0)
    return engine
  }

  /// The scores behind a text, from a session of its own.
  func scores(behind ids: [Int32]) throws -> [Float] {
    let engine = try begun()
    for id in ids { try engine.feed(id, to: language, after: 0) }
    return Array(engine.session.unsafeOutput())
  }
}
