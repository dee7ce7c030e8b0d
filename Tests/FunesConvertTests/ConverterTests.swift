// SPDX-License-Identifier: Apache-2.0
// From graph to file: the same bytes each time, taken by the runtime, and refused by name where the graph is wrong.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct ConverterTests {
  @Test func equalGraphsAndOptionsGiveEqualBytes() throws {
    let first = try Converter().convert(.everyOperator())
    let second = try Converter().convert(.everyOperator())
    #expect(first.bytes == second.bytes)
    #expect(first.report == second.report)
    let fast = try Converter(precision: .fast).convert(.everyOperator())
    #expect(fast.bytes != first.bytes)
  }

  /// The deep check holds: fingerprint, weights, row sums, order of strings, arenas, self-test.
  @Test(arguments: [Precision.default, .fast, .high], [true, false])
  func theRuntimeVerifiesWhatIsWritten(precision: Precision, sharesArena: Bool) throws {
    for graph in [Graph.everyOperator(), Graph.everyOperator().exposingAllValues()] {
      var converter = Converter(precision: precision)
      converter.sharesArena = sharesArena
      let bytes = try converter.convert(graph).bytes
      let file = try ModelFile(copying: bytes)
      try file.model.verify()
    }
  }

  @Test func theSelfTestIsWhatWasAskedFor() throws {
    var converter = Converter()
    converter.selfTest = []
    let without = try converter.convert(.everyOperator()).bytes
    converter.selfTest = [SelfTestRun(program: 1, rows: 2, seed: 9)]
    let with = try converter.convert(.everyOperator()).bytes
    #expect(with.count == without.count + 64)
  }

  @Test func oneMatrixMayHaveItsOwnPrecision() throws {
    var converter = Converter()
    converter.exceptions = ["gru.x": .fast]
    let matrices = try converter.convert(.everyOperator()).report.layers.flatMap(\.matrices)
    #expect(matrices.filter { $0.activationBits == 8 }.map(\.name) == ["gru.x"])
    converter.exceptions = ["gru.y": .fast]
    #expect(throws: ConversionError.unknownMatrix("gru.y")) { try converter.convert(.everyOperator()) }
  }

  @Test func matricesGet16BitWeightsByName() throws {
    var converter = Converter(precision: .fast)
    try converter.widen([NamePattern("gru.x"), NamePattern("ls*.*")], of: .everyOperator())
    let converted = try converter.convert(.everyOperator())
    let wide = converted.report.layers.flatMap(\.matrices).filter { $0.weightBits == 16 }
    #expect(Set(wide.map(\.name)) == ["gru.x", "lstm.x", "lstm.h", "lstm.p"])
    #expect(wide.allSatisfy { $0.activationBits == 8 && $0.weightSNR! > 85 })
    let file = try ModelFile(copying: converted.bytes)
    try file.model.verify()
    #expect(file.model.metadata.first { $0.key == "weights" }?.value == "8 16")
    #expect(Set(file.model.constants.filter { $0.weightBits == 16 }.map(\.name)) == Set(wide.map(\.name)))
    #expect(throws: ConversionError.unknownMatrix("gru.*y")) {
      try converter.widen([NamePattern("gru.x"), NamePattern("gru.*y")], of: .everyOperator())
    }
  }

  @Test(arguments: [
    ("a.b", "a.b", true), ("a.b", "a.bc", false), ("*", "", true), ("*", "abc", true), ("a*", "ba", false),
    ("*a", "ba", true), ("a*a", "a", false), ("a*a", "aa", true), ("*ab*ab", "abab", true), ("*ab*ab", "ab", false),
    ("l*.x*", "lstm.0.x", true), ("l*.x*y", "lstm.0.x.z", false), ("a**b", "ab", true), ("", "a", false),
    ("*é", "é", true),
  ])
  func starsStandForAnyText(pattern: String, name: String, matches: Bool) {
    #expect(NamePattern(pattern).matches(name) == matches)
  }

  /// Of the whole graph, and twice as much of what is gathered or multiplied.
  @Test func highPrecisionTakesTwoBytesAWeight() throws {
    let graph = Graph.streaming(.lstm, inputs: 128, units: 256, outputs: 64)
    let one = try Converter().convert(graph).report
    let two = try Converter(precision: .high).convert(graph).report
    #expect(one.bytesPerWeight! < 1.05 && two.bytesPerWeight! < 2.07)
    #expect(one.weightSNR! > 40 && two.weightSNR! > one.weightSNR! + 45)
  }

  @Test func filesWithout16BitWeightsDoNotSpeakOfThem() throws {
    let file = try ModelFile(copying: try Converter().convert(.everyOperator()).bytes)
    #expect(!file.model.metadata.contains { $0.key == "weights" })
    let high = try ModelFile(copying: try Converter(precision: .high).convert(.everyOperator()).bytes)
    #expect(high.model.metadata.first { $0.key == "weights" }?.value == "16")
    #expect(high.model.metadata.first { $0.key == "activations" }?.value == "16")
  }

  @Test func progressReachesTheLastMatrix() throws {
    var names: [String] = []
    var converter = Converter()
    converter.progress = { done, total, name in
      #expect(done < total)
      names.append(name)
    }
    let matrices = try converter.quantize(.everyOperator())
    #expect(names.count == matrices.count && names.first == "table")
  }

  @Test func exposingShowsEveryValueAndTheGates() throws {
    let graph = Graph.everyOperator()
    let exposed = graph.exposingAllValues()
    for (program, before) in zip(exposed.programs, graph.programs) {
      #expect(program.outputs.prefix(before.outputs.count).map(\.name) == before.outputs.map(\.name))
      let made = program.operators.flatMap(\.outputs)
      #expect(Set(program.outputs.map(\.value)) == Set(made))
      #expect(Set(program.outputs.map(\.name)).count == program.outputs.count)
    }
    let gates = exposed.values.first { $0.name == "lstm.gates" }
    #expect(gates?.shape == [72])
    #expect(exposed.values.first { $0.name == "inner.gates" }?.shape == [2, 16])
    #expect(exposed.exposingAllValues().values.count == exposed.values.count)
  }

  // MARK: Refusals

  private func refusal(_ change: (inout Graph) -> Void) -> ConversionError? {
    var graph = Graph.everyOperator()
    change(&graph)
    do throws(ConversionError) {
      _ = try Converter().convert(graph)
      return nil
    } catch {
      return error
    }
  }

  @Test func whatIsNotUsedIsRefused() {
    let spare = Graph.Constant(name: "spare", layout: .vector, values: [1])
    #expect(refusal { $0.constants.append(spare) } == .unusedConstant("spare"))
    #expect(refusal { $0.states.append(.init(name: "spare", kind: .value, width: 1)) } == .unusedState("spare"))
    #expect(refusal { $0.values.append(.init(name: "spare", shape: [1])) } == .valueNotMade("spare"))
  }

  @Test func whatIsMadeTwiceIsRefused() {
    let error = refusal { $0.programs[0].runs[0].operators[1].outputs = $0.programs[0].runs[0].operators[0].outputs }
    #expect(error == .valueMadeTwice("embed"))
  }

  @Test func constantsOfAnotherLayoutAreRefused() {
    let index = Graph.everyOperator().constants.firstIndex { $0.name == "lstm.b" }!
    let layout = refusal { $0.constants[index].layout = .vector }
    guard case .wrongLayout(operator: "lstm", constant: "lstm.b", _) = layout else {
      Issue.record("found \(String(describing: layout))")
      return
    }
    #expect(
      refusal { $0.constants[index].values.removeLast(4) }
        == .wrongValueCount(constant: "lstm.b", found: 68, expected: 72))
    #expect(refusal { $0.constants[index].values[3] = .infinity } == .weightNotFinite(constant: "lstm.b", index: 3))
  }

  @Test func whatTheRuntimeRefusesIsNotWritten() {
    let error = refusal { $0.values[$0.programs[0].outputs[0].value].shape = [16] }
    guard case .refused = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
  }

  @Test func moreThanTheFormatHoldsIsRefused() {
    let error = refusal { graph in
      graph.metadata = [:]; for index in 0..<4096 { graph.metadata["k\(index)"] = "v" }
    }
    #expect(error == .tooLarge(what: "section metadata", found: 4099, limit: 4096))
  }
}
