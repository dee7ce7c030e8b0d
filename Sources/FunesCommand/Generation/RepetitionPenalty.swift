// SPDX-License-Identifier: Apache-2.0
// Makes what has already been said less likely.

/// A penalty on ids that stand in the prompt or in the text so far, once however often they stand there.
///
///     x' = x / θ   where x > 0
///     x' = x · θ   otherwise
///
/// x: the score of such an id, a logit, or the logarithm of a probability where a model puts out probabilities. Source:
/// Keskar et al. 2019, CTRL, arXiv:1909.05858, section 4.1, which divides all; a negative score would grow by that, so it is
/// multiplied. Ids that end a text are left alone, since they end it once.
struct RepetitionPenalty {
  /// θ; 1 changes nothing.
  let factor: Float
  private let spared: [Int]
  private var isSeen: [Bool]

  init(factor: Float, classes: Int, sparing spared: [Int]) {
    self.factor = factor
    self.spared = spared
    isSeen = [Bool](repeating: false, count: factor == 1 ? 0 : classes)
  }

  mutating func note(_ id: Int) {
    guard isSeen.indices.contains(id), !spared.contains(id) else { return }
    isSeen[id] = true
  }

  /// Takes up what another has seen, without allocating.
  mutating func takeSeen(of other: borrowing RepetitionPenalty) {
    for id in isSeen.indices { isSeen[id] = other.isSeen[id] }
  }

  func apply(to scores: inout [Float]) {
    // A model may score fewer ids than it reads.
    for id in 0..<min(isSeen.count, scores.count) where isSeen[id] {
      scores[id] = scores[id] > 0 ? scores[id] / factor : scores[id] * factor
    }
  }
}
