// SPDX-License-Identifier: Apache-2.0
// Sequence to sequence: reads a whole source, then writes a target, as the model's generation record says.

import Funes

/// A model with an encoder and a decoder that turns one line into another, the best id at each step.
struct Translator: ~Copyable {
  let engine: SessionHolder
  let source: StreamPort
  let target: StreamPort
  private let encode: Int
  private let generation: GenerationInfo

  /// Whether the model reads a source before it writes.
  static func suits(_ model: Model) -> Bool { model.generation?.encodeProgram != nil }

  init(engine: SessionHolder) throws(ChoiceError) {
    guard let generation = engine.model.generation, let encode = generation.encodeProgram else {
      throw .unsuitable(what: "model", reason: "found no encoder, expected an encoder-decoder model")
    }
    let programs = engine.model.programs
    let step = programs[generation.stepProgram]
    guard programs[encode].inputs.count == 1, programs[encode].inputs[0].isIDs, step.inputs.count == 1,
      step.inputs[0].isIDs, programs[encode].inputs[0].width == 1, step.inputs[0].width == 1
    else {
      throw .unsuitable(what: "model", reason: "expected an encoder and a decoder with one input of ids each")
    }
    self.engine = engine
    self.encode = encode
    self.generation = generation
    source = StreamPort(programs[encode].inputs[0])
    var target = StreamPort(step.outputs[generation.output])
    target.symbols = target.symbols ?? StreamPort(step.inputs[generation.input]).symbols
    self.target = target
  }

  /// The target of a source, at most as long as the model's record allows; `emit` gets each id as it comes.
  func translate(_ ids: [Int32], emit: (Int) throws(StreamError) -> Void) throws {
    let rows = try generation.padded(ids + (generation.appendedID.map { [Int32($0)] } ?? []))
    engine.session.reset()
    if !rows.isEmpty {
      try engine.reserve(rows: rows.count)
      let input = engine.session.unsafeInputIDs(0, of: encode)
      for (index, id) in rows.enumerated() { input[index] = id }
      let result = engine.session.run(encode, rows: rows.count)
      guard result.status == .ok else {
        throw refusal(rows.first { !(0..<source.classes).contains(Int($0)) } ?? 0, source)
      }
    }
    var next = Int32(generation.startID)
    for _ in 0..<generation.longest {
      if Interrupt.isRequested { return }
      engine.session.unsafeInputIDs(generation.input, of: generation.stepProgram)[0] = next
      guard engine.session.run(generation.stepProgram).status == .ok else { throw refusal(next, target) }
      let id = argmax(engine.session.unsafeOutput(generation.output, of: generation.stepProgram))
      if generation.stopIDs.contains(id) { return }
      try emit(id)
      next = Int32(id)
    }
  }

  private func refusal(_ id: Int32, _ port: StreamPort) -> StreamError {
    .refusedRow(
      row: 0, input: port.name, position: 0, found: "\(id)",
      expected: "an id in 0...\(max(port.classes, port.width) - 1)")
  }
}

extension GenerationInfo {
  /// A source as long as the encoder wants it.
  func padded(_ ids: [Int32]) throws(StreamError) -> [Int32] {
    guard let padding else { return ids }
    guard ids.count <= padding.rows else { throw .sourceTooLong(found: ids.count, limit: padding.rows) }
    return ids + [Int32](repeating: Int32(padding.id), count: padding.rows - ids.count)
  }
}
