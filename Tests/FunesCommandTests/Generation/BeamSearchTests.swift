// SPDX-License-Identifier: Apache-2.0
// Beam search against every text there is, and against the same search written plainly, a session a text.

import Funes
import FunesConvert
import FunesTestSupport
import Testing

@testable import FunesCommand

@Suite struct BeamSearchTests {
  private func found(_ tiny: TinyLanguage, _ options: BeamOptions) throws -> [Hypothesis] {
    try BeamSearch(tiny.begun(), tiny.language, options).run()
  }

  /// Logarithms of the probabilities of the ids behind a text.
  private func logs(_ tiny: TinyLanguage, _ ids: [Int32], _ options: BeamOptions) throws -> [Double] {
    var scores = try tiny.scores(behind: ids)
    for id in Set(ids) {
      let (x, theta) = (scores[Int(id)], options.repetitionPenalty)
      scores[Int(id)] = x > 0 ? x / theta : x * theta
    }
    let excess = LogProbability.excess(of: scores)
    return scores.map { Double($0 - excess) }
  }

  /// Every text of at most `longest` ids, ended by the stop id or by its length, the best first.
  private func allTexts(_ tiny: TinyLanguage, _ options: BeamOptions) throws -> [Hypothesis] {
    var texts: [Hypothesis] = []
    func extend(_ ids: [Int32], _ sum: Double) throws {
      let logs = try logs(tiny, ids, options)
      for id in 0..<tiny.classes {
        let next = sum + logs[id]
        let count = ids.count + 1
        if tiny.language.stopIDs.contains(id) {
          let score = next / options.lengthDivisor(count)
          texts.append(Hypothesis(ids: ids, logProbability: next, score: score, finish: .stopID))
        } else if count == options.longest {
          let score = next / options.lengthDivisor(count)
          texts.append(
            Hypothesis(ids: ids + [Int32(id)], logProbability: next, score: score, finish: .length))
        } else {
          try extend(ids + [Int32(id)], next)
        }
      }
    }
    try extend([], 0)
    return texts.sorted { $0.score > $1.score }
  }

  /// The search as its description says, to the longest length, sorting all that there is.
  private func plainSearch(_ tiny: TinyLanguage, _ options: BeamOptions) throws -> [Hypothesis] {
    typealias Text = (ids: [Int32], sum: Double)
    var followed: [Text] = [([], 0)]
    var finished: [Hypothesis] = []
    func finish(_ text: Text, _ count: Int, _ reason: FinishReason) {
      finished.append(
        Hypothesis(
          ids: text.ids, logProbability: text.sum, score: text.sum / options.lengthDivisor(count), finish: reason))
    }
    for length in 1...options.longest {
      var all: [(text: Int, id: Int, sum: Double)] = []
      for (position, text) in followed.enumerated() {
        let logs = try logs(tiny, text.ids, options)
        for id in logs.indices { all.append((position, id, text.sum + logs[id])) }
      }
      all.sort { $0.sum != $1.sum ? $0.sum > $1.sum : ($0.text, $0.id) < ($1.text, $1.id) }
      var next: [Text] = []
      for (position, id, sum) in all where next.count < options.width {
        let before = followed[position].ids
        if tiny.language.stopIDs.contains(id) {
          finish((before, sum), length, .stopID)
        } else {
          next.append((before + [Int32(id)], sum))
        }
      }
      followed = next
    }
    for text in followed { finish(text, options.longest, .length) }
    let order = finished.indices.sorted {
      finished[$0].score != finished[$1].score ? finished[$0].score > finished[$1].score : $0 < $1
    }
    return order.prefix(options.width).map { finished[$0] }
  }

  /// Two ids and the stop id, three long: fifteen texts, of which no more than eight are ever followed.
  @Test(arguments: [0, 0.6, 1, 3] as [Float])
  func aSearchThatIsWideEnoughFindsTheBestOfAllTexts(lengthPenalty: Float) throws {
    for seed in 1..<6 as Range<UInt64> {
      let tiny = try TinyLanguage(classes: 3, seed: seed, sharpness: 3)
      var options = BeamOptions(width: 8, lengthPenalty: lengthPenalty, longest: 3)
      #expect(try allTexts(tiny, options).count == 15)
      #expect(try found(tiny, options) == Array(allTexts(tiny, options).prefix(8)))
      options.repetitionPenalty = 1.5
      #expect(try found(tiny, options) == Array(allTexts(tiny, options).prefix(8)))
    }
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func aSearchIsThePlainOneAtAnyWidth(width: Int) throws {
    for seed in 1..<5 as Range<UInt64> {
      let tiny = try TinyLanguage(classes: 6, seed: seed, sharpness: 4)
      for (penalty, repetition) in [(0, 1), (0.6, 1.3), (2, 0.8)] as [(Float, Float)] {
        let options = BeamOptions(
          width: width, lengthPenalty: penalty, repetitionPenalty: repetition, longest: 7)
        #expect(try found(tiny, options) == plainSearch(tiny, options), "seed \(seed), α \(penalty)")
      }
    }
  }

  /// The divisor of Wu et al. 2016: six for one id would be 6^α / 6^α.
  @Test func theLengthDivisorIsThatOfItsSource() {
    var options = BeamOptions(width: 2, lengthPenalty: 0.6, longest: 9)
    #expect(options.lengthDivisor(1) == 1)
    #expect(abs(options.lengthDivisor(7) - 1.5157165665) < 1e-6)
    options.lengthPenalty = 0
    #expect(options.lengthDivisor(100) == 1)
  }

  /// States go from session to session where a text goes on in two ways, and nowhere else.
  @Test func statesAreCopiedOnlyWhereATextForks() throws {
    let tiny = try TinyLanguage(classes: 6, sharpness: 4)
    let options = BeamOptions(width: 4, lengthPenalty: 0, longest: 40)
    let search = try BeamSearch(tiny.begun(), tiny.language, options)
    let texts = try search.run()
    #expect(texts.count == 4 && search.copyCount >= 3 && search.copyCount < search.fedCount / 2)
    let single = try BeamSearch(
      tiny.begun(), tiny.language, BeamOptions(width: 1, lengthPenalty: 0, longest: 40))
    _ = try single.run()
    #expect(single.copyCount == 0)
  }

  @Test func aTextEndsWhereItsBytesHoldAStopString() throws {
    let tiny = try TinyLanguage(classes: 5, sharpness: 2)
    let options = BeamOptions(width: 3, lengthPenalty: 0, longest: 12)
    let search = try BeamSearch(tiny.begun(), tiny.language, options) { $0.contains(2) }
    for text in try search.run() {
      #expect(text.ids.contains(2) == (text.finish == .stopString))
      #expect(!text.ids.dropLast().contains(2))
    }
  }
}
