// SPDX-License-Identifier: Apache-2.0
// `funes eval`: how well a language model foretells a text.

import ArgumentParser
import Funes
import FunesConvert

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure how well a language model foretells a text.",
    usage: """
      funes eval <model> --text <file> [<options>]
      funes eval <model> --ids <file> [<options>]
      """,
    discussion: """
      Feeds the text in blocks of 64 symbols and scores what the model thought of the symbol that came next each time: \
      cross-entropy in nats and bits a symbol, perplexity, how often the best guess was right, symbols a second of one \
      thread. \
      With --against the checkpoint is scored too, in double precision, and the divergence between both.

        funes eval story.funes --text held-out.txt
        funes eval story.funes --text held-out.txt --limit 5000 --against story.pt
        funes eval story.funes --ids stories.ids --lines --against story.bin
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Option(help: ArgumentHelp("A text in utf-8, read through the model's vocabulary.", valueName: "file"))
  var text: String?
  @Option(help: ArgumentHelp("Decimal ids, parted by blanks or line ends.", valueName: "file"))
  var ids: String?
  @Flag(help: "Each line is a text of its own, read from a fresh state.")
  var lines = false
  @Option(parsing: .unconditional, help: ArgumentHelp("Score at most this many symbols.", valueName: "count"))
  var limit: Int?
  @Option(help: ArgumentHelp("A checkpoint that the model was made of, alone or as name=path.", valueName: "file"))
  var against: [String] = []
  @Option(help: ArgumentHelp("The recipe that the model was made with.", valueName: "file"))
  var recipe: String?
  @Flag(help: "Print JSON.")
  var json = false
  @Flag(help: "Show progress even where stderr is no terminal.")
  var progress = false

  func validate() throws {
    guard (text != nil) != (ids != nil) else { throw ValidationError("eval: expected either --text or --ids") }
    if let limit, limit < 1 { throw ValidationError("--limit: found \(limit), expected 1 or more") }
  }

  func run() throws {
    let file = try ModelFile(path: model)
    let language = try LanguageModel(file.model)
    let sequences = try language.sequences(text: text, ids: ids, isByLine: lines, limit: limit ?? Int.max)
    guard sequences.contains(where: { $0.count > 1 }) else {
      throw StreamError.nothingToScore(file: text ?? ids ?? "", found: sequences.reduce(0) { $0 + $1.count })
    }
    var reference: FloatReference?
    if !against.isEmpty {
      let paths = try CheckpointPaths.dictionary(
        plain: against.filter { !$0.contains("=") }, named: against.filter { $0.contains("=") }, recipe: recipe)
      reference = FloatReference(try Provenance.graph(of: file.model, checkpoints: paths, recipePath: recipe))
    }
    let bar = Progress("evaluating", isForced: progress)
    var evaluation = LanguageEvaluation(file: file, language: language, reference: reference)
    try evaluation.run(sequences) { bar.update($0, of: $1) }
    bar.end()
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? evaluation.json : evaluation.text)
    try stdout.flush()
  }
}
