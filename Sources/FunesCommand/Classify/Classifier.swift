// SPDX-License-Identifier: Apache-2.0
// A model as a classifier: which program and output say what a row is, and how scores become probabilities.

import Funes
import FunesConvert

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs rows and says how likely each class is.
final class Classifier {
  /// What the values of an output are.
  enum Scores { case logits, probabilities, logProbabilities }

  let input: PortInfo
  let labels: [String]?
  let scores: Scores
  private let engine: SessionHolder
  private let program: Int
  private let output: Int
  private let info: ProgramInfo

  init(_ engine: SessionHolder, program name: String?, output outputName: String?) throws {
    self.engine = engine
    let model = engine.model
    program = try model.programIndex(chosen: name)
    info = model.programs[program]
    let what = "program \"\(info.name)\""
    guard info.inputs.count == 1, !info.inputs[0].isIDs else {
      let found = info.inputs.count == 1 ? "an input of ids" : counted(info.inputs.count, "input")
      throw ChoiceError.unsuitable(
        what: what, reason: "found \(found), expected one of floats; `funes run` streams other models")
    }
    guard !info.outputs.isEmpty else {
      throw ChoiceError.unsuitable(what: what, reason: "found no output, expected one; choose another program")
    }
    if let outputName {
      guard let index = info.outputs.firstIndex(where: { $0.name == outputName }) else {
        throw ChoiceError.noSuchName(kind: "output", found: outputName, expected: info.outputs.map(\.name))
      }
      output = index
    } else {
      output = info.outputs.firstIndex { $0.text?.kind == .labels } ?? 0
    }
    input = info.inputs[0]
    let text = info.outputs[output].text
    labels = text.flatMap { $0.symbols.isEmpty ? nil : $0.symbols }
    scores = Classifier.scores(of: info.outputs[output], info, model)
  }

  /// How the model wants pictures; nil where it says nothing of them, or they are of another program.
  func preparation() throws(ClassifyError.Reason) -> ImagePreparation? {
    do throws(ImageError) {
      guard let image = try ImagePreparation(metadata: engine.model.metadata) else { return nil }
      return image.count == input.width ? image : nil
    } catch {
      throw .picture(error)
    }
  }

  /// The operator that makes an output, but for those that pass rows on, tells what its values are.
  private static func scores(of port: PortInfo, _ info: ProgramInfo, _ model: Model) -> Scores {
    let operators = model.operators
    guard var index = port.producer else { return .logits }
    while [.copy, .last, .first].contains(operators[index].opcode) {
      guard let name = operators[index].inputs.first,
        let maker = info.operators.prefix(while: { $0 < index }).last(where: { operators[$0].outputs.contains(name) })
      else { return .logits }
      index = maker
    }
    switch operators[index].opcode {
    case .softmax, .activate: return .probabilities
    case .logSoftmax: return .logProbabilities
    default: return .logits
    }
  }

  /// What a row of a file was found to be.
  struct Result {
    var row: Int
    /// One a class.
    var probabilities: [Float]
  }

  /// - Parameters:
  ///   - areAlone: each row is something by itself, a picture; otherwise they are one sequence.
  ///   - isEveryRow: all rows that a sequence makes, not its last.
  ///
  /// Throws `ClassifyError.Reason`.
  func results(_ rows: [[Float]], areAlone: Bool, isEveryRow: Bool) throws -> [Result] {
    if areAlone {
      return try rows.enumerated().map { index, row in
        engine.session.reset()
        guard let found = try run([row], from: index).last else { throw ClassifyError.Reason.empty }
        return Result(row: index, probabilities: found)
      }
    }
    engine.session.reset()
    var all: [[Float]] = []
    let step = info.isBlock ? rows.count : 64
    for first in stride(from: 0, to: rows.count, by: step) {
      let made = try run(Array(rows[first..<min(rows.count, first + step)]), from: first)
      // An output of one row a call is of all rows until then.
      if info.outputs[output].domain == 0, !made.isEmpty { all.removeAll() }
      all += made
    }
    guard let last = all.last else { throw ClassifyError.Reason.empty }
    if isEveryRow { return all.enumerated().map { Result(row: $0, probabilities: $1) } }
    return [Result(row: all.count - 1, probabilities: last)]
  }

  private func refusal(_ row: Int, _ status: Status) -> ClassifyError.Reason {
    .refused(row: row, status, limit: engine.model.rowLimit(of: program))
  }

  /// Probabilities of the rows that a call makes.
  private func run(_ rows: [[Float]], from first: Int) throws -> [[Float]] {
    try engine.reserve(rows: rows.count)
    let target = engine.session.unsafeInput(of: program)
    for (index, row) in rows.enumerated() {
      for (column, value) in row.enumerated() { target[index * row.count + column] = value }
    }
    let result = engine.session.run(program, rows: rows.count)
    guard result.status == .ok else { throw refusal(first + result.rows, result.status) }
    let values = engine.session.unsafeOutput(output, of: program)
    let width = info.outputs[output].width
    return stride(from: 0, to: values.count, by: width).map { probabilities(values[$0..<$0 + width]) }
  }

  private func probabilities(_ row: Slice<UnsafeBufferPointer<Float>>) -> [Float] {
    switch scores {
    case .probabilities: return Array(row)
    case .logProbabilities: return row.map { Float(exp(Double($0))) }
    case .logits:
      let largest = Double(row.max() ?? 0)
      let powers = row.map { exp(Double($0) - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { Float($0 / sum) }
    }
  }
}
