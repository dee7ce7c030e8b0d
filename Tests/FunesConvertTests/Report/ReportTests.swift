// SPDX-License-Identifier: Apache-2.0
// The figures of a report: small ones by hand, those of models beside the comparisons that they repeat.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct ReportTests {
  @Test func columnsStandOutAgainstTheirMedian() {
    let range = ColumnRange(matrix: [1, -8, 0.5, 2, -2, 4, 0.25, -2], cols: 4)
    #expect(range.columnCount == 4 && range.largest == 8 && range.median == 2 && range.ratio == 4)
    #expect(range.worst == [.init(index: 1, largest: 8), .init(index: 0, largest: 2), .init(index: 3, largest: 2)])
    #expect(ColumnRange(maxima: [0, 0, 3]).ratio == nil)
    #expect(ColumnRange.raise([0, 1], by: [.nan, -2, 3, 0]) == [3, 2])
  }

  @Test func aChangedDecisionCountsWithTheMarginOfFloat() {
    var decisions = DecisionComparison()
    #expect(decisions.agreement == 1 && decisions.klDivergence == 0)
    decisions.add(expected: [0.25, 0.75], found: [0.5, 0.5], .probabilities)
    // The first of equals is chosen; float preferred the second by one half: ¼ ln(¼ / ½) + ¾ ln(¾ / ½).
    #expect(decisions.flippedCount == 1 && decisions.largestFlippedMargin == 0.5)
    #expect(abs(decisions.klDivergence - 0.130812) < 1e-6)
    decisions.add(expected: [2, 5, 5][1...], found: [0, 1, 1][1...], .logits)
    #expect(decisions.rowCount == 2 && decisions.agreement == 0.5 && decisions.largestFlippedMargin == 0.5)
  }

  @Test func stepsAreParted() {
    #expect(ReportMaker.ends(upTo: 80) == [80])
    #expect(ReportMaker.ends(upTo: 100) == [100])
    #expect(ReportMaker.ends(upTo: 1000) == [100, 150, 200, 300, 500, 700, 1000])
    #expect(ReportMaker.ends(upTo: 1200) == [100, 150, 200, 300, 500, 700, 1000, 1200])
    #expect(ReportMaker.ends(upTo: 100_000).suffix(3) == [50_000, 70_000, 100_000])
  }

  private static func rows(_ file: ModelFile, _ count: Int) -> MeasuredRows {
    let program = file.model.programs[0]
    let inputs = program.randomRows(count, seed: 1)
    return MeasuredRows([
      SampleSequence(calls: [.init(program: program.name, inputs: inputs, rowCount: count)])
    ])
  }

  @Test(arguments: TestCell.allCases) func aReportSaysWhatAComparisonSays(cell: TestCell) throws {
    let graph = Graph.streaming(cell, inputs: 5, units: 19, outputs: 3)
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    var maker = ReportMaker(file, graph: graph, program: 0)
    maker.steps = 300
    let rows = ReportTests.rows(file, 70)
    let report = try maker.report(rows, converter: Converter(as: file.model))
    let comparison = try LayerComparison(graph, converter: Converter(as: file.model), given: rows.sequences, rows: 70)
    #expect(report.layers == comparison.layers)
    #expect(report.outputs.map(\.difference) == [comparison.layers.last!.difference])
    #expect(report.outputs[0].decisions?.rowCount == 70 && report.outputs[0].lastDecisions == nil)
    #expect(report.inputs.map(\.rowCount) == [70] && !report.inputs[0].isRandom)

    let course = try #require(report.course)
    #expect(course.ends == [100, 150, 200, 300] && abs(course.repetitions - 300 / 70) < 1e-12)
    let whole = course.signals.first { !$0.isState }!.drift.whole
    #expect(whole.rowCount == 300)

    let names = Set(graph.constants.compactMap { if case .matrix = $0.layout { $0.name } else { nil } })
    #expect(Set(report.matrices.map(\.name)) == names)
    for matrix in report.matrices {
      let activations = try #require(matrix.activations, "\(matrix.name)")
      #expect(activations.columnCount == matrix.cols && activations.largest > 0, "\(matrix.name)")
    }
    #expect(report.matrices.reduce(0) { $0 + $1.byteCount } == report.summary.weightByteCount)
    #expect(report.costs.reduce(0) { $0 + $1.byteCount } == file.model.constants.reduce(0) { $0 + $1.byteCount })
    #expect(report.costs.map(\.layer) == ["cell", "linear", "softmax"])
    #expect(report.times.count == 1 && report.times[0].wholeNanoseconds > 0 && report.times[0].nanoseconds[0] > 0)
  }

  @Test func everyOperatorAndProgramIsReported() throws {
    let graph = Graph.everyOperator()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    var rows = MeasuredRows([SampleSequence(calls: []), SampleSequence(calls: [])])
    rows.fillUp(file.model, rows: 9)
    #expect(rows.randomPrograms == ["step", "encode"] && rows.count(of: "encode") == 18)
    var maker = ReportMaker(file, graph: graph, program: 0)
    maker.steps = 200
    let report = try maker.report(rows, converter: Converter(as: file.model))
    #expect(report.inputs.allSatisfy(\.isRandom) && report.inputs.map(\.sequenceCount) == [2, 2])
    #expect(report.costs.count == graph.programs.reduce(0) { $0 + $1.operators.count })
    #expect(report.times.map(\.program).sorted() == ["encode", "step"])
    #expect(report.layers.contains { $0.program == "encode" } && report.layers.contains { $0.gate == "c" })
  }

  @Test func clocksBetweenOperatorsChangeNoBit() throws {
    let graph = Graph.everyOperator()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    var plain = try Session(file, rows: 4)
    var timed = try Session(file, rows: 4)
    for (index, program) in file.model.programs.enumerated().reversed() {
      let times = UnsafeMutableBufferPointer<Int64>.allocate(capacity: program.operators.count)
      times.initialize(repeating: 0)
      defer { times.deallocate() }
      for call in 0..<5 {
        let rows = program.randomRows(4, seed: UInt64(call))
        for (port, info) in program.inputs.enumerated() {
          switch rows[info.name]! {
          case .floats(let values):
            _ = plain.unsafeInput(port, of: index).update(fromContentsOf: values)
            _ = timed.unsafeInput(port, of: index).update(fromContentsOf: values)
          case .ids(let ids):
            _ = plain.unsafeInputIDs(port, of: index).update(fromContentsOf: ids)
            _ = timed.unsafeInputIDs(port, of: index).update(fromContentsOf: ids)
          }
        }
        #expect(plain.run(index, rows: 4) == timed.run(index, rows: 4, addingTo: times))
        for output in program.outputs.indices {
          #expect(
            plain.unsafeOutput(output, of: index).map(\.bitPattern)
              == timed.unsafeOutput(output, of: index).map(\.bitPattern))
        }
      }
      #expect(times.allSatisfy { $0 >= 0 } && times.contains { $0 > 0 })
    }
  }

  @Test func aTextThatIsForetoldIsScored() throws {
    var b = FunesTestSupport.GraphBuilder(name: "language")
    let ids = b.value("id", [1], element: .id)
    let row = b.add("row", .embedding(table: b.matrix("table", 5, 8)), [ids], shape: [8])
    let scores = b.add("scores", .linear(weight: b.matrix("w", 5, 8), bias: nil), [row], shape: [5])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "id", value: ids, classes: 5)],
        outputs: [Graph.Port(name: "scores", value: scores)], runs: [b.run()], resets: [])
    ]
    let file = try ModelFile(copying: try Converter().convert(b.graph).bytes)
    let text: [Int32] = (0..<150).map { Int32(($0 * 7) % 5) }
    let rows = MeasuredRows([
      SampleSequence(calls: [.init(program: "step", inputs: ["id": .ids(text)], rowCount: 150)])
    ])
    var maker = ReportMaker(file, graph: b.graph, program: 0)
    maker.language = .init(program: 0, input: "id", output: "scores", scores: .logits)
    maker.steps = 100
    let language = try #require(try maker.report(rows, converter: Converter(as: file.model)).language)
    #expect(language.model.tokenCount == 149)
    // By one call over all rows.
    let found = try ModelRunner(file).run(0, inputs: ["id": .ids(text)], rows: 150)[0].values
    var expected = LanguageComparison(hasReference: false)
    for row in 0..<149 {
      expected.add(found[(row * 5)..<(row * 5 + 5)], reference: nil, .logits, next: Int(text[row + 1]))
    }
    #expect(language.model.nats == expected.model.nats)
  }

  @Test func longSequencesAreCutWherePositionsEnd() throws {
    let graph = Graph.images()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let programs = file.model.programs
    let index = try #require(programs.indices.first { !programs[$0].isBlock && file.model.rowLimit(of: $0) != nil })
    let limit = try #require(file.model.rowLimit(of: index))
    let count = 2 * limit + 1
    let call = SampleSequence.Call(
      program: programs[index].name, inputs: programs[index].randomRows(count, seed: 4), rowCount: count)
    var rows = MeasuredRows([SampleSequence(calls: [call])])
    rows.fit(file.model)
    #expect(rows.sequences.map(\.rowCount) == [limit, limit, 1])
    #expect(rows.sequences.joined(programs[index].name).inputs == call.inputs)
  }

  /// What several programs do with one source is cut to what each has room for, and random rows are spread over sequences.
  @Test func sequencesOfSeveralProgramsFit() throws {
    let graph = Graph.images()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    defer { withExtendedLifetime(file) {} }
    let model = file.model
    let calls = model.programOrder.map { index in
      let program = model.programs[index]
      let count = 2 * (model.rowLimit(of: index) ?? 9) + 1
      return SampleSequence.Call(
        program: program.name, inputs: program.randomRows(count, seed: 4), rowCount: count)
    }
    #expect(calls.count > 1)
    let sequence = SampleSequence(calls: calls)
    let fitting = sequence.pieces(fitting: model)
    #expect(fitting.count == 1)
    for (call, index) in zip(fitting[0].calls, model.programOrder) {
      #expect(call.rowCount == model.rowLimit(of: index) ?? 19)
    }
    let comparison = try LayerComparison(graph, converter: Converter(), given: [sequence], rows: 5)
    #expect(comparison.layers.allSatisfy { $0.difference.rowCount > 0 })
    let first = SampleSequence(calls: [fitting[0].calls[0]])
    let beside = try LayerComparison(graph, converter: Converter(), given: [first, first, first], rows: 7)
    let other = model.programs[model.programOrder[1]].name
    #expect(beside.layers.first { $0.program == other }?.difference.rowCount == 6)
  }

  @Test func aBatchIsSequences() throws {
    let graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    var numbers = TestNumbers(seed: 3)
    let header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[3,4,5],\"data_offsets\":[0,240]}}"
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).safetensors")
    try Data(safetensors(header, data: bytes(of: numbers.floats(60)))).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    let path = url.path
    let all = try SampleRows.sequences(path: path, for: graph)
    #expect(all.map(\.rowCount) == [4, 4, 4])
    guard case .floats(let second)? = all[1].calls[0].inputs["x"] else { throw CalibrationError.nothingToFit }
    #expect(second.count == 20)
  }
}
