// SPDX-License-Identifier: Apache-2.0
// `funes inspect`: what a file holds and what it costs.

import ArgumentParser
import Funes

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a model holds and what it costs.",
    discussion: """
      Programs with their inputs and outputs, memory, states, text tables and metadata; with --tensors every \
      operator and constant, one a line.

        funes inspect names.funes
        funes inspect names.funes --json | jq .memory
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Flag(help: "Print JSON: everything, operators and constants too.")
  var json = false
  @Flag(help: "Print operators and constants, one a line.")
  var tensors = false

  func run() throws {
    let file = try ModelFile(path: model)
    let inspection = Inspection(file.model)
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? inspection.json : inspection.text(withTensors: tensors))
    try stdout.flush()
  }
}
