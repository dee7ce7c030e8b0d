// SPDX-License-Identifier: Apache-2.0
// What `funes convert` is told about rows to calibrate with.

import ArgumentParser
import FunesConvert

extension PrecisionTarget: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

struct CalibrationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Round matrices so that they do best on the rows in this file: npz or safetensors with tensors named as inputs, a WAV, a text, or what run reads; may be given again for more files.",
      valueName: "file"))
  var calibrate: [String] = []
  @Option(
    help: ArgumentHelp(
      "What the files of --calibrate and --judge hold: tensors, f32, i16, pcm16, wav, csv, ids, text or jsonl (default: as it looks).",
      valueName: "format"))
  var calibrateFormat: SampleFormat?
  @Option(
    help: ArgumentHelp(
      "Judge on the rows in this file, may be given again (default: on the last fifth of those of --calibrate).",
      valueName: "file"))
  var judge: [String] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Read at most this many rows of each file of --calibrate and of --judge (default: \(CalibrationOptions.usualRows)).",
      valueName: "count"))
  var calibrateRows: Int?
  @Option(
    help: ArgumentHelp(
      "What calibration adds to the diagonal of each matrix's second moments, as a share of their mean (default: \(Calibrator.usualDamping)).",
      valueName: "share"))
  var damping: Double?

  @Option(
    help: ArgumentHelp(
      "Give 16-bit weights to as few matrices as keep this on the rows to judge by: 'snr 40', 'cosine 0.999', 'kld 0.001', 'top1 0.999' or 'max-abs 0.02'.",
      valueName: "'figure number'"))
  var target: PrecisionTarget?
  @Option(
    help: ArgumentHelp(
      "Give 16-bit weights where they help most, up to so many bytes a weight of all matrices.", valueName: "bytes"))
  var budget: Double?
  @Flag(help: "Write the model even where the goal cannot be reached; the exit code is 1 all the same.")
  var keep = false

  /// Most rows of a file, unless more or fewer are asked for.
  static let usualRows = 10_000

  /// What is searched for, if anything.
  var goal: PrecisionGoal? { target.map { .target($0) } ?? budget.map { .budget($0) } }

  func validate() throws {
    if target != nil, budget != nil { throw ValidationError("--target: found beside --budget, expected one of them") }
    if goal != nil, calibrate.isEmpty {
      throw ValidationError("--target, --budget: found no --calibrate, expected rows to calibrate with and to judge by")
    }
    if let budget, !(budget > 0 && budget <= 1000) {
      throw ValidationError("--budget: found \(budget), expected more than 0 and at most 1000 bytes a weight")
    }
    if keep, goal == nil { throw ValidationError("--keep: found no --target and no --budget, expected one") }
    if let calibrateRows, !(1...10_000_000).contains(calibrateRows) {
      throw ValidationError("--calibrate-rows: found \(calibrateRows), expected 1 to 10000000")
    }
    if let damping, !(damping > 0 && damping <= 10) {
      throw ValidationError("--damping: found \(damping), expected more than 0 and at most 10")
    }
    let given = [
      ("--judge", !judge.isEmpty), ("--calibrate-format", calibrateFormat != nil),
      ("--calibrate-rows", calibrateRows != nil), ("--damping", damping != nil),
    ]
    if calibrate.isEmpty, let (option, _) = given.first(where: \.1) {
      throw ValidationError("\(option): found no --calibrate, expected one")
    }
    if (calibrate + judge).contains("-") {
      throw ValidationError("--calibrate: found \"-\", expected a file")
    }
  }
}
