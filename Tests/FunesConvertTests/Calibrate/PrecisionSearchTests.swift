// SPDX-License-Identifier: Apache-2.0
// The search for 16-bit weights: goals are kept, budgets too, and what cannot be reached is said.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct PrecisionSearchTests {
  private let graph = Graph.streaming(.lstm, inputs: 12, units: 24, outputs: 5)
  private let judged: JudgedOutputs

  init() throws {
    let values = GPTQTests.correlated(60, cols: 12, seed: 41)
    judged = try JudgedOutputs(
      graph, [SampleSequence(calls: [.init(program: "step", inputs: ["x": .floats(values)], rowCount: 60)])])
  }

  private func search(_ goal: PrecisionGoal) throws -> (plan: PrecisionPlan, outputs: [OutputDifference]) {
    var converter = Converter()
    let (plan, matrices) = try PrecisionSearch(converter).search(graph, judged, goal)
    converter.given = matrices
    let wide = Set(matrices.filter { $0.value.weightPlanes == 2 }.keys)
    #expect(wide == Set(plan.widened))
    let file = try ModelFile(copying: try converter.convert(graph).bytes)
    return (plan, try judged.differences(of: file, diverging: true))
  }

  private func outputs(widened: [String]) throws -> [OutputDifference] {
    var converter = Converter()
    for name in widened { converter.exceptions[name] = Precision(weights: .sixteen, activations: .sixteen) }
    return try judged.differences(of: try ModelFile(copying: try converter.convert(graph).bytes))
  }

  @Test func aTargetIsKeptWithNoMatrixThatCouldBeSpared() throws {
    let plain = try search(.target(PrecisionTarget(.snr, 1)))
    #expect(plan(plain.plan, isReached: true, widened: 0))
    let start = plain.plan.points[0].snr
    let found = try search(.target(PrecisionTarget(.snr, start + 6)))
    #expect(found.plan.isReached && found.plan.chosen >= 1)
    #expect(PrecisionTarget(.snr, start + 6).holds(for: found.outputs))
    // None of them could have been spared.
    for name in found.plan.widened {
      let rest = found.plan.widened.filter { $0 != name }
      #expect(PrecisionTarget(.snr, start + 6).holds(for: try outputs(widened: rest)) == false, "\(name)")
    }
    // The curve goes on to the end, and every point costs more than the one before.
    #expect(found.plan.points.count == found.plan.matrixCount + 1)
    for (a, b) in zip(found.plan.points, found.plan.points.dropFirst()) { #expect(a.byteCount < b.byteCount) }
    #expect(found.plan.points.last!.errorShare < found.plan.points[0].errorShare / 100)
  }

  private func plan(_ plan: PrecisionPlan, isReached: Bool, widened: Int) -> Bool {
    plan.isReached == isReached && plan.widened.count == widened && plan.chosen == widened
  }

  @Test func whatCannotBeReachedIsSaid() throws {
    let found = try search(.target(PrecisionTarget(.snr, 500)))
    #expect(plan(found.plan, isReached: false, widened: found.plan.matrixCount))
  }

  @Test func aBudgetIsNotExceeded() throws {
    let all = try search(.budget(1000)).plan
    #expect(plan(all, isReached: true, widened: all.matrixCount))
    let (least, most) = (all.points[0].bytesPerWeight, all.points.last!.bytesPerWeight)
    let half = try search(.budget((least + most) / 2)).plan
    #expect(half.widened.count > 0 && half.points[half.chosen].bytesPerWeight <= (least + most) / 2)
    #expect(plan(try search(.budget(least / 2)).plan, isReached: false, widened: 0))
  }

  @Test(arguments: PrecisionTarget.Figure.allCases) func everyFigureIsATarget(figure: PrecisionTarget.Figure) throws {
    let value =
      switch figure {
      case .snr: 60.0
      case .cosine: 0.999999
      case .kld: 1e-9
      case .top1: 1.0
      case .maxAbs: 1e-3
      }
    let target = PrecisionTarget(figure, value)
    let found = try search(.target(target))
    #expect(found.plan.isReached == target.holds(for: found.outputs))
    #expect(PrecisionTarget("\(figure.rawValue) \(value)") == target)
    #expect(found.plan.isReached)
  }

  @Test func targetsAreReadAndRefused() {
    for text in [
      "", "snr", "snr x", "loud 3", "snr 4 5", "snr nan", "kld inf", "kld -1", "cosine 40", "top1 99", "max-abs -1",
    ] {
      #expect(PrecisionTarget(text) == nil, "\(text)")
    }
    #expect(PrecisionTarget("max-abs=0.02") == PrecisionTarget(.maxAbs, 0.02))
  }

  @Test func aPlanIsNotedInShort() throws {
    let plan = try search(.target(PrecisionTarget(.snr, 60))).plan
    let note = SearchNote(plan)
    #expect(
      note.goal == "snr 60.0" && note.chosen == plan.chosen && note.points.map(\.matrix) == plan.points.map(\.matrix))
    let read = try #require(SearchNote(note.text))
    #expect(read.text == note.text && read.points.map(\.matrix) == note.points.map(\.matrix))
    for (read, plan) in zip(read.points, plan.points) {
      #expect(abs(read.snr - plan.snr) <= 1e-6 && abs(read.bytesPerWeight - plan.bytesPerWeight) <= 1e-6)
    }
    for text in [
      "", "{}", note.text.replacing("\"chosen\":", with: "\"chosen\":9"), "[1]",
      #"{"goal":"snr 1","chosen":0,"isReached":true,"points":[[null,1e17,1e17,1]]}"#,
      #"{"goal":"snr 1","chosen":0,"isReached":true,"points":[[null,1,-1e6,1]]}"#,
    ] {
      #expect(SearchNote(text) == nil, "\(text)")
    }
  }
}
