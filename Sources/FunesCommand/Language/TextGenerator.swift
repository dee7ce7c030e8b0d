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

  /// Feeds ids, the last of which the next draw follows.
  mutating func feed(_ ids: [Int32]) throws(StreamError) {
    for id in ids {
      engine.session.unsafeInputIDs(0, of: language.program)[0] = id
      guard engine.session.run(language.program).status == .ok else {
        throw .refusedRow(
          row: fedCount, input: language.input.name, position: 0, found: "\(id)",
          expected: "an id in 0...\(language.input.classes - 1)")
      }
      fedCount += 1
    }
  }

  /// Draws at most `count` ids; `emit` gets each as it comes. Stops before the stop id and when interrupted.
  mutating func generate(count: Int, emit: (Int) throws(StreamError) -> Void) throws(StreamError) {
    for index in 0..<count {
      if Interrupt.isRequested { return }
      let id = sampler.next(engine.session.unsafeOutput(language.outputIndex, of: language.program))
      if id == language.stopID { return }
      try emit(id)
      if index < count - 1 { try feed([Int32(id)]) }
    }
  }
}
