// SPDX-License-Identifier: Apache-2.0
// The rows to fit to and to judge by, out of the files that hold them.

import Funes
import FunesConvert

extension CalibrationOptions {
  /// What is fitted to and what is judged by; without files to judge by the rest of the others.
  ///
  /// - Parameter file: the model without calibration.
  func rows(_ file: ModelFile, _ graph: Graph) throws -> CalibrationRows {
    let reader = try SampleReader(
      file, graph, limit: calibrateRows ?? CalibrationOptions.usualRows, format: calibrateFormat,
      formatOption: "--calibrate-format")
    for path in Set(judge).intersection(calibrate).sorted() {
      Talk.say("funes: \"\(path)\": is calibrated with and judged by, which says little of other rows")
    }
    let fit = try calibrate.flatMap { try reader.measured($0) }
    do {
      let rows =
        if judge.isEmpty {
          try CalibrationRows(splitting: fit, isBlock: graph.isBlock)
        } else {
          CalibrationRows(fit: fit, judge: try judge.flatMap { try reader.measured($0) })
        }
      try rows.check(graph)
      return rows
    } catch let error as CalibrationError {
      throw SampleFileError(files: calibrate + judge, reason: error)
    }
  }
}
