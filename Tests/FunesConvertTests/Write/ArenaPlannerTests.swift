// SPDX-License-Identifier: Apache-2.0
// Arena plans: values that live together never overlap, and memory is shared where it can be.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct ArenaPlannerTests {
  /// A program of random operators over earlier values, some runs of it sequential.
  private func randomGraph(seed: UInt64) -> Graph {
    var numbers = TestNumbers(seed: seed)
    var b = FunesTestSupport.GraphBuilder(name: "random")
    var known = [b.value("in", [1 + numbers.below(90)])]
    var runs: [Graph.Run] = []
    for index in 0..<30 {
      let inputs = (0..<1 + numbers.below(3)).map { _ in known[numbers.below(known.count)] }
      let isFixed = numbers.below(6) == 0
      known.append(b.add("op\(index)", .add, inputs, shape: [1 + numbers.below(90)], domain: isFixed ? 0 : 1))
      if numbers.below(4) == 0 { runs.append(b.run(isSequential: numbers.below(3) == 0)) }
    }
    if !b.operators.isEmpty { runs.append(b.run()) }
    let outputs = (0..<2).map { Graph.Port(name: "out\($0)", value: known[known.count - 1 - $0]) }
    b.graph.programs = [
      Graph.Program(
        name: "p", isBlock: false, inputs: [Graph.Port(name: "in", value: known[0])], outputs: outputs, runs: runs,
        resets: [])
    ]
    return b.graph
  }

  /// A value is needed from the row and operator that makes it to the last that reads it: computed anew, by walking
  /// the program as a session would, over three rows.
  private func spans(_ graph: Graph) -> [(value: Int, first: Int, last: Int)] {
    let program = graph.programs[0]
    var time = 0
    var first: [Int: Int] = [program.inputs[0].value: -1]
    var last: [Int: Int] = [program.inputs[0].value: Int.max]
    func touch(_ op: Graph.Operator) {
      for value in op.inputs { last[value] = max(last[value] ?? 0, time) }
      for value in op.outputs {
        first[value] = min(first[value] ?? time, time)
        last[value] = max(last[value] ?? 0, time)
      }
      time += 1
    }
    for run in program.runs {
      if run.isSequential {
        for _ in 0..<3 { run.operators.forEach(touch) }
      } else {
        run.operators.forEach(touch)
      }
    }
    for port in program.outputs { last[port.value] = Int.max }
    return first.keys.sorted().map { ($0, first[$0]!, last[$0]!) }
  }

  @Test func liveValuesNeverOverlap() {
    for seed in 0..<60 {
      let graph = randomGraph(seed: UInt64(seed))
      let plan = ArenaPlanner.plan(graph)
      let spans = spans(graph)
      var total = [0, 0]
      for (index, a) in spans.enumerated() {
        let isFixed = graph.values[a.value].domain == 0
        let bytes = ArenaPlanner.byteCount(of: graph.values[a.value])
        total[isFixed ? 0 : 1] += bytes
        let range = plan.offsets[a.value]..<plan.offsets[a.value] + bytes
        #expect(range.lowerBound % 64 == 0)
        #expect(range.upperBound <= (isFixed ? plan.fixedByteCount : plan.rowByteCount))
        for b in spans[..<index] where (graph.values[b.value].domain == 0) == isFixed {
          guard a.first <= b.last && b.first <= a.last else { continue }
          let other = ArenaPlanner.byteCount(of: graph.values[b.value])
          let isApart = !range.overlaps(plan.offsets[b.value]..<plan.offsets[b.value] + other)
          #expect(isApart, "seed \(seed): values \(a.value) and \(b.value)")
        }
      }
      #expect(plan.fixedByteCount <= total[0] && plan.rowByteCount <= total[1])
      let apart = ArenaPlanner.plan(graph, isSharing: false)
      #expect(apart.fixedByteCount == total[0] && apart.rowByteCount == total[1])
    }
  }

  @Test func aChainNeedsTwoBuffersBesideItsInput() {
    var b = FunesTestSupport.GraphBuilder(name: "chain")
    let input = b.value("in", [40])
    var value = input
    for index in 0..<20 { value = b.add("op\(index)", .copy, [value], shape: [40]) }
    b.graph.programs = [
      Graph.Program(
        name: "p", isBlock: false, inputs: [Graph.Port(name: "in", value: input)],
        outputs: [Graph.Port(name: "out", value: value)], runs: [b.run()], resets: [])
    ]
    #expect(ArenaPlanner.plan(b.graph).rowByteCount == 3 * 192)
    #expect(ArenaPlanner.plan(b.graph, isSharing: false).rowByteCount == 21 * 192)
  }

  @Test func programsShareTheArenas() {
    let graph = Graph.everyOperator()
    let both = ArenaPlanner.plan(graph)
    let each = graph.programs.map { program in
      var single = graph
      single.programs = [program]
      return ArenaPlanner.plan(single)
    }
    #expect(both.rowByteCount == each.map(\.rowByteCount).max())
    #expect(both.fixedByteCount == each.map(\.fixedByteCount).max())
  }
}
