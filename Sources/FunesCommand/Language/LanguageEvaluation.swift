// SPDX-License-Identifier: Apache-2.0
// Teacher forcing over a text, in int8 and where asked for in float, and what it prints.

import Funes
import FunesConvert

extension LanguageModel {
  /// The ids of a file as sequences: one, or one a line where that is asked for or the vocabulary says so; each with the start and the first stop id
  /// that the model generates with.
  func sequences(text: String?, ids: String?, isByLine: Bool = false, limit: Int) throws -> [[Int32]] {
    var sequences: [[Int32]] = [[]]
    if let text {
      guard let table = input.symbols else {
        throw ChoiceError.unsuitable(
          what: "--text", reason: "found no vocabulary in the model, expected one; try --ids")
      }
      sequences = try TextDecoder.sequences(of: text, through: isByLine ? table.asLines : table, limit: limit)
    } else if let ids, isByLine {
      sequences = try LanguageModel.linesOfIDs(ids, limit: limit)
    } else if let ids {
      let file = try InputFile(path: ids)
      var rows = RowReader(layout: RowLayout([input]), format: .ids, reader: file.reader())
      let word = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1)
      defer { word.deallocate() }
      while sequences[0].count < limit, try rows.next(into: word) == .row {
        sequences[0].append(Int32(bitPattern: word[0]))
      }
    }
    return sequences.filter { !$0.isEmpty }.map { ids in
      (startID.map { [$0] } ?? []) + ids + (stopIDs.first.map { [Int32($0)] } ?? [])
    }
  }

  /// Decimal ids parted by blanks or commas, a sequence a line.
  private static func linesOfIDs(_ path: String, limit: Int) throws -> [[Int32]] {
    let file = try InputFile(path: path)
    let reader = file.reader()
    var sequences: [[Int32]] = []
    var left = limit
    var line = 1
    while left > 0, let bytes = try reader.takeLine(limit: 1 << 26, line: line) {
      var ids: [Int32] = []
      for word in bytes.split(whereSeparator: { [0x20, 0x09, 0x2C].contains($0) }).prefix(left) {
        let text = String(decoding: word, as: UTF8.self)
        guard let id = Int32(text) else {
          throw StreamError.notANumber(
            found: text, expected: "an id", at: TextPlace(line: line, column: word.startIndex + 1))
        }
        ids.append(id)
      }
      left -= ids.count
      line += 1
      sequences.append(ids)
    }
    return sequences
  }
}

/// A language model, and its float form, over sequences of ids.
struct LanguageEvaluation {
  let file: ModelFile
  let language: LanguageModel
  let reference: FloatReference?
  private(set) var comparison: LanguageComparison
  private(set) var seconds = 0.0

  init(file: ModelFile, language: LanguageModel, reference: FloatReference?) {
    self.file = file
    self.language = language
    self.reference = reference
    comparison = LanguageComparison(hasReference: reference != nil)
  }

  mutating func run(_ sequences: [[Int32]], progress: (Int, Int) -> Void) throws {
    let runner = try ModelRunner(file)
    let program = file.model.programs[language.program]
    let scores: RowScores = language.scores == .logits ? .logits : .probabilities
    let total = sequences.reduce(0) { $0 + $1.count }
    for (index, sequence) in sequences.enumerated() {
      runner.reset()
      reference?.reset()
      for begin in stride(from: 0, to: sequence.count - 1, by: 64) {
        let count = min(64, sequence.count - 1 - begin)
        let rows = [language.input.name: ReferenceRows.ids(Array(sequence[begin..<(begin + count)]))]
        let before = secondsNow()
        let found: ReferenceResult.Rows
        do {
          found = try runner.run(language.program, inputs: rows, rows: count, chunk: count)[language.outputIndex]
        } catch let error as ModelRunError {
          throw LanguageEvaluation.placed(error, after: begin, sequence: sequences.count > 1 ? index : nil)
        }
        seconds += secondsNow() - before
        let expected = try reference?.run(program: program.name, inputs: rows, rows: count, trace: false)
          .outputs[language.output.name]
        for row in 0..<count {
          let range = (row * found.width)..<((row + 1) * found.width)
          let next = Int(sequence[begin + row + 1])
          guard (0..<found.width).contains(next) else {
            // The last of a sequence is scored but never fed, so no session has looked at it.
            throw StreamError.refusedRow(
              row: begin + row + 1, input: language.input.name, position: 0, found: "\(next)",
              expected: "an id in 0...\(found.width - 1)")
          }
          comparison.add(found.values[range], reference: expected?.values[range], scores, next: next)
        }
        progress(comparison.model.tokenCount, total)
      }
    }
  }

  /// The error with the row of the sequence in place of that of a block, and with what to do where there is no room.
  private static func placed(_ error: ModelRunError, after begin: Int, sequence: Int?) -> any Error {
    guard case .refusedRow(let program, let row, let status) = error else { return error }
    guard status == .cacheFull else {
      return ModelRunError.refusedRow(program: program, row: begin + row, status: status)
    }
    return StreamError.textTooLong(sequence: sequence, limit: begin + row)
  }

  private var speed: Double { seconds > 0 ? Double(comparison.model.tokenCount) / seconds : 0 }

  var text: String {
    var columns: [TextTable.Column] = [.left(""), .right("int8")]
    if comparison.reference != nil { columns.append(.right("float")) }
    var table = TextTable(columns: columns)
    func add(_ title: String, _ digits: Int, _ figure: (LanguageScore) -> Double) {
      let scores = [comparison.model] + [comparison.reference].compactMap { $0 }
      table.append([title] + scores.map { Decimal.fixed(figure($0), digits: digits) })
    }
    add("nats a symbol", 5) { $0.nats }
    add("bits a symbol", 5) { $0.bits }
    add("perplexity", 4) { $0.perplexity }
    add("best guess right %", 2) { $0.topOne }
    var lines = table.lines
    if comparison.reference != nil {
      lines.append("KL divergence \(Decimal.significant(comparison.klDivergence, digits: 3)) nats a symbol")
      lines.append("same best guess \(Decimal.fixed(comparison.agreement, digits: 2)) %")
    }
    lines.append("\(comparison.model.tokenCount) symbols, \(Int(speed)) a second")
    return lines.joined(separator: "\n") + "\n"
  }

  var json: String {
    func score(_ score: LanguageScore) -> JSONValue {
      .members([
        "nats": Figures.number(score.nats), "bits": Figures.number(score.bits),
        "perplexity": Figures.number(score.perplexity), "topOne": Figures.number(score.topOne),
      ])
    }
    let isCompared = comparison.reference != nil
    return JSONValue.members([
      "symbols": .integer(comparison.model.tokenCount), "symbolsPerSecond": Figures.number(speed),
      "int8": score(comparison.model), "float": comparison.reference.map(score) ?? .null,
      "klDivergence": isCompared ? Figures.number(comparison.klDivergence) : .null,
      "agreement": isCompared ? Figures.number(comparison.agreement) : .null,
    ]).text
  }
}
