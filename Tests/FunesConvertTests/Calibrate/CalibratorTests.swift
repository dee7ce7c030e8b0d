// SPDX-License-Identifier: Apache-2.0
// Whole graphs calibrated: what matrices meet is what the network makes, files are the same each time, bad rows are refused.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct CalibratorTests {
  /// Rows that follow each other smoothly, as signals do.
  private static func sequence(_ graph: Graph, rows: Int, seed: UInt64) -> SampleSequence {
    let width = graph.values[graph.programs[0].inputs[0].value].width
    let values = GPTQTests.correlated(rows, cols: width, seed: seed)
    return SampleSequence(calls: [
      .init(program: "step", inputs: ["x": .floats(values)], rowCount: rows)
    ])
  }

  private static func rows(_ graph: Graph, fit: Int = 200, judge: Int = 60) throws -> CalibrationRows {
    try CalibrationRows(splitting: [sequence(graph, rows: fit + judge, seed: 21)], share: 0.77) { _ in false }
  }

  @Test(arguments: TestCell.allCases) func whatAMatrixMeetsIsWhatTheNetworkMakes(cell: TestCell) throws {
    // Of one product, W x over the gathered vectors, the energy must be that of the reference's own: the float
    // reference with the int8 twin's dequantised weights is near enough to it to tell a wrong row from a right one.
    let graph = Graph.streaming(cell, inputs: 5, units: 19, outputs: 3)
    let sequence = Self.sequence(graph, rows: 40, seed: 22)
    var converter = Converter()
    for (index, matrix) in try converter.quantize(graph) { converter.given[graph.constants[index].name] = matrix }
    let collector = InputCollector(graph: graph, converter: converter)
    let reference = FloatReference(graph)
    let result = try reference.run(program: "step", inputs: sequence.calls[0].inputs, rows: 40)
    for product in graph.products {
      guard case .matrix(_, let cols, _) = graph.constants[product.constant].layout else { continue }
      let hessian = try collector.hessian(of: product.uses, cols: cols, over: [sequence])
      #expect(hessian.vectorCount == 40, "\(graph.constants[product.constant].name)")
      let expected = try Self.energies(of: product.uses[0], graph, result, sequence, cols: cols)
      for col in 0..<cols {
        let found = hessian[col, col]
        #expect(
          abs(found - expected[col]) <= 0.15 * expected[col] + 0.05,
          "\(graph.constants[product.constant].name) column \(col): \(found), expected \(expected[col])")
      }
    }
  }

  /// Σ x² of each column by the reference's trace.
  private static func energies(
    of use: MatrixUse, _ graph: Graph, _ result: ReferenceResult, _ sequence: SampleSequence, cols: Int
  ) throws -> [Double] {
    func sum(_ vectors: [[Float]]) -> [Double] {
      (0..<cols).map { col in vectors.reduce(0) { $0 + Double($1[col]) * Double($1[col]) } }
    }
    func split(_ values: [Float], _ width: Int) -> [[Float]] {
      stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
    }
    func gate(_ name: String) throws -> [[Float]] {
      let gates = try #require(result.gates.first).gates
      return split(try #require(gates.first { $0.gate == name }).rows.values, 19)
    }
    switch use.vectors {
    case .value(let value):
      if case .floats(let x) = sequence.calls[0].inputs["x"], graph.programs[0].inputs[0].value == value {
        return sum(split(x, cols))
      }
      return sum(split(try #require(result.value(named: graph.values[value].name)).values, cols))
    case .recurrent, .reset:
      let h = split(try #require(result.value(named: graph.values[use.op.outputs[0]].name)).values, cols)
      let before = [[Float](repeating: 0, count: cols)] + h.dropLast()
      guard case .reset = use.vectors else { return sum(before) }
      return sum(zip(try gate("r"), before).map { zip($0, $1).map(*) })
    case .projected:
      var c = [Float](repeating: 0, count: cols)
      var m: [[Float]] = []
      let (i, f, g, o) = (try gate("i"), try gate("f"), try gate("g"), try gate("o"))
      for row in i.indices {
        c = (0..<cols).map { f[row][$0] * c[$0] + i[row][$0] * g[row][$0] }
        m.append((0..<cols).map { o[row][$0] * Float(FloatReference.apply(.tanh, Double(c[$0]))) })
      }
      return sum(m)
    }
  }

  @Test(arguments: [TestCell.lstm, .resetBeforeGRU, .projectedLSTM]) func outputsGetBetterOrStay(cell: TestCell) throws
  {
    let graph = Graph.streaming(cell, inputs: 12, units: 24, outputs: 5)
    let rows = try Self.rows(graph)
    let calibration = try Calibrator(Converter()).calibrate(graph, rows)
    #expect(calibration.entries.map(\.matrix) == graph.products.map { graph.constants[$0.constant].name })
    #expect(calibration.after.errorShare <= calibration.before.errorShare)
    for entry in calibration.entries { #expect(entry.isAccepted == (entry.errorAfter < entry.errorBefore)) }
    // The noise of each product falls on the rows that it was fitted to.
    #expect(calibration.entries.allSatisfy { $0.noiseAfter < $0.noiseBefore })
    var converter = Converter()
    converter.given = calibration.matrices
    let file = try ModelFile(copying: try converter.convert(graph).bytes)
    let judged = try JudgedOutputs(graph, rows.judge).differences(of: file)
    #expect(judged == calibration.after)
  }

  @Test func calibrationIsTheSameEachTime() throws {
    let graph = Graph.streaming(.gru, inputs: 12, units: 24, outputs: 5)
    let rows = try Self.rows(graph)
    let first = try Calibrator(Converter()).calibrate(graph, rows)
    let second = try Calibrator(Converter()).calibrate(graph, rows)
    #expect(first.matrices == second.matrices && first.entries == second.entries)
  }

  @Test func eightBitActivationsGetNoEqualizer() throws {
    let graph = Graph.streaming(.lstm, inputs: 12, units: 24, outputs: 5)
    let calibration = try Calibrator(Converter(precision: .fast)).calibrate(graph, try Self.rows(graph))
    #expect(calibration.matrices.values.allSatisfy { $0.equalizer == nil && $0.activationPlanes == 1 })
  }

  @Test func rowsArePartedByTime() throws {
    let graph = Graph.streaming(.gru, inputs: 2, units: 3, outputs: 2)
    let values = (0..<40).map(Float.init)
    let one = SampleSequence(calls: [.init(program: "step", inputs: ["x": .floats(values)], rowCount: 20)])
    let cut = try CalibrationRows(splitting: [one]) { _ in false }
    #expect(cut.fitRowCount == 16 && cut.judgeRowCount == 4)
    #expect(cut.judge[0].calls[0].inputs == ["x": .floats(Array(values[32...]))])
    // Many sequences, and those of block programs, stay whole.
    let many = try CalibrationRows(splitting: Array(repeating: one, count: 6)) { _ in false }
    #expect(many.fit.map(\.rowCount) == [20, 20, 20, 20, 20] && many.judge.map(\.rowCount) == [20])
    let two = try CalibrationRows(splitting: [one, one]) { _ in true }
    #expect(two.fit.count == 1 && two.judge.count == 1)
    #expect(throws: CalibrationError.oneSequence(program: "step")) {
      try CalibrationRows(splitting: [one]) { _ in true }
    }
    try cut.check(graph)
  }

  @Test func rowsThatCannotCalibrateAreRefused() throws {
    let graph = Graph.streaming(.gru, inputs: 2, units: 3, outputs: 2)
    func rows(_ values: [Float], _ count: Int, input: String = "x") -> SampleSequence {
      SampleSequence(calls: [.init(program: "step", inputs: [input: .floats(values)], rowCount: count)])
    }
    let good = rows([Float](repeating: 0.5, count: 40), 20)
    #expect(throws: CalibrationError.tooFewRows(part: "in all", found: 0, expected: 10)) {
      try CalibrationRows(splitting: []) { _ in false }
    }
    #expect(throws: CalibrationError.tooFewRows(part: "in all", found: 5, expected: 10)) {
      try CalibrationRows(splitting: [rows([Float](repeating: 0, count: 10), 5)]) { _ in false }
    }
    func check(_ fit: SampleSequence, _ judge: SampleSequence) throws {
      try CalibrationRows(fit: [fit], judge: [judge]).check(graph)
    }
    #expect(throws: CalibrationError.tooFewRows(part: "to fit", found: 3, expected: 8)) {
      try check(rows([0, 0, 0, 0, 0, 0], 3), good)
    }
    #expect(throws: CalibrationError.tooFewRows(part: "to judge", found: 1, expected: 2)) {
      try check(good, rows([0, 0], 1))
    }
    var bad = [Float](repeating: 0.5, count: 40)
    bad[13] = .nan
    #expect(throws: CalibrationError.notFinite(program: "step", input: "x", row: 6)) { try check(rows(bad, 20), good) }
    #expect(throws: CalibrationError.width(program: "step", input: "x", found: 40, expected: 60)) {
      try check(rows(bad, 30), good)
    }
    #expect(throws: CalibrationError.unknownInput(program: "step", input: "z")) {
      try check(rows(bad, 20, input: "z"), good)
    }
    try check(good, good)
  }
}
