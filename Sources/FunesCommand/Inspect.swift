// SPDX-License-Identifier: Apache-2.0
// `funes inspect`: what a model holds and what it costs, or which tensors a checkpoint has.

import ArgumentParser
import Funes

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a model holds and what it costs, or the tensors of a checkpoint.",
    discussion: """
      Programs with their inputs and outputs, memory, states, text tables and metadata; with --tensors every \
      operator and constant, one a line.

      Of a checkpoint its tensors, one a line: name, type, shape and bytes, as recipes call them; then its metadata.

        funes inspect names.funes
        funes inspect names.funes --json | jq .memory
        funes inspect names.safetensors
      """)

  @Argument(help: ArgumentHelp("A .funes file, or a checkpoint.", valueName: "file"))
  var model: String
  @Flag(help: "Print JSON: everything, operators and constants too.")
  var json = false
  @Flag(help: "Print a model's operators and constants, one a line.")
  var tensors = false

  func run() throws {
    let shown = try text
    let stdout = ByteWriter.standardOutput()
    try stdout.write(shown)
    try stdout.flush()
  }

  private var text: String {
    get throws {
      let file: ModelFile
      do throws(ModelFileError) {
        file = try ModelFile(path: model)
      } catch {
        guard let inspection = try CheckpointInspection(path: model, after: error) else { throw error }
        return json ? inspection.json : inspection.text
      }
      let inspection = Inspection(file.model)
      return json ? inspection.json : inspection.text(withTensors: tensors)
    }
  }
}
