// SPDX-License-Identifier: Apache-2.0
// Writes a text an id at a time: ids are given, fed in blocks, and the next is drawn from the scores of the last.

import Funes

/// Why a text ended.
enum FinishReason: String, Equatable {
  /// One of the model's stop ids was drawn.
  case stopID
  /// A stop string came up.
  case stopString
  /// The model has no positions or memory left for another id.
  case full
  /// It is as long as was asked for.
  case length
  /// A signal came.
  case interrupt
}

/// A program that reads an id and scores the next one: a language model, or the decoder of an encoder-decoder.
///
/// What was given or drawn last has not been fed: `settle` leaves a session so, for another to go on.
struct TextGenerator: ~Copyable {
  /// An id that was drawn, and the logarithm of its probability in the model's own eyes.
  struct Drawn: Equatable {
    var id: Int
    var logProbability: Float
  }

  let engine: SessionHolder
  let language: LanguageModel
  private(set) var sampler: Sampler
  /// Ids fed so far.
  private(set) var fedCount = 0
  /// Ids that are still to be fed, in order.
  private var waiting: [Int32] = []
  private var space: [Float] = []

  /// Rows of one call, at most: enough to share the reading of weights among them, few enough to keep memory small.
  static let blockRows = 64

  init(engine: SessionHolder, language: LanguageModel, options: SamplerOptions, penalty: Float = 1) {
    self.engine = engine
    self.language = language
    sampler = Sampler(options, scores: language.scores)
    sampler.penalty = RepetitionPenalty(
      factor: penalty, classes: language.input.classes, sparing: language.stopIDs)
  }

  /// Adds ids to those that the next draw follows.
  mutating func give(_ ids: [Int32]) {
    waiting += ids
    for id in ids { sampler.penalty?.note(Int(id)) }
  }

  /// Feeds what waits, in blocks of which only the last row is scored; `progress` gets how many were fed, of how many.
  mutating func feed(progress: (Int, Int) -> Void = { _, _ in }) throws {
    try feed(waiting.count, progress)
  }

  /// Feeds all but the last of what waits and returns that: a state saved now goes on with it.
  mutating func settle() throws -> Int32? {
    try feed(max(0, waiting.count - 1)) { _, _ in }
    return waiting.last
  }

  private mutating func feed(_ most: Int, _ progress: (Int, Int) -> Void) throws {
    try engine.reserve(rows: max(1, min(TextGenerator.blockRows, most)))
    var begin = 0
    while begin < most {
      let count = min(TextGenerator.blockRows, most - begin)
      try engine.feed(waiting[begin..<(begin + count)], to: language, after: fedCount)
      fedCount += count
      begin += count
      progress(begin, most)
    }
    waiting.removeFirst(most)
  }

  /// Feeds what waits and draws the next id, which then waits in turn. Something was given before.
  mutating func next() throws -> Drawn {
    try feed()
    let row = engine.session.unsafeOutput(language.outputIndex, of: language.program)
    let id = sampler.next(row)
    let likelihood = LogProbability.of(id, in: row, language.scores, space: &space)
    give([Int32(id)])
    return Drawn(id: id, logProbability: likelihood)
  }

  /// Draws at most `count` ids; `emit` gets each that is not a stop id as it comes, and returns whether the text ends there.
  mutating func generate(count: Int, emit: (Drawn) throws -> Bool) throws -> FinishReason {
    for index in 0..<count {
      if Interrupt.isRequested { return .interrupt }
      let drawn: Drawn
      do {
        drawn = try next()
      } catch StreamError.full where index > 0 {
        return .full
      }
      if language.stopIDs.contains(drawn.id) { return .stopID }
      if try emit(drawn) { return .stopString }
    }
    return .length
  }
}

extension SessionHolder {
  /// Runs a language model over ids, no more than the session has rows; only the last is scored. `count` ids were fed
  /// before: errors name places.
  func feed(_ ids: ArraySlice<Int32>, to language: LanguageModel, after count: Int) throws(StreamError) {
    let input = session.unsafeInputIDs(0, of: language.program)
    for (row, id) in ids.enumerated() { input[row] = id }
    let result = session.run(language.program, rows: ids.count, outputs: .last)
    guard result.status == .ok else {
      throw refusal(of: ids[ids.startIndex + result.rows], language, result, row: count + result.rows)
    }
  }

  /// The same for one id, without an array.
  func feed(_ id: Int32, to language: LanguageModel, after count: Int) throws(StreamError) {
    session.unsafeInputIDs(0, of: language.program)[0] = id
    let result = session.run(language.program)
    guard result.status == .ok else { throw refusal(of: id, language, result, row: count) }
  }

  private func refusal(of id: Int32, _ language: LanguageModel, _ result: RunResult, row: Int) -> StreamError {
    if result.status == .cacheFull { return .full(row: row, line: nil, limit: row) }
    return .refusedRow(
      row: row, input: language.input.name, position: 0, found: "\(id)",
      expected: "an id in 0...\(language.input.classes - 1)")
  }
}
