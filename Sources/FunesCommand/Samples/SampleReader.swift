// SPDX-License-Identifier: Apache-2.0
// Rows for a model from any file that holds some: tensors, samples, texts, or a stream as `run` reads it.

import Funes
import FunesConvert

/// Reads sequences of rows for a model.
struct SampleReader {
  /// Its inputs say how a file is read; of a translator the targets come from it.
  let file: ModelFile
  let graph: Graph
  /// Most rows of a file.
  var limit: Int
  let format: SampleFormat?
  /// The option that says what a file holds, if there is one.
  let formatOption: String?
  /// Whose inputs are read of what names none.
  let program: ProgramInfo
  var model: Model { file.model }

  /// Most rows of a stream or a text, unless more or fewer are asked for.
  static let usualLimit = 2048

  /// - Parameter program: nil for what comes first: an encoder of numbers, what generates, or what `run` chooses.
  init(
    _ file: ModelFile, _ graph: Graph, limit: Int = usualLimit, program: Int? = nil, format: SampleFormat? = nil,
    formatOption: String? = nil
  ) throws {
    self.file = file
    self.graph = graph
    self.limit = limit
    self.format = format
    self.formatOption = formatOption
    let model = file.model
    let encoder = model.generation?.encodeProgram.flatMap { model.programs[$0].inputs.first?.isIDs == false ? $0 : nil }
    self.program =
      model.programs[
        try program ?? encoder ?? model.generation?.stepProgram ?? model.programIndex(chosen: nil)]
  }

  /// The sequences of a file, none where it has no rows.
  ///
  /// - Parameter known: its form, where that was found before.
  private func sequences(_ path: String, as known: SampleFormat?) throws -> [SampleSequence] {
    try SampleFileError.naming(path) {
      let form = try known ?? form(of: path)
      let sequences: [SampleSequence] =
        switch form {
        case .tensors: try tensors(path)
        case .stream(.text) where readsSources: try translations(path)
        case .stream(.text): try texts(path)
        case .stream(let form): try stream(path, form)
        }
      for sequence in sequences { try sequence.check(graph) }
      return limited(sequences)
    }
  }

  /// The sequences that a model is measured on, one or more.
  func measured(_ path: String, as known: SampleFormat? = nil) throws -> [SampleSequence] {
    let sequences = try sequences(path, as: known)
    guard !sequences.isEmpty else { throw StreamError.noRows(file: path) }
    return sequences
  }

  /// Those of several files, without a limit for tensors, whose rows somebody has chosen.
  static func measured(
    _ paths: [String], _ file: ModelFile, _ graph: Graph, program: Int? = nil
  ) throws -> [SampleSequence] {
    let reader = try SampleReader(file, graph, program: program)
    return try paths.flatMap { path in
      var own = reader
      let form = try reader.form(of: path)
      if form == .tensors { own.limit = .max }
      return try own.measured(path, as: form)
    }
  }

  /// What was said that a file holds, or its own word for it, or what `run` would take it for.
  func form(of path: String) throws -> SampleFormat {
    if let format { return format }
    let head = try head(path)
    if head.withUnsafeBytes({ WAVHeader.isBegun($0) }) { return .stream(.wav) }
    // No text has a zero among its bytes, and none begins as pickles and pointers to large files do.
    let isText = !head.contains(0) && head.first != 0x80 && !head.starts(with: "version https://git-lfs".utf8)
    guard isText else { return .tensors }
    return .stream(readsSources ? .text : .usual(for: program.inputs.map { StreamPort($0) }))
  }

  /// What a file begins with. It is read again from the start, which a pipe cannot be.
  private func head(_ path: String) throws -> [UInt8] {
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    guard input.isRegular else { throw CheckpointError.notAFile(file: path) }
    return try input.reader().takeAll(upTo: 4096)
  }

  private func tensors(_ path: String) throws -> [SampleSequence] {
    do {
      return try SampleRows.sequences(path: path, for: graph)
    } catch CheckpointError.unknownFormat where format == nil {
      throw StreamError.unknownSamples(file: path, option: formatOption)
    }
  }

  private func stream(_ path: String, _ form: InputFormat) throws -> [SampleSequence] {
    let ports = program.inputs.map { StreamPort($0) }
    try check(path, form, ports)
    let input = try InputFile(path: path)
    defer { withExtendedLifetime(input) {} }
    let layout = RowLayout(ports)
    let bytes = input.reader()
    var reader = RowReader(layout: layout, format: form, reader: bytes)
    reader.sampleRate = model.sampleRate
    reader.ignoresPartialRow = true
    let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: layout.width)
    defer { words.deallocate() }
    var rows: [UInt32] = []
    var count = 0
    while count < limit, try reader.next(into: words) == .row {
      rows.append(contentsOf: words)
      count += 1
    }
    if reader.missingBytes > 0 {
      let missing = counted(reader.missingBytes, "byte")
      Talk.say("funes: \"\(path)\": found \(missing) of samples fewer than its header says; took what is there")
    }
    if count < limit, form == .f32 || form == .i16 || form == .pcm16, bytes.remainder > 0 {
      Talk.say("funes: \"\(path)\": left out \(counted(bytes.remainder, "byte")) at its end, which fill no row")
    }
    var inputs: [String: ReferenceRows] = [:]
    for (port, offset) in zip(layout.ports, layout.offsets) {
      let values = (0..<count).flatMap { row in
        let begin = row * layout.width + offset
        return rows[begin..<begin + port.width]
      }
      inputs[port.name] =
        port.isIDs ? .ids(values.map { Int32(bitPattern: $0) }) : .floats(values.map { Float(bitPattern: $0) })
    }
    return [SampleSequence(calls: [.init(program: program.name, inputs: inputs, rowCount: count)])]
  }

  /// Refuses a form in which the inputs cannot be read.
  func check(_ path: String, _ form: InputFormat, _ ports: [StreamPort]) throws(ChoiceError) {
    guard let obstacle = form.obstacle(for: ports) else { return }
    throw .unsuitable(what: "\"\(path)\" as \(form.rawValue), program \"\(program.name)\"", reason: obstacle)
  }

  /// No more rows than asked for, and sequences no longer than the model's positions and memories. What several programs do
  /// with one source stays together.
  private func limited(_ sequences: [SampleSequence]) -> [SampleSequence] {
    var left = limit
    var limited: [SampleSequence] = []
    for sequence in sequences where left > 0 && sequence.rowCount > 0 {
      let calls = sequence.calls.map { call in
        let isWhole = sequence.calls.count > 1 && graph.isBlock(call.program)
        return isWhole ? call : call.rows(0..<min(left, call.rowCount))
      }
      let pieces = SampleSequence(calls: calls).pieces(fitting: model)
      limited += pieces
      left -= pieces.reduce(0) { $0 + $1.rowCount }
    }
    return limited
  }
}
