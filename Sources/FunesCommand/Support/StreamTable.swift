// SPDX-License-Identifier: Apache-2.0
// What `funes compare --stream` prints.

import FunesConvert

/// The figures of every case.
struct StreamTable {
  var program: String
  var steps: Int
  var results: [StreamResult]

  var text: String {
    var table = TextTable(columns: [
      .left("case"), .left("of"), .left("name"), .right("SNR dB"), .right("max abs"), .right("cosine"),
      .right("2nd tenth dB"), .right("last tenth dB"), .right("error grows dB"), .left(""),
    ])
    for result in results {
      for (index, signal) in result.signals.enumerated() {
        let (figures, drift) = (Figures(signal.drift.whole), signal.drift)
        table.append([
          index == 0 ? result.stream.rawValue : "", signal.isState ? "state" : "output", signal.name, figures.snr,
          figures.maxAbs, figures.cosine, Figures(drift.parts[1]).snr, Figures(drift.last).snr,
          Decimal.fixed(drift.growth, digits: 1), drift.isFinite ? drift.isGrowing ? "drifts" : "" : "not finite",
        ])
      }
    }
    let title = "program \(program): \(counted(steps, "step")) of each case, each from a reset"
    return ([title] + table.lines).joined(separator: "\n").withoutControls + "\n"
  }

  var json: String {
    func signal(_ signal: StreamSignal) -> JSONValue {
      .members([
        "name": .string(signal.name), "isState": .bool(signal.isState), "difference": Figures(signal.drift.whole).json,
        "tenths": .array(signal.drift.parts.map { Figures($0).json }), "growth": Figures.number(signal.drift.growth),
        "isGrowing": .bool(signal.drift.isGrowing), "isFinite": .bool(signal.drift.isFinite),
      ])
    }
    return JSONValue.members([
      "program": .string(program), "steps": .integer(steps),
      "cases": .array(
        results.map { result in
          .members([
            "case": .string(result.stream.rawValue), "signals": .array(result.signals.map(signal)),
            "faults": .array(result.faults.map { .string($0) }),
          ])
        }),
    ]).text
  }
}
