// SPDX-License-Identifier: Apache-2.0
// `funes generate`: writes text with a language model, or the targets of sources with an encoder-decoder model.

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
        funes generate story.funes --prompt-file begin.txt --stop "The end" --repetition-penalty 1.1
        funes generate story.funes "Once" --beams 4 --n-best 2
        funes generate g2p.funes "hello"
        funes generate captions.funes --source photo.png

      Without a prompt the model's start symbol is fed, or a line feed, or symbol 0. An encoder-decoder model reads \
      each line of the prompt as a source and writes its target, the best symbol at each step unless told otherwise; \
      one that describes pictures reads --source.

      The next symbol is drawn from the scores x of all. Those of symbols in the prompt or the text so far are first \
      penalised, by --repetition-penalty θ: x / θ where x is above 0, x · θ elsewhere (CTRL, Keskar et al. 2019). Then \
      they are divided by --temperature, and --top-k and --top-p leave the best of them. --stop ends the text before a \
      string, wherever it comes up; no part of it is printed.

      --beams follows that many texts at a time and prints the best, by ln P / ((5 + symbols) / 6)^α with the α of \
      --length-penalty (Wu et al. 2016): 0 likes short texts, 1 and more long ones.

      --json prints an object a line: id, text, logprob, cumulative (natural logarithms, in the model's own eyes), and \
      one at the end: finish (stopID, stopString, length, full, interrupt), text, tokens, tokensPerSecond. With --beams an \
      object a text.

      --state-out saves what was read and written. --state-in goes on from there, with a prompt behind it or without: \
      read a long prompt once with --max-tokens 0 --state-out, and go on from it as often as you like.

        funes generate story.funes --prompt-file rules.txt --max-tokens 0 --state-out rules.fstate
        funes generate story.funes "Once" --state-in rules.fstate
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Argument(help: "The text to go on from, or the source.")
  var prompt: String?
  @Option(
    help: ArgumentHelp("Read the prompt from this file, without its last line end; - for stdin.", valueName: "file"))
  var promptFile: String?
  @Option(
    help: ArgumentHelp(
      "What an encoder of numbers reads: a picture (PNG, PGM, PPM), an array (.npy) or rows of numbers; - for stdin.",
      valueName: "file"))
  var source: String?
  @Flag(help: "Make a --source picture of another size one of the model's.")
  var resize = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Write at most this many symbols (default: 200; an encoder-decoder: its longest).", valueName: "count"))
  var maxTokens: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Divides the scores: below 1 plainer, above 1 wilder, 0 as --greedy (default: 1; an encoder-decoder: 0).",
      valueName: "number"))
  var temperature: Float?
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
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Makes symbols that have stood already less likely; 1 does not.", valueName: "number"))
  var repetitionPenalty: Float = 1
  @Option(parsing: .unconditional, help: ArgumentHelp("Follow this many texts, 1 to 8.", valueName: "count"))
  var beams = 1
  @Option(
    parsing: .unconditional, help: ArgumentHelp("With --beams, α: above 0 longer texts win more.", valueName: "number"))
  var lengthPenalty: Float = 0.6
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("With --beams, print this many texts, a line each: score, ln P, text.", valueName: "count"))
  var nBest = 1
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("End the text before this string; may be given several times.", valueName: "string"))
  var stop: [String] = []
  @Flag(help: "Print a line a symbol: ln of its probability, their sum, id, text.")
  var logprobs = false
  @Flag(help: "Print JSON, an object a line.")
  var json = false
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
    func require(_ holds: Bool, _ option: String, _ found: Any, _ expected: String) throws {
      guard holds else { throw ValidationError("--\(option): found \(found), expected \(expected)") }
    }
    try require(prompt == nil || promptFile == nil, "prompt-file", "a prompt beside it", "one of them")
    try require((0...(1 << 24)).contains(maxTokens ?? 0), "max-tokens", maxTokens ?? 0, "0 to 16777216")
    try require((0...1000).contains(temperature ?? 0), "temperature", temperature ?? 0, "0 to 1000")
    try require(topK >= 0, "top-k", topK, "0 or more")
    try require(topP > 0 && topP <= 1, "top-p", topP, "more than 0, at most 1")
    try require(
      (0.01...100).contains(repetitionPenalty), "repetition-penalty", repetitionPenalty, "0.01 to 100; 1 for none")
    try require((1...8).contains(beams), "beams", beams, "1 to 8")
    try require((0...10).contains(lengthPenalty), "length-penalty", lengthPenalty, "0 to 10")
    try require((1...beams).contains(nBest), "n-best", nBest, "1 to the number of --beams, \(beams)")
    try require(!stop.contains(""), "stop", "an empty string", "one to look for")
    try require((1...1024).contains(threads), "threads", threads, "1 to 1024")
    guard beams > 1 else { return }
    let isDrawn = temperature ?? 0 > 0 || topK > 0 || topP < 1
    try require(!isDrawn, "beams", "\(beams) beside --temperature, --top-k or --top-p", "a search or a draw")
    try require(stateOut == nil, "state-out", "\(beams) --beams", "one text, whose state it is")
  }

  func run() throws {
    if let stateOut {
      try OutputPaths.check([NamedPath("--state-out", stateOut)], inputs: [NamedPath("the model", model)])
    }
    let engine = try SessionHolder(try ModelFile(path: model), threads: threads)
    if let stateIn { try engine.restore(fromFile: stateIn) }
    Interrupt.watch()
    let stdout = ByteWriter.standardOutput()
    let text = try promptText(stdout)
    let begin = secondsNow()
    let isTranslator = Translator.suits(engine.model)
    let (steps, pendingID) = try isTranslator ? translate(text, engine, stdout) : write(text, engine, stdout)
    if let last = stdout.lastByte, last != UInt8(ascii: "\n") { try stdout.write("\n") }
    try stdout.flush()
    if verbose {
      let seconds = max(secondsNow() - begin, 1e-9)
      Talk.say("\(steps) steps in \(Int(seconds * 1000)) ms, \(Int(Double(steps) / seconds)) a second")
    }
    if let stateOut { try engine.save(toFile: stateOut, pendingID: pendingID) }
    try Interrupted.check()
  }
}
