// SPDX-License-Identifier: Apache-2.0
// Rows out of texts: what a language model goes on from, what an encoder reads, and sources with their targets.

import Funes
import FunesConvert

extension SampleReader {
  /// Whether texts are what the encoder of a translator reads.
  var readsSources: Bool {
    guard let encode = model.generation?.encodeProgram else { return false }
    return model.programs[encode].inputs.first?.isIDs == true
  }

  /// A text through the program's vocabulary. Each line is one sequence where the vocabulary says so and where a program sees
  /// its rows at once.
  func texts(_ path: String) throws -> [SampleSequence] {
    if let language = try? LanguageModel(model, program: program.name) {
      return try language.sequences(text: path, ids: nil, limit: limit).map { sequence(language.input.name, $0) }
    }
    let ports = program.inputs.map { StreamPort($0) }
    try check(path, .text, ports)
    guard let table = ports[0].symbols else { return [] }
    return try lines(path, program.isBlock ? table.asLines : table).map { sequence(ports[0].name, $0) }
  }

  private func sequence(_ input: String, _ ids: [Int32]) -> SampleSequence {
    SampleSequence(calls: [.init(program: program.name, inputs: [input: .ids(ids)], rowCount: ids.count)])
  }

  /// Ids of a text, or of each line where lines are sequences; up to the limit, and no line in part but the first.
  private func lines(_ path: String, _ table: SymbolTable) throws -> [[Int32]] {
    var lines = try TextDecoder.sequences(of: path, through: table, limit: limit)
    let isCut = lines.reduce(0) { $0 + $1.count } == limit
    if isCut, lines.count > 1, table.isLineSequence { lines.removeLast() }
    return lines.filter { !$0.isEmpty }
  }

  /// Lines of source, each with the target that the model gives it.
  func translations(_ path: String) throws -> [SampleSequence] {
    let translator = try Translator(engine: try SessionHolder(file))
    guard let table = translator.source.symbols?.asLines else {
      throw ChoiceError.unsuitable(what: "\"\(path)\"", reason: "found no vocabulary at the model's source; try an npz")
    }
    guard let generation = model.generation, let encode = generation.encodeProgram else { return [] }
    let (encoder, decoder) = (model.programs[encode], model.programs[generation.stepProgram])
    var sequences: [SampleSequence] = []
    var left = limit
    var tooLong = 0
    for ids in try lines(path, table) where left > 0 {
      var target = [translator.startID]
      let source: [Int32]
      do {
        source = try translator.sourceRows(ids)
        try translator.translate(ids) { target.append(Int32($0)) }
      } catch StreamError.sourceTooLong {
        tooLong += 1
        continue
      }
      sequences.append(
        SampleSequence(calls: [
          .init(program: encoder.name, inputs: [encoder.inputs[0].name: .ids(source)], rowCount: source.count),
          .init(
            program: decoder.name, inputs: [decoder.inputs[generation.input].name: .ids(target)],
            rowCount: target.count),
        ]))
      left -= source.count + target.count
    }
    if tooLong > 0 {
      Talk.say("funes: \"\(path)\": left out \(counted(tooLong, "line")) that the encoder has no room for")
    }
    return sequences
  }
}
