// SPDX-License-Identifier: Apache-2.0
// Chooses the next id from a model's scores.
//
// Goals, in this order: the same seed gives the same ids on every machine (strict float, own exp, fixed order of sums
// and of equals); then speed.

import CFunesKernels

/// How an id is drawn.
struct SamplerOptions: Equatable {
  /// Scores are divided by it; 0 takes the best.
  var temperature: Float = 1
  /// Draw among this many of the best; 0 for all.
  var topK = 0
  /// Draw among the fewest of the best whose probabilities reach this sum; 1 for all.
  var topP: Float = 1
  var seed: UInt64 = 0
}

/// Draws ids from rows of scores.
struct Sampler {
  let options: SamplerOptions
  let scores: ScoreKind
  var penalty: RepetitionPenalty?
  private var random: Xoshiro256
  private var weights: [Float] = []
  private var order: [Int] = []

  init(_ options: SamplerOptions, scores: ScoreKind = .logits) {
    self.options = options
    self.scores = scores
    random = Xoshiro256(seed: options.seed)
  }

  mutating func next(_ row: UnsafeBufferPointer<Float>) -> Int {
    scores.copy(row, to: &weights)
    penalty?.apply(to: &weights)
    if options.temperature == 0 { return weights.withUnsafeBufferPointer(argmax) }
    weigh()
    order.removeAll(keepingCapacity: true)
    order.append(contentsOf: row.indices)
    if options.topK > 0 && options.topK < row.count || options.topP < 1 {
      // The lower id first among equals, so that the order does not depend on the sorting.
      order.sort { weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1 }
      if options.topK > 0 { order.removeLast(max(0, order.count - options.topK)) }
      cutTail()
    }
    var total: Float = 0
    for id in order { total += weights[id] }
    let target = random.nextFraction() * total
    var sum: Float = 0
    for id in order {
      sum += weights[id]
      if sum > target { return id }
    }
    return order[0]
  }

  /// exp((score − largest) / temperature): 1 for the best, probabilities but for a factor.
  private mutating func weigh() {
    let largest = weights.max() ?? 0
    for index in weights.indices { weights[index] = funes_exp((weights[index] - largest) / options.temperature) }
  }

  /// Of ids in descending order keeps the fewest whose weights reach `topP` of their sum; one at least.
  private mutating func cutTail() {
    guard options.topP < 1 else { return }
    var total: Float = 0
    for id in order { total += weights[id] }
    var sum: Float = 0
    for (position, id) in order.enumerated() {
      sum += weights[id]
      if sum >= options.topP * total {
        order.removeLast(order.count - position - 1)
        return
      }
    }
  }
}
