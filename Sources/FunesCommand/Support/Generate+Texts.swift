// SPDX-License-Identifier: Apache-2.0
// What `funes generate` makes of its options: the prompt as ids, and the texts behind it.

import Funes
import FunesConvert

extension GenerateCommand {
  /// The prompt: the argument, or a file or stdin without its last line end.
  func promptText(_ stdout: ByteWriter) throws -> String {
    guard let promptFile else { return prompt ?? "" }
    let input = promptFile == "-" ? nil : try InputFile(path: promptFile)
    let reader = input?.reader() ?? .standardInput(flushing: stdout)
    var bytes = try reader.takeAll(upTo: Self.promptLimit + 1)
    guard bytes.count <= Self.promptLimit else {
      throw StreamError.promptTooLong(file: promptFile, limit: Self.promptLimit)
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw StreamError.promptNotUTF8(file: promptFile) }
    return text
  }

  /// Most bytes of a prompt, which is held in memory.
  private static let promptLimit = 1 << 28

  private func options(isGreedy: Bool) -> GenerationOptions {
    let temperature = greedy || beams > 1 ? 0 : self.temperature ?? (isGreedy ? 0 : 1)
    return GenerationOptions(
      sampler: SamplerOptions(temperature: temperature, topK: topK, topP: topP, seed: seed),
      repetitionPenalty: repetitionPenalty, stops: stop, beams: beams, lengthPenalty: lengthPenalty, shown: nBest,
      form: json ? .json : logprobs ? .logProbabilities : .text)
  }

  private var isTextShown: Bool { !json && !logprobs && nBest == 1 }

  /// A language model goes on from the prompt.
  func write(
    _ prompt: String, _ engine: SessionHolder, _ stdout: ByteWriter
  ) throws -> (steps: Int, pendingID: Int32?) {
    guard source == nil else {
      throw ChoiceError.unsuitable(
        what: "--source", reason: "found a model without an encoder, expected one that reads pictures or rows")
    }
    let language = try LanguageModel(engine.model)
    guard let written = language.output.symbols, let read = language.input.symbols else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"", reason: "found no vocabulary, expected one; try funes run --input ids")
    }
    let isContinued = engine.pendingID != nil || stateIn != nil && !prompt.isEmpty
    var given = engine.pendingID.map { [$0] } ?? []
    let ids = try LanguageModel.ids(of: prompt, through: read, isContinued: isContinued)
    if given.isEmpty, stateIn == nil || ids.isEmpty {
      given = language.startID.map { [$0] } ?? []
      if given.isEmpty, ids.isEmpty {
        given = [language.loneID ?? (try? LanguageModel.ids(of: "\n", through: read))?.first ?? 0]
      }
    }
    if !hidePrompt, isTextShown { try stdout.write(prompt) }
    try stdout.flush()
    var generation = Generation(engine, language, table: written, options: options(isGreedy: false), output: stdout)
    try generation.write(after: given + ids, longest: maxTokens ?? 200, isContinued: isContinued || !prompt.isEmpty)
    return (generation.fedCount, generation.pendingID)
  }

  /// An encoder-decoder model writes a target for each line of the prompt.
  func translate(
    _ prompt: String, _ engine: SessionHolder, _ stdout: ByteWriter
  ) throws -> (steps: Int, pendingID: Int32?) {
    let translator = try Translator(engine: engine)
    guard let written = translator.target.symbols else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"", reason: "found no vocabulary of its target, expected one; try funes run --program")
    }
    guard stateIn == nil else {
      throw ChoiceError.unsuitable(
        what: "--state-in", reason: "an encoder-decoder model begins afresh with each source")
    }
    var generation = Generation(
      engine, translator.language, table: written, options: options(isGreedy: true), output: stdout)
    let longest = min(maxTokens ?? translator.longest, translator.longest)
    if translator.input.isIDs {
      try translateLines(of: prompt, translator, &generation, longest, stdout)
    } else {
      try translator.read(rows: try sourceRows(translator), of: source ?? "")
      try generation.write(after: [translator.startID], longest: longest, isContinued: false)
    }
    return (generation.fedCount, generation.pendingID)
  }

  /// A target for each line; a line of nothing has none.
  private func translateLines(
    of prompt: String, _ translator: Translator, _ generation: inout Generation, _ longest: Int, _ stdout: ByteWriter
  ) throws {
    guard source == nil else {
      throw ChoiceError.unsuitable(
        what: "--source", reason: "found a model that reads text, expected one of pictures or rows")
    }
    guard self.prompt != nil || promptFile != nil else {
      throw ChoiceError.unsuitable(
        what: "prompt", reason: "found none, expected the source of an encoder-decoder model")
    }
    guard let read = translator.source.symbols?.asLines else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"", reason: "found no vocabulary of its source, expected one; try funes run --program")
    }
    let lines = prompt.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !Interrupt.isRequested {
      let ids = try LanguageModel.ids(of: String(line), through: read, line: index + 1)
      if !ids.isEmpty {
        try translator.read(ids)
        try generation.write(after: [translator.startID], longest: longest, isContinued: false)
      }
      if isTextShown, index < lines.count - 1 { try stdout.write(UInt8(ascii: "\n")) }
    }
  }

  /// The rows of --source: a picture prepared as the model's file says, an array, or lines of numbers.
  private func sourceRows(_ translator: Translator) throws -> [[Float]] {
    guard let source else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"",
        reason: "reads \(translator.input.width) numbers a row, a picture perhaps; give it with --source")
    }
    do {
      let image: ImagePreparation?
      do throws(ImageError) {
        image = try ImagePreparation(metadata: translator.engine.model.metadata)
      } catch {
        throw ClassifyError.Reason.picture(error)
      }
      let reader = ClassifyReader(
        input: translator.input, image: image?.count == translator.input.width ? image : nil, isResizing: resize,
        arePixels: false, background: .white)
      return try reader.rows(of: source)
    } catch let reason as ClassifyError.Reason {
      throw ClassifyError(file: source == "-" ? "stdin" : source, reason: reason)
    }
  }
}
