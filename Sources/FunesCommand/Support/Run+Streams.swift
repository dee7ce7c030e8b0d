// SPDX-License-Identifier: Apache-2.0
// What `funes run` makes of its options: the forms of the rows, the outputs, and the stream that fits the model.

import ArgumentParser
import Funes

extension RunCommand {
  /// Rows through one program.
  func streamRows(_ engine: SessionHolder, _ stdout: ByteWriter) throws {
    let index = try engine.model.programIndex(chosen: program)
    let info = engine.model.programs[index]
    let inputs = info.inputs.map { StreamPort($0) }
    let form = input ?? InputFormat.usual(for: inputs)
    if let obstacle = form.obstacle(for: inputs) {
      throw ChoiceError.unsuitable(what: "--input \(form.rawValue), program \"\(info.name)\"", reason: obstacle)
    }
    let outputs = try chosenOutputs(of: info)
    guard !outputs.isEmpty else {
      throw ChoiceError.unsuitable(
        what: "program \"\(info.name)\"", reason: "found no output, expected one; choose another program")
    }
    let ports = outputs.map { StreamPort(info.outputs[$0]) }
    let usual = OutputFormat.usual(for: ports, input: form)
    let shown = output ?? usual
    try check(shown, ports)
    var reader = RowReader(layout: RowLayout(inputs), format: form, reader: .standardInput(flushing: stdout))
    reader.ignoresPartialRow = ignorePartial
    reader.sampleRate = engine.model.sampleRate
    var options = RowStream.Options(outputs: shown.isChoice ? Array(outputs.prefix(1)) : outputs)
    options.chunk = chunk
    options.limit = limit ?? Int.max
    options.isLastOnly = last ?? reader.isLineSequence
    options.skipsBadRows = skipBadRows
    let written = shown.isChoice ? Array(ports.prefix(1)) : ports
    let stream = RowStream(
      engine: engine, program: index, reader: reader,
      writer: RowWriter(ports: written, format: shown, output: stdout), output: stdout, options: options,
      warn: { Talk.say("funes: \($0)") })
    try stream.run()
  }

  private func chosenOutputs(of info: ProgramInfo) throws(ChoiceError) -> [Int] {
    if outputName.isEmpty { return Array(info.outputs.indices) }
    var chosen: [Int] = []
    for name in outputName {
      guard let index = info.outputs.firstIndex(where: { $0.name == name }) else {
        throw .noSuchName(kind: "output", found: name, expected: info.outputs.map(\.name))
      }
      chosen.append(index)
    }
    return chosen
  }

  private func check(_ shown: OutputFormat, _ ports: [StreamPort]) throws(ChoiceError) {
    guard shown == .label || shown == .text, let first = ports.first, first.symbols == nil else { return }
    throw .unsuitable(
      what: "--output \(shown.rawValue), output \"\(first.name)\"",
      reason: "found no labels, expected some; try --output ids")
  }

  /// Lines through an encoder-decoder model.
  func translate(_ engine: SessionHolder, _ stdout: ByteWriter) throws {
    let translator = try Translator(engine: engine)
    let shown = output ?? .text
    guard shown == .text || shown == .ids else {
      throw ChoiceError.unsuitable(
        what: "--output \(shown.rawValue)",
        reason: "an encoder-decoder model writes text or ids; --program runs one part")
    }
    if shown == .text { try check(.text, [translator.target]) }
    let stream = TranslationStream(
      translator: translator, reader: .standardInput(flushing: stdout), output: stdout, format: shown,
      skipsBadRows: skipBadRows, limit: limit ?? Int.max, warn: { Talk.say("funes: \($0)") })
    try stream.run()
  }
}
