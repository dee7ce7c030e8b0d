// SPDX-License-Identifier: Apache-2.0
// A report as a page for people who have never seen the code: what the model is, what int8 costs it, where, and when.

import Funes
import FunesConvert

/// Figures, and what only the command knows about them.
struct ReportDocument {
  var report: ModelReport
  /// The file of the model, the checkpoints and the rows, without their folders: a page may be read far from them.
  var model: String
  var checkpoints: [String]
  var source: String
  var processor: String?

  var page: Page {
    let name = report.summary.name.isEmpty ? model : report.summary.name
    var page = Page(
      title: "\(name): int8 beside float",
      lead:
        "What \(model) loses against \(checkpoints.joined(separator: ", ")) in double precision, where it loses it, "
        + "and what it costs. Made by funes report.")
    page.sections = [summary] + [course, layers, search, ranges, costs].compactMap { $0 }
    return page
  }

  // MARK: Summary

  private var summary: PageSection {
    let summary = report.summary
    var section = PageSection(
      id: "summary", title: "Summary",
      lead:
        "What the model is, how large it is, and how near its outputs come to the float original on the rows given: "
        + "the signal-to-noise ratio (SNR) says how far the error stands below the output, 20 dB for each factor of ten, so "
        + "that 40 dB is an error of one hundredth.")
    section.parts.append(.verdict(verdict))
    section.parts.append(
      .facts(
        [
          ("file", "\(model), \(summary.fileByteCount) bytes"),
          (
            "weights",
            "\(summary.weightCount) in \(summary.weightByteCount) bytes: \(fixed(summary.bytesPerWeight, 3)) bytes a weight, "
              + "with scales and padding"
          ),
          (
            "precision",
            summary.precisions.map { "\($0.name): \($0.matrixCount) \($0.matrixCount == 1 ? "matrix" : "matrices")" }
              .joined(separator: "; ")
          ),
          (
            "memory",
            "\(summary.sessionByteCount) bytes of a session for one row, of these \(summary.stateByteCount) of state"
          ),
          ("checkpoint", checkpoints.joined(separator: ", ")), ("rows", source),
        ] + report.inputs.map { ("program \($0.program)", ReportDocument.describe($0)) }
          + summary.metadata.map { ($0.key, $0.value) } + [("fingerprint", summary.fingerprint)]))
    if report.inputs.contains(where: \.isRandom) {
      section.parts.append(
        .text(
          "Random rows are harder than real ones, and stand for nothing that the model was trained for: read the figures over "
            + "them as a hint, and give real rows with --input."))
    }
    section.parts.append(.table(outputs))
    if let decisions { section.parts.append(.table(decisions)) }
    if let language { section.parts.append(.table(language)) }
    return section
  }

  private static func describe(_ input: ModelReport.Input) -> String {
    "\(counted(input.rowCount, input.isRandom ? "random row" : "row")) in \(counted(input.sequenceCount, "sequence")), each "
      + "from a reset"
  }

  private var outputs: PageTable {
    var table = PageTable(
      "Outputs, int8 against float",
      ["program", "output", "#values a row", "#rows", "#SNR, dB", "#largest error", "#largest value", "#lowest cosine"])
    for output in report.outputs {
      let figures = Figures(output.difference)
      table.rows.append([
        output.program, output.name, "\(output.width)", "\(output.difference.rowCount)", figures.snr, figures.maxAbs,
        significant(output.difference.largestMagnitude), figures.cosine,
      ])
    }
    return table
  }

  /// What outputs choose.
  private var decisions: PageTable? {
    var table = PageTable(
      "Decisions: the largest value of each row, and the probabilities",
      [
        "program", "output", "rows counted", "#rows", "#same choice as float, %", "#changed",
        "#largest float margin of those changed", "#KL divergence, nats",
      ])
    for output in report.outputs {
      for (name, decisions) in [("all", output.decisions), ("the last of each sequence", output.lastDecisions)] {
        guard let decisions, decisions.rowCount > 0 else { continue }
        table.rows.append([
          output.program, output.name, name, "\(decisions.rowCount)", fixed(100 * decisions.agreement, 2),
          "\(decisions.flippedCount)", decisions.flippedCount == 0 ? "–" : significant(decisions.largestFlippedMargin),
          significant(decisions.klDivergence),
        ])
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// What counts most, in sentences.
  private var verdict: String {
    report.outputs.map { output in
      let isRandom = report.inputs.contains { $0.program == output.program && $0.isRandom }
      let snr = output.difference.snr
      let rows = counted(output.difference.rowCount, isRandom ? "random row" : "row")
      var line = "Over \(rows) output \(output.name) of program \(output.program) "
      if snr == .infinity {
        line += "is exactly that of float."
      } else if snr.isNaN {
        line += "is no number."
      } else {
        let share = significant(100 * output.difference.rootMeanSquareError / output.difference.rootMeanSquareSignal)
        line += "has \(Figures(output.difference).snr) dB: its error is \(share) % of its size."
      }
      if let decisions = output.lastDecisions ?? output.decisions, decisions.rowCount > 0 {
        line += " It decides as float does in \(decisions.agreeingCount) of \(counted(decisions.rowCount, "case"))"
        line +=
          decisions.flippedCount == 0
          ? "." : ", and where it does not, float itself preferred its choice by no more than "
        line += decisions.flippedCount == 0 ? "" : "\(significant(decisions.largestFlippedMargin))."
      }
      return line
    }.joined(separator: " ")
  }

  private var language: PageTable? {
    guard let language = report.language, let reference = language.reference else { return nil }
    var table = PageTable(
      "How well the text is foretold, \(counted(language.model.tokenCount, "symbol"))",
      ["figure", "#int8", "#float", "#int8 beside float"])
    let (found, expected) = (language.model, reference)
    table.rows = [
      [
        "perplexity", fixed(found.perplexity, 5), fixed(expected.perplexity, 5),
        "ratio \(fixed(found.perplexity / expected.perplexity, 6))",
      ],
      [
        "cross-entropy, nats a symbol", fixed(found.nats, 6), fixed(expected.nats, 6),
        "ln of the ratio \(significant(found.nats - expected.nats))",
      ],
      [
        "best guess right, %", fixed(found.topOne, 2), fixed(expected.topOne, 2),
        "same guess \(fixed(language.agreement, 2)) %",
      ],
      ["KL divergence, nats a symbol", "–", "–", significant(language.klDivergence)],
    ]
    return table
  }

  func fixed(_ value: Double, _ digits: Int) -> String { Decimal.fixed(value, digits: digits) }
  func significant(_ value: Double) -> String { value == 0 ? "0" : Decimal.significant(value, digits: 3) }
}
