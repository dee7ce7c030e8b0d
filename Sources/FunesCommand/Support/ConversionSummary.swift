// SPDX-License-Identifier: Apache-2.0
// What `funes convert` prints: the layers, what the outputs lost, what the model costs.

import FunesConvert

struct ConversionSummary {
  var path: String
  var notes: [String]
  var report: ConversionReport
  var comparison: LayerComparison?
  /// The same with caches of 16 bits, where they have 8: what the difference is is theirs.
  var finerCaches: LayerComparison?
  /// Programs whose rows were given; those of the others were random.
  var givenPrograms: Set<String>
  var calibration: CalibrationSummary?
  var search: SearchSummary?

  /// Signal-to-noise ratio in dB below which an output is warned of.
  static let leastSNR = 10.0

  private var outputs: [LayerDifference] { comparison?.layers.filter { $0.output != nil && $0.gate == nil } ?? [] }

  var text: String {
    var text = (calibration?.text ?? "") + (search?.text ?? "") + report.description
    for entry in outputs {
      let figures = Figures(entry.difference)
      text += "\(entry.program), output \(entry.output ?? ""): \(figures.snr)\(figures.snr == "exact" ? "" : " dB")"
      if let finer = withFinerCaches(entry) { text += ", \(Figures(finer).snr) dB with 16-bit caches" }
      text += ", largest error \(figures.maxAbs) on \(rows(of: entry))"
      text += isRandom(entry) ? "; --input gives real ones\n" : "\n"
    }
    return text.withoutControls + "wrote   \(path)\n"
  }

  /// What to say to people about outputs that lost much.
  var warnings: [String] {
    outputs.filter { !($0.difference.snr >= ConversionSummary.leastSNR) }.map { entry in
      "program \"\(entry.program)\", output \"\(entry.output ?? "")\": found \(Figures(entry.difference).snr) dB on "
        + "\(rows(of: entry)), expected \(Decimal.fixed(ConversionSummary.leastSNR, digits: 0)) dB or more; "
        + (isRandom(entry) ? "measure on real rows with --input, or " : "")
        + "see with funes compare --against where it is lost"
    }
  }

  private func withFinerCaches(_ entry: LayerDifference) -> Difference? {
    finerCaches?.layers.first { $0.program == entry.program && $0.output == entry.output && $0.gate == nil }?.difference
  }

  private func isRandom(_ entry: LayerDifference) -> Bool { !givenPrograms.contains(entry.program) }

  private func rows(of entry: LayerDifference) -> String {
    counted(entry.difference.rowCount, isRandom(entry) ? "random row" : "given row")
  }

  var json: String {
    var members: [JSONMember] =
      JSONValue.members([
        "path": .string(path), "inferred": .array(notes.map { .string($0) }), "isStreamingProven": .bool(true),
        "outputs": .array(
          outputs.map { entry in
            .members([
              "program": .string(entry.program), "output": .string(entry.output ?? ""),
              "areRowsRandom": .bool(isRandom(entry)), "difference": Figures(entry.difference).json,
              "with16BitCaches": withFinerCaches(entry).map { Figures($0).json } ?? .null,
            ])
          }),
      ]).members ?? []
    if let calibration { members += JSONValue.members(["calibration": calibration.json]).members ?? [] }
    if let search { members += JSONValue.members(["search": search.json]).members ?? [] }
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
