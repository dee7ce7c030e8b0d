// SPDX-License-Identifier: Apache-2.0
// `funes report`: a page that shows what int8 costs a model, where, and when.

import ArgumentParser
import Funes
import FunesConvert

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page that shows what int8 costs a model, where, and when.",
    usage: """
      funes report <model> --against <file> [--recipe <file>] [--input <file>] [-o <file>] [<options>]
      """,
    discussion: """
      Runs the file's own weights beside the checkpoint in double precision and writes one HTML page that needs nothing \
      else, with a Markdown twin beside it: sizes and provenance; what outputs, decisions and a text lose; error over time; \
      error by layer, and inside recurrent layers by gate and state; what a search for 16-bit weights found; columns of weights and activations that stand out; \
      bytes and time by layer on this machine.

        funes report vad.funes --against vad.pt --recipe vad.json --input speech.npz -o vad.html
        funes report story.funes --against story.pt --input held-out.txt
        funes report vad.funes --against vad.pt --recipe vad.json --json > vad.json

      --input is npz or safetensors with tensors named as inputs, (rows, width) or (batch, rows, width) with a reset \
      before each sequence; a WAV; a text where the model has a vocabulary; or a row of numbers a line. Without it rows \
      are random, and the page says so. \
      Error over time goes on through the same rows, again and again, without a reset.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Option(help: ArgumentHelp("A checkpoint that the model was made of, alone or as name=path.", valueName: "file"))
  var against: [String] = []
  @Option(help: ArgumentHelp("The recipe that the model was made with.", valueName: "file"))
  var recipe: String?
  @Option(
    help: ArgumentHelp(
      "Rows: npz, safetensors, a WAV, a text, or a row of numbers a line; may be given again for more files.",
      valueName: "file"))
  var input: [String] = []
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The page to write, and beside it the same with .md (default: report.html; with --json none).", valueName: "file")
  )
  var output: String?
  @Option(help: "The program that a text is for, and whose error over time is shown (default: step, or the first).")
  var program: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Most rows of each file of --input, or random rows, that are compared.", valueName: "count"))
  var rows = SampleReader.usualLimit
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Most steps of error over time; fewer where double precision is slow.", valueName: "count"))
  var steps = ReportMaker.mostSteps
  @Flag(help: "Print every number of the page as JSON.")
  var json = false
  @Flag(help: "Show progress even where stderr is no terminal.")
  var progress = false

  func validate() throws {
    guard !against.isEmpty else { throw ValidationError("report: expected --against, the checkpoint") }
    guard (1...1_000_000).contains(rows) else {
      throw ValidationError("--rows: found \(rows), expected 1 to 1000000")
    }
    guard (100...10_000_000).contains(steps) else {
      throw ValidationError("--steps: found \(steps), expected 100 to 10000000")
    }
    if let output, output == "-" || !output.hasSuffix(".html") {
      throw ValidationError("--output: found \"\(output)\", expected a file whose name ends in .html")
    }
  }

  /// The page and its twin; nil where none is asked for.
  private var paths: (html: String, markdown: String)? {
    guard !json || output != nil else { return nil }
    let path = output ?? "report.html"
    return (path, String(path.dropLast(5)) + ".md")
  }

  func run() throws {
    let checkpoints = try CheckpointPaths.dictionary(
      plain: against.filter { !$0.contains("=") }, named: against.filter { $0.contains("=") }, recipe: recipe)
    if let paths {
      var inputs = checkpoints.values.sorted().map { NamedPath("the checkpoint", $0) } + [NamedPath("the model", model)]
      if let recipe { inputs.append(NamedPath("the recipe", recipe)) }
      inputs += input.map { NamedPath("the file of --input", $0) }
      try OutputPaths.check(
        [NamedPath("--output", paths.html), NamedPath("--output's twin", paths.markdown)], inputs: inputs)
    }
    let file = try ModelFile(path: model)
    let index = try file.model.programIndex(chosen: program)
    let graph = try Provenance.graph(of: file.model, checkpoints: checkpoints, recipePath: recipe)
    let input = try ReportInput(paths: input, file, graph, program: program == nil ? nil : index, limit: rows)
    let bar = Progress("reporting", isForced: progress)
    var maker = ReportMaker(file, graph: graph, program: index)
    maker.isa = try ISAChoice.chosen(nil)
    maker.steps = steps
    if input.isText, let language = try? LanguageModel(file.model, program: file.model.programs[index].name) {
      maker.language = ReportMaker.Language(
        program: language.program, input: language.input.name, output: language.output.name,
        scores: language.scores == .logits ? .logits : .probabilities)
    }
    maker.progress = { bar.update($1, of: $2, $0) }
    let report = try maker.report(input.rows, converter: Converter(as: file.model))
    bar.end()
    let document = ReportDocument(
      report: report, model: FilePath.name(of: model),
      checkpoints: Set(checkpoints.values.map(FilePath.name)).sorted(), source: input.source,
      processor: MachineName.processor)
    if let paths {
      let page = document.page
      try AtomicFile.write(paths.html, Array(page.html.utf8))
      try AtomicFile.write(paths.markdown, Array(page.markdown.utf8))
    }
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? document.json : document.text + "wrote   \(paths?.html ?? ""), \(paths?.markdown ?? "")\n")
    try stdout.flush()
  }
}

extension ReportDocument {
  /// The outputs' figures in a few lines.
  fileprivate var text: String {
    report.outputs.map { output in
      let figures = Figures(output.difference)
      let isRandom = report.inputs.contains { $0.program == output.program && $0.isRandom }
      var line = "\(output.program), output \(output.name): \(figures.snr)\(figures.snr == "exact" ? "" : " dB")"
      line += ", largest error \(figures.maxAbs)"
      if let decisions = output.decisions {
        line += ", same choice \(Decimal.fixed(100 * decisions.agreement, digits: 2)) %"
      }
      return line + ", on \(counted(output.difference.rowCount, isRandom ? "random row" : "row"))\n"
    }.joined().withoutControls
  }
}
