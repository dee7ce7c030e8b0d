// SPDX-License-Identifier: Apache-2.0
// From a model's scores to natural logarithms of probabilities, in strict float: the same on every machine.

import CFunesKernels

/// What the numbers of an output are.
enum ScoreKind {
  /// Any numbers whose softmax are probabilities: logits, or logarithms of probabilities.
  case logits
  case probabilities

  /// Replaces `scores` by the row on a logarithmic scale: logits as they are, of probabilities the logarithms.
  func copy(_ row: UnsafeBufferPointer<Float>, to scores: inout [Float]) {
    scores.removeAll(keepingCapacity: true)
    switch self {
    case .logits: scores.append(contentsOf: row)
    case .probabilities: for value in row { scores.append(value > 0 ? funes_log(value) : -1000) }
    }
  }
}

enum LogProbability {
  /// ln Σ exp(x), by which scores are too large to be logarithms of probabilities.
  static func excess(of scores: [Float]) -> Float {
    guard let largest = scores.max() else { return 0 }
    var sum = 0.0
    for score in scores { sum += Double(funes_exp(score - largest)) }
    return largest + funes_log(Float(sum))
  }

  /// In the model's own eyes: before a temperature, a penalty or a choice among the best.
  static func of(_ id: Int, in row: UnsafeBufferPointer<Float>, _ kind: ScoreKind, space: inout [Float]) -> Float {
    kind.copy(row, to: &space)
    return kind == .probabilities ? space[id] : space[id] - excess(of: space)
  }
}
