// SPDX-License-Identifier: Apache-2.0
// The rows that a report is made over: those of files, or random ones.

import Funes
import FunesConvert

/// Where the rows of a report came from.
struct ReportInput {
  var rows: MeasuredRows
  /// In words.
  var source = "random rows: none were given with --input"
  var isText = false

  /// Random rows where nothing is given, and beside what is given.
  private static let (randomRows, rowsBeside) = (256, 16)

  /// - Parameters:
  ///   - program: the one that was asked for, if any.
  ///   - limit: most rows of a file.
  init(paths: [String], _ file: ModelFile, _ graph: Graph, program: Int?, limit: Int) throws {
    let reader = try SampleReader(file, graph, limit: limit, program: program)
    let forms = try paths.map { try reader.form(of: $0) }
    let given = try zip(paths, forms).flatMap { try reader.measured($0, as: $1) }
    if !paths.isEmpty {
      source = paths.map(FilePath.name).joined(separator: ", ")
      // A translator's targets are its own: they say nothing of how well it foretells a text.
      isText = forms.allSatisfy { $0 == .stream(.text) } && !reader.readsSources
      if forms.contains(.stream(.text)), reader.readsSources { source += ", with targets that the model gives" }
    }
    rows = MeasuredRows(given)
    rows.fillUp(file.model, rows: min(limit, given.isEmpty ? ReportInput.randomRows : ReportInput.rowsBeside))
  }
}
