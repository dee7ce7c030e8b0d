// SPDX-License-Identifier: Apache-2.0
// Sequence to sequence: reads a whole source, ids or rows of numbers, then writes a target, as the model's generation
// record says.

import Funes

/// A model with an encoder and a decoder that turns one line, or a picture, into another line.
struct Translator {
  let engine: SessionHolder
  /// The decoder.
  let language: LanguageModel
  let source: StreamPort
  /// The encoder's input: numbers, or ids.
  let input: PortInfo
  /// Begins every target, and is no part of it.
  let startID: Int32
  /// Most ids of a target.
  let longest: Int
  var target: StreamPort { language.output }
  private let encode: Int
  private let generation: GenerationInfo

  /// Whether the model reads a source before it writes.
  static func suits(_ model: Model) -> Bool { model.generation?.encodeProgram != nil }

  init(engine: SessionHolder) throws(ChoiceError) {
    guard let generation = engine.model.generation, let encode = generation.encodeProgram else {
      throw .unsuitable(what: "model", reason: "found no encoder, expected an encoder-decoder model")
    }
    let inputs = engine.model.programs[encode].inputs
    guard inputs.count == 1, !inputs[0].isIDs || inputs[0].width == 1 else {
      throw .unsuitable(what: "model", reason: "expected an encoder with one input, of numbers or of one id a row")
    }
    self.engine = engine
    self.encode = encode
    self.generation = generation
    language = try LanguageModel(engine.model)
    input = inputs[0]
    source = StreamPort(input)
    startID = Int32(generation.startID)
    longest = generation.longest
  }

  /// What the encoder reads of a source: with the id that is appended, and as long as it wants it.
  func sourceRows(_ ids: [Int32]) throws(StreamError) -> [Int32] {
    try generation.padded(ids + (generation.appendedID.map { [Int32($0)] } ?? []))
  }

  /// Reads a source in a session that begins afresh.
  func read(_ ids: [Int32]) throws {
    let rows = try sourceRows(ids)
    engine.session.reset()
    if rows.isEmpty { return }
    try engine.reserve(rows: rows.count)
    let input = engine.session.unsafeInputIDs(0, of: encode)
    for (index, id) in rows.enumerated() { input[index] = id }
    switch engine.session.run(encode, rows: rows.count, outputs: .last).status {
    case .ok: return
    case .cacheFull: throw StreamError.sourceTooLong(found: rows.count, limit: nil)
    case .notFinite, .idOutOfRange:
      let bad = rows.firstIndex { !(0..<source.classes).contains(Int($0)) } ?? 0
      throw StreamError.refusedRow(
        row: bad, input: source.name, position: 0, found: "\(rows[bad])",
        expected: "an id in 0...\(source.classes - 1)")
    }
  }

  /// Reads rows of numbers, as many as the encoder wants at once, in a session that begins afresh.
  func read(rows: [[Float]], of file: String) throws {
    engine.session.reset()
    try engine.reserve(rows: rows.count)
    let values = engine.session.unsafeInput(0, of: encode)
    for (row, numbers) in rows.enumerated() {
      for (column, number) in numbers.enumerated() { values[row * input.width + column] = number }
    }
    let result = engine.session.run(encode, rows: rows.count, outputs: .last)
    guard result.status == .ok else {
      let reason = ClassifyError.Reason.refused(
        row: result.rows, result.status, limit: engine.model.rowLimit(of: encode))
      throw ClassifyError(file: file, reason: reason)
    }
  }

  /// The target of a source, the best id at each step; `emit` gets each as it comes.
  func translate(_ ids: [Int32], emit: (Int) throws(StreamError) -> Void) throws {
    try read(ids)
    var generator = TextGenerator(engine: engine, language: language, options: SamplerOptions(temperature: 0))
    generator.give([startID])
    _ = try generator.generate(count: longest) { drawn in
      try emit(drawn.id)
      return false
    }
  }
}

extension GenerationInfo {
  /// A source as long as the encoder wants it.
  fileprivate func padded(_ ids: [Int32]) throws(StreamError) -> [Int32] {
    guard let padding else { return ids }
    guard ids.count <= padding.rows else { throw .sourceTooLong(found: ids.count, limit: padding.rows) }
    return ids + [Int32](repeating: Int32(padding.id), count: padding.rows - ids.count)
  }
}
