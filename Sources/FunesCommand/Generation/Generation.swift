// SPDX-License-Identifier: Apache-2.0
// One text from what was given on: drawn id by id and printed as it comes, or searched for and printed at the end.

import Funes
import FunesConvert

/// How texts are made and shown.
struct GenerationOptions {
  var sampler = SamplerOptions()
  var repetitionPenalty: Float = 1
  var stops: [String] = []
  /// Texts that a search follows; 1 for none.
  var beams = 1
  var lengthPenalty: Float = 0.6
  /// How many of a search's texts are shown.
  var shown = 1
  var form = GeneratedForm.text
}

/// Writes texts with a language model or decoder.
struct Generation {
  let engine: SessionHolder
  let language: LanguageModel
  let table: SymbolTable
  let options: GenerationOptions
  let output: ByteWriter
  /// Ids fed, over all texts.
  private(set) var fedCount = 0
  /// Of the last text, the id that is still to be fed.
  private(set) var pendingID: Int32?

  init(
    _ engine: SessionHolder, _ language: LanguageModel, table: SymbolTable, options: GenerationOptions,
    output: ByteWriter
  ) {
    self.engine = engine
    self.language = language
    self.table = table
    self.options = options
    self.output = output
  }

  /// Writes a text of at most `longest` ids behind those that were given; with `isContinued` it goes on from a text.
  mutating func write(after given: [Int32], longest: Int, isContinued: Bool) throws {
    var generator = TextGenerator(
      engine: engine, language: language, options: options.sampler, penalty: options.repetitionPenalty)
    generator.give(given)
    let begin = secondsNow()
    if longest > 0 { try Generation.feedShowingProgress(&generator) }
    if options.beams > 1, longest > 0 {
      try search(after: given, longest: longest, isContinued: isContinued)
      pendingID = nil
    } else {
      var text = GeneratedText(
        table, form: options.form, stops: options.stops, isContinued: isContinued, output: output)
      let reason = try generator.generate(count: longest) { drawn in try text.push(drawn) }
      try text.finish(reason, seconds: secondsNow() - begin)
      if reason == .full { Talk.say("funes: the text ends here: the model has no positions or memory left for more") }
      pendingID = try generator.settle()
    }
    fedCount += generator.fedCount
  }

  private static func feedShowingProgress(_ generator: inout TextGenerator) throws {
    let bar = Progress("reading the prompt")
    defer { bar.end() }
    try generator.feed { bar.update($0, of: $1) }
  }

  private mutating func search(after given: [Int32], longest: Int, isContinued: Bool) throws {
    let begin = secondsNow()
    let stops = StopStrings(options.stops)
    let beam = BeamOptions(
      width: options.beams, lengthPenalty: options.lengthPenalty, repetitionPenalty: options.repetitionPenalty,
      longest: longest)
    let table = table
    let search = try BeamSearch(
      engine, language, beam, given: given,
      holdsStop: stops.isEmpty
        ? nil : { stops.place(in: try SymbolText.bytes(of: $0, table, isContinued: isContinued)) != nil })
    let found = try search.run().prefix(options.shown)
    fedCount += search.fedCount
    for (index, hypothesis) in found.enumerated() {
      var bytes = try SymbolText.bytes(of: hypothesis.ids, table, isContinued: isContinued)
      if hypothesis.finish == .stopString { bytes.removeSubrange((stops.place(in: bytes) ?? bytes.count)...) }
      try show(hypothesis, bytes, rank: index + 1)
    }
    if options.form == .json {
      let seconds = secondsNow() - begin
      try output.write(
        "{\"texts\":\(found.count),\"tokens\":\(search.fedCount),\"seconds\":\(seconds),"
          + "\"tokensPerSecond\":\(Double(search.fedCount) / max(seconds, 1e-9))}\n")
    }
    try output.flush()
  }

  private func show(_ found: Hypothesis, _ bytes: [UInt8], rank: Int) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    if options.form == .json {
      let ids = found.ids.map { "\($0)" }.joined(separator: ",")
      try output.write(
        "{\"rank\":\(rank),\"text\":\(JSONText.quoted(text)),\"ids\":[\(ids)],\"cumulative\":\(found.logProbability),"
          + "\"score\":\(found.score),\"finish\":\"\(found.finish.rawValue)\"}\n")
    } else if options.shown > 1 || options.form == .logProbabilities {
      let figures = [found.score, found.logProbability].map { Decimal.fixed($0, digits: 4) }
      try output.write(figures.joined(separator: "\t") + "\t" + JSONText.quoted(text) + "\n")
    } else {
      try output.write(bytes)
    }
  }
}
