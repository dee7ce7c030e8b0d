// SPDX-License-Identifier: Apache-2.0
// `funes tokenize`: texts to the ids that a model reads, and ids to texts.

import ArgumentParser
import Funes

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn lines of text into ids, or ids into text.",
    discussion: """
      Reads standard input, a line a text, and prints a line of ids for each, those included that the vocabulary puts \
      before and after a text. --decode goes the other way; special tokens are nothing in a text.

        echo "Once upon a time" | funes tokenize story.funes
        echo "1 403 407 261 378" | funes tokenize story.funes --decode

      Instead of a model, a tokenizer's own file or folder will do, as funes convert reads it. With --json each line \
      read and each line printed is a JSON value: a text in quotation marks, in which line feeds stand escaped, or an \
      array of ids.
      """)

  @Argument(help: ArgumentHelp("A .funes file, or a tokenizer's file or folder.", valueName: "model"))
  var model: String
  @Option(
    help: ArgumentHelp(
      "Use the vocabulary of this input or output instead of the first that has one.", valueName: "name"))
  var port: String?
  @Flag(help: "Turn ids into text.")
  var decode = false
  @Flag(help: "Read and print JSON, a value a line.")
  var json = false

  /// Longest line in bytes, so that memory is bounded.
  private static let lineLimit = 1 << 26

  func run() throws {
    let lines = TokenizedLines(try TextSource(path: model, port: port), isJSON: json)
    Interrupt.watch()
    let stdout = ByteWriter.standardOutput()
    let reader = ByteReader(descriptor: 0, name: "standard input", flushing: stdout)
    var line = 1
    while let bytes = try reader.takeLine(limit: TokenizeCommand.lineLimit, line: line) {
      let bytes = [UInt8](bytes)
      try stdout.write(decode ? try lines.text(bytes, line: line) : try lines.ids(bytes, line: line))
      try stdout.write("\n")
      line += 1
    }
    try stdout.flush()
    try Interrupted.check()
  }
}
