// SPDX-License-Identifier: Apache-2.0
// `funes convert`: a checkpoint becomes a .funes file, and what was lost is said.

import ArgumentParser
import Funes
import FunesConvert

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert a checkpoint to an int8 model.",
    usage: """
      funes convert <checkpoint> [--recipe <file>] [-o <file>] [<options>]
      funes convert <folder or GGUF file> [--context <rows>] [-o <file>] [<options>]
      funes convert --checkpoint <name=path> ... --recipe <file> [<options>]
      """,
    discussion: """
      Reads safetensors, PyTorch (nothing in it is executed), GGUF, npz, npy and llama2.c's .bin. The architecture comes \
      from a recipe, from the config.json of a Hugging Face folder, from a GGUF or llama2.c file itself, or from the \
      tensor names where they are plain; what was inferred is said on stderr.

        funes convert names.safetensors -o names.funes
        funes convert pretrained.pt --recipe resemblyzer.json -o voice.funes
        funes convert --checkpoint a=a.npz --checkpoint b=b.npz --recipe ab.json
        funes convert stories260K.bin --tokenizer tok512.bin
        funes convert SmolLM2-135M --context 2048 -o smol.funes
        funes convert tinyllama.Q4_K_M.gguf -o tiny.funes
        funes convert model.pt --weights16 'rnn.weight_ih_l0,output.*'

      Before the file is written, whole or not at all, it is opened and runs its self-test, and many rows at once are \
      shown to give the bits of one row at a time. Stdout gets a table of layers: bytes, signal-to-noise ratio of the \
      weights, and the error of each output against double precision on random rows, or on those of --input.

      With --calibrate, matrices are rounded one after another so that their products on the rows of a file come as near \
      to float as they can (GPTQ), with what the model itself makes of the rows so far. The last fifth of the rows, or \
      those of --judge, are not fitted to: a matrix stays as it was unless the outputs get better there.

        funes convert story.pt --calibrate text.txt
        funes convert voice.pt --recipe voice.json --calibrate speech.npz --judge other.npz

      With --target or --budget, matrices then get 16-bit weights one after another, first those whose 8 bits cost the \
      outputs most for their bytes, until the target holds on the rows to judge by or the budget is spent. A target \
      that cannot be reached, or a budget that cannot be kept, sets exit code 1, and nothing is written.

        funes convert voice.pt --recipe voice.json --calibrate speech.npz --target 'cosine 0.999'
      """)

  @Argument(help: ArgumentHelp("A checkpoint file, or a Hugging Face folder.", valueName: "checkpoint"))
  var checkpoints: [String] = []
  @Option(help: ArgumentHelp("A checkpoint by the name that the recipe gives it.", valueName: "name=path"))
  var checkpoint: [String] = []
  @Option(help: ArgumentHelp("The recipe: which operators the tensors become.", valueName: "file"))
  var recipe: String?
  @Option(
    help: ArgumentHelp(
      "The vocabulary: of a llama2.c checkpoint its tokenizer.bin, for a GGUF file one of another format.",
      valueName: "file"))
  var tokenizer: String?
  @Option(
    help: ArgumentHelp(
      "Rows that the decoder of a folder or of GGUF sees, and its caches hold (default: those of its training, up to 256 MiB of caches).",
      valueName: "rows"))
  var context: Int?
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The model to write (default: the checkpoint's name with .funes, here).", valueName: "file"))
  var output: String?
  @Option(help: ArgumentHelp("What the file says the model is called.", valueName: "text"))
  var name: String?
  @Option(help: ArgumentHelp("What the file says of its licence.", valueName: "text"))
  var licence: String?
  @Option(help: ArgumentHelp("What the file says of its source.", valueName: "text"))
  var source: String?
  @Option(
    help: ArgumentHelp(
      "Bits of weights and activations: fast is 8 and 8, default 8 and 16, high 16 and 16 for two bytes a weight.",
      valueName: "name"))
  var precision: NamedPrecision?
  @Option(
    help: ArgumentHelp(
      "Bits of activations: 16, or 8 for half the work where the loss is accepted (default: those of --precision).",
      valueName: "bits")
  )
  var activations: Int?
  @Option(
    help: ArgumentHelp(
      "Matrices that get 16-bit weights, by the names in the table of layers; * stands for any text.",
      valueName: "name,..."))
  var weights16: String?
  @Option(
    help: ArgumentHelp(
      "Bits of attention's caches and memories: 16, or 8 for half their memory; the loss is measured beside.",
      valueName: "bits"))
  var cache = 16
  @Option(help: ArgumentHelp("Write the recipe that was read or inferred.", valueName: "file"))
  var recipeOut: String?
  @Option(
    help: ArgumentHelp(
      "Measure on the rows in this file: npz or safetensors with tensors named as inputs, a WAV, a text, or a row of numbers a line; the first 2048 rows, but all of tensors. May be given again for more files.",
      valueName: "file"))
  var input: [String] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Measure on this many random rows where --input has none; 0 to measure nothing.", valueName: "count"))
  var rows = 64
  @OptionGroup(title: "Calibration")
  var calibration: CalibrationOptions
  @Flag(help: "Print JSON.")
  var json = false
  @Flag(help: "Show progress even where stderr is no terminal.")
  var progress = false

  func validate() throws {
    _ = try Precision(named: precision, activations: activations)
    if let weights16 {
      guard precision != .high else {
        throw ValidationError(
          "--weights16: found beside --precision high, which gives 16-bit weights to every matrix; give one of them")
      }
      guard weights16.contains(where: { $0 != "," && $0 != " " }) else {
        throw ValidationError("--weights16: found no name, expected names of matrices, parted by commas")
      }
    }
    guard CacheBits(rawValue: cache) != nil else {
      throw ValidationError("--cache: found \(cache), expected 8 or 16 bits")
    }
    guard output != "-", recipeOut != "-" else {
      throw ValidationError(
        "\(output == "-" ? "--output" : "--recipe-out"): found \"-\", expected a file: stdout gets the table of layers")
    }
    guard (0...100_000).contains(rows) else { throw ValidationError("--rows: found \(rows), expected 0 to 100000") }
  }

  func run() throws {
    let paths = try CheckpointPaths.dictionary(plain: checkpoints, named: checkpoint, recipe: recipe)
    let path = output ?? CheckpointPaths.stem(of: paths.values.min() ?? "model") + ".funes"
    try checkFiles(model: path, checkpoints: paths)
    let imported = try Importer.graph(
      checkpoints: paths, recipePath: recipe, tokenizerPath: tokenizer, context: context)
    if recipeOut != nil, imported.recipe == nil {
      throw ChoiceError.unsuitable(what: "--recipe-out", reason: "found a format that needs no recipe; leave it out")
    }
    var graph = told(imported.graph)
    let notes = imported.notes + graph.symbolNotes
    for note in notes { Talk.say("funes: \(note)") }
    let bar = Progress("converting", isForced: progress)
    var converter = Converter(precision: try Precision(named: precision, activations: activations))
    if let weights16 { try converter.widen(weights16, of: graph) }
    converter.cacheBits = CacheBits(rawValue: cache) ?? .sixteen
    converter.progress = { bar.update($0, of: $1, $2) }
    let calibrated = try calibrate(&graph, &converter)
    if let plan = calibrated?.plan, !plan.isReached, !calibration.keep {
      let summary = SearchSummary(plan: plan)
      try say(json ? JSONValue.members(["search": summary.json]).text : summary.text)
      throw LimitError(exceeded: [summary.sentence + "; nothing was written, --keep writes all the same"])
    }
    let converted = try converter.convert(graph)
    let file = try ModelFile(copying: converted.bytes, memoryLimit: .max)
    try StreamingProof.check(file)
    var report = converted.report
    var comparison: LayerComparison?
    var finerCaches: LayerComparison?
    var givenPrograms: Set<String> = []
    if rows > 0 || !input.isEmpty {
      let given = try SampleReader.measured(input, file, graph)
      comparison = try LayerComparison(graph, converter: converter, given: given, rows: max(1, rows))
      report.take(comparison!)
      if converter.cacheBits == .eight {
        converter.cacheBits = .sixteen
        finerCaches = try LayerComparison(graph, converter: converter, given: given, rows: max(1, rows))
      }
      givenPrograms = Set(given.flatMap(\.calls).map(\.program))
    }
    bar.end()
    try AtomicFile.write(path, converted.bytes)
    if let recipeOut, let recipe = imported.recipe { try AtomicFile.write(recipeOut, Array(recipe.json().utf8)) }
    let summary = ConversionSummary(
      path: path, notes: notes, report: report, comparison: comparison, finerCaches: finerCaches,
      givenPrograms: givenPrograms, calibration: calibrated.map { CalibrationSummary(calibration: $0.calibration) },
      search: calibrated?.plan.map(SearchSummary.init))
    for warning in summary.warnings { Talk.say("funes: \(warning)") }
    try say(json ? summary.json : summary.text)
    if let search = summary.search, !search.plan.isReached { throw LimitError(exceeded: [search.sentence]) }
  }

  private func say(_ text: String) throws {
    let stdout = ByteWriter.standardOutput()
    try stdout.write(text)
    try stdout.flush()
  }

  /// Rounds the matrices on the rows that were given, if any, searches for those that need 16 bits where that is asked for,
  /// and notes both in the graph.
  private func calibrate(
    _ graph: inout Graph, _ converter: inout Converter
  ) throws -> (calibration: Calibration, plan: PrecisionPlan?)? {
    guard !calibration.calibrate.isEmpty else { return nil }
    let plain = try ModelFile(copying: try converter.convert(graph).bytes, memoryLimit: .max)
    let rows = try calibration.rows(plain, graph)
    let bar = Progress("calibrating", isForced: progress)
    defer { bar.end() }
    var calibrator = Calibrator(converter)
    calibrator.damping = calibration.damping ?? Calibrator.usualDamping
    calibrator.progress = { bar.update($0, of: $1, $2) }
    let judged = try JudgedOutputs(graph, rows.judge) { bar.update($0, of: $1, "float reference") }
    let found = try calibrator.calibrate(graph, rows, judged: judged)
    converter.given = found.matrices
    graph.metadata["calibration"] = found.note
    guard let goal = calibration.goal else { return (found, nil) }
    var search = PrecisionSearch(converter)
    search.progress = { bar.update($0, of: $1, $2) }
    let (plan, matrices) = try search.search(graph, judged, goal)
    converter.given = matrices
    graph.metadata["search"] = SearchNote(plan).text
    return (found, plan)
  }

  /// The graph with what the command line says about it.
  private func told(_ graph: Graph) -> Graph {
    var graph = graph
    graph.name = name ?? graph.name
    graph.metadata["licence"] = licence ?? graph.metadata["licence"]
    graph.metadata["source"] = source ?? graph.metadata["source"]
    return graph
  }

  /// Refuses what would write over an input, or where nothing can be written, before the work is done.
  private func checkFiles(model: String, checkpoints: [String: String]) throws {
    var inputs = checkpoints.values.sorted().map { NamedPath("the checkpoint", $0) }
    if let recipe { inputs.append(NamedPath("the recipe", recipe)) }
    if let tokenizer { inputs.append(NamedPath("the tokenizer", tokenizer)) }
    inputs += input.map { NamedPath("the file of --input", $0) }
    inputs += calibration.calibrate.map { NamedPath("the file of --calibrate", $0) }
    inputs += calibration.judge.map { NamedPath("the file of --judge", $0) }
    var outputs = [NamedPath("--output", model)]
    if let recipeOut { outputs.append(NamedPath("--recipe-out", recipeOut)) }
    try OutputPaths.check(outputs, inputs: inputs)
  }
}
