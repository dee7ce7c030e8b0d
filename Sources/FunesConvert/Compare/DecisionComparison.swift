// SPDX-License-Identifier: Apache-2.0
// Whether scores still choose what they chose in float: the figures of classifiers and of language models.

/// Rows of scores in two forms: their choices, and how far their probabilities are apart.
public struct DecisionComparison: Sendable, Equatable {
  public private(set) var rowCount = 0
  /// Rows where both choose the same, the first of equals.
  public private(set) var agreeingCount = 0
  /// Of the rows that do not agree, the largest margin of float: by how much its best score was above its second. 0 where
  /// all agree.
  public private(set) var largestFlippedMargin = 0.0
  private var divergence = 0.0

  public init() {}

  /// Takes up one row.
  public mutating func add(expected: ArraySlice<Float>, found: ArraySlice<Float>, _ scores: RowScores) {
    rowCount += 1
    let (truth, guess) = (scores.logProbabilities(expected), scores.logProbabilities(found))
    divergence += LanguageComparison.divergence(of: guess, from: truth)
    let (best, chosen) = (DecisionComparison.best(expected), DecisionComparison.best(found))
    guard best != chosen else {
      agreeingCount += 1
      return
    }
    let second = expected.indices.filter { $0 != best + expected.startIndex }.map { expected[$0] }.max() ?? 0
    largestFlippedMargin = max(largestFlippedMargin, Double(expected[expected.startIndex + best]) - Double(second))
  }

  public var flippedCount: Int { rowCount - agreeingCount }
  /// Rows that agree, of all; 1 before the first.
  public var agreement: Double { rowCount == 0 ? 1 : Double(agreeingCount) / Double(rowCount) }
  /// Mean Kullback-Leibler divergence of what was found from what was expected, Σ p ln(p/q), in nats.
  public var klDivergence: Double { rowCount == 0 ? 0 : divergence / Double(rowCount) }

  private static func best(_ row: ArraySlice<Float>) -> Int {
    var best = row.startIndex
    for index in row.indices where row[index] > row[best] { best = index }
    return best - row.startIndex
  }
}
