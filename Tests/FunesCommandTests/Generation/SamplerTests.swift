// SPDX-License-Identifier: Apache-2.0
// Sampling: the same ids for the same seed for good, and the right odds.

import Testing

@testable import FunesCommand

@Suite struct SamplerTests {
  static let logits: [Float] = [0, 1, 2, 1, -3]

  private func draw(_ options: SamplerOptions, _ row: [Float] = logits, count: Int, _ scores: ScoreKind = .logits)
    -> [Int]
  {
    var sampler = Sampler(options, scores: scores)
    return row.withUnsafeBufferPointer { row in (0..<count).map { _ in sampler.next(row) } }
  }

  /// The numbers of the authors' C code for a state seeded by SplitMix64(0).
  @Test func theRandomNumbersAreThoseOfTheirAuthors() {
    var numbers = Xoshiro256(seed: 0)
    let found = (0..<4).map { _ in numbers.next() }
    #expect(found == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0, 0x6AA5_94F1_262D_2D2C])
  }

  @Test func aSeedNamesOneSequenceForGood() {
    #expect(
      draw(SamplerOptions(seed: 7), count: 24) == [
        2, 2, 3, 3, 3, 3, 0, 1, 2, 1, 2, 2, 3, 3, 2, 2, 1, 2, 1, 1, 1, 2, 2, 2,
      ])
  }

  @Test func oddsAreTheSoftmaxOfTheScores() {
    let drawn = draw(SamplerOptions(seed: 1), count: 20_000)
    let expected = [0.0721, 0.1959, 0.5325, 0.1959, 0.0036]
    for id in 0..<5 {
      let share = Double(drawn.filter { $0 == id }.count) / 20_000
      #expect(abs(share - expected[id]) < 0.01, "id \(id): \(share)")
    }
  }

  @Test func probabilitiesAreTakenAsTheyAre() {
    let drawn = draw(SamplerOptions(seed: 3), [0.5, 0, 0.25, 0.25], count: 8000, .probabilities)
    #expect(!drawn.contains(1))
    let share = Double(drawn.count { $0 == 0 }) / 8000
    #expect(abs(share - 0.5) < 0.02)
  }

  @Test func topKLeavesTheBestWithTheLowerIDFirstAmongEquals() {
    #expect(Set(draw(SamplerOptions(topK: 2), count: 500)) == [1, 2])
    #expect(Set(draw(SamplerOptions(topK: 1), count: 50)) == [2])
    #expect(Set(draw(SamplerOptions(topK: 99), count: 4000)).count == 5)
  }

  @Test func topPLeavesTheFewestThatReachTheSum() {
    // Probabilities 0.072, 0.196, 0.532, 0.196, 0.004.
    #expect(Set(draw(SamplerOptions(topP: 0.5), count: 200)) == [2])
    #expect(Set(draw(SamplerOptions(topP: 0.6), count: 500)) == [1, 2])
    #expect(Set(draw(SamplerOptions(topP: 0.8), count: 500)) == [1, 2, 3])
    #expect(Set(draw(SamplerOptions(topP: 1e-9), count: 50)) == [2])
  }

  @Test func zeroTemperatureTakesTheBestAndTheLowestOfEquals() {
    #expect(draw(SamplerOptions(temperature: 0), [1, 3, 3, 2], count: 3) == [1, 1, 1])
  }

  @Test func lowTemperatureSharpens() {
    let cold = draw(SamplerOptions(temperature: 0.25, seed: 5), count: 2000).filter { $0 == 2 }.count
    #expect(cold > 1900)
  }
}
