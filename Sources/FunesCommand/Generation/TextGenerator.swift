// SPDX-License-Identifier: Apache-2.0
// Writes text with a language model: a prompt in, then one id after another, each drawn from the scores of the last.

import Funes

/// A language model that reads a prompt and goes on from it.
///
/// The id that was drawn last has not been fed: a session that goes on from a saved state begins its prompt with it.
struct TextGenerator: ~Copyable {
  let engine: SessionHolder
  let language: LanguageModel
  var sampler: Sampler
  /// Ids fed so far.
  private(set) var fedCount = 0

  init(engine: SessionHolder, language: LanguageModel, options: SamplerOptions) {
    self.engine = engine
    self.language = language
    sampler = Sampler(options, scores: language.scores)
  }

  /// Rows of one call, at most: enough to share the reading of weights among them, few enough to keep memory small.
  static let blockRows = 64

  /// Feeds ids, the last of which the next draw follows; a prompt in blocks, of which only the last row is scored.
  mutating func feed(_ ids: [Int32], progress: (Int) -> Void = { _ in }) throws {
    try engine.reserve(rows: max(1, min(TextGenerator.blockRows, ids.count)))
    var begin = 0
    while begin < ids.count {
      let count = min(TextGenerator.blockRows, ids.count - begin)
      try feed(ids[begin..<(begin + count)])
      begin += count
      progress(begin)
    }
  }

  private mutating func feed(_ ids: ArraySlice<Int32>) throws(StreamError) {
    let input = engine.session.unsafeInputIDs(0, of: language.program)
    for (row, id) in ids.enumerated() { input[row] = id }
    let result = engine.session.run(language.program, rows: ids.count, outputs: .last)
    fedCount += result.rows
    guard result.status == .ok else {
      throw .refusedRow(
        row: fedCount, input: language.input.name, position: 0, found: "\(ids[ids.startIndex + result.rows])",
        expected: "an id in 0...\(language.input.classes - 1)")
    }
  }

  /// Draws at most `count` ids; `emit` gets each as it comes. Stops before the stop id and when interrupted.
  mutating func generate(count: Int, emit: (Int) throws(StreamError) -> Void) throws {
    for index in 0..<count {
      if Interrupt.isRequested { return }
      let id = sampler.next(engine.session.unsafeOutput(language.outputIndex, of: language.program))
      if language.stopIDs.contains(id) { return }
      try emit(id)
      if index < count - 1 { try feed([Int32(id)]) }
    }
  }
}
