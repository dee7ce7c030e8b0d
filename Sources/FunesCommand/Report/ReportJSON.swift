// SPDX-License-Identifier: Apache-2.0
// A report as one JSON object: every number of the page, for programs. Keys are English words in camel case; null stands for
// what was not measured, and for what is infinite or no number.

import Funes
import FunesConvert

extension ReportDocument {
  var json: String {
    JSONValue.members([
      "model": summaryJSON, "inputs": .array(report.inputs.map(json)), "outputs": .array(report.outputs.map(json)),
      "language": report.language.map(json) ?? .null, "errorOverTime": report.course.map(json) ?? .null,
      "layers": .array(report.layers.map(json)), "search": report.search.map(json) ?? .null,
      "matrices": .array(report.matrices.map(json)),
      "costs": .array(report.costs.map(json)), "times": .array(report.times.map(json)),
    ]).text
  }

  private var summaryJSON: JSONValue {
    let summary = report.summary
    return .members([
      "file": .string(model), "name": .string(summary.name), "fingerprint": .string(summary.fingerprint),
      "checkpoints": .array(checkpoints.map { .string($0) }), "rows": .string(source),
      "fileBytes": .integer(summary.fileByteCount), "weightBytes": .integer(summary.weightByteCount),
      "weights": .integer(summary.weightCount), "bytesPerWeight": Figures.number(summary.bytesPerWeight),
      "stateBytes": .integer(summary.stateByteCount), "sessionBytes": .integer(summary.sessionByteCount),
      "precisions": .array(
        summary.precisions.map {
          .members([
            "name": .string($0.name), "matrices": .integer($0.matrixCount), "weights": .integer($0.weightCount),
          ])
        }),
      "metadata": .members(list: summary.metadata.map { ($0.key, .string($0.value)) }),
    ])
  }

  private func json(_ input: ModelReport.Input) -> JSONValue {
    .members([
      "program": .string(input.program), "isRandom": .bool(input.isRandom),
      "sequences": .integer(input.sequenceCount), "rows": .integer(input.rowCount),
    ])
  }

  private func json(_ output: ModelReport.Output) -> JSONValue {
    func decisions(_ decisions: DecisionComparison) -> JSONValue {
      .members([
        "rows": .integer(decisions.rowCount), "agreement": Figures.number(decisions.agreement),
        "changed": .integer(decisions.flippedCount),
        "largestChangedMargin": Figures.number(decisions.largestFlippedMargin),
        "klDivergence": Figures.number(decisions.klDivergence),
      ])
    }
    return .members([
      "program": .string(output.program), "name": .string(output.name), "width": .integer(output.width),
      "difference": Figures(output.difference).json,
      "largestMagnitude": Figures.number(output.difference.largestMagnitude),
      "decisions": output.decisions.map(decisions) ?? .null,
      "lastDecisions": output.lastDecisions.map(decisions) ?? .null,
    ])
  }

  private func json(_ language: LanguageComparison) -> JSONValue {
    func score(_ score: LanguageScore) -> JSONValue {
      .members([
        "nats": Figures.number(score.nats), "perplexity": Figures.number(score.perplexity),
        "topOne": Figures.number(score.topOne),
      ])
    }
    let ratio = language.reference.map { language.model.perplexity / $0.perplexity } ?? .nan
    return .members([
      "symbols": .integer(language.model.tokenCount), "int8": score(language.model),
      "float": language.reference.map(score) ?? .null, "perplexityRatio": Figures.number(ratio),
      "klDivergence": Figures.number(language.klDivergence), "agreement": Figures.number(language.agreement),
    ])
  }

  private func json(_ course: ModelReport.Course) -> JSONValue {
    .members([
      "program": .string(course.program), "steps": .array(course.ends.map { .integer($0) }),
      "repetitions": Figures.number(course.repetitions),
      "signals": .array(
        course.signals.map { signal in
          .members([
            "name": .string(signal.name), "isState": .bool(signal.isState),
            "whole": Figures(signal.drift.whole).json, "parts": .array(signal.drift.parts.map { Figures($0).json }),
          ])
        }),
    ])
  }

  private func json(_ layer: LayerDifference) -> JSONValue {
    .members([
      "program": .string(layer.program), "layer": .string(layer.layer), "value": .string(layer.value),
      "gate": layer.gate.map { .string($0) } ?? .null, "output": layer.output.map { .string($0) } ?? .null,
      "difference": Figures(layer.difference).json,
    ])
  }

  private func json(_ search: SearchNote) -> JSONValue {
    .members([
      "goal": .string(search.goal), "isReached": .bool(search.isReached), "chosen": .integer(search.chosen),
      "points": .array(
        search.points.map { point in
          .members([
            "matrix": point.matrix.map { .string($0) } ?? .null,
            "bytesPerWeight": Figures.number(point.bytesPerWeight), "snr": Figures.number(point.snr),
            "figure": Figures.number(point.figure),
          ])
        }),
    ])
  }

  private func json(_ matrix: ModelReport.Matrix) -> JSONValue {
    func range(_ range: ColumnRange) -> JSONValue {
      .members([
        "largest": Figures.number(Double(range.largest)), "median": Figures.number(Double(range.median)),
        "ratio": range.ratio.map(Figures.number) ?? .null,
        "worst": .array(
          range.worst.map {
            .members(["column": .integer($0.index), "largest": Figures.number(Double($0.largest))])
          }),
      ])
    }
    return .members([
      "program": .string(matrix.program), "layer": .string(matrix.layer), "name": .string(matrix.name),
      "rows": .integer(matrix.rows), "cols": .integer(matrix.cols), "bytes": .integer(matrix.byteCount),
      "weights": range(matrix.weights), "activations": matrix.activations.map(range) ?? .null,
    ])
  }

  private func json(_ cost: ModelReport.Cost) -> JSONValue {
    .members([
      "program": .string(cost.program), "layer": .string(cost.layer), "kind": .string(cost.kind),
      "bytes": .integer(cost.byteCount), "multiplications": .integer(cost.multiplyCount),
      "nanoseconds": cost.nanoseconds.map(Figures.number) ?? .null,
    ])
  }

  private func json(_ times: OperatorTimes) -> JSONValue {
    .members([
      "program": .string(times.program), "rows": .integer(times.rowCount), "calls": .integer(times.callCount),
      "nanoseconds": Figures.number(times.wholeNanoseconds),
      "clockNanoseconds": Figures.number(times.clockNanoseconds), "isa": .string(times.isa),
      "threads": .integer(times.threads), "processor": processor.map { .string($0) } ?? .null,
    ])
  }
}
