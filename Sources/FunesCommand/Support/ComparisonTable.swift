// SPDX-License-Identifier: Apache-2.0
// The table that `funes compare` prints.

import FunesConvert

struct ComparisonTable {
  struct Entry {
    var program: String
    var layer: String
    var value: String
    var gate: String?
    var isOutput: Bool
    var difference: Difference

    var name: String { "\(program), output \"\(value)\"" }
  }

  var entries: [Entry]

  var text: String {
    var table = TextTable(columns: [
      .left("program"), .left("layer"), .left("value"), .left("gate"), .right("SNR dB"), .right("max abs"),
      .right("cosine"), .right("agree %"), .right("rows"),
    ])
    for entry in entries {
      let figures = Figures(entry.difference)
      table.append([
        entry.program, entry.layer, entry.isOutput ? "→ \(entry.value)" : entry.value, entry.gate ?? "", figures.snr,
        figures.maxAbs, figures.cosine, figures.agreement, "\(entry.difference.rowCount)",
      ])
    }
    return table.lines.joined(separator: "\n").withoutControls + "\n"
  }

  var json: String {
    JSONValue.array(
      entries.map { entry in
        .members([
          "program": .string(entry.program), "layer": .string(entry.layer), "value": .string(entry.value),
          "gate": entry.gate.map { .string($0) } ?? .null, "isOutput": .bool(entry.isOutput),
          "difference": Figures(entry.difference).json,
        ])
      }
    ).text
  }
}
