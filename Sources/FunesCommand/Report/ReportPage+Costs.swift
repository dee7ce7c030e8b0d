// SPDX-License-Identifier: Apache-2.0
// The page's sections on the sizes of columns, and on what each layer takes of the file and of a step.

import FunesConvert

extension ReportDocument {
  private static let mostBars = 40

  // MARK: Ranges

  var ranges: PageSection? {
    guard !report.matrices.isEmpty else { return nil }
    var section = PageSection(
      id: "ranges", title: "Ranges of weights and activations",
      lead:
        "How unlike in size the columns of each matrix, and of the vectors that it multiplies, are: all columns of a row share "
        + "one scale of integers, so that each doubling of the largest column over the usual one takes a bit from the others; a ratio "
        + "near 1 is easy, one of 16 takes four bits of eight unless columns are equalised or have 16 bits.")
    let drawn = Array(
      report.matrices.enumerated().sorted {
        (ReportDocument.ratio($1.element), $0.offset) < (ReportDocument.ratio($0.element), $1.offset)
      }
      .prefix(ReportDocument.mostBars).sorted { $0.offset < $1.offset }.map(\.element))
    section.parts.append(
      .bars(
        BarPlot(
          caption: "Largest column over median column, by matrix"
            + (drawn.count < report.matrices.count ? ", the \(drawn.count) largest ratios" : ""),
          axis: PlotAxis(title: "largest over median (logarithmic); 1: all columns alike", isLogarithmic: true),
          series: ["weights", "activations"],
          bars: drawn.map { matrix in
            let ratios = [matrix.weights.ratio, matrix.activations?.ratio]
            return BarPlot.Bar(
              name: matrix.name, values: ratios, labels: ratios.map { $0.map(significant) ?? "–" })
          })))
    var table = PageTable(
      "Every matrix: largest magnitude, ratio, and the three largest columns (number: its largest magnitude)",
      [
        "layer", "matrix", "#rows × columns", "#largest weight", "#ratio", "largest columns of weights",
        "#largest activation", "#ratio", "largest columns of activations",
      ], isFolded: true)
    for matrix in report.matrices {
      let activations = matrix.activations
      table.rows.append([
        matrix.layer, matrix.name, "\(matrix.rows)×\(matrix.cols)", significant(Double(matrix.weights.largest)),
        matrix.weights.ratio.map(significant) ?? "–", columns(matrix.weights),
        activations.map { significant(Double($0.largest)) } ?? "–",
        activations?.ratio.map(significant) ?? "–", activations.map(columns) ?? "–",
      ])
    }
    section.parts.append(.table(table))
    section.parts.append(
      .text(
        "Weights are the checkpoint's, before columns are equalised; activations are those of the float side over the rows given. "
          + "Tables that are only looked up have none. Columns count from 0."))
    return section
  }

  private static func ratio(_ matrix: ModelReport.Matrix) -> Double {
    max(matrix.weights.ratio ?? 0, matrix.activations?.ratio ?? 0)
  }

  private func columns(_ range: ColumnRange) -> String {
    range.worst.map { "\($0.index): \(significant(Double($0.largest)))" }.joined(separator: ", ")
  }

  // MARK: Bytes and time

  var costs: PageSection? {
    guard !report.costs.isEmpty else { return nil }
    var section = PageSection(
      id: "costs", title: "Bytes and time by layer",
      lead:
        "What each layer takes of the file and of a step on this machine, as shares of all: where a layer's time is far above its "
        + "bytes it computes more than it reads, and where 16-bit weights are considered its bytes are what would double."
    )
    for times in report.times {
      let rows = times.rowCount == 1 ? "one row" : "\(times.rowCount) rows"
      section.parts.append(
        .text(
          "Program \(times.program): \(fixed(times.wholeNanoseconds / 1000, 3)) µs a call of \(rows), the median of calls timed as a "
            + "whole; layers by a look at the clock after each operator, \(times.callCount) calls of both sorts in turn, medians, the "
            + "clock's own \(fixed(times.clockNanoseconds, 0)) ns taken off. Measured on \(processor ?? "this machine"), instruction "
            + "set \(times.isa), \(counted(times.threads, "thread")); it holds for this machine alone, and whatever else ran there."
        ))
    }
    let bytes = Double(report.costs.reduce(0) { $0 + $1.byteCount })
    let programs = Set(report.costs.map(\.program))
    let time = Dictionary(
      uniqueKeysWithValues: programs.map { name in
        (name, report.costs.filter { $0.program == name }.reduce(0) { $0 + ($1.nanoseconds ?? 0) })
      })
    func shares(_ cost: ModelReport.Cost) -> [Double?] {
      let all = time[cost.program] ?? 0
      return [
        bytes > 0 ? 100 * Double(cost.byteCount) / bytes : nil,
        all > 0 ? cost.nanoseconds.map { 100 * $0 / all } : nil,
      ]
    }
    let drawn = report.costs.enumerated().sorted { left, right in
      let sums = [left, right].map { shares($0.element).reduce(0) { $0 + ($1 ?? 0) } }
      return (sums[1], left.offset) < (sums[0], right.offset)
    }.prefix(ReportDocument.mostBars).sorted { $0.offset < $1.offset }.map(\.element)
    section.parts.append(
      .bars(
        BarPlot(
          caption: "Share of the file's constants, and of a call's time"
            + (drawn.count < report.costs.count ? ", the \(drawn.count) largest" : ""),
          axis: PlotAxis(title: "share, %"), series: ["bytes", "time"],
          bars: drawn.map { cost in
            BarPlot.Bar(
              name: programs.count > 1 ? "\(cost.program)/\(cost.layer)" : cost.layer, values: shares(cost),
              labels: shares(cost).map { $0.map { fixed($0, 1) } ?? "–" })
          })))
    var table = PageTable(
      "Every operator", ["program", "layer", "kind", "#bytes", "#multiplications a row", "#µs a call"], isFolded: true)
    for cost in report.costs {
      table.rows.append([
        cost.program, cost.layer, cost.kind, "\(cost.byteCount)", "\(cost.multiplyCount)",
        cost.nanoseconds.map { fixed($0 / 1000, 3) } ?? "–",
      ])
    }
    section.parts.append(.table(table))
    return section
  }
}
