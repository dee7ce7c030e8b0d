// SPDX-License-Identifier: Apache-2.0
// Rows to calibrate with, from any file that holds some: tensors, samples, texts, or a stream as `run` reads it.

import Funes
import FunesConvert

/// Reads sequences of rows for a model.
struct CalibrationReader {
  /// The model without calibration: its inputs say how a file is read, and a translator's targets come from it.
  let file: ModelFile
  let graph: Graph
  /// Most rows of a file.
  let limit: Int
  let format: CalibrationFormat?
  private var model: Model { file.model }

  init(_ file: ModelFile, _ graph: Graph, _ options: CalibrationOptions) {
    self.file = file
    self.graph = graph
    limit = options.calibrateRows
    format = options.calibrateFormat
  }

  /// What is fitted to and what is judged by; without a file to judge by the rest of the first.
  func rows(fit: String, judge: String?) throws -> CalibrationRows {
    let sequences = try sequences(fit)
    let rows =
      if let judge {
        CalibrationRows(fit: sequences, judge: try self.sequences(judge))
      } else {
        try CalibrationRows(splitting: sequences) { name in
          graph.programs.first { $0.name == name }?.isBlock ?? false
        }
      }
    try rows.check(graph)
    return rows
  }

  func sequences(_ path: String) throws -> [CalibrationSequence] {
    let ports = try usualPorts()
    let form = try format ?? guess(path, ports)
    let sequences: [CalibrationSequence] =
      switch form {
      case .tensors: try SampleRows.sequences(path: path, for: graph)
      case .stream(.text) where Translator.suits(model): try translations(path)
      case .stream(.text) where (try? LanguageModel(model)) != nil: try texts(path)
      case .stream(let form): try stream(path, form)
      }
    return limited(sequences)
  }

  /// The file's own word for what it is, or what `run` would take it for.
  private func guess(_ path: String, _ ports: [StreamPort]) throws -> CalibrationFormat {
    let head = try bytes(path, upTo: 16)
    if head.starts(with: "RIFF".utf8) { return .stream(.wav) }
    if head.starts(with: "PK".utf8) || head.count > 8 && head[8] == UInt8(ascii: "{") && head[7] == 0 {
      return .tensors
    }
    if Translator.suits(model) { return .stream(.text) }
    return .stream(InputFormat.usual(for: ports))
  }

  private func bytes(_ path: String, upTo limit: Int) throws -> [UInt8] {
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    return try input.reader().takeAll(upTo: limit)
  }

  private var program: ProgramInfo {
    get throws { model.programs[try model.programIndex(chosen: nil)] }
  }

  private func usualPorts() throws -> [StreamPort] { try program.inputs.map { StreamPort($0) } }

  // MARK: Kinds of files

  private func stream(_ path: String, _ form: InputFormat) throws -> [CalibrationSequence] {
    let program = try program
    let ports = program.inputs.map { StreamPort($0) }
    if let obstacle = form.obstacle(for: ports) {
      throw ChoiceError.unsuitable(
        what: "--calibrate-format \(form.rawValue), program \"\(program.name)\"", reason: obstacle)
    }
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    let layout = RowLayout(ports)
    var reader = RowReader(layout: layout, format: form, reader: input.reader())
    reader.sampleRate = model.sampleRate
    reader.ignoresPartialRow = true
    let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: layout.width)
    defer { words.deallocate() }
    var sequences: [CalibrationSequence] = []
    var rows: [UInt32] = []
    func end() {
      guard !rows.isEmpty else { return }
      let count = rows.count / layout.width
      var inputs: [String: ReferenceRows] = [:]
      for (port, offset) in zip(layout.ports, layout.offsets) {
        let values = (0..<count).flatMap { row in
          let begin = row * layout.width + offset
          return rows[begin..<begin + port.width]
        }
        inputs[port.name] =
          port.isIDs ? .ids(values.map { Int32(bitPattern: $0) }) : .floats(values.map { Float(bitPattern: $0) })
      }
      sequences.append(
        CalibrationSequence(calls: [.init(program: program.name, inputs: inputs, rowCount: count)]))
      rows = []
    }
    var left = limit
    reading: while left > 0 {
      switch try reader.next(into: words) {
      case .row:
        rows.append(contentsOf: words)
        left -= 1
      case .endOfSequence: end()
      case .end: break reading
      }
    }
    end()
    return sequences
  }

  /// A text through a language model's vocabulary.
  private func texts(_ path: String) throws -> [CalibrationSequence] {
    let language = try LanguageModel(model)
    let name = model.programs[language.program].name
    return try language.sequences(text: path, ids: nil, limit: limit).map { ids in
      CalibrationSequence(calls: [
        .init(program: name, inputs: [language.input.name: .ids(ids)], rowCount: ids.count)
      ])
    }
  }

  /// Lines of source, each with the target that the model without calibration gives it.
  private func translations(_ path: String) throws -> [CalibrationSequence] {
    let translator = try Translator(engine: try SessionHolder(file))
    guard let table = translator.source.symbols?.asLines else {
      throw ChoiceError.unsuitable(what: "--calibrate", reason: "found no vocabulary at the model's source; try an npz")
    }
    guard let generation = model.generation, let encode = generation.encodeProgram else { return [] }
    let (encoder, decoder) = (model.programs[encode], model.programs[generation.stepProgram])
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    var lines = TextDecoder(table: table, reader: input.reader())
    var sequences: [CalibrationSequence] = []
    var ids: [Int32] = []
    var left = limit
    var isAtEnd = false
    while !isAtEnd, left > 0 {
      let event = try lines.next()
      if case .id(let id) = event {
        ids.append(id)
        continue
      }
      isAtEnd = event == .end
      guard !ids.isEmpty else { continue }
      let source = try translator.sourceRows(ids)
      var target = [translator.startID]
      try translator.translate(ids) { target.append(Int32($0)) }
      sequences.append(
        CalibrationSequence(calls: [
          .init(program: encoder.name, inputs: [encoder.inputs[0].name: .ids(source)], rowCount: source.count),
          .init(
            program: decoder.name, inputs: [decoder.inputs[generation.input].name: .ids(target)],
            rowCount: target.count),
        ]))
      left -= source.count + target.count
      ids = []
    }
    return sequences
  }

  // MARK: What the model has room for

  /// No more rows than asked for, and sequences no longer than the model's positions and memories.
  private func limited(_ sequences: [CalibrationSequence]) -> [CalibrationSequence] {
    var left = limit
    var limited: [CalibrationSequence] = []
    for sequence in sequences where left > 0 {
      guard sequence.calls.count == 1 else {
        limited.append(sequence)
        left -= sequence.rowCount
        continue
      }
      let call = sequence.calls[0]
      let room = model.programIndex(named: call.program).flatMap { model.rowLimit(of: $0) } ?? .max
      let count = min(left, call.rowCount)
      let isBlock = graph.programs.first { $0.name == call.program }?.isBlock ?? false
      var first = 0
      while first < count {
        let end = room < count - first ? first + room : count
        limited.append(CalibrationSequence(calls: [call.rows(first..<end)]))
        first = isBlock ? count : end
      }
      left -= count
    }
    return limited
  }
}
