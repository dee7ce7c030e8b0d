// SPDX-License-Identifier: Apache-2.0
// Limits on the figures of a comparison: "snr 40", "max-abs 0.02", "cosine 0.999", "agreement 100".

import ArgumentParser
import FunesConvert

/// A limit that a difference must keep.
struct CompareLimit: Equatable, ExpressibleByArgument {
  enum Figure: String, CaseIterable {
    /// At least so many dB.
    case snr
    /// At most this error.
    case maxAbs = "max-abs"
    /// At least this cosine in every row.
    case cosine
    /// At least so many percent of rows with the same largest value.
    case agreement
    /// At least so many dB in every state of a long stream.
    case stateSNR = "state-snr"
  }

  var figure: Figure
  var value: Double

  init?(argument: String) {
    let words = argument.split(whereSeparator: { $0 == " " || $0 == "=" })
    guard words.count == 2, let figure = Figure(rawValue: String(words[0])), let value = Double(words[1]),
      value.isFinite
    else { return nil }
    self.figure = figure
    self.value = value
  }

  /// What is wrong with a difference; nil where it keeps the limit, or where the limit is not for it. NaN keeps none.
  func violation(by difference: Difference, of name: String, isState: Bool = false) -> String? {
    guard isState == (figure == .stateSNR) else { return nil }
    let (found, keeps) =
      switch figure {
      case .snr, .stateSNR: (difference.snr, difference.snr >= value)
      case .maxAbs: (difference.maxAbs, difference.maxAbs <= value)
      case .cosine: (difference.lowestCosine, difference.lowestCosine >= value)
      case .agreement: (difference.agreement, difference.agreement >= value)
      }
    let unit = figure == .snr || figure == .stateSNR ? " dB" : figure == .agreement ? " %" : ""
    return keeps
      ? nil
      : "\(name): \(figure.rawValue): found \(Decimal.significant(found, digits: 5))\(unit),"
        + " expected \(figure == .maxAbs ? "at most" : "at least") \(value)\(unit)"
  }
}
