// SPDX-License-Identifier: Apache-2.0
// Small models of each sort that the command treats differently, written once.

import Foundation
import FunesConvert
import FunesTestSupport

typealias TestGraphBuilder = FunesTestSupport.GraphBuilder

/// Files of models with random weights.
final class TestModels: Sendable {
  /// x (3) → GRU → y (2).
  let floats: String
  /// A character → GRU → scores of the next; vocabulary a b c ü, line feed.
  let language: String
  /// A character → GRU → one of three labels; each line is a sequence.
  let names: String
  /// Lines of a b → words of X Y.
  let translator: String
  /// Rows of three numbers → words of X Y.
  let describer: String
  /// Sentences of at most eight of a b c ü → mean of their rows, and the rows.
  let sentences: String
  /// Every operator, two inputs and outputs, a subsampled one among them.
  let every: String
  /// Images, whole texts of at most 103 rows, and a stream with room for 13.
  let images: String
  private let folder: Folder

  static let shared = try! TestModels()

  private init() throws {
    let folder = try Folder()
    func write(_ graph: Graph, _ name: String) throws -> String {
      let path = folder.path(name)
      try Data(try Converter().convert(graph).bytes).write(to: URL(fileURLWithPath: path))
      return path
    }
    floats = try write(TestModels.floatGraph(), "floats.funes")
    language = try write(TestModels.languageGraph(), "language.funes")
    names = try write(TestModels.namesGraph(), "names.funes")
    translator = try write(TestModels.translatorGraph(), "translator.funes")
    describer = try write(TestModels.translatorGraph(isOfNumbers: true), "describer.funes")
    sentences = try write(TestModels.sentencesGraph(), "sentences.funes")
    every = try write(.everyOperator(), "every.funes")
    images = try write(.images(), "images.funes")
    self.folder = folder
  }

  static func floatGraph() -> Graph {
    var b = TestGraphBuilder(name: "floats")
    let x = b.value("x", [3])
    let h = b.add("h", .cell(b.cell("gru", .gru, inputs: 3, units: 20, gates: 3)), [x], shape: [20])
    let y = b.add("y", .linear(weight: b.matrix("w", 2, 20), bias: nil), [h], shape: [2])
    return finish(&b, inputs: [Graph.Port(name: "x", value: x)], outputs: [Graph.Port(name: "y", value: y)])
  }

  static func languageGraph() -> Graph {
    var b = TestGraphBuilder(name: "language")
    let y = characterModel(&b, classes: 5, outputs: 5)
    var graph = finish(
      &b, inputs: [Graph.Port(name: "character", value: 0, classes: 5, text: 0)],
      outputs: [Graph.Port(name: "scores", value: y, text: 0)])
    graph.texts = [Graph.TextTable(kind: .characters, symbols: ["a", "b", "c", "ü", "\n"])]
    return graph
  }

  static func namesGraph() -> Graph {
    var b = TestGraphBuilder(name: "names")
    let y = characterModel(&b, classes: 4, outputs: 3)
    var graph = finish(
      &b, inputs: [Graph.Port(name: "letter", value: 0, classes: 4, text: 0)],
      outputs: [Graph.Port(name: "scores", value: y, text: 1)])
    var letters = Graph.TextTable(kind: .characters, symbols: ["a", "b", "c", "ü"])
    letters.isLineSequence = true
    graph.texts = [letters, Graph.TextTable(kind: .labels, symbols: ["red", "green", "blue"])]
    return graph
  }

  static func sentencesGraph() -> Graph {
    // Places that add nothing: rows are those of the letters.
    let places = [Float](repeating: 0, count: 8 * 6)
    var b = TestGraphBuilder(name: "sentences")
    let ids = b.value("id", [1], element: .id)
    let letters = b.add("letters", .embedding(table: b.matrix("table", 4, 6)), [ids], shape: [6])
    let position = b.state("position", .counter, limit: 9)
    let rows = b.add(
      "rows", .position(table: b.constant("places", .matrix(rows: 8, cols: 6, groups: 1), places), position: position),
      [letters], shape: [6])
    let (mean, counter) = (b.state("mean", .mean, width: 6), b.state("count", .counter, limit: 1 << 24 + 1))
    let means = b.add("means", .mean(mean: mean, counter: counter), [rows], shape: [6])
    let y = b.add("y", .last, [means], shape: [6], domain: 0)
    let run = b.run()
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "encode", isBlock: true, inputs: [Graph.Port(name: "id", value: ids, classes: 4, text: 0)],
        outputs: [Graph.Port(name: "rows", value: rows), Graph.Port(name: "embedding", value: y)], runs: [run],
        resets: [position, mean, counter])
    ]
    graph.texts = [Graph.TextTable(kind: .characters, symbols: ["a", "b", "c", "ü"])]
    return graph
  }

  static func translatorGraph(isOfNumbers: Bool = false) -> Graph {
    var b = TestGraphBuilder(name: "translator")
    let source = isOfNumbers ? b.value("source", [3]) : b.value("source", [1], element: .id)
    let hidden = b.state("hidden", .hidden, width: 12)
    func recurrent(_ name: String, _ ids: Int, classes: Int) -> Int {
      let isHot = b.graph.values[ids].element == .id
      let hot = isHot ? b.add("\(name).hot", .oneHot(classes: classes), [ids], shape: [classes]) : ids
      var cell = Graph.Cell(
        kind: .rnn, units: 12, weightX: b.matrix("\(name).x", 12, classes), weightH: b.matrix("\(name).h", 12, 12),
        bias: b.vector("\(name).b", .grouped(groups: 1), 12))
      cell.hidden = hidden
      return b.add(name, .cell(cell), [hot], shape: [12])
    }
    _ = recurrent("encode", source, classes: 3)
    let encode = b.run()
    let word = b.value("word", [1], element: .id)
    let decoded = recurrent("decode", word, classes: 4)
    let y = b.add("y", .linear(weight: b.matrix("w", 4, 12), bias: nil), [decoded], shape: [4])
    var graph = b.graph
    let sourcePort = Graph.Port(
      name: "source", value: source, classes: isOfNumbers ? 0 : 3, text: isOfNumbers ? nil : 0)
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "word", value: word, classes: 4, text: 1)],
        outputs: [Graph.Port(name: "y", value: y, text: 1)], runs: [b.run()], resets: []),
      Graph.Program(
        name: "encode", isBlock: true, inputs: [sourcePort],
        outputs: [], runs: [encode], resets: [hidden]),
    ]
    var words = Graph.TextTable(kind: .labels, symbols: ["<s>", "</s>", "X", "Y"])
    words.separator = " "
    graph.texts = [Graph.TextTable(kind: .characters, symbols: ["a", "b", "</s>"]), words]
    graph.generation = Graph.Generation(
      encodeProgram: 1, stepProgram: 0, appendedID: isOfNumbers ? nil : 2, startID: 0, stopIDs: [1], longest: 9,
      output: 0, input: 0)
    return graph
  }

  private static func characterModel(_ b: inout TestGraphBuilder, classes: Int, outputs: Int) -> Int {
    let ids = b.value("id", [1], element: .id)
    let embedded = b.add("embedded", .embedding(table: b.matrix("table", classes, 8)), [ids], shape: [8])
    let h = b.add("h", .cell(b.cell("gru", .gru, inputs: 8, units: 24, gates: 3)), [embedded], shape: [24])
    return b.add("scores", .linear(weight: b.matrix("w", outputs, 24), bias: nil), [h], shape: [outputs])
  }

  private static func finish(_ b: inout TestGraphBuilder, inputs: [Graph.Port], outputs: [Graph.Port]) -> Graph {
    let run = b.run()
    var graph = b.graph
    graph.programs = [
      Graph.Program(name: "step", isBlock: false, inputs: inputs, outputs: outputs, runs: [run], resets: [])
    ]
    return graph
  }
}
