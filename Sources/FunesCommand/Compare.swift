// SPDX-License-Identifier: Apache-2.0
// `funes compare`: how far a model is from its goldens, or from its checkpoint layer by layer.

import ArgumentParser
import Funes
import FunesConvert

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare a model with goldens, or with its checkpoint layer by layer.",
    usage: """
      funes compare <model> --golden <file> --map <port=tensor,...> [<options>]
      funes compare <model> --against <file> [--recipe <file>] [<options>]
      funes compare <model> --golden <file> --map <port=tensor,...> --against <file> [<options>]
      funes compare <model> --against <file> --stream [--steps <count>] [<options>]
      """,
    discussion: """
      With --golden the model runs over inputs that the original framework wrote down, and its outputs are held \
      against those of the framework. Tensors are (rows, width), or (batch, rows, width) with a reset before each \
      sequence; a golden of one row is held against the last. --map says which tensor is which port; \"input\" and \
      \"output\" stand for the program's first, \"program.port\" for those of another program.

        funes compare vad.funes --golden g.npz --map input=x,output=y --limit 'snr 40'

      With --against the float side is the checkpoint itself, in double precision, over random rows or those of \
      --input: every value and every gate, in the order in which they are computed. Another checkpoint or recipe than \
      the model was made of is refused. The int8 side has the matrices that stand in the file.

        funes compare voice.funes --against voice.pt --recipe voice.json --rows 200

      With both it is the checkpoint in double precision that is held against the goldens: what is left is not int8's.

      With --stream the model runs for a million steps, or as many as double precision takes in a minute or two, from \
      one reset, without any data: silence, full scale, white noise, steps that saturate, and the decay after an impulse. \
      Outputs and states may be no NaN, and no error may grow: in the last tenth of the steps not by more than 6 dB \
      over the second, with SNR falling by more than 3 dB. Full scale is 1, or what --input reaches.

        funes compare vad.funes --against vad.pt --recipe vad.json --stream --limit 'state-snr 40'

      Figures: snr (dB), max-abs, cosine (the lowest of all rows), agreement (% of rows with the same largest value). \
      A --limit that does not hold sets exit code 1; with --against limits are for the program's outputs, and with \
      --stream there is state-snr for states.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Option(help: ArgumentHelp("Inputs and outputs of the original, in npz or safetensors.", valueName: "file"))
  var golden: String?
  @Option(help: ArgumentHelp("Which tensor each port is.", valueName: "port=tensor,..."))
  var map: String?
  @Option(help: "The program that ports without one, and rows without names, belong to (default: step, or the first).")
  var program: String?
  @Option(help: ArgumentHelp("A checkpoint that the model was made of, alone or as name=path.", valueName: "file"))
  var against: [String] = []
  @Option(help: ArgumentHelp("The recipe that the model was made with.", valueName: "file"))
  var recipe: String?
  @Option(
    help: ArgumentHelp(
      "Compare over the rows in this file: tensors named as inputs, a WAV, a text, or a row of numbers a line; the first 2048 rows, but all of tensors. May be given again for more files.",
      valueName: "file"))
  var input: [String] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Compare over this many random rows where --input has none.", valueName: "count"))
  var rows = 64
  @Option(
    help: ArgumentHelp(
      "Rows a call, where a stream is held against goldens (default: as it suits).", valueName: "count"))
  var chunk: Int?
  @Option(
    help: ArgumentHelp(
      "snr, max-abs, cosine, agreement or state-snr, and a number; may be given several times.",
      valueName: "'figure number'"))
  var limit: [CompareLimit] = []
  @Flag(help: "Hold a very long stream against the checkpoint, without data.")
  var stream = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Steps of each case of --stream (default: 1000000, fewer of large models).", valueName: "count"))
  var steps: Int?
  @Flag(help: "Print JSON.")
  var json = false
  @Flag(help: "Show progress even where stderr is no terminal.")
  var progress = false

  func validate() throws {
    if stream {
      guard !against.isEmpty else { throw ValidationError("--stream: found no --against, expected the checkpoint") }
      guard golden == nil else { throw ValidationError("--stream: found --golden, expected a stream without data") }
    } else {
      guard steps == nil else { throw ValidationError("--steps: found no --stream, expected it") }
      guard !limit.contains(where: { $0.figure == .stateSNR }) else {
        throw ValidationError("--limit: found state-snr without --stream, expected snr, max-abs, cosine or agreement")
      }
    }
    if let steps, !CompareCommand.stepRange.contains(steps) {
      throw ValidationError("--steps: found \(steps), expected 100 to 100000000")
    }
    guard golden != nil || !against.isEmpty else {
      throw ValidationError("compare: expected --golden or --against")
    }
    if against.isEmpty, recipe != nil { throw ValidationError("--recipe: found no --against, expected the checkpoint") }
    if golden == nil, map != nil { throw ValidationError("--map: found no --golden, expected the file of tensors") }
    guard golden == nil || input.isEmpty else {
      throw ValidationError("--input: found --golden, whose inputs are taken; expected one of them")
    }
    guard golden == nil || map != nil else {
      throw ValidationError(
        "--golden: found no --map, expected which tensor is which port, as in --map input=x,output=y")
    }
    if let map {
      do { _ = try PortMap(parsing: map) } catch { throw ValidationError("\(error)") }
    }
    guard (1...100_000).contains(rows) else { throw ValidationError("--rows: found \(rows), expected 1 to 100000") }
    if let chunk {
      guard golden != nil else { throw ValidationError("--chunk: found no --golden, expected one") }
      guard (1...100_000).contains(chunk) else {
        throw ValidationError("--chunk: found \(chunk), expected 1 to 100000")
      }
    }
  }

  func run() throws {
    let file = try ModelFile(path: model)
    if stream { return try runStream(file) }
    let table = try golden.map { try compareGolden(file, $0) } ?? compareLayers(file)
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? table.json : table.text)
    try stdout.flush()
    let exceeded = table.entries.filter(\.isOutput).flatMap { entry in
      limit.compactMap { $0.violation(by: entry.difference, of: entry.name) }
    }
    if !exceeded.isEmpty { throw LimitError(exceeded: exceeded) }
  }

  private func compareGolden(_ file: ModelFile, _ path: String) throws -> ComparisonTable {
    var runner: any ProgramRunner = try ModelRunner(file)
    if !against.isEmpty { runner = ReferenceRunner(try importedGraph(file)) }
    let comparison = try GoldenComparison(
      file, runner: runner, chunk: chunk, golden: try Checkpoint.read(path: path), map: try PortMap(parsing: map ?? ""),
      program: try file.model.programIndex(chosen: program))
    return ComparisonTable(
      entries: comparison.outputs.map { output in
        .init(
          program: output.program, layer: output.isLastRowOnly ? "last row" : "", value: output.output, gate: nil,
          isOutput: true, difference: output.difference)
      })
  }

  private func compareLayers(_ file: ModelFile) throws -> ComparisonTable {
    let graph = try importedGraph(file)
    let converter = Converter(as: file.model)
    let remade = try ModelFile(copying: converter.convert(graph).bytes)
    // A vocabulary that was given apart makes no number, and is not here again.
    let tokenizer = file.model.metadata.first { $0.key == "tokenizer.sha256" }?.value
    if remade.model.fingerprint != file.model.fingerprint, tokenizer == graph.metadata["tokenizer.sha256"] {
      Talk.say(
        "funes: \"\(model)\": another version of the converter made it; what is compared is what this one makes of its matrices"
      )
    }
    let program = try program.map { try file.model.programIndex(chosen: $0) }
    let given = try SampleReader.measured(input, file, graph, program: program)
    let comparison = try LayerComparison(graph, converter: converter, given: given, rows: rows)
    return ComparisonTable(
      entries: comparison.layers.map { layer in
        .init(
          program: layer.program, layer: layer.layer, value: layer.output ?? layer.value, gate: layer.gate,
          isOutput: layer.output != nil && layer.gate == nil, difference: layer.difference)
      })
  }

  /// The float side, which must be what the model was made of.
  func importedGraph(_ file: ModelFile) throws -> Graph {
    let named = against.filter { $0.contains("=") }
    let paths = try CheckpointPaths.dictionary(
      plain: against.filter { !$0.contains("=") }, named: named, recipe: recipe)
    return try Provenance.graph(of: file.model, checkpoints: paths, recipePath: recipe)
  }
}
