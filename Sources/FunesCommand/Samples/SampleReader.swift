// SPDX-License-Identifier: Apache-2.0
// Rows for a model from any file that holds some: tensors, samples, texts, or a stream as `run` reads it.

import Funes
import FunesConvert

/// Reads sequences of rows for a model.
struct SampleReader {
  /// Its inputs say how a file is read; of a translator the targets come from it.
  let file: ModelFile
  let graph: Graph
  /// Most rows of a file, unless more or fewer are asked for.
  static let usualLimit = 2048
  let limit: Int
  let format: SampleFormat?
  /// The option that says what a file holds, if there is one.
  let formatOption: String?
  private let program: ProgramInfo
  private var model: Model { file.model }

  /// - Parameter program: whose inputs a stream is; nil for the one that `run` chooses.
  init(
    _ file: ModelFile, _ graph: Graph, limit: Int, program: Int? = nil, format: SampleFormat? = nil,
    formatOption: String? = nil
  ) throws {
    self.file = file
    self.graph = graph
    self.limit = limit
    self.format = format
    self.formatOption = formatOption
    self.program = file.model.programs[try program ?? file.model.programIndex(chosen: nil)]
  }

  /// The sequences of several files.
  func sequences(_ paths: [String]) throws -> [CalibrationSequence] { try paths.flatMap(sequences) }

  func sequences(_ path: String) throws -> [CalibrationSequence] {
    let form = try form(of: path)
    return try SampleFileError.naming(path) {
      let sequences: [CalibrationSequence] =
        switch form {
        case .tensors: try tensors(path) { try SampleRows.sequences(path: path, for: graph) }
        case .stream(.text) where Translator.suits(model): try translations(path)
        case .stream(.text) where (try? LanguageModel(model)) != nil: try texts(path)
        case .stream(let form): try stream(path, form)
        }
      return limited(sequences)
    }
  }

  /// By program the rows of its inputs, sequence after sequence as if they were one, as far as there is room; of a program
  /// that sees its rows at once those of the first.
  func joined(_ path: String) throws -> [String: [String: ReferenceRows]] {
    if try form(of: path) == .tensors {
      return try SampleFileError.naming(path) {
        try tensors(path) { try SampleRows.read(path: path, for: graph) }
      }
    }
    var sequences = try sequences(path)
    guard !sequences.isEmpty else { throw StreamError.noRows(file: path) }
    if sequences.contains(where: { $0.calls.contains { isBlock($0.program) } }) { sequences = [sequences[0]] }
    let rows = ReportRows(sequences)
    var joined: [String: [String: ReferenceRows]] = [:]
    for name in Set(rows.sequences.flatMap(\.keys)) {
      let part = rows.joined(name)
      let room = model.programIndex(named: name).flatMap { model.rowLimit(of: $0) } ?? part.count
      joined[name] = part.rows(0..<min(part.count, room))
    }
    return joined
  }

  /// What `read` makes of a file of tensors.
  func tensors<Rows>(_ path: String, _ read: () throws -> Rows) throws -> Rows {
    do {
      return try read()
    } catch CheckpointError.unknownFormat where format == nil {
      throw StreamError.unknownSamples(file: path, option: formatOption)
    }
  }

  /// What was said that a file holds, or its own word for it, or what `run` would take it for.
  func form(of path: String) throws -> SampleFormat {
    if let format { return format }
    let head = try bytes(path, upTo: 4096)
    if head.starts(with: "RIFF".utf8) { return .stream(.wav) }
    // Arrays and archives have bytes below 9 at their front.
    guard head.allSatisfy({ $0 > 8 }) else { return .tensors }
    return .stream(Translator.suits(model) ? .text : .usual(for: program.inputs.map { StreamPort($0) }))
  }

  private func bytes(_ path: String, upTo limit: Int) throws -> [UInt8] {
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    return try input.reader().takeAll(upTo: limit)
  }

  private func isBlock(_ program: String) -> Bool { graph.programs.first { $0.name == program }?.isBlock ?? false }

  // MARK: Kinds of files

  private func stream(_ path: String, _ form: InputFormat) throws -> [CalibrationSequence] {
    let ports = program.inputs.map { StreamPort($0) }
    if let obstacle = form.obstacle(for: ports) {
      throw ChoiceError.unsuitable(
        what: "\"\(path)\" as \(form.rawValue), program \"\(program.name)\"", reason: obstacle)
    }
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    let layout = RowLayout(ports)
    let bytes = input.reader()
    var reader = RowReader(layout: layout, format: form, reader: bytes)
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
      case .end:
        if form == .f32 || form == .i16, bytes.remainder > 0 {
          Talk.say("funes: \"\(path)\": left out \(counted(bytes.remainder, "byte")) at its end, which fill no row")
        }
        break reading
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
      throw ChoiceError.unsuitable(what: "\"\(path)\"", reason: "found no vocabulary at the model's source; try an npz")
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
      var first = 0
      while first < count {
        let end = room < count - first ? first + room : count
        limited.append(CalibrationSequence(calls: [call.rows(first..<end)]))
        first = isBlock(call.program) ? count : end
      }
      left -= count
    }
    return limited
  }
}
