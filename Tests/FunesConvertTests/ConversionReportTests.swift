// SPDX-License-Identifier: Apache-2.0
// The conversion report: its figures, its table, its JSON.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct ConversionReportTests {
  private func report() throws -> ConversionReport {
    var report = try Converter().convert(.everyOperator()).report
    report.layers[2].outputSNR = 41.84
    report.layers[2].outputMaxAbs = 0.00142
    return report
  }

  @Test func figuresAreThoseOfTheGraph() throws {
    let report = try report()
    let lstm = report.layers.first { $0.name == "lstm" }!
    #expect(lstm.kind == "lstm" && lstm.program == "step")
    #expect(lstm.matrices.map(\.name) == ["lstm.x", "lstm.h", "lstm.p"])
    #expect(lstm.multiplyCount == 72 * 15 + 72 * 7 + 7 * 18)
    // 72 rows in 4 gates are 2 blocks of 16 units, 15 columns are 4 quads.
    #expect(lstm.matrices[0].byteCount == 64 * 4 * 2 * 4 + 8 * 128 + 64)
    let inner = report.layers.first { $0.name == "inner" }!
    #expect(inner.multiplyCount == 2 * (12 * 3 + 12 * 4))
    #expect(report.programs.map(\.name) == ["step", "encode"])
    for matrix in report.layers.flatMap(\.matrices) { #expect(matrix.weightSNR! > 40) }
    #expect(report.sessionByteCount > report.stateByteCount + report.rowByteCount)
  }

  @Test func theFileCountsTheSameMultiplications() throws {
    for graph in [Graph.everyOperator()] + TestCell.allCases.map({ .streaming($0, inputs: 5, units: 19, outputs: 3) }) {
      let converted = try Converter().convert(graph)
      let file = try ModelFile(copying: converted.bytes)
      let operators = file.model.operators.filter { $0.multiplyCount > 0 }
      let layers = converted.report.layers.filter { $0.multiplyCount > 0 }
      #expect(operators.map(\.name) == layers.map(\.name))
      #expect(operators.map(\.multiplyCount) == layers.map(\.multiplyCount))
    }
  }

  /// A matrix of two operators has its bytes once.
  @Test func sharedMatricesAreCountedOnce() throws {
    var b = FunesTestSupport.GraphBuilder(name: "tied")
    let ids = b.value("id", [1], element: .id)
    let table = b.matrix("table", 6, 5)
    let x = b.add("embed", .embedding(table: table), [ids], shape: [5])
    let y = b.add("logits", .linear(weight: table, bias: nil), [x], shape: [6])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "id", value: ids, classes: 6)],
        outputs: [Graph.Port(name: "logits", value: y)], runs: [b.run()], resets: [])
    ]
    let report = try Converter().convert(b.graph).report
    #expect(report.layers.map { $0.matrices[0].byteCount } == [report.weightByteCount, 0])
  }

  @Test func theTableIsAligned() throws {
    let lines = try report().description.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("layer"))
    #expect(lines[0].hasSuffix("weight SNR  output SNR  largest error"))
    let lstm = lines.first { $0.hasPrefix("step/lstm") }!
    #expect(lstm.count == lines[0].count)
    #expect(lstm.hasSuffix("41.8 dB        0.00142"))
    #expect(lines.allSatisfy { $0.last != " " })
  }

  @Test func jsonReadsBack() throws {
    let report = try report()
    let json = try JSONValue(parsing: Array(report.json.utf8))
    #expect(json["fileBytes"]?.intValue == report.fileByteCount)
    #expect(json["layers"]?.elements?.count == report.layers.count)
    #expect(json["layers"]?.elements?[2]["outputSNR"]?.doubleValue == 41.84)
    #expect(json["layers"]?.elements?[0]["outputSNR"]?.isNull == true)
    #expect(json["weightSNR"]?.doubleValue == report.weightSNR)
  }

  @Test func jsonTextEscapesWhatItMust() throws {
    let value = JSONValue.members(["a\"\\\n\u{1}": .array([.null, .bool(true), .number(-0.5)]), "é": .object([])])
    #expect(value.text == "{\"a\\\"\\\\\\n\\u0001\": [null, true, -0.5], \"é\": {}}\n")
    let again = try JSONValue(parsing: Array(value.text.utf8))
    #expect(again == value)
  }

  @Test(arguments: [
    (0.00142, "0.00142"), (123.4, "123"), (1.5e-9, "1.50e-9"), (0.9996, "1.00"), (-2, "-2.00"), (4.5e7, "4.50e+7"),
    (0, "0.0"), (0.12345, "0.123"),
  ])
  func significantDigits(value: Double, text: String) {
    #expect(Decimal.significant(value, digits: 3) == text)
  }

  @Test func fixedDigits() {
    #expect(Decimal.fixed(41.849, digits: 1) == "41.8")
    #expect(Decimal.fixed(-0.04, digits: 1) == "0.0")
    #expect(Decimal.fixed(2.5, digits: 0) == "3" && Decimal.fixed(1.005, digits: 3) == "1.005")
  }
}
