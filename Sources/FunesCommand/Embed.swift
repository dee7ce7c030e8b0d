// SPDX-License-Identifier: Apache-2.0
// `funes embed`: sentences to vectors.

import ArgumentParser
import Funes
import FunesConvert

enum EmbeddingFormat: String, CaseIterable, ExpressibleByArgument {
  case csv, jsonl, f32
}

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn sentences into vectors with a sentence encoder.",
    discussion: """
      Each sentence, an argument or a line of stdin, goes through the model alone and becomes one vector of length 1: \
      that of the output "embedding", or of the first one. Where an output has a row for each token, --pool makes \
      one of them. Cosines between vectors tell how near sentences are.

        funes embed minilm.funes "How old are you?" "What is your age?"
        funes embed minilm.funes --output jsonl < sentences.txt
        funes embed minilm.funes --near "a question about age" < sentences.txt

      Output: csv (a line a sentence), jsonl ({"line":1,"text":"…","embedding":[…]}), f32 (little-endian). With --near \
      each line is the cosine with that sentence, a tab, and the sentence, in the order of the input.

      A sentence that the model cannot read (not UTF-8, longer than its positions) ends the command with exit code 65 \
      after those before it were written; --skip-bad-lines says which and writes an empty line, --longest cuts it.
      """)

  @Argument(help: ArgumentHelp("A .funes file.", valueName: "model"))
  var model: String
  @Argument(help: "Sentences (default: the lines of stdin).")
  var sentences: [String] = []
  @Option(help: "What stdout gets.")
  var output: EmbeddingFormat = .csv
  @Option(
    help: ArgumentHelp("The program to run (default: the first block program that reads ids).", valueName: "name"))
  var program: String?
  @Option(help: ArgumentHelp("The output to write (default: embedding, or the first).", valueName: "name"))
  var outputName: String?
  @Option(help: "How the rows of a sentence become one.")
  var pool: Pooling?
  @Option(help: ArgumentHelp("Write the cosine with this sentence instead of vectors.", valueName: "sentence"))
  var near: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Cut sentences to this many tokens, special ones included (default: as the model's file says, if it does).",
      valueName: "count"))
  var longest: Int?
  @Flag(inversion: .prefixedNo, help: "Bring vectors to length 1.")
  var normalize = true
  @Flag(help: "Say which lines cannot be read, and go on.")
  var skipBadLines = false
  @Option(parsing: .unconditional, help: ArgumentHelp("Threads, which do not change results.", valueName: "count"))
  var threads = 1

  /// Bytes of a line.
  private static let longestLine = 1 << 24

  func validate() throws {
    guard (1...1024).contains(threads) else { throw ValidationError("--threads: found \(threads), expected 1 to 1024") }
    if let longest, longest < 2 { throw ValidationError("--longest: found \(longest), expected 2 tokens or more") }
    if near != nil, output != .csv {
      throw ValidationError("--near: found --output \(output.rawValue) beside it, expected one or the other")
    }
  }

  func run() throws {
    let engine = try SessionHolder(try ModelFile(path: model), threads: threads)
    let encoder = try SentenceEncoder(
      engine: engine, program: program, output: outputName, pooling: pool, isNormalized: normalize, longest: longest)
    let stdout = ByteWriter.standardOutput()
    let target = try near.map { try encoder.vector(of: Array($0.utf8), line: 0) }
    Interrupt.watch()
    do {
      if sentences.isEmpty {
        let lines = ByteReader.standardInput(flushing: stdout)
        var number = 1
        while let line = try lines.takeLine(limit: Self.longestLine, line: number), !Interrupt.isRequested {
          try write(Array(line), number, encoder, target, stdout)
          number += 1
        }
      } else {
        for (index, sentence) in sentences.enumerated() {
          try write(Array(sentence.utf8), index + 1, encoder, target, stdout)
        }
      }
    } catch {
      try stdout.flush()
      throw error
    }
    try stdout.flush()
    try Interrupted.check()
  }

  private func write(
    _ bytes: [UInt8], _ line: Int, _ encoder: SentenceEncoder, _ target: [Float]?, _ stdout: ByteWriter
  ) throws {
    let vector: [Float]
    do {
      vector = try encoder.vector(of: bytes, line: line)
    } catch let error as StreamError where error.isOfOneRow && skipBadLines {
      Talk.say("funes: \(error)")
      if output != .f32 { try stdout.write("\n") }
      return
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let target {
      let shown = (cosine(vector, target) * 1e6).rounded() / 1e6
      try stdout.write("\(shown)\t\(text.replacing("\n", with: "\\n"))\n")
      return
    }
    switch output {
    case .csv: try stdout.write(vector.map(\.description).joined(separator: ",") + "\n")
    case .f32: for value in vector { try stdout.write(littleEndian: value.bitPattern) }
    case .jsonl:
      let numbers = vector.map { $0.isFinite ? $0.description : "null" }.joined(separator: ",")
      try stdout.write("{\"line\":\(line),\"text\":\(JSONText.quoted(text)),\"embedding\":[\(numbers)]}\n")
    }
  }
}
