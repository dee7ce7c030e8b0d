// SPDX-License-Identifier: Apache-2.0
// What `funes convert` says of a calibration: each matrix, and what the outputs gained.

import FunesConvert

struct CalibrationSummary {
  var calibration: Calibration

  var text: String {
    var table = TextTable(columns: [
      .left("calibrated"), .right("vectors"), .left("equalizer"), .right("product SNR before"), .right("after"),
      .right("output error before"), .right("after"), .left(""),
    ])
    for entry in calibration.entries {
      table.append([
        entry.matrix, "\(entry.vectorCount)", entry.equalizer, decibels(entry.snrBefore), decibels(entry.snrAfter),
        Decimal.significant(entry.errorBefore, digits: 3), Decimal.significant(entry.errorAfter, digits: 3),
        entry.isAccepted ? "accepted" : "left as it was",
      ])
    }
    var lines = table.lines
    lines.append(
      "calibrated \(calibration.acceptedCount) of \(calibration.entries.count) matrices on "
        + "\(counted(calibration.fitRowCount, "row")), judged by \(calibration.judgeRowCount) others")
    for (before, after) in zip(calibration.before, calibration.after) {
      lines.append(
        "\(after.program), output \(after.output): \(Figures(before.difference).snr) → "
          + "\(Figures(after.difference).snr) dB, largest error \(Figures(before.difference).maxAbs) → "
          + "\(Figures(after.difference).maxAbs), same largest value in \(Figures(after.difference).agreement) % "
          + "of \(counted(after.difference.rowCount, "row")) to judge by")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func decibels(_ value: Double?) -> String { value.map { "\(Decimal.fixed($0, digits: 1)) dB" } ?? "exact" }

  var json: JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map { Figures.number($0) } ?? .null }
    func outputs(_ outputs: [OutputDifference]) -> JSONValue {
      .array(
        outputs.map {
          .members([
            "program": .string($0.program), "output": .string($0.output), "difference": Figures($0.difference).json,
          ])
        })
    }
    return .members([
      "fitRows": .integer(calibration.fitRowCount), "judgeRows": .integer(calibration.judgeRowCount),
      "matrices": .array(
        calibration.entries.map { entry in
          .members([
            "matrix": .string(entry.matrix), "vectors": .integer(entry.vectorCount),
            "equalizer": .string(entry.equalizer), "productSNRBefore": number(entry.snrBefore),
            "productSNRAfter": number(entry.snrAfter), "outputErrorBefore": number(entry.errorBefore),
            "outputErrorAfter": number(entry.errorAfter), "isAccepted": .bool(entry.isAccepted),
          ])
        }),
      "before": outputs(calibration.before), "after": outputs(calibration.after),
    ])
  }
}
