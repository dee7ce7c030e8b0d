// SPDX-License-Identifier: Apache-2.0
// The page's section on the search for 16-bit weights: error against bytes, and what each matrix bought.

import FunesConvert

extension ReportDocument {
  var search: PageSection? {
    guard let search = report.search else { return nil }
    var section = PageSection(
      id: "search", title: "16-bit weights",
      lead:
        "What the conversion found when it gave 16-bit weights to one matrix after another, those first whose 8 bits cost the "
        + "outputs most for their bytes: going right costs bytes, going up is nearer to float. Judged on rows of the calibration that nothing was fitted to."
    )
    let chosen = search.points[search.chosen]
    let widened = search.points[...search.chosen].compactMap(\.matrix)
    let words =
      widened.isEmpty
      ? "no matrix has 16 bits" : "16 bits for \(widened.joined(separator: ", "))"
    section.parts.append(
      .verdict(
        "Goal \(search.goal), \(search.isReached ? "reached" : "not reached"); \(words); "
          + "\(fixed(chosen.bytesPerWeight, 3)) bytes a weight."))
    section.parts.append(
      .lines(
        LinePlot(
          caption: "SNR of the worst output against bytes a weight",
          x: PlotAxis(title: "bytes a weight, with scales and padding"), y: PlotAxis(title: "SNR, dB", leastSpan: 10),
          series: [
            .init(name: "all matrices up to here in 16 bits", points: search.points.map { ($0.bytesPerWeight, $0.snr) })
          ],
          marks: chosen.snr.isFinite ? [(chosen.bytesPerWeight, chosen.snr, "chosen")] : [])))
    let figure = search.goal.split(separator: " ").first.map(String.init) ?? ""
    let isFigured = !["snr", "budget"].contains(figure)
    var table = PageTable(
      "What each matrix buys, in the order of the curve",
      ["16-bit weights from here on", "#bytes a weight", "#SNR, dB", "#bought, dB"] + (isFigured ? ["#\(figure)"] : [])
        + ["chosen"])
    for (place, point) in search.points.enumerated() {
      let gain = place > 0 ? point.snr - search.points[place - 1].snr : .nan
      table.rows.append(
        [
          point.matrix ?? "none", fixed(point.bytesPerWeight, 3), point.snr.isFinite ? fixed(point.snr, 1) : "–",
          gain.isFinite ? fixed(gain, 1) : "–",
        ] + (isFigured ? [point.figure.isFinite ? Decimal.significant(point.figure, digits: 4) : "–"] : [])
          + [
            place > search.chosen || point.matrix == nil && search.chosen > 0
              ? "" : place == search.chosen ? "yes, the last" : "yes"
          ])
    }
    section.parts.append(.table(table))
    return section
  }
}
