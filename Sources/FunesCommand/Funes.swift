// SPDX-License-Identifier: Apache-2.0
// The `funes` command: one file a verb. Here are its name, its help and the way out.

import ArgumentParser

@main
struct FunesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "funes",
    abstract: "Convert trained sequence models to int8 and stream them step by step.",
    discussion: """
      A checkpoint becomes one .funes file, which runs a step at a time with its hidden state kept:

        funes convert names.safetensors -o names.funes
        echo "Satoshi" | funes run names.funes --input text --output label

      Stdout is data, stderr is talk. Exit codes:

         0  done; also where nobody reads stdout any more
         1  a limit was exceeded, or a file failed verification
        64  the command line is wrong, or does not fit the model
        65  a model, checkpoint, recipe, state or stream is broken
        66  an input cannot be opened or read
        70  an internal error
        73  an output cannot be created or written
       130  stopped by an interrupt (143: by a request to end), what was complete having been written
      """,
    version: "0.2.0",
    subcommands: [
      ConvertCommand.self, InspectCommand.self, RunCommand.self, GenerateCommand.self, EmbedCommand.self,
      ClassifyCommand.self, CompareCommand.self, ReportCommand.self, EvalCommand.self, TokenizeCommand.self,
      VerifyCommand.self,
      BenchCommand.self,
    ])

  static func main() {
    Interrupt.ignoreClosedPipes()
    do {
      var command = try parsed()
      // An environment that asks for what is not there is said before any work.
      _ = try ISAChoice.chosen(nil)
      try command.run()
    } catch {
      leave(with: error)
    }
  }

  /// The command that the arguments ask for. A verb in front is parsed by itself, which is quicker than through the tree
  /// of all; where that is not enough (help, the version, a mistake), the tree is asked, which knows what to say.
  private static func parsed() throws -> any ParsableCommand {
    let arguments = CommandLine.arguments.dropFirst()
    if let verb = configuration.subcommands.first(where: { $0.configuration.commandName == arguments.first }),
      let command = try? verb.parseAsRoot(Array(arguments.dropFirst())), type(of: command) == verb
    {
      return command
    }
    return try parseAsRoot()
  }

  /// Says what went wrong and ends the process; help and the parser's own errors go its way.
  private static func leave(with error: any Error) -> Never {
    guard let failure = Failure(error) else { exit(withError: error) }
    if let message = failure.message { Talk.say("funes: \(message)") }
    exit(withError: ExitCode(failure.exitCode))
  }
}
