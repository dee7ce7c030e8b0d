// SPDX-License-Identifier: Apache-2.0
// The rows that a report is made over: tensors, a text through the model's vocabulary, or random ones.

import Funes
import FunesConvert

/// Where the rows of a report came from.
struct ReportInput {
  var rows: ReportRows
  /// In words.
  var source: String
  var isText = false

  /// Random rows where nothing is given, and their number.
  static let randomRows = 256

  /// - Parameter limit: most rows of a program.
  init(path: String?, _ file: ModelFile, _ graph: Graph, program: Int, limit: Int) throws {
    if let path {
      let reader = try SampleReader(file, graph, limit: limit, program: program)
      let form = try reader.form(of: path)
      isText = form == .stream(.text)
      rows =
        switch form {
        case .tensors: try reader.tensors(path) { try SampleRows.sequences(path: path, for: graph, limit: limit) }
        case .stream(.text): try ReportInput.text(path, file.model, program: program, limit: limit)
        case .stream: ReportRows(try reader.sequences(path))
        }
      guard !rows.sequences.isEmpty else { throw StreamError.noRows(file: path) }
      source = FilePath.name(of: path)
    } else {
      rows = ReportRows(sequences: [[:]])
      source = "random rows: none were given with --input"
    }
    rows.fit(file.model)
    rows.fillUp(file.model, rows: min(limit, path == nil ? ReportInput.randomRows : 16))
  }

  /// A text as sequences of ids: for the program that reads sources where there is one, else for the one chosen. Each line
  /// is one sequence where the vocabulary says so and where a program sees its rows at once.
  private static func text(_ path: String, _ model: Model, program: Int, limit: Int) throws -> ReportRows {
    let index = model.generation?.encodeProgram ?? program
    let info = model.programs[index]
    guard info.inputs.count == 1, let port = info.inputs.first.map(StreamPort.init), port.isIDs, port.width == 1,
      let table = port.symbols
    else {
      throw ChoiceError.unsuitable(
        what: "--input",
        reason: "found a text, expected rows of numbers: program \"\(info.name)\" reads no ids with a vocabulary")
    }
    var sequences: [[Int32]]
    if index == program, let language = try? LanguageModel(model, program: info.name) {
      sequences = try language.sequences(text: path, ids: nil, limit: limit)
    } else {
      sequences = try ReportInput.lines(path, info.isBlock ? table.asLines : table, limit: limit)
      if let generation = model.generation, generation.encodeProgram == index {
        let source = sequences.map { $0 + (generation.appendedID.map { [Int32($0)] } ?? []) }
        sequences = source.map { ids in
          guard let padding = generation.padding else { return ids }
          let fill = max(0, padding.rows - ids.count)
          return Array((ids + [Int32](repeating: Int32(padding.id), count: fill)).prefix(padding.rows))
        }
      }
    }
    sequences = sequences.filter { !$0.isEmpty }
    guard !sequences.isEmpty else { throw StreamError.nothingToScore(file: path, found: 0) }
    return ReportRows(
      sequences: sequences.map { [info.name: .init(inputs: [port.name: .ids($0)], count: $0.count)] })
  }

  private static func lines(_ path: String, _ table: SymbolTable, limit: Int) throws -> [[Int32]] {
    let file = try InputFile(path: path)
    var decoder = TextDecoder(table: table, reader: file.reader())
    var sequences: [[Int32]] = [[]]
    var left = limit
    while left > 0 {
      switch try decoder.next() {
      case .id(let id):
        sequences[sequences.count - 1].append(id)
        left -= 1
      case .endOfLine: sequences.append([])
      case .end: return sequences
      }
    }
    // What the limit cuts is no whole line.
    if sequences.count > 1, table.isLineSequence { sequences.removeLast() }
    return sequences
  }
}
