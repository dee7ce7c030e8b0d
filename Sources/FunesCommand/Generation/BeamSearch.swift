// SPDX-License-Identifier: Apache-2.0
// Beam search: the likeliest texts rather than the likeliest next id.
//
// Goals, in this order: the same texts on every machine; states copied only where a text goes on in two ways; nothing
// allocated from one step to the next.

import CFunesKernels
import Funes

/// How a beam search goes.
struct BeamOptions: Equatable {
  /// Texts that are followed at a time.
  var width = 4
  /// α of the length penalty, 0 or more.
  var lengthPenalty: Float = 0.6
  /// θ of the repetition penalty.
  var repetitionPenalty: Float = 1
  /// Most ids of a text.
  var longest: Int

  /// What the logarithm of a text's probability is divided by, of so many ids with the stop id:
  ///
  ///     lp = ((5 + ids) / 6)^α
  ///
  /// Source: Wu et al. 2016, arXiv:1609.08144, equation 14.
  func lengthDivisor(_ count: Int) -> Double {
    lengthPenalty == 0 ? 1 : Double(funes_exp(lengthPenalty * funes_log(Float(5 + count) / 6)))
  }
}

/// A text that a search found.
struct Hypothesis: Equatable {
  /// Without a stop id.
  var ids: [Int32]
  /// Sum of the logarithms of the ids' probabilities, that of the stop id included, after the repetition penalty.
  var logProbability: Double
  /// What texts are compared by: the logarithm over the length divisor.
  var score: Double
  var finish: FinishReason
}

/// Follows the likeliest texts, each in a session of its own.
///
/// A step ranks every text that is followed with every id behind it by probability (of equals the better text, then the
/// lower id), and goes down the ranking: a text that ends with that id, or whose bytes hold a stop string, is finished;
/// the others, until there are as many as the search is wide, are followed. Of the finished as many are kept, the best by
/// score. It is over when no text that is followed can still surpass the last of these, or at the longest length, where
/// what is followed is finished as it is.
final class BeamSearch {
  /// A session, and what its text has said.
  private struct Beam {
    let engine: SessionHolder
    var penalty: RepetitionPenalty
  }

  private struct Followed {
    var beam: Int
    /// The last id; −1 before the first.
    var node: Int
    var sum: Double
  }

  private struct Candidate {
    /// Position among the followed.
    var text: Int
    var id: Int32
    var sum: Double
  }

  private struct Finished {
    var node: Int
    var sum: Double
    var score: Double
    var finish: FinishReason
  }

  private let language: LanguageModel
  private let options: BeamOptions
  /// Whether the bytes of such ids hold a stop string; nil where there is none to look for.
  private let holdsStop: (([Int32]) throws -> Bool)?
  private var beams: [Beam] = []
  private var followed: [Followed] = []
  private var following: [Followed] = []
  private var candidates: [Candidate] = []
  private let mostCandidates: Int
  private var finished: [Finished] = []
  /// Ids of all texts, each with the position of the one before it.
  private var nodes: [(id: Int32, before: Int)] = []
  private var scores: [Float] = []
  private var isTaken: [Bool]
  private(set) var fedCount = 0
  /// States that were copied, one a session.
  private(set) var copyCount = 0

  /// A search from where a session stands: the scores of its last row are those of the first id. `given`: ids that the
  /// repetition penalty knows from the beginning.
  init(
    _ engine: SessionHolder, _ language: LanguageModel, _ options: BeamOptions, given: [Int32] = [],
    holdsStop: (([Int32]) throws -> Bool)? = nil
  ) throws {
    self.language = language
    self.options = options
    self.holdsStop = holdsStop
    var penalty = RepetitionPenalty(
      factor: options.repetitionPenalty, classes: language.input.classes, sparing: language.stopIDs)
    for id in given { penalty.note(Int(id)) }
    for beam in 0..<options.width {
      let holder = beam == 0 ? engine : try SessionHolder(engine.file, threads: engine.threads)
      beams.append(Beam(engine: holder, penalty: penalty))
    }
    isTaken = [Bool](repeating: false, count: options.width)
    // Each text that is followed may end in as many ways as there are stop ids; bytes may end it with any id.
    mostCandidates = options.width * ((holdsStop == nil ? 1 : 2) + language.stopIDs.count)
    candidates.reserveCapacity(mostCandidates + 1)
    finished.reserveCapacity(options.width + 1)
    followed.reserveCapacity(options.width)
    following.reserveCapacity(options.width)
    nodes.reserveCapacity(options.width * min(options.longest, 1 << 16))
    scores.reserveCapacity(language.output.width)
  }

  /// Searches, and returns what it found, the best first: as many as it is wide, fewer where there are no more.
  func run() throws -> [Hypothesis] {
    followed = [Followed(beam: 0, node: -1, sum: 0)]
    var reason = FinishReason.length
    for length in 1...max(1, options.longest) where !followed.isEmpty {
      if Interrupt.isRequested {
        reason = .interrupt
        break
      }
      rank()
      try choose(length)
      if length == options.longest || isDecided { break }
      do {
        try follow()
      } catch StreamError.full {
        reason = .full
        break
      }
    }
    let length = { [nodes] (text: Followed) in BeamSearch.length(nodes, text.node) }
    for text in isDecided ? [] : followed { finish(text.node, text.sum, length(text), reason) }
    return finished.map {
      Hypothesis(ids: ids($0.node), logProbability: $0.sum, score: $0.score, finish: $0.finish)
    }
  }

  /// The best continuations of all that is followed.
  private func rank() {
    candidates.removeAll(keepingCapacity: true)
    for (position, text) in followed.enumerated() {
      let beam = beams[text.beam]
      language.scores.copy(
        beam.engine.session.unsafeOutput(language.outputIndex, of: language.program), to: &scores)
      beam.penalty.apply(to: &scores)
      let excess = LogProbability.excess(of: scores)
      for (id, score) in scores.enumerated() {
        let sum = text.sum + Double(score - excess)
        if candidates.count == mostCandidates, sum <= candidates[mostCandidates - 1].sum { continue }
        if candidates.count == mostCandidates { candidates.removeLast() }
        var place = candidates.count
        while place > 0, candidates[place - 1].sum < sum { place -= 1 }
        candidates.insert(Candidate(text: position, id: Int32(id), sum: sum), at: place)
      }
    }
  }

  /// Goes down the ranking: what ends is finished, the rest is what to follow.
  private func choose(_ length: Int) throws {
    following.removeAll(keepingCapacity: true)
    for candidate in candidates {
      if following.count == options.width { break }
      let before = followed[candidate.text]
      if language.stopIDs.contains(Int(candidate.id)) {
        finish(before.node, candidate.sum, length, .stopID)
        continue
      }
      nodes.append((candidate.id, before.node))
      if let holdsStop, try holdsStop(ids(nodes.count - 1)) {
        finish(nodes.count - 1, candidate.sum, length, .stopString)
      } else {
        following.append(Followed(beam: before.beam, node: nodes.count - 1, sum: candidate.sum))
      }
    }
    swap(&followed, &following)
  }

  private func finish(_ node: Int, _ sum: Double, _ length: Int, _ reason: FinishReason) {
    let score = sum / options.lengthDivisor(length)
    if finished.count == options.width, score <= finished[options.width - 1].score { return }
    if finished.count == options.width { finished.removeLast() }
    var place = finished.count
    while place > 0, finished[place - 1].score < score { place -= 1 }
    finished.insert(Finished(node: node, sum: sum, score: score, finish: reason), at: place)
  }

  /// No more ids can make any text better than the last that is finished: probabilities only fall, and no divisor is
  /// larger than that of the longest.
  private var isDecided: Bool {
    guard finished.count == options.width, let best = followed.first else { return followed.isEmpty }
    return finished[options.width - 1].score >= best.sum / options.lengthDivisor(options.longest)
  }

  /// Feeds every text its last id, in a session that has read the rest: the first that goes on from another stays in its
  /// session, its siblings copy the states to sessions whose texts were given up.
  private func follow() throws {
    for beam in isTaken.indices { isTaken[beam] = false }
    for position in followed.indices where !isTaken[followed[position].beam] {
      isTaken[followed[position].beam] = true
      // Marks who stays.
      followed[position].beam = ~followed[position].beam
    }
    for position in followed.indices {
      let beam = followed[position].beam
      if beam < 0 {
        followed[position].beam = ~beam
      } else {
        let free = isTaken.firstIndex(of: false)!
        isTaken[free] = true
        beams[free].engine.session.takeStates(of: beams[beam].engine.session)
        let seen = beams[beam].penalty
        beams[free].penalty.takeSeen(of: seen)
        copyCount += 1
        followed[position].beam = free
      }
    }
    for text in followed {
      let id = nodes[text.node].id
      try beams[text.beam].engine.feed(id, to: language, after: fedCount)
      beams[text.beam].penalty.note(Int(id))
      fedCount += 1
    }
  }

  private func ids(_ node: Int) -> [Int32] {
    var ids: [Int32] = []
    var node = node
    while node >= 0 {
      ids.append(nodes[node].id)
      node = nodes[node].before
    }
    return ids.reversed()
  }

  private static func length(_ nodes: [(id: Int32, before: Int)], _ node: Int) -> Int {
    var (length, node) = (0, node)
    while node >= 0 {
      length += 1
      node = nodes[node].before
    }
    return length
  }
}
