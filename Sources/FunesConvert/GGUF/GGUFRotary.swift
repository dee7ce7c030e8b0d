// SPDX-License-Identifier: Apache-2.0
// The rotary positions that a GGUF file tells of: a base, how they are stretched for texts longer than in training, and a
// table of factors.
// Source: Su et al. 2021, arXiv:2104.09864; Peng et al. 2023, "YaRN", arXiv:2309.00071.

/// Radians a row of each pair, and what scores are multiplied by beside 1 / sqrt(head width).
///
///     f_i = base^(−2i / d) / factor_i                      factor_i of the file's table, 1 without
///     none    ω_i = f_i
///     linear  ω_i = f_i / s
///     yarn    ω_i = f_i / s (1 − r_i) + f_i r_i,           r_i = 1 − clamp((i − low) / (high − low), 0, 1)
///             low, high: the pairs that make 32 turns and 1 turn within the rows of training, rounded outwards;
///             rotated rows grow by m = 1 + ln(s) / 10, scores by m²
struct GGUFRotary: Equatable {
  var frequencies: [Double]
  var scoreScale: Double

  static let scalingTypes = ["none", "linear", "yarn"]

  /// - Parameters:
  ///   - dimensions: d, even.
  ///   - factors: a factor for each pair.
  ///   - positions: the rows of training after stretching, for where the file does not tell those before.
  init(
    _ keys: GGUFKeys, dimensions: Int, factors: [Float]?, positions: Int
  ) throws(GGUFModelError) {
    let base = try keys.positive("rope.freq_base") ?? 10_000
    guard base > 1 else { throw keys.wrong("rope.freq_base", "\(base)", "a number above 1") }
    let logarithm = RotaryTurns.log(base)
    frequencies = RotaryTurns.frequencies(base: base, dimensions: dimensions)
    if let factors { frequencies = zip(frequencies, factors).map { $0 / Double($1) } }
    scoreScale = 1
    // Older files have the factor of a linear stretch alone.
    let linear = try keys.positive("rope.scale_linear")
    let type = try keys.text("rope.scaling.type")
    let factor = try keys.positive("rope.scaling.factor") ?? linear ?? 1
    switch type ?? (linear == nil ? "none" : "linear") {
    case "none": break
    case "linear": frequencies = frequencies.map { $0 / factor }
    case "yarn":
      guard factor >= 1 else { throw keys.wrong("rope.scaling.factor", "\(factor)", "1 or more") }
      try stretch(keys, logarithm, dimensions: dimensions, factor: factor, positions: positions)
    case let type:
      throw keys.wrong(
        "rope.scaling.type", "\"\(type)\"", "one of " + GGUFRotary.scalingTypes.joined(separator: ", "))
    }
  }

  private mutating func stretch(
    _ keys: GGUFKeys, _ logarithm: Double, dimensions: Int, factor: Double, positions: Int
  ) throws(GGUFModelError) {
    let original =
      try keys.optionalCount("rope.scaling.original_context_length", in: GGUFArchitecture.positionRange) ?? positions
    // The pair that makes so many turns in the rows of training, counted with a fraction.
    func pair(_ turns: Double) -> Double {
      Double(dimensions) * RotaryTurns.log(Double(original) / (turns * 2 * .pi)) / (2 * logarithm)
    }
    let low = max(0, pair(try turns(keys, "rope.scaling.yarn_beta_fast") ?? 32).rounded(.down))
    let high = min(Double(dimensions - 1), pair(try turns(keys, "rope.scaling.yarn_beta_slow") ?? 1).rounded(.up))
    for index in frequencies.indices {
      let ramp = 1 - min(1, max(0, (Double(index) - low) / max(0.001, high - low)))
      frequencies[index] = frequencies[index] / factor * (1 - ramp) + frequencies[index] * ramp
    }
    let growth = 1 + 0.1 * RotaryTurns.log(factor)
    scoreScale = growth * growth
  }
  /// Turns within the rows of training, so far from the ends of doubles that nothing here overflows.
  private func turns(_ keys: GGUFKeys, _ name: String) throws(GGUFModelError) -> Double? {
    guard let turns = try keys.positive(name) else { return nil }
    guard (0x1p-20...0x1p20).contains(turns) else { throw keys.wrong(name, "\(turns)", "from 2^-20 to 2^20 turns") }
    return turns
  }
}
