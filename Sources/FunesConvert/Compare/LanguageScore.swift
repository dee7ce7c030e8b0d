// SPDX-License-Identifier: Apache-2.0
// How well a language model foretells a text, and how far its int8 form is from float.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the numbers of a row are.
public enum RowScores: Sendable {
  /// Logits, or logarithms of probabilities: their softmax are probabilities.
  case logits
  case probabilities

  /// Logarithms of probabilities, natural.
  func logProbabilities(_ row: ArraySlice<Float>) -> [Double] {
    switch self {
    case .probabilities: return row.map { log(max(Double($0), 1e-45)) }
    case .logits:
      let largest = Double(row.max() ?? 0)
      let sum = row.reduce(0.0) { $0 + exp(Double($1) - largest) }
      return row.map { Double($0) - largest - log(sum) }
    }
  }
}

/// Teacher forcing: each row scores the id that truly came next.
public struct LanguageScore: Sendable {
  public private(set) var tokenCount = 0
  public private(set) var bestCount = 0
  private var loss = 0.0

  public init() {}

  mutating func add(_ logProbabilities: [Double], next: Int) {
    tokenCount += 1
    loss -= logProbabilities[next]
    if LanguageScore.best(logProbabilities) == next { bestCount += 1 }
  }

  /// Mean cross-entropy.
  public var nats: Double { tokenCount == 0 ? 0 : loss / Double(tokenCount) }
  public var bits: Double { nats / log(2) }
  public var perplexity: Double { exp(nats) }
  /// How often the largest score was the right one, in percent.
  public var topOne: Double { tokenCount == 0 ? 0 : 100 * Double(bestCount) / Double(tokenCount) }

  static func best(_ row: [Double]) -> Int {
    var best = 0
    for index in row.indices where row[index] > row[best] { best = index }
    return best
  }
}

/// Two forms of one model over one text.
public struct LanguageComparison: Sendable {
  public private(set) var model = LanguageScore()
  /// Nil where there is no float side.
  public private(set) var reference: LanguageScore?
  private var divergence = 0.0
  private var agreeing = 0

  public init(hasReference: Bool) { if hasReference { reference = LanguageScore() } }

  /// Takes up one row of scores and the id that came next.
  public mutating func add(
    _ row: ArraySlice<Float>, reference expected: ArraySlice<Float>?, _ scores: RowScores, next: Int
  ) {
    let found = scores.logProbabilities(row)
    model.add(found, next: next)
    guard let expected else { return }
    let truth = scores.logProbabilities(expected)
    reference?.add(truth, next: next)
    divergence += LanguageComparison.divergence(of: found, from: truth)
    if LanguageScore.best(truth) == LanguageScore.best(found) { agreeing += 1 }
  }

  /// Σ p ln(p/q) over one row, of logarithms of probabilities.
  static func divergence(of found: [Double], from truth: [Double]) -> Double {
    zip(truth, found).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
  }

  /// Mean Kullback-Leibler divergence of the model from the reference, Σ p ln(p/q), in nats.
  public var klDivergence: Double { model.tokenCount == 0 ? 0 : divergence / Double(model.tokenCount) }
  /// Rows where both have the same best id, in percent.
  public var agreement: Double { model.tokenCount == 0 ? 100 : 100 * Double(agreeing) / Double(model.tokenCount) }
}
