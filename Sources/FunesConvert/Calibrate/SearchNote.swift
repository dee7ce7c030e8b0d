// SPDX-License-Identifier: Apache-2.0
// What a file says of the search that chose its 16-bit weights: the metadata value `search`, written by conversion and read
// by reports.

/// A search in short: a JSON object with the goal, the index of the chosen point, and for each point the matrix that is 16
/// bits wide from there on, bytes a weight (0…1000), SNR in dB and the target's figure (below a million in magnitude;
/// null where there is none).
public struct SearchNote: Sendable, Equatable {
  public struct Point: Sendable, Equatable {
    /// Nil for the beginning.
    public var matrix: String?
    public var bytesPerWeight: Double
    /// The worst of all outputs, in dB.
    public var snr: Double
    /// The figure of the target; of a budget the SNR.
    public var figure: Double
  }

  /// As `PrecisionGoal` describes it.
  public var goal: String
  /// Among `points`.
  public var chosen: Int
  public var isReached: Bool
  public var points: [Point]

  public init(_ plan: PrecisionPlan) {
    goal = plan.goal.description
    chosen = plan.chosen
    isReached = plan.isReached
    points = plan.points.map {
      Point(matrix: $0.matrix, bytesPerWeight: $0.bytesPerWeight, snr: $0.snr, figure: $0.figure)
    }
  }

  /// Nil where the text is nothing that a conversion writes.
  public init?(_ text: String) {
    guard let note = try? JSONValue(parsing: Array(text.utf8)), let goal = note["goal"]?.stringValue,
      let chosen = note["chosen"]?.intValue, let isReached = note["isReached"]?.boolValue,
      let elements = note["points"]?.elements, elements.indices.contains(chosen)
    else { return nil }
    self.goal = goal
    self.chosen = chosen
    self.isReached = isReached
    points = []
    for element in elements {
      guard let parts = element.elements, parts.count == 4, let bytesPerWeight = parts[1].doubleValue,
        (0...1000).contains(bytesPerWeight)
      else { return nil }
      let figures = parts[2...].map { $0.doubleValue ?? .nan }
      guard figures.allSatisfy({ $0.isNaN || $0.magnitude < 1e6 }) else { return nil }
      points.append(
        Point(
          matrix: parts[0].stringValue, bytesPerWeight: bytesPerWeight, snr: figures[0], figure: figures[1]))
    }
  }

  public var text: String {
    func number(_ value: Double) -> JSONValue {
      value.isFinite ? .number((value * 1e6).rounded() / 1e6) : .null
    }
    return JSONValue.members([
      "goal": .string(goal), "chosen": .integer(chosen), "isReached": .bool(isReached),
      "points": .array(
        points.map { point in
          .array([
            point.matrix.map { .string($0) } ?? .null, number(point.bytesPerWeight), number(point.snr),
            number(point.figure),
          ])
        }),
    ]).text
  }
}
