// SPDX-License-Identifier: Apache-2.0
// `funes classify`: what each picture or sequence is, with how much certainty.

import ArgumentParser
import Funes
import FunesConvert

extension RasterImage.Background: ExpressibleByArgument {}

struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Say what pictures or sequences are, with probabilities.",
    discussion: """
      A model whose file says how pictures are prepared (recipes: "image") sees each picture by itself:

        funes classify digits.funes four.png seven.pgm
        funes classify digits.funes --top 3 *.png
        funes classify flowers.funes --resize --json photo.png | jq .classes[0].label

      Any other model with one input of floats reads each file as one sequence, a row after the other, and says what it \
      thinks at its end, or with --every-row at each row:

        funes classify keywords.funes yes.npy
        some-features yes.wav | funes classify keywords.funes -

      Files are told by their contents: PNG (no interlacing), PGM and PPM, arrays of numpy (.npy), or text with a row a \
      line, numbers parted by commas or blanks; for pictures a row is one picture. - is stdin, and so is no file. Pictures \
      and arrays of bytes hold samples of 0 to 255, which are prepared as the model wants them; other arrays and text \
      hold what the model sees, unless --pixels says that they hold such samples, too.

      A picture has the model's size, or is refused; --resize makes it so as the model's file says (image.resize and \
      image.resample): by itself without keeping its proportions, bilinear, with every pixel in it. Colours become grey, and grey colours, as the model wants. What is transparent is laid over white.

      A line for each: file (file:row where it has several), label, probability, and as many pairs more as --top asks for, \
      parted by tabs. Labels are the output's, or numbers. Scores become probabilities by softmax where the model's last \
      operator has not done it. --json gives an object a line.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Argument(help: ArgumentHelp("Pictures, arrays or texts; - for stdin.", valueName: "files"))
  var files: [String] = []
  @Option(parsing: .unconditional, help: ArgumentHelp("Most likely classes to show.", valueName: "count"))
  var top = 1
  @Flag(help: "Print JSON, an object a line.")
  var json = false
  @Flag(help: "Make pictures the size that the model sees.")
  var resize = false
  @Flag(help: "Arrays and texts hold samples of 0 to 255, as pictures do.")
  var pixels = false
  @Option(help: "What is laid behind transparent pixels.")
  var background = RasterImage.Background.white
  @Flag(help: "Say what each row of a sequence is, not its last alone.")
  var everyRow = false
  @Flag(help: "Say which files cannot be read, and go on without them.")
  var skipBadFiles = false
  @Option(help: "The program to run (default: step, or the first).")
  var program: String?
  @Option(help: ArgumentHelp("The output to read (default: the first with labels, or the first).", valueName: "name"))
  var outputName: String?
  @Option(parsing: .unconditional, help: ArgumentHelp("Threads, which do not change results.", valueName: "count"))
  var threads = 1

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1 to 1024") }
    guard top >= 1 else { throw ValidationError("--top: found \(top), expected 1 or more") }
    let stdin = files.count { $0 == "-" }
    guard stdin <= 1 else { throw ValidationError("-: found \(stdin) times, expected stdin once") }
  }

  func run() throws {
    let engine = try SessionHolder(try ModelFile(path: model), threads: threads)
    let classifier = try Classifier(engine, program: program, output: outputName)
    let image = try naming(model) { () throws in try classifier.preparation() }
    let reader = ClassifyReader(
      input: classifier.input, image: image, isResizing: resize, arePixels: pixels, background: background)
    if reader.image == nil, resize || pixels {
      throw ChoiceError.unsuitable(
        what: resize ? "--resize" : "--pixels",
        reason: "found a model that says nothing of pictures (metadata image.*), expected one that does")
    }
    let stdout = ByteWriter.standardOutput()
    let writer = ClassWriter(output: stdout, labels: classifier.labels, top: top, isJSON: json)
    do {
      for file in files.isEmpty ? ["-"] : files {
        let name = file == "-" ? "stdin" : file
        do {
          let results = try naming(name) {
            try classifier.results(reader.rows(of: file), areAlone: image != nil, isEveryRow: everyRow)
          }
          try writer.write(name, results)
        } catch let error as ClassifyError where skipBadFiles {
          Talk.say("funes: \(error)")
        }
        try stdout.flush()
      }
    } catch {
      try stdout.flush()
      throw error
    }
  }

  /// Says of a reason which file it is about.
  private func naming<T>(_ file: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let reason as ClassifyError.Reason {
      throw ClassifyError(file: file, reason: reason)
    }
  }
}
