// SPDX-License-Identifier: Apache-2.0
// A sentence as one vector: its ids through a block program, rows pooled to one, length brought to 1.

import ArgumentParser
import Funes

/// How the rows of a sentence become one.
enum Pooling: String, CaseIterable, ExpressibleByArgument {
  case mean, first, last
}

/// Runs sentences through the program of a model that reads ids and gives vectors.
struct SentenceEncoder {
  let engine: SessionHolder
  let program: Int
  let source: StreamPort
  let table: SymbolTable
  let outputIndex: Int
  let width: Int
  let pooling: Pooling?
  let isNormalized: Bool
  /// Longer sentences are cut to as many ids, which the model's file may say; nil to refuse what it does not hold.
  let longest: Int?

  /// - Parameter pooling: nil where the output already has one row a sentence.
  init(
    engine: SessionHolder, program name: String?, output outputName: String?, pooling: Pooling?, isNormalized: Bool,
    longest: Int?
  ) throws(ChoiceError) {
    self.engine = engine
    let programs = engine.model.programs
    program =
      try name.map { name throws(ChoiceError) in try engine.model.programIndex(chosen: name) }
      ?? programs.firstIndex { $0.isBlock && $0.inputs.count == 1 && $0.inputs[0].isIDs } ?? 0
    let info = programs[program]
    let title = "program \"\(info.name)\""
    guard info.inputs.count == 1, info.inputs[0].isIDs, info.inputs[0].width == 1 else {
      throw .unsuitable(what: title, reason: "expected one input of one id a row, as a sentence encoder has")
    }
    source = StreamPort(info.inputs[0])
    guard let table = source.symbols else {
      throw .unsuitable(
        what: title, reason: "found no vocabulary at its input, expected one; try funes run --input ids")
    }
    self.table = table.asText
    guard !info.outputs.isEmpty else {
      throw .unsuitable(what: title, reason: "found no output, expected vectors; choose another --program")
    }
    let usual = outputName ?? (info.outputs.contains { $0.name == "embedding" } ? "embedding" : nil)
    guard
      let index = usual.map({ wanted in info.outputs.firstIndex { $0.name == wanted } }) ?? info.outputs.indices.first
    else {
      throw .noSuchName(kind: "output", found: usual ?? "", expected: info.outputs.map(\.name))
    }
    guard info.outputs[index].text == nil else {
      throw .unsuitable(
        what: "output \"\(info.outputs[index].name)\"",
        reason: "found scores of labels or symbols, expected vectors; funes run --output label says the best")
    }
    outputIndex = index
    width = info.outputs[index].width
    guard info.outputs[index].domain == 0 || pooling != nil else {
      throw .unsuitable(
        what: "output \"\(info.outputs[index].name)\"",
        reason: "found a row for each id, expected one for the sentence; choose --pool mean, first or last")
    }
    self.pooling = info.outputs[index].domain == 0 ? nil : pooling
    self.isNormalized = isNormalized
    self.longest = longest ?? engine.model.metadata.first { $0.key == "sentence.longest" }.flatMap { Int($0.value) }
  }

  /// The vector of a sentence; each sentence begins from a fresh state.
  func vector(of sentence: [UInt8], line: Int) throws -> [Float] {
    var ids = try LanguageModel.ids(of: sentence, through: table, line: line)
    if let longest, ids.count > longest {
      // What ends every sentence ends a cut one.
      ids = Array(ids.prefix(longest - 1)) + [ids[ids.count - 1]]
    }
    // A text of nothing, to a vocabulary that puts nothing around texts.
    guard !ids.isEmpty else { return [Float](repeating: 0, count: width) }
    engine.session.reset()
    try engine.reserve(rows: ids.count)
    let input = engine.session.unsafeInputIDs(0, of: program)
    for (index, id) in ids.enumerated() { input[index] = id }
    let result = engine.session.run(program, rows: ids.count)
    guard result.status == .ok, result.rows == ids.count else {
      throw refusal(result, ids, line: line)
    }
    return pooled(rows: engine.session.outputRows(outputIndex, of: program))
  }

  private func refusal(_ result: RunResult, _ ids: [Int32], line: Int) -> StreamError {
    if result.status == .cacheFull {
      return .sentenceTooLong(line: line, found: ids.count, limit: engine.model.rowLimit(of: program) ?? 0)
    }
    let bad = ids.first { !(0..<source.classes).contains(Int($0)) } ?? 0
    return .refusedLine(
      line: line, input: source.name, position: 0, found: "\(bad)", expected: "an id in 0...\(source.classes - 1)")
  }

  private func pooled(rows: Int) -> [Float] {
    let values = engine.session.unsafeOutput(outputIndex, of: program)
    var vector = [Float](repeating: 0, count: width)
    switch pooling {
    case nil, .first: for k in 0..<width { vector[k] = values[k] }
    case .last: for k in 0..<width { vector[k] = values[(rows - 1) * width + k] }
    case .mean:
      for row in 0..<rows { for k in 0..<width { vector[k] += values[row * width + k] } }
      for k in 0..<width { vector[k] /= Float(max(rows, 1)) }
    }
    guard isNormalized else { return vector }
    let norm = Float(vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot())
    return norm > 0 ? vector.map { $0 / norm } : vector
  }
}

/// x · y / (|x| |y|), 0 where one is zero.
func cosine(_ x: [Float], _ y: [Float]) -> Double {
  var (dot, xx, yy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    dot += Double(a) * Double(b)
    xx += Double(a) * Double(a)
    yy += Double(b) * Double(b)
  }
  return xx > 0 && yy > 0 ? dot / (xx.squareRoot() * yy.squareRoot()) : 0
}
