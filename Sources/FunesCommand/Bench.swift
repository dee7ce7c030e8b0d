// SPDX-License-Identifier: Apache-2.0
// `funes bench`: how long a step takes on this machine, of a model or of a shape with random weights.

import ArgumentParser
import Funes
import FunesConvert

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time the steps of a model, or of a shape with random weights.",
    discussion: """
      A shape is a kind and its sizes; its weights are random, the same each time, and go through the converter to a \
      file that is then opened as any other:

        lstm:128,256,2      inputs, units, layers; so are gru and rnn
        tcn:64,128,4,3      inputs, channels, layers, kernel (default: 3): causal convolutions with ReLU,
                            dilations 1, 2, 4, ...

        funes bench lstm:128,256,2
        funes bench lstm:128,256,2 --threads 1 --isa avx512vnni --activations 8 --json
        funes bench stories.funes --position 256
        funes bench gru:64,128,2 --streams 32

      A step is what an app does: inputs written, one call, outputs readable; the state goes on from step to step, and \
      inputs, prepared beforehand, change. Where a step is shorter than 2 µs a few are timed together \
      (steps_per_sample), so that the clock does not decide. Where a model's positions end, it is reset, untimed.

      Weights are the matrices that the program multiplies with, as they lie in the file. Beside the bytes of them that \
      the median step reads a second stands what this machine reads at most: a buffer of as many bytes, on huge pages, \
      by as many threads, with its widest loads and nothing else to do. Below it is arithmetic that takes the time.

      FUNES_ISA in the environment forces an instruction set, here and in all other commands; --isa goes first.
      """)

  @Argument(help: ArgumentHelp("A .funes file, or a shape.", valueName: "target"))
  var target: String
  @Option(help: "The program to time (default: step, or the first).")
  var program: String?
  @Option(parsing: .unconditional, help: ArgumentHelp("Threads, which do not change results.", valueName: "count"))
  var threads = 1
  @Option(help: ArgumentHelp("Instruction set, or auto for the best that there is.", valueName: "name"))
  var isa: String?
  @Option(
    help: ArgumentHelp(
      "Bits of a shape's weights and activations: fast is 8 and 8, default 8 and 16, high 16 and 16.", valueName: "name"
    ))
  var precision: NamedPrecision?
  @Option(help: ArgumentHelp("Bits of a shape's weights, 8 or 16 (default: 8).", valueName: "bits"))
  var weights: Int?
  @Option(help: ArgumentHelp("Bits of a shape's activations, 8 or 16 (default: 16).", valueName: "bits"))
  var activations: Int?
  @Option(parsing: .unconditional, help: ArgumentHelp("Rows of one call.", valueName: "count"))
  var rows = 1
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Rows that come before each timed step, as of a prompt: the steps stay at this place.", valueName: "rows"))
  var position: Int?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Streams that take each step together, as a batch.", valueName: "count")
  )
  var streams = 1
  @Option(parsing: .unconditional, help: ArgumentHelp("Untimed steps at first.", valueName: "seconds"))
  var warmUp = 0.1
  @Option(parsing: .unconditional, help: ArgumentHelp("Timed steps.", valueName: "seconds"))
  var seconds = 0.5
  @Flag(help: "Print one JSON object: times in microseconds, bytes, and steps a second.")
  var json = false

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1 to 1024") }
    guard (1...(1 << 20)).contains(rows) else {
      throw ValidationError("--rows: found \(rows), expected 1 to 1048576 rows")
    }
    guard (1...65536).contains(streams) else {
      throw ValidationError("--streams: found \(streams), expected 1 to 65536")
    }
    if let position, !(0...(1 << 24)).contains(position) {
      throw ValidationError("--position: found \(position), expected 0 to 16777216 rows")
    }
    _ = try chosenPrecision()
    for (name, value) in [("--warm-up", warmUp), ("--seconds", seconds)] where !(0...3600).contains(value) {
      throw ValidationError("\(name): found \(value), expected 0 to 3600 seconds")
    }
  }

  /// Nil where none of the options that say it is given.
  private func chosenPrecision() throws -> Precision? {
    if precision == nil, weights == nil, activations == nil { return nil }
    return try Precision(named: precision, weights: weights, activations: activations)
  }

  func run() throws {
    let isa = try ISAChoice.chosen(isa)
    let target = try BenchTarget(target, precision: try chosenPrecision())
    let file = try target.open()
    let index = try file.model.programIndex(chosen: program)
    let load = try BenchLoad(file.model, program: index, rows: rows, position: position)
    let report = BenchReport(
      shape: target.name, load: load, times: try times(of: file, load, isa), threads: threads, streams: streams,
      isa: isa)
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? report.json.text : report.text)
    try stdout.flush()
  }

  private func times(of file: ModelFile, _ load: BenchLoad, _ isa: ISA) throws -> StepTimes {
    if streams > 1 {
      var timer = StepTimer(try BatchSteps(file, load, count: streams, threads: threads, isa: isa))
      return try timer.measure(warmUp: warmUp, seconds: seconds)
    }
    var timer = StepTimer(try SessionSteps(file, load, threads: threads, isa: isa))
    return try timer.measure(warmUp: warmUp, seconds: seconds)
  }
}
