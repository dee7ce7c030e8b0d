// SPDX-License-Identifier: Apache-2.0
// What was found, a line each: for people and cut, or as JSON.

import FunesConvert

/// Writes the most likely classes of each row.
struct ClassWriter {
  let output: ByteWriter
  /// Names of classes; nil for their numbers.
  let labels: [String]?
  let top: Int
  let isJSON: Bool

  func write(_ file: String, _ results: [Classifier.Result]) throws {
    for result in results {
      let best = Self.order(result.probabilities).prefix(top)
      if isJSON {
        let classes = best.map { index in
          var members = ["\"class\": \(index)"]
          if let label = label(index) { members.append("\"label\": \(JSONText.quoted(label))") }
          let probability = result.probabilities[index]
          members.append("\"probability\": \(probability.isFinite ? "\(probability)" : "null")")
          return "{" + members.joined(separator: ", ") + "}"
        }
        try output.write(
          "{\"file\": \(JSONText.quoted(file)), \"row\": \(result.row), \"classes\": [\(classes.joined(separator: ", "))]}\n"
        )
      } else {
        let name = results.count == 1 ? file : "\(file):\(result.row)"
        let pairs = best.map { "\((label($0) ?? "\($0)").oneLine)\t\(Self.decimal(result.probabilities[$0]))" }
        try output.write(name.oneLine + "\t" + pairs.joined(separator: "\t") + "\n")
      }
    }
  }

  private func label(_ index: Int) -> String? {
    guard let labels, labels.indices.contains(index) else { return nil }
    return labels[index]
  }

  /// Classes from the largest probability down, the lowest of equals first; what is no number last.
  static func order(_ probabilities: [Float]) -> [Int] {
    let keys = probabilities.map { $0.isNaN ? -Float.infinity : $0 }
    return keys.indices.sorted { (keys[$1], $0) < (keys[$0], $1) }
  }

  /// Four places.
  static func decimal(_ value: Float) -> String {
    guard value.isFinite, value.magnitude < 1e6 else { return "\(value)" }
    let whole = Int((Double(value) * 10_000).rounded())
    let digits = "\(whole.magnitude % 10_000)"
    let fraction = String(repeating: "0", count: 4 - digits.count) + digits
    return "\(whole < 0 ? "-" : "")\(whole.magnitude / 10_000).\(fraction)"
  }
}

extension String {
  /// The text without what would end a line or a column.
  fileprivate var oneLine: String {
    let text = withoutControls
    return text.contains("\n") ? String(text.map { $0 == "\n" ? "\u{FFFD}" : $0 }) : text
  }
}
