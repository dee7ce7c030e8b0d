// SPDX-License-Identifier: Apache-2.0
// The figures of comparisons, on numbers small enough to check by hand, and the comparisons themselves on small models.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct CompareTests {
  @Test func differencesAreThoseOfPaperAndPencil() {
    var difference = Difference()
    #expect(difference.snr == .infinity && difference.agreement == 100)
    difference.add(expected: [3, 4, 1, 0], found: [3, 4, 0, 1], width: 2)
    // Signal 26, error 2; the second row is at a right angle.
    #expect(abs(difference.snr - 11.1394) < 1e-3)
    #expect(difference.maxAbs == 1 && difference.lowestCosine == 0)
    #expect(difference.rowCount == 2 && difference.agreement == 50)
  }

  @Test func aNaNNeverPassesForASmallError() {
    var difference = Difference()
    difference.add(expected: [1, 2], found: [.nan, 2], width: 2)
    #expect(difference.snr.isNaN && difference.maxAbs.isNaN && difference.lowestCosine.isNaN)
    difference.add(expected: [1, 2], found: [1, 2], width: 2)
    #expect(difference.snr.isNaN)
  }

  @Test func axesBecomeBatchRowsAndWidth() {
    func rows(_ shape: [Int], _ width: Int) -> [Int]? {
      TensorRows(shape: shape, inner: [width]).map { [$0.batch, $0.rows] }
    }
    #expect(rows([7, 40], 40) == [1, 7])
    #expect(rows([2, 7, 40], 40) == [2, 7])
    #expect(rows([7, 1, 40], 40) == [7, 1])
    #expect(rows([2, 7, 4, 10], 40) == [2, 7])
    #expect(rows([40], 40) == [1, 1])
    #expect(rows([7], 1) == [1, 7])
    #expect(rows([2, 7], 1) == [2, 7])
    #expect(rows([7, 1], 1) == [1, 7])
    #expect(rows([280], 40) == [1, 7])
    #expect(rows([281], 40) == nil && rows([0], 40) == nil)
    #expect(rows([7, 39], 40) == nil)
    #expect(rows([2, 2, 7, 40], 40) == nil)
  }

  @Test func eachSequenceOfAGoldenBeginsAtAResetHoweverShort() throws {
    let graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    var numbers = TestNumbers(seed: 3)
    let x = numbers.floats(4 * 5)
    let runner = try ModelRunner(file)
    var y: [Float] = []
    for item in 0..<4 {
      runner.reset()
      y += try runner.run(0, inputs: ["x": .floats(Array(x[item * 5..<(item + 1) * 5]))], rows: 1)[0].values
    }
    func compared(_ map: String, batch: Int) throws -> Difference? {
      let shapes = [("x", [batch, 1, 5], [0, batch * 20]), ("y", [batch, 1, 3], [batch * 20, batch * 32])]
      let header = shapes.map { "\"\($0)\":{\"dtype\":\"F32\",\"shape\":\($1),\"data_offsets\":\($2)}" }
      let golden = try Checkpoint.read(
        bytes: safetensors(
          "{\(header.joined(separator: ","))}", data: bytes(of: Array(x.prefix(batch * 5) + y.prefix(batch * 3)))),
        name: "golden")
      let comparison = try GoldenComparison(file, golden: golden, map: try PortMap(parsing: map), program: 0)
      return comparison.outputs.first?.difference
    }
    let difference = try #require(try compared("y=y,x=x", batch: 4))
    #expect(difference.snr == .infinity && difference.rowCount == 4)
    #expect(throws: SampleError.noOutputMapped(expected: ["step.y"])) { try compared("x=x", batch: 4) }
    #expect(throws: SampleError.nothingToCompare) { try compared("x=x,y=y", batch: 0) }
  }

  @Test func crossEntropyOfEvenScoresIsTheLogarithmOfTheirNumber() {
    var even = LanguageComparison(hasReference: true)
    even.add([5, 5, 5, 5], reference: [5, 5, 5, 5], .logits, next: 2)
    #expect(abs(even.model.bits - 2) < 1e-12 && abs(even.model.perplexity - 4) < 1e-12)
    #expect(even.klDivergence == 0 && even.agreement == 100 && even.model.topOne == 0)
    var sure = LanguageComparison(hasReference: true)
    sure.add([0.25, 0.75], reference: [0.5, 0.5], .probabilities, next: 1)
    // ½ ln(½ / ¼) + ½ ln(½ / ¾)
    #expect(abs(sure.klDivergence - 0.143841) < 1e-6)
  }

  @Test(arguments: TestCell.allCases) func everyStreamIsProvenAndEveryGateCompared(cell: TestCell) throws {
    let graph = Graph.streaming(cell, inputs: 5, units: 19, outputs: 3)
    let converter = Converter()
    try StreamingProof.check(try ModelFile(copying: try converter.convert(graph).bytes))
    let comparison = try LayerComparison(graph, converter: converter, rows: 12)
    let gates = comparison.layers.compactMap(\.gate)
    #expect(
      gates
        == (cell == .rnn
          ? ["h"] : "\(cell)".hasSuffix("GRU") || cell == .gru ? ["r", "z", "n"] : ["i", "f", "g", "o", "c"]))
    for layer in comparison.layers {
      #expect(layer.difference.snr > 20, "\(layer.layer) \(layer.value) \(layer.gate ?? "")")
    }
    #expect(comparison.layers.last?.output == "y")
  }

  @Test func aBlockProgramAndASubsampledOneAreComparedToo() throws {
    let graph = Graph.everyOperator()
    try StreamingProof.check(try ModelFile(copying: try Converter().convert(graph).bytes))
    let comparison = try LayerComparison(graph, converter: Converter(), rows: 9)
    #expect(Set(comparison.layers.compactMap(\.output)) == ["y", "z", "soft", "last"])
  }

  @Test func whatIsComparedAreTheMatricesOfTheFile() throws {
    let graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    var converter = Converter()
    let name = try #require(graph.constants.first { if case .matrix = $0.layout { true } else { false } }).name
    let plain = try ModelFile(copying: try converter.convert(graph).bytes)
    var matrix = try #require(plain.model.matrices[name])
    for index in matrix.weights.indices where index % 3 == 0 { matrix.weights[index] = -matrix.weights[index] }
    converter.given[name] = matrix
    converter.metadata = ["name": "turned"]
    let turned = try ModelFile(copying: try converter.convert(graph).bytes)
    let remade = Converter(as: turned.model)
    let again = try ModelFile(copying: remade.convert(graph).bytes)
    #expect(again.model.fingerprint == turned.model.fingerprint)
    #expect(turned.model.matrices[name]?.weights == matrix.weights)
    let exact = try LayerComparison(graph, converter: Converter(as: plain.model), rows: 12)
    let wrong = try LayerComparison(graph, converter: remade, rows: 12)
    #expect(exact.layers.last!.difference.snr > wrong.layers.last!.difference.snr + 10)
    // The weights of the graph are what a given matrix is measured against.
    #expect(try converter.convert(graph).report.weightSNR! < 10)
    withExtendedLifetime((plain, turned, again)) {}
  }

  @Test func aGivenMatrixOfAnotherShapeIsRefused() throws {
    let graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    let other = Graph.streaming(.gru, inputs: 6, units: 19, outputs: 3)
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    var converter = Converter(as: file.model)
    #expect(throws: ConversionError.self) { try converter.convert(other) }
    withExtendedLifetime(file) {}
    converter.given = ["nowhere": converter.given.values.first!]
    #expect(throws: ConversionError.unknownMatrix("nowhere")) { try converter.convert(graph) }
  }

  @Test func aConverterTakesOverThePrecisionOfAModel() throws {
    let graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    for precision in [Precision.fast, .default, .high] {
      let bytes = try Converter(precision: precision).convert(graph).bytes
      let model = try ModelFile(copying: bytes)
      #expect(try Converter(as: model.model).convert(graph).bytes == bytes)
    }
  }

  @Test func provenanceNamesWhatDiffers() throws {
    var graph = Graph.streaming(.gru, inputs: 5, units: 19, outputs: 3)
    graph.metadata["checkpoint.weights.sha256"] = "aa"
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    try Provenance.check(graph, against: file.model)
    graph.metadata["checkpoint.weights.sha256"] = "bb"
    #expect(throws: ProvenanceError.differs(key: "checkpoint.weights.sha256", model: "aa", file: "bb")) {
      try Provenance.check(graph, against: file.model)
    }
    graph.metadata["checkpoint.weights.sha256"] = "aa"
    graph.metadata["recipe.sha256"] = "cc"
    #expect(throws: ProvenanceError.differs(key: "recipe.sha256", model: nil, file: "cc")) {
      try Provenance.check(graph, against: file.model)
    }
  }

  @Test func aMapReadsPairsAndRefusesTheRest() throws {
    #expect(try PortMap(parsing: "input=a,step.y=b=c").entries.map(\.tensor) == ["a", "b=c"])
    for text in ["", "a", "=b", "a=", "a=b,"] { #expect(throws: SampleError.self) { try PortMap(parsing: text) } }
  }
}
