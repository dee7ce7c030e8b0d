// SPDX-License-Identifier: Apache-2.0
// The page's plots of error: over time, and by layer, gate and state.

import FunesConvert

extension ReportDocument {
  /// Most lines of one plot that are still told apart.
  private static let mostLines = 8
  /// Most bars of one plot.
  private static let mostBars = 48

  // MARK: Over time

  var course: PageSection? {
    guard let course = report.course else { return nil }
    var section = PageSection(
      id: "time", title: "Error over time",
      lead:
        "How far the error stands below the signal as a stream goes on without a reset: a line that stays level means that "
        + "nothing builds up, one that falls to the right means that the int8 model drifts away from float.")
    let rounds =
      course.repetitions > 1
      ? ", the rows given \(fixed(course.repetitions, 1)) times one after another" : ""
    section.parts.append(
      .text(
        "Program \(course.program), \(course.ends.last ?? 0) steps\(rounds). Each point is over the steps since the point "
          + "before. Outputs count in every step, states every 64 steps and at each point."))
    let shown = ReportDocument.shown(course.signals)
    section.parts.append(
      .lines(
        LinePlot(
          caption: "SNR of outputs and states against the step",
          x: PlotAxis(title: "steps since the reset (logarithmic)", isLogarithmic: true),
          y: PlotAxis(title: "SNR, dB", leastSpan: 20),
          series: shown.map { signal in
            .init(
              name: ReportDocument.title(of: signal),
              points: zip(course.ends, signal.drift.parts).filter { $0.1.rowCount > 0 }
                .map { (Double($0.0), $0.1.snr) })
          })))
    if shown.count < course.signals.count {
      section.parts.append(
        .text("The \(shown.count) with the lowest SNR are drawn; the table has all \(course.signals.count)."))
    }
    var table = PageTable(
      "SNR in dB up to each step", ["signal"] + course.ends.map { "#\($0)" } + ["#whole"], isFolded: true)
    for signal in course.signals {
      table.rows.append(
        [ReportDocument.title(of: signal)] + signal.drift.parts.map { Figures($0).snr } + [
          Figures(signal.drift.whole).snr
        ])
    }
    section.parts.append(.table(table))
    return section
  }

  private static func title(of signal: StreamSignal) -> String {
    "\(signal.isState ? "state" : "output") \(signal.name)"
  }

  /// Outputs and states in their order; of many those with the lowest SNR.
  private static func shown(_ signals: [StreamSignal]) -> [StreamSignal] {
    guard signals.count > mostLines else { return signals }
    let kept = signals.indices.sorted { (signals[$0].drift.whole.snr, $0) < (signals[$1].drift.whole.snr, $1) }
    return Set(kept.prefix(mostLines)).sorted().map { signals[$0] }
  }

  // MARK: By layer

  var layers: PageSection? {
    guard !report.layers.isEmpty else { return nil }
    var section = PageSection(
      id: "layers", title: "Error by layer, gate and state",
      lead:
        "How near every value on the way comes to float, in the order in which they are computed: a bar that is much shorter "
        + "than those above it is where accuracy is lost, and what comes after it can only repair so much.")
    let cells = Set(report.layers.filter { $0.gate != nil }.map { [$0.program, $0.layer] })
    if !cells.isEmpty {
      section.parts.append(
        .text(
          "Inside a recurrent layer stand its gates: i lets in, f keeps, g is the candidate and o lets out in an LSTM, whose cell "
            + "state is c; r resets, z keeps and n is the candidate in a GRU; h is the new state of a plain layer. The layer's own "
            + "line is its hidden state."))
    }
    let entries = ReportDocument.lowest(report.layers)
    let hasPrograms = Set(report.layers.map(\.program)).count > 1
    section.parts.append(
      .bars(
        BarPlot(
          caption: "SNR by layer" + (entries.count < report.layers.count ? ", the \(entries.count) lowest" : ""),
          axis: PlotAxis(title: "SNR, dB: longer is nearer to float"), series: ["SNR"],
          bars: entries.map { entry in
            let name = entry.gate.map { "\(entry.layer), \(ReportDocument.gate($0))" } ?? entry.layer
            return BarPlot.Bar(
              name: hasPrograms ? "\(entry.program)/\(name)" : name, isPart: entry.gate != nil,
              values: [entry.difference.snr.isFinite ? entry.difference.snr : nil],
              labels: [Figures(entry.difference).snr])
          })))
    var table = PageTable(
      "Every value, gate and state",
      ["program", "layer", "value", "gate", "output", "#SNR, dB", "#largest error", "#lowest cosine", "#rows"],
      isFolded: true)
    for entry in report.layers {
      let figures = Figures(entry.difference)
      table.rows.append([
        entry.program, entry.layer, entry.value, entry.gate.map(ReportDocument.gate) ?? "", entry.output ?? "",
        figures.snr,
        figures.maxAbs, figures.cosine, "\(entry.difference.rowCount)",
      ])
    }
    section.parts.append(.table(table))
    return section
  }

  private static func gate(_ name: String) -> String { name == "c" ? "state c" : "gate \(name)" }

  /// All entries, or of many those of lowest SNR, in execution order.
  private static func lowest(_ entries: [LayerDifference]) -> [LayerDifference] {
    guard entries.count > mostBars else { return entries }
    let order = entries.indices.sorted { (entries[$0].difference.snr, $0) < (entries[$1].difference.snr, $1) }
    return order.prefix(mostBars).sorted().map { entries[$0] }
  }
}
