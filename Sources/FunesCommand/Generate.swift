// SPDX-License-Identifier: Apache-2.0
// `funes generate`: writes text with a language model, or the target of a source with an encoder-decoder model.

import ArgumentParser
import Funes

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Write text with a language model, from a prompt on.",
    discussion: """
      The prompt is fed and printed, then one symbol after another is drawn and printed as it comes. The same model, \
      prompt, options and seed give the same text on every machine.

        funes generate story.funes "Once" --temperature 0.8 --top-p 0.95 --seed 7
        funes generate g2p.funes "hello"

      Without a prompt the model's start symbol is fed, or a line feed, or symbol 0. An encoder-decoder model reads \
      the prompt as its source and writes the target, the best symbol at each step.

      --state-out saves the state before the last symbol printed was fed: to go on from there, give it with --state-in \
      and begin the prompt with that symbol.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Argument(help: "The text to go on from, or the source.")
  var prompt = ""
  @Option(parsing: .unconditional, help: ArgumentHelp("Write at most this many symbols.", valueName: "count"))
  var tokens = 200
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Divides the scores: below 1 plainer, above 1 wilder, 0 as --greedy.", valueName: "number"))
  var temperature: Float = 1
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Draw among this many of the best symbols; 0 for all.", valueName: "count"))
  var topK = 0
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Draw among the fewest of the best whose probabilities reach this sum.", valueName: "number"))
  var topP: Float = 1
  @Flag(help: "Always take the best symbol.")
  var greedy = false
  @Option(help: ArgumentHelp("Names the sequence of random numbers.", valueName: "number"))
  var seed: UInt64 = 0
  @Option(help: ArgumentHelp("Begin with the state in this file.", valueName: "file"))
  var stateIn: String?
  @Option(help: ArgumentHelp("Save the state to this file at the end, whole or not at all.", valueName: "file"))
  var stateOut: String?
  @Option(parsing: .unconditional, help: ArgumentHelp("Threads, which do not change results.", valueName: "count"))
  var threads = 1
  @Flag(help: "Print what follows the prompt only.")
  var hidePrompt = false
  @Flag(help: "Say how fast it was.")
  var verbose = false

  func validate() throws {
    guard tokens >= 0 else { throw ValidationError("--tokens: found \(tokens), expected 0 or more") }
    guard temperature >= 0, temperature <= 1000 else {
      throw ValidationError("--temperature: found \(temperature), expected 0 to 1000")
    }
    guard topK >= 0 else { throw ValidationError("--top-k: found \(topK), expected 0 or more") }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p: found \(topP), expected more than 0, at most 1") }
    guard (1...1024).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1 to 1024") }
  }

  func run() throws {
    if let stateOut {
      try OutputPaths.check([NamedPath("--state-out", stateOut)], inputs: [NamedPath("the model", model)])
    }
    let engine = try SessionHolder(try ModelFile(path: model), threads: threads)
    if let stateIn { try engine.restore(fromFile: stateIn) }
    Interrupt.watch()
    let stdout = ByteWriter.standardOutput()
    let begin = secondsNow()
    let steps = Translator.suits(engine.model) ? try translate(engine, stdout) : try write(engine, stdout)
    if let last = stdout.lastByte, last != UInt8(ascii: "\n") { try stdout.write("\n") }
    try stdout.flush()
    if verbose {
      let seconds = max(secondsNow() - begin, 1e-9)
      Talk.say("\(steps) steps in \(Int(seconds * 1000)) ms, \(Int(Double(steps) / seconds)) a second")
    }
    if let stateOut { try engine.save(toFile: stateOut) }
    try Interrupted.check()
  }

  private func write(_ engine: SessionHolder, _ stdout: ByteWriter) throws -> Int {
    let language = try LanguageModel(engine.model)
    guard let written = language.output.symbols, let read = language.input.symbols else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"", reason: "found no vocabulary, expected one; try funes run --input ids")
    }
    let isContinued = stateIn != nil && !prompt.isEmpty
    let ids = try LanguageModel.ids(of: prompt, through: read, isContinued: isContinued)
    var first = language.startID.map { [$0] } ?? []
    if ids.isEmpty && first.isEmpty { first = [(try? LanguageModel.ids(of: "\n", through: read))?.first ?? 0] }
    if !hidePrompt { try stdout.write(prompt) }
    try stdout.flush()
    let options = SamplerOptions(temperature: greedy ? 0 : temperature, topK: topK, topP: topP, seed: seed)
    var generator = TextGenerator(engine: engine, language: language, options: options)
    let fed = (stateIn == nil || ids.isEmpty ? first : []) + ids
    let bar = Progress("reading the prompt")
    try generator.feed(fed) { bar.update($0, of: fed.count) }
    bar.end()
    var writer = SymbolWriter(written, isContinued: !prompt.isEmpty)
    try generator.generate(count: tokens) { id throws(StreamError) in
      try writer.write(id, to: stdout)
      try stdout.flush()
    }
    try writer.finish(to: stdout)
    return generator.fedCount
  }

  private func translate(_ engine: SessionHolder, _ stdout: ByteWriter) throws -> Int {
    let translator = try Translator(engine: engine)
    guard let read = translator.source.symbols?.asLines, translator.target.symbols != nil else {
      throw ChoiceError.unsuitable(
        what: "\"\(model)\"", reason: "found no vocabulary, expected one; try funes run --program")
    }
    var writer = RowWriter(ports: [translator.target], format: .text, output: stdout)
    var steps = 0
    try translator.translate(try LanguageModel.ids(of: prompt, through: read)) { id throws(StreamError) in
      try writer.write(symbol: id)
      try stdout.flush()
      steps += 1
    }
    try writer.finish()
    return steps
  }
}
