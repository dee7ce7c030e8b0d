// SPDX-License-Identifier: Apache-2.0
// What `funes convert` says of a search for 16-bit weights: the curve, the chosen point, and what each matrix bought.

import FunesConvert

struct SearchSummary {
  var plan: PrecisionPlan

  private var target: PrecisionTarget? {
    guard case .target(let target) = plan.goal, target.figure != .snr else { return nil }
    return target
  }

  var text: String {
    var columns: [TextTable.Column] = [
      .left(""), .left("16-bit weights from here on"), .right("bytes"), .right("a weight"), .right("SNR"),
      .right("bought"),
    ]
    if let target { columns.append(.right(target.figure.rawValue)) }
    var table = TextTable(columns: columns)
    for (place, point) in plan.points.enumerated() {
      let gain = place > 0 ? point.snr - plan.points[place - 1].snr : .nan
      var row = [
        place == plan.chosen ? "→" : "", point.matrix ?? "none", "\(point.byteCount)",
        Decimal.fixed(point.bytesPerWeight, digits: 3), decibels(point.snr), gain.isNaN ? "" : decibels(gain),
      ]
      if target != nil { row.append(Decimal.significant(point.figure, digits: 4)) }
      table.append(row)
    }
    return (table.lines + [sentence]).joined(separator: "\n") + "\n"
  }

  /// The end of the search in a line.
  var sentence: String {
    let count = plan.widened.count
    let bytes = Decimal.fixed(plan.points[plan.chosen].bytesPerWeight, digits: 3)
    let words = "16-bit weights for \(count) of \(plan.matrixCount) matrices, \(bytes) bytes a weight"
    guard !plan.isReached else { return "\(plan.goal.description): \(words)" }
    // Of a budget the bytes are what was found.
    let figure = Decimal.significant(plan.points[plan.chosen].figure, digits: 4)
    let found = if case .target = plan.goal { "found \(figure) with" } else { "found" }
    return "\(plan.goal.description): \(found) \(words); not reached"
  }

  private func decibels(_ value: Double) -> String {
    value.isFinite ? "\(Decimal.fixed(value, digits: 1)) dB" : value > 0 ? "exact" : ""
  }

  var json: JSONValue {
    .members([
      "goal": .string(plan.goal.description), "isReached": .bool(plan.isReached), "chosen": .integer(plan.chosen),
      "points": .array(
        plan.points.map { point in
          .members([
            "matrix": point.matrix.map { .string($0) } ?? .null, "bytes": .integer(point.byteCount),
            "bytesPerWeight": Figures.number(point.bytesPerWeight), "snr": Figures.number(point.snr),
            "errorShare": Figures.number(point.errorShare), "noise": Figures.number(point.noise),
            "figure": Figures.number(point.figure),
          ])
        }),
    ])
  }
}
