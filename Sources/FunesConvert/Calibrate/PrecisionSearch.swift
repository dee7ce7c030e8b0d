// SPDX-License-Identifier: Apache-2.0
// Which matrices get 16-bit weights: those whose 8 bits cost the outputs most for their bytes, as few as the goal needs.

import Funes

/// What a search found: a curve of error against bytes, and the point on it that was chosen.
public struct PrecisionPlan: Sendable {
  /// All matrices up to some have 16-bit weights.
  public struct Point: Sendable, Equatable {
    /// The matrix that has 16 bits from here on; nil for the beginning, where all have 8.
    public var matrix: String?
    /// Error energy of the outputs, as a share of the signal's, that this matrix alone makes with 8 bits.
    public var noise: Double
    /// Bytes of all matrices.
    public var byteCount: Int
    public var bytesPerWeight: Double
    public var errorShare: Double
    /// The worst of all outputs, in dB.
    public var snr: Double
    /// The figure of the target; of a budget the SNR.
    public var figure: Double
  }

  public var goal: PrecisionGoal
  public var points: [Point]
  /// Matrices that the search could choose among.
  public var matrixCount: Int
  /// Among `points`.
  public var chosen: Int
  /// Whether the target holds there.
  public var isReached: Bool
  /// What the file's metadata hold of it: a JSON object with the goal, the index of the chosen point, and for each point the
  /// matrix that is 16 bits wide from there on, bytes a weight, SNR in dB and the target's figure, null where there is none.
  public var note: String {
    func number(_ value: Double) -> JSONValue {
      value.isFinite ? .number((value * 1e6).rounded() / 1e6) : .null
    }
    return JSONValue.members([
      "goal": .string(goal.description), "chosen": .integer(chosen), "isReached": .bool(isReached),
      "points": .array(
        points.map { point in
          .array([
            point.matrix.map { .string($0) } ?? .null, number(point.bytesPerWeight), number(point.snr),
            number(point.figure),
          ])
        }),
    ]).text
  }
  /// Matrices with 16-bit weights, in the order in which they got them.
  public var widened: [String] { points[...chosen].compactMap(\.matrix) }
}

/// Searches for the matrices that need 16-bit weights.
///
/// What a matrix's 8 bits cost is measured at the outputs, over the whole stream, with every other matrix in 16 bits: so
/// its noise stands alone, errors that a state keeps and those that cancel included. Noises of matrices add up nearly as
/// energies do; so taking them in order of noise by bytes is nearly the best curve.
public struct PrecisionSearch {
  public typealias Progress = (_ done: Int, _ total: Int, _ name: String) -> Void

  /// Precisions, caches and, where they were calibrated, matrices of 8-bit weights.
  public var converter: Converter
  public var progress: Progress?
  /// Of larger graphs the curve ends at the chosen point.
  private static let longestCurve = 64

  public init(_ converter: Converter) { self.converter = converter }

  /// Returns the plan and all matrices as it has them, for `Converter.given`.
  public func search(
    _ graph: Graph, _ judged: JudgedOutputs, _ goal: PrecisionGoal
  ) throws -> (plan: PrecisionPlan, matrices: [String: QuantizedMatrix]) {
    let narrow = try named(converter, graph)
    var wider = converter
    wider.given = [:]
    wider.precision.weights = .sixteen
    wider.exceptions = wider.exceptions.mapValues { Precision(weights: .sixteen, activations: $0.activations) }
    let wide = try named(wider, graph)
    let names = graph.constants.map(\.name).filter { narrow[$0] != nil && narrow[$0]?.weightPlanes == 1 }
    let total = 2 * names.count + 2
    let weightCount = narrow.values.reduce(0) { $0 + $1.rows * $1.cols }
    func point(_ matrix: String?, _ noise: Double, _ matrices: [String: QuantizedMatrix]) throws -> (
      PrecisionPlan.Point, [OutputDifference]
    ) {
      let outputs = try differences(matrices, graph, judged, goal)
      let byteCount = matrices.values.reduce(0) { $0 + $1.byteCount }
      let target = if case .target(let target) = goal { target } else { PrecisionTarget(.snr, 0) }
      return (
        PrecisionPlan.Point(
          matrix: matrix, noise: noise, byteCount: byteCount,
          bytesPerWeight: Double(byteCount) / Double(max(1, weightCount)), errorShare: outputs.errorShare,
          snr: PrecisionTarget(.snr, 0).worst(of: outputs), figure: target.worst(of: outputs)), outputs
      )
    }
    progress?(0, total, "16 bits")
    let floor = try differences(wide.merging(narrow) { $0.weightPlanes > 1 ? $0 : $1 }, graph, judged).errorShare
    var noises: [(name: String, noise: Double, gain: Double)] = []
    for (place, name) in names.enumerated() {
      progress?(place + 1, total, name)
      var matrices = wide
      matrices[name] = narrow[name]
      let noise = max(0, try differences(matrices, graph, judged).errorShare - floor)
      let bytes = max(1, (wide[name]?.byteCount ?? 0) - (narrow[name]?.byteCount ?? 0))
      noises.append((name, noise, noise / Double(bytes)))
    }
    // Equal gains keep the graph's order.
    let order = noises.indices.sorted {
      noises[$0].gain == noises[$1].gain ? $0 < $1 : noises[$0].gain > noises[$1].gain
    }
    var matrices = narrow
    var chosenMatrices = narrow
    let first = try point(nil, 0, matrices)
    var plan = PrecisionPlan(goal: goal, points: [first.0], matrixCount: names.count, chosen: 0, isReached: false)
    var isDone = false
    switch goal {
    case .target(let target): isDone = target.holds(for: first.1)
    case .budget(let budget): plan.isReached = first.0.bytesPerWeight <= budget
    }
    if isDone { plan.isReached = true }
    for (place, index) in order.enumerated() {
      if isDone, names.count > PrecisionSearch.longestCurve { break }
      progress?(names.count + 1 + place, total, noises[index].name)
      let name = noises[index].name
      let before = matrices[name]
      matrices[name] = wide[name]
      if case .budget(let budget) = goal, !isDone,
        Double(matrices.values.reduce(0) { $0 + $1.byteCount }) > budget * Double(weightCount)
      {
        // Too dear; a smaller one behind it may still be had.
        matrices[name] = before
        continue
      }
      let (found, outputs) = try point(name, noises[index].noise, matrices)
      plan.points.append(found)
      if isDone { continue }
      plan.chosen = plan.points.count - 1
      chosenMatrices = matrices
      if case .target(let target) = goal, target.holds(for: outputs) {
        plan.isReached = true
        isDone = true
      }
    }
    return (plan, chosenMatrices)
  }

  private func named(_ converter: Converter, _ graph: Graph) throws -> [String: QuantizedMatrix] {
    var converter = converter
    converter.progress = nil
    var matrices: [String: QuantizedMatrix] = [:]
    for (index, matrix) in try converter.quantize(graph) { matrices[graph.constants[index].name] = matrix }
    return matrices
  }

  private func differences(
    _ matrices: [String: QuantizedMatrix], _ graph: Graph, _ judged: JudgedOutputs, _ goal: PrecisionGoal? = nil
  ) throws -> [OutputDifference] {
    var converter = converter
    converter.given = matrices
    converter.selfTest = []
    converter.progress = nil
    var diverging = false
    if case .target(let target) = goal { diverging = target.figure == .kld }
    let file = try ModelFile(copying: try converter.convert(graph).bytes, memoryLimit: .max)
    return try judged.differences(of: file, diverging: diverging)
  }
}

extension QuantizedMatrix {
  /// Bytes in a file: tiles of each plane, scales, row sums, equalizer.
  var byteCount: Int {
    let packer = TilePacker(self)
    return packer.byteCount(planes: weightPlanes, hasEqualizer: equalizer != nil)
  }
}
