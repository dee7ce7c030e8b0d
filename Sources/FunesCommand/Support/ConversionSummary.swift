// SPDX-License-Identifier: Apache-2.0
// What `funes convert` prints: the layers, what the outputs lost, what the model costs.

import FunesConvert

struct ConversionSummary {
  var path: String
  var notes: [String]
  var report: ConversionReport
  var comparison: LayerComparison?

  private var outputs: [LayerDifference] { comparison?.layers.filter { $0.output != nil && $0.gate == nil } ?? [] }

  var text: String {
    var text = report.description
    for entry in outputs {
      let figures = Figures(entry.difference)
      text += "\(entry.program), output \(entry.output ?? ""): \(figures.snr) dB, largest error \(figures.maxAbs)\n"
    }
    return text.withoutControls + "wrote   \(path)\n"
  }

  var json: String {
    var members: [JSONMember] =
      JSONValue.members([
        "path": .string(path), "inferred": .array(notes.map { .string($0) }), "isStreamingProven": .bool(true),
        "outputs": .array(
          outputs.map { entry in
            .members([
              "program": .string(entry.program), "output": .string(entry.output ?? ""),
              "difference": Figures(entry.difference).json,
            ])
          }),
      ]).members ?? []
    members += report.document.members ?? []
    return JSONValue.object(members).text
  }
}

/// The figures of a difference as people and programs read them.
struct Figures {
  private let difference: Difference

  init(_ difference: Difference) { self.difference = difference }

  /// One digit after the point; "exact" where nothing differs.
  var snr: String { difference.snr == .infinity ? "exact" : Decimal.fixed(difference.snr, digits: 1) }
  var maxAbs: String { Decimal.significant(difference.maxAbs, digits: 3) }
  var cosine: String { Decimal.fixed(difference.lowestCosine, digits: 6) }
  var agreement: String { Decimal.fixed(difference.agreement, digits: 2) }

  var json: JSONValue {
    .members([
      "rows": .integer(difference.rowCount), "snr": Figures.number(difference.snr),
      "isExact": .bool(difference.snr == .infinity), "maxAbs": Figures.number(difference.maxAbs),
      "lowestCosine": Figures.number(difference.lowestCosine), "agreement": Figures.number(difference.agreement),
    ])
  }

  /// JSON has no infinity and no NaN: null stands for both.
  static func number(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .null }
}
