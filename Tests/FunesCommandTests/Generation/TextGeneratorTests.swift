// SPDX-License-Identifier: Apache-2.0
// Drawing: what was given is fed in blocks, probabilities are the model's own, and what was said is said less often.

import Funes
import FunesConvert
import FunesTestSupport
import Foundation
import Testing

@testable import FunesCommand

@Suite struct TextGeneratorTests {
  private func generator(_ tiny: TinyLanguage, penalty: Float = 1) throws -> TextGenerator {
    TextGenerator(
      engine: try SessionHolder(tiny.file), language: tiny.language, options: SamplerOptions(temperature: 0),
      penalty: penalty)
  }

  @Test func whatIsGivenAtOnceIsWhatIsGivenOneByOne() throws {
    let tiny = try TinyLanguage(classes: 6)
    let ids = (0..<150).map { Int32($0 * 7 % 5) }
    var whole = try generator(tiny)
    whole.give(ids)
    var parts = try generator(tiny)
    for id in ids {
      parts.give([id])
      try parts.feed()
    }
    #expect(whole.fedCount == 0 && parts.fedCount == 150)
    #expect(try whole.next() == parts.next())
    #expect(whole.engine.snapshot() == parts.engine.snapshot())
    // What was drawn has not been fed.
    #expect(whole.fedCount == 150)
    let last = try whole.settle()
    #expect(whole.fedCount == 150 && last != nil)
  }

  @Test func likelihoodsAreLogarithmsOfTheSoftmax() throws {
    let row: [Float] = [1, -2, 0.5, 3]
    var space: [Float] = []
    var sum = 0.0
    for id in row.indices {
      let log = row.withUnsafeBufferPointer { LogProbability.of(id, in: $0, .logits, space: &space) }
      sum += exp(Double(log))
    }
    #expect(abs(sum - 1) < 1e-6)
    let half = [0.5, 0, 0.5].withUnsafeBufferPointer { LogProbability.of(2, in: $0, .probabilities, space: &space) }
    #expect(abs(half + 0.6931472) < 1e-6)
  }

  /// x / θ above zero, x · θ elsewhere; once however often; stop ids never.
  @Test func thePenaltyIsThatOfItsSource() {
    var penalty = RepetitionPenalty(factor: 2, classes: 5, sparing: [4])
    for id in [0, 1, 1, 4, 9, -1] { penalty.note(id) }
    var scores: [Float] = [3, -3, 3, 0, 3]
    penalty.apply(to: &scores)
    #expect(scores == [1.5, -6, 3, 0, 3])
    var none = RepetitionPenalty(factor: 1, classes: 5, sparing: [])
    none.note(0)
    none.apply(to: &scores)
    #expect(scores == [1.5, -6, 3, 0, 3])
  }

  @Test func aHeavyPenaltyKeepsIDsFromComingAgain() throws {
    let tiny = try TinyLanguage(classes: 9, sharpness: 0.1)
    var generator = try generator(tiny, penalty: 100)
    generator.give([0])
    var ids: [Int] = []
    for _ in 0..<6 { ids.append(try generator.next().id) }
    let said = ids.filter { $0 != 8 }
    #expect(Set(said).count == said.count && !said.contains(0), "\(ids)")
  }

  @Test func charactersAreNeverCut() {
    var characters = WholeCharacters()
    let bytes = Array("aü€😀".utf8) + [0xFF, 0xE2, 0x82]
    let text = bytes.map { characters.push([$0]) }.joined() + characters.finish()
    #expect(text == "aü€😀\u{FFFD}\u{FFFD}")
  }
}
