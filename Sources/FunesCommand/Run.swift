// SPDX-License-Identifier: Apache-2.0
// `funes run`: streams rows from stdin through a model to stdout.

import ArgumentParser
import Funes

extension InputFormat: ExpressibleByArgument {}
extension OutputFormat: ExpressibleByArgument {}

struct RunCommand: ParsableCommand {
  // A command that has a super-command is not asked for completion scripts: a millisecond less before the first row.
  static let configuration = CommandConfiguration(
    commandName: "run", _superCommandName: "funes",
    abstract: "Stream rows from stdin through a model to stdout, a step at a time.",
    discussion: """
      Results come out as soon as no further whole row is waiting: pipes are fast, terminals immediate.

        echo "0.1,0.2,0.3" | funes run m.funes
        arecord -t raw -f S16_LE -r 16000 | funes run vad.funes --input pcm16
        funes run vad.funes --input wav < speech.wav
        echo "Satoshi" | funes run names.funes --input text --output label
        printf '{"x":[0.5,1],"id":3}\\n' | funes run m.funes --output jsonl

      Input: f32 (little-endian, inputs one after another in each row, ids as int32), i16 (the number as it is), \
      pcm16 (divided by 32768), wav (16-bit PCM of one channel, as pcm16 up to the last whole row), csv (a row a \
      line, commas or blanks), ids (decimal, parted by blanks or line ends), \
      text (utf-8 through the input's vocabulary, each character a step), jsonl (inputs by name). Without --input: \
      text or ids where the one input takes them, jsonl where ids and floats mix, else csv.

      Output: f32, csv, jsonl ({"row":0,"<output>":[...]}, rows count from 0), or of the largest value, the lowest \
      of equals, its label, its number (ids) or its symbol (text). Without --output: label where the output has \
      labels, text from text where it has a vocabulary, else csv.

      Where the vocabulary says that each line is one sequence, the last step of a line is the result, and the \
      state is reset after it. An encoder-decoder model reads each line as a source and writes its target.

      A row that cannot be read, or that the model refuses (a number that is not finite, an id out of range), ends \
      the stream with exit code 65 after everything before it was written. Where the input ends inside a row, too. \
      A closed stdout ends it quietly; the state is not saved then, nor after an error. An interrupt ends it as the \
      end of input does, and the state is saved.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Option(help: "The program to run (default: step, or the first).")
  var program: String?
  @Option(help: "What stdin holds.")
  var input: InputFormat?
  @Option(help: "What stdout gets.")
  var output: OutputFormat?
  @Option(
    help: ArgumentHelp(
      "An output to write; may be given several times (default: all, or the first for a choice).", valueName: "name"))
  var outputName: [String] = []
  @Option(help: ArgumentHelp("Begin with the state in this file.", valueName: "file"))
  var stateIn: String?
  @Option(help: ArgumentHelp("Save the state to this file at the end, whole or not at all.", valueName: "file"))
  var stateOut: String?
  @Option(parsing: .unconditional, help: ArgumentHelp("Threads, which do not change results.", valueName: "count"))
  var threads = 1
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Rows of one call: waits for as many, but for the last call (default: 1; a block program: all).",
      valueName: "rows"))
  var chunk: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Read at most this many rows (lines of an encoder-decoder model).", valueName: "rows"))
  var limit: Int?
  @Flag(
    inversion: .prefixedNo, help: "Write the last row only, of each line where lines are sequences (default: there).")
  var last: Bool?
  @Flag(help: "Say which rows cannot be read or are refused, and go on without them.")
  var skipBadRows = false
  @Flag(help: "Drop a row that the end of the input cuts off.")
  var ignorePartial = false

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1 to 1024") }
    if let chunk, !(1...(1 << 20)).contains(chunk) {
      throw ValidationError("--chunk: found \(chunk), expected 1 to 1048576 rows")
    }
    if let limit, limit < 0 { throw ValidationError("--limit: found \(limit), expected 0 rows or more") }
  }

  func run() throws {
    if let stateOut {
      try OutputPaths.check([NamedPath("--state-out", stateOut)], inputs: [NamedPath("the model", model)])
    }
    let engine = try SessionHolder(try ModelFile(path: model), rows: chunk ?? 1, threads: threads)
    if let stateIn {
      try engine.restore(fromFile: stateIn)
      if let id = engine.pendingID {
        Talk.say("funes: \"\(stateIn)\": funes generate saved it before id \(id) was fed; give that id first")
      }
    }
    Interrupt.watch()
    do {
      try stream(engine)
    } catch let error as StreamError where error.isOfOneRow {
      throw BadRowError(reason: error)
    }
    if let stateOut { try engine.save(toFile: stateOut) }
    try Interrupted.check()
  }

  private func stream(_ engine: SessionHolder) throws {
    let stdout = ByteWriter.standardOutput()
    do {
      if Translator.suits(engine.model), program == nil, input ?? .text == .text {
        try translate(engine, stdout)
      } else {
        try streamRows(engine, stdout)
      }
    } catch StreamError.outputClosed {
      throw StreamError.outputClosed
    } catch {
      try stdout.flush()
      if Talk.isTerminal, let last = stdout.lastByte, last != UInt8(ascii: "\n") { Talk.write("\n") }
      throw error
    }
  }
}
