// SPDX-License-Identifier: Apache-2.0
// Rotary positions as config.json describes them. Every scaling variant only changes what pairs turn by, and some what
// scores are multiplied by, so that the runtime knows one kind.

/// Rotary positions of a configuration.
struct RotaryConfig {
  var description: RotaryDescription
  /// What turned queries and keys are both multiplied by; scores by its square.
  var attentionFactor: Double
  /// Rows beyond which the frequencies would change.
  var mostRows: Int

  /// - Parameters:
  ///   - positions: `max_position_embeddings`.
  ///   - share: the part of a head that is turned where the configuration does not say.
  ///   - keys: where older configurations have base and share.
  init(
    _ config: FolderConfig, headWidth: Int, positions: Int, share: Double = 1,
    keys: (base: String, share: String) = ("rope_theta", "partial_rotary_factor")
  ) throws {
    let parameters = try config.object("rope_parameters")
    let scaling = try config.object("rope_scaling")
    if parameters != nil, scaling != nil {
      throw config.conflict(["rope_parameters", "rope_scaling"], "found both, expected one")
    }
    let scope = parameters ?? scaling ?? config
    // The newer object has base and share inside; where it lacks one, what stands outside counts.
    func number(_ inner: String, _ outer: String, _ standard: Double) throws -> Double {
      let within = try scope === config ? nil : scope.optionalPositive(inner)
      let outside = try config.optionalPositive(outer)
      return within ?? outside ?? standard
    }
    let base = try number("rope_theta", keys.base, 10_000)
    let part = try number("partial_rotary_factor", keys.share, share)
    guard base > 1 else {
      throw FolderError.outOfRange(file: config.file, key: keys.base, found: "\(base)", expected: "above 1")
    }
    let dimensions = part <= 1 ? Int(Double(headWidth) * part) : 0
    guard dimensions >= 2, dimensions % 2 == 0 else {
      throw FolderError.outOfRange(
        file: config.file, key: keys.share, found: "\(part) of \(headWidth)", expected: "an even number of values")
    }
    var frequencies = RotaryTurns.frequencies(base: base, dimensions: dimensions)
    attentionFactor = 1
    mostRows = positions
    if scope !== config {
      var kind = try scope.optionalWord("rope_type")
      let old = try scope.optionalWord("type")
      kind = kind ?? old
      let table = RotaryScaling(scope: scope, base: base, dimensions: dimensions, positions: positions)
      switch kind ?? "default" {
      // Older configurations name a kind of several axes that is the plain one for text.
      case "default": break
      case "linear": frequencies = try table.linear(frequencies)
      case "dynamic": _ = try table.factor()
      case "llama3": frequencies = try table.llama3(frequencies)
      case "yarn": (frequencies, attentionFactor) = try table.yarn(frequencies)
      case "longrope": (frequencies, attentionFactor, mostRows) = try table.longrope(frequencies, config)
      case let other:
        throw scope.unsupported(
          "rope_type", "\"\(other)\"",
          ["default", "linear", "dynamic", "llama3", "yarn", "longrope"].map { "\"\($0)\"" })
      }
    }
    if attentionFactor != 1, dimensions != headWidth {
      throw config.conflict(
        [keys.share, "attention_factor"],
        "found a factor of \(attentionFactor) on \(dimensions) of a head's \(headWidth) values, expected all or a factor of 1"
      )
    }
    description = RotaryDescription(
      dimensions: dimensions, isHalved: true, turns: RotaryTurns.values(frequencies: frequencies))
  }

  /// What scores of heads of that width are multiplied by.
  func scale(headWidth: Int) -> Float { Float(attentionFactor * attentionFactor / Double(headWidth).squareRoot()) }
}

/// The scaling variants; `frequencies` are those of the base.
private struct RotaryScaling {
  var scope: FolderConfig
  var base: Double
  var dimensions: Int
  var positions: Int

  func factor() throws -> Double {
    let factor = try scope.positive("factor")
    guard factor >= 1 else {
      throw FolderError.outOfRange(file: scope.file, key: "factor", found: "\(factor)", expected: "1 or more")
    }
    return factor
  }

  /// Rows of the training before the context was stretched.
  private func originalRows() throws -> Int {
    try scope.integer("original_max_position_embeddings", 1...(1 << 30), default: positions)
  }

  /// Chen et al. 2023, arXiv:2306.15595.
  func linear(_ frequencies: [Double]) throws -> [Double] {
    let factor = try factor()
    return frequencies.map { $0 / factor }
  }

  /// Llama 3.1: waves longer than the training's rows are stretched, short ones are not, those between in proportion.
  func llama3(_ frequencies: [Double]) throws -> [Double] {
    let factor = try factor()
    let (low, high) = (try scope.positive("low_freq_factor"), try scope.positive("high_freq_factor"))
    guard high > low else {
      throw scope.conflict(
        ["low_freq_factor", "high_freq_factor"], "found \(low) and \(high), expected the second larger")
    }
    let rows = Double(try originalRows())
    return frequencies.map { frequency in
      let waves = rows * frequency / (2 * Double.pi)
      if waves < low { return frequency / factor }
      if waves > high { return frequency }
      let share = (waves - low) / (high - low)
      return (1 - share) * frequency / factor + share * frequency
    }
  }

  /// Peng et al. 2023, arXiv:2309.00071: a ramp over the pairs between stretched and plain.
  func yarn(_ frequencies: [Double]) throws -> ([Double], Double) {
    let rows = Double(try originalRows())
    let factor = scope.has("factor") ? try factor() : Double(positions) / rows
    let fast = try scope.positive("beta_fast", default: 32)
    let slow = try scope.positive("beta_slow", default: 1)
    let isTruncated = try scope.flag("truncate", default: true)
    func pair(turning count: Double) -> Double {
      Double(dimensions) * RotaryTurns.log(rows / (count * 2 * Double.pi)) / (2 * RotaryTurns.log(base))
    }
    var (first, last) = (pair(turning: fast), pair(turning: slow))
    if isTruncated { (first, last) = (first.rounded(.down), last.rounded(.up)) }
    (first, last) = (max(first, 0), min(last, Double(dimensions - 1)))
    if first == last { last += 0.001 }
    let scaled = frequencies.enumerated().map { index, frequency in
      let ramp = min(max((Double(index) - first) / (last - first), 0), 1)
      return frequency / factor * ramp + frequency * (1 - ramp)
    }
    func magnitude(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * RotaryTurns.log(factor) + 1 }
    var attention = magnitude(1)
    let (own, all) = (try scope.optionalPositive("mscale"), try scope.optionalPositive("mscale_all_dim"))
    if let own, let all { attention = magnitude(own) / magnitude(all) }
    return (scaled, try scope.optionalPositive("attention_factor") ?? attention)
  }

  /// Ding et al. 2024, arXiv:2402.13753, within the original rows: beyond them every frequency would change, also of rows
  /// that a cache already holds.
  func longrope(_ frequencies: [Double], _ config: FolderConfig) throws -> ([Double], Double, Int) {
    let outside = try config.optionalInteger("original_max_position_embeddings", 1...(1 << 30))
    let within = try originalRows()
    let rows = outside ?? within
    let factor = try scope.optionalPositive("factor") ?? Double(positions) / Double(rows)
    scope.ignore(["long_factor"])
    guard let elements = scope.value("short_factor")?.elements else {
      throw FolderError.missingKey(file: scope.file, key: "short_factor")
    }
    let factors = elements.compactMap(\.doubleValue).filter { $0 > 0 && $0 <= 0x1p50 }
    guard factors.count == frequencies.count, elements.count == factors.count else {
      throw FolderError.wrongKind(
        file: scope.file, key: "short_factor", found: "\(elements.count) values",
        expected: "\(frequencies.count) numbers above 0")
    }
    var attention = 1.0
    if factor > 1, rows > 1 {
      attention = (1 + RotaryTurns.log(factor) / RotaryTurns.log(Double(rows))).squareRoot()
    }
    return (
      zip(frequencies, factors).map { $0 / $1 }, try scope.optionalPositive("attention_factor") ?? attention, rows
    )
  }
}
