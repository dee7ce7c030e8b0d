// SPDX-License-Identifier: Apache-2.0
// Which matrices get 16-bit weights: those whose 8 bits cost the outputs most for their bytes, as few as the goal needs.

import Funes

/// Searches for the matrices that need 16-bit weights.
///
/// What a matrix's 8 bits cost is measured at the outputs, over the whole stream, with every other matrix in 16 bits: so
/// its noise stands alone, errors that a state keeps and those that cancel included. Noises of matrices add up nearly as
/// energies do; so taking them in order of noise by bytes is nearly the best curve. Once a target holds, each matrix that
/// was taken is tried in 8 bits again, the largest first, and stays so where the target holds all the same.
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
    let trials = try PrecisionTrials(converter, graph, judged, goal)
    trials.progress = progress
    let ranked = try trials.ranking()
    var taken: [String] = []
    switch goal {
    case .target:
      var left = ranked[...]
      while try !trials.holds(taken), let next = left.popFirst() { taken.append(next.name) }
      if try trials.holds(taken) {
        for name in taken.enumerated().sorted(by: { trials.isLarger($0, $1) }).map(\.element) {
          let rest = taken.filter { $0 != name }
          if try trials.holds(rest) { taken = rest }
        }
      }
    case .budget(let budget):
      // One that is too dear is passed over; a smaller one behind it may still be had.
      for (name, _) in ranked where trials.bytesPerWeight(taken + [name]) <= budget { taken.append(name) }
    }
    var order = taken
    if ranked.count <= PrecisionSearch.longestCurve { order += ranked.map(\.name).filter { !taken.contains($0) } }
    let noises = Dictionary(uniqueKeysWithValues: ranked.map { ($0.name, $0.noise) })
    let points = try (0...order.count).map { count in
      var point = try trials.point(Array(order[..<count]))
      point.matrix = count == 0 ? nil : order[count - 1]
      point.noise = point.matrix.flatMap { noises[$0] } ?? 0
      return point
    }
    let plan = PrecisionPlan(
      goal: goal, points: points, matrixCount: ranked.count, chosen: taken.count, isReached: try trials.holds(taken))
    return (plan, trials.matrices(taken))
  }
}

/// A graph with some of its matrices in 16 bits, judged; nothing is judged twice.
private final class PrecisionTrials {
  private let converter: Converter
  private let graph: Graph
  private let judged: JudgedOutputs
  private let goal: PrecisionGoal
  private let narrow: [String: QuantizedMatrix]
  private let wide: [String: QuantizedMatrix]
  /// Matrices to choose among, in the graph's order.
  private let names: [String]
  private let weightCount: Int
  private var known: [Set<String>: (point: PrecisionPlan.Point, holds: Bool)] = [:]
  private var done = 0
  var progress: PrecisionSearch.Progress?

  init(_ converter: Converter, _ graph: Graph, _ judged: JudgedOutputs, _ goal: PrecisionGoal) throws {
    self.converter = converter
    self.graph = graph
    self.judged = judged
    self.goal = goal
    let narrow = try PrecisionTrials.named(converter, graph)
    var wider = converter
    wider.given = [:]
    wider.precision.weights = .sixteen
    wider.exceptions = wider.exceptions.mapValues { Precision(weights: .sixteen, activations: $0.activations) }
    wide = try PrecisionTrials.named(wider, graph)
    names = graph.constants.map(\.name).filter { narrow[$0] != nil && narrow[$0]?.weightPlanes == 1 }
    weightCount = narrow.values.reduce(0) { $0 + $1.rows * $1.cols }
    self.narrow = narrow
  }

  private static func named(_ converter: Converter, _ graph: Graph) throws -> [String: QuantizedMatrix] {
    var converter = converter
    converter.progress = nil
    var matrices: [String: QuantizedMatrix] = [:]
    for (index, matrix) in try converter.quantize(graph) { matrices[graph.constants[index].name] = matrix }
    return matrices
  }

  func matrices(_ widened: [String]) -> [String: QuantizedMatrix] {
    narrow.merging(wide.filter { widened.contains($0.key) }) { $1 }
  }

  /// Bytes that 16 bits add.
  private func cost(_ name: String) -> Int { (wide[name]?.byteCount ?? 0) - (narrow[name]?.byteCount ?? 0) }

  /// Whether the first costs more; of equals the later one comes first.
  func isLarger(_ a: (offset: Int, element: String), _ b: (offset: Int, element: String)) -> Bool {
    (cost(a.element), a.offset) > (cost(b.element), b.offset)
  }

  private func byteCount(_ widened: [String]) -> Int {
    narrow.values.reduce(0) { $0 + $1.byteCount } + widened.reduce(0) { $0 + cost($1) }
  }

  func bytesPerWeight(_ widened: [String]) -> Double { Double(byteCount(widened)) / Double(max(1, weightCount)) }

  /// Names with the noise that each makes alone in 8 bits, most noise for a byte first; equals in the graph's order.
  func ranking() throws -> [(name: String, noise: Double)] {
    let floor = try point(names).errorShare
    let noises = try names.map { name in max(0, try point(names.filter { $0 != name }).errorShare - floor) }
    let gains = zip(names, noises).map { $1 / Double(max(1, cost($0))) }
    return names.indices.sorted { gains[$0] == gains[$1] ? $0 < $1 : gains[$0] > gains[$1] }
      .map { (names[$0], noises[$0]) }
  }

  func holds(_ widened: [String]) throws -> Bool { try trial(widened).holds }

  func point(_ widened: [String]) throws -> PrecisionPlan.Point { try trial(widened).point }

  private func trial(_ widened: [String]) throws -> (point: PrecisionPlan.Point, holds: Bool) {
    if let trial = known[Set(widened)] { return trial }
    // All, all but one, and one more each time: as many trials as come at least.
    progress?(done, max(2 * names.count + 1, done + 1), "\(widened.count) of \(names.count) in 16 bits")
    done += 1
    let outputs = try differences(matrices(widened))
    var target = PrecisionTarget(.snr, 0)
    if case .target(let wanted) = goal { target = wanted }
    let point = PrecisionPlan.Point(
      matrix: nil, noise: 0, byteCount: byteCount(widened), bytesPerWeight: bytesPerWeight(widened),
      errorShare: outputs.errorShare, snr: PrecisionTarget(.snr, 0).worst(of: outputs),
      figure: target.worst(of: outputs))
    let holds =
      switch goal {
      case .target(let target): target.holds(for: outputs)
      case .budget(let budget): point.bytesPerWeight <= budget
      }
    known[Set(widened)] = (point, holds)
    return (point, holds)
  }

  private func differences(_ matrices: [String: QuantizedMatrix]) throws -> [OutputDifference] {
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
