// SPDX-License-Identifier: Apache-2.0
// What a task sees of a model: its outputs, what they choose, and how well they foretell a text.

import Funes

/// Gathers the figures of every output, call by call.
struct OutputFigures {
  /// A language model's output and its score so far.
  struct Language {
    var place: ReportMaker.Language
    var comparison = LanguageComparison(hasReference: true)
  }

  private(set) var outputs: [ModelReport.Output] = []
  private(set) var language: Language?
  /// Where each program's outputs begin, and what their numbers are.
  private var first: [Int] = []
  private var scores: [RowScores] = []

  /// - Parameter hasSequences: whether rows stand in several sequences.
  init(_ model: Model, _ language: ReportMaker.Language?, hasSequences: Bool) {
    self.language = language.map { Language(place: $0) }
    let operators = model.operators
    for (index, program) in model.programs.enumerated() {
      first.append(outputs.count)
      for port in program.outputs {
        let maker = port.producer.map { operators[$0].opcode }
        let isText = language?.program == index && language?.output == port.name
        let isScored = port.text?.kind == .labels || maker == .softmax || maker == .logSoftmax || isText
        scores.append(maker == .softmax ? .probabilities : .logits)
        outputs.append(
          ModelReport.Output(
            program: program.name, name: port.name, width: port.width, difference: Difference(),
            decisions: isScored && port.width > 1 ? DecisionComparison() : nil,
            lastDecisions: isScored && port.width > 1 && hasSequences && !isText ? DecisionComparison() : nil))
      }
    }
  }

  /// Takes up the outputs of some rows of a sequence's call.
  mutating func add(_ part: PairedPart, _ ports: [Graph.Port]) {
    let (program, whole, range) = (part.program, part.whole, part.range)
    for (index, port) in ports.enumerated() {
      let place = first[program] + index
      guard let rows = part.made.values[port.value], rows.expected.count == rows.found.count else { continue }
      let width = outputs[place].width
      for row in stride(from: 0, to: rows.expected.count, by: width) {
        let (expected, found) = (rows.expected[row..<(row + width)], rows.found[row..<(row + width)])
        outputs[place].difference.add(expected: expected, found: found)
        outputs[place].decisions?.add(expected: expected, found: found, scores[place])
        guard range.upperBound == whole.rowCount, row + width == rows.expected.count else { continue }
        outputs[place].lastDecisions?.add(expected: expected, found: found, scores[place])
      }
      guard let place = language?.place, place.program == program, place.output == port.name,
        case .ids(let ids)? = whole.inputs[place.input], rows.found.count == range.count * width
      else { continue }
      for row in 0..<range.count where range.lowerBound + row + 1 < ids.count {
        let scores = (row * width)..<((row + 1) * width)
        let next = Int(ids[range.lowerBound + row + 1])
        guard next < width else { continue }
        language?.comparison.add(rows.found[scores], reference: rows.expected[scores], place.scores, next: next)
      }
    }
  }
}
