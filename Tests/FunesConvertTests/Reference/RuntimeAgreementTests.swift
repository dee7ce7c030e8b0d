// SPDX-License-Identifier: Apache-2.0
// The float reference against the runtime, every value and gate: over the weights that the file really holds the two
// differ only by what activations lose in 16 bits, so a difference in meaning stands out.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

/// 16-bit activations lose 2^-15 of a vector's largest element, in sums of some tens, and recurrences carry it on.
private let tolerance = 2e-3

@Suite struct RuntimeAgreementTests {
  /// The graph with the weights that the quantizer makes of its own.
  private func rounded(_ graph: Graph) throws -> Graph {
    var graph = graph
    for (index, matrix) in try Converter().quantize(graph) { graph.constants[index].values = matrix.dequantized }
    return graph
  }

  /// Runs every program on both sides, twice in a row, over random input.
  private func expectAgreement(_ graph: Graph, rows: Int = 9, _ what: String) throws {
    let shown = graph.exposingAllValues()
    let bytes = try Converter().convert(shown).bytes
    var session = try Session(try ModelFile(copying: bytes), rows: rows)
    let reference = FloatReference(try rounded(shown))
    var numbers = TestNumbers(seed: 3)
    for turn in 0..<2 {
      for (index, program) in shown.programs.enumerated() {
        var inputs: [String: ReferenceRows] = [:]
        for (place, port) in program.inputs.enumerated() {
          let count = rows * shown.values[port.value].width
          if port.classes > 0 {
            let ids = (0..<count).map { _ in Int32(numbers.below(port.classes)) }
            for (element, id) in ids.enumerated() { session.unsafeInputIDs(place, of: index)[element] = id }
            inputs[port.name] = .ids(ids)
          } else {
            let floats = numbers.floats(count)
            for (element, value) in floats.enumerated() { session.unsafeInput(place, of: index)[element] = value }
            inputs[port.name] = .floats(floats)
          }
        }
        #expect(session.run(index, rows: rows) == RunResult(rows: rows, status: .ok))
        let expected = try reference.run(program: program.name, inputs: inputs, rows: rows)
        for (place, port) in program.outputs.enumerated() {
          expectClose(
            Array(session.unsafeOutput(place, of: index)), expected[port.name]!, limit: tolerance,
            "\(what), turn \(turn), \(program.name).\(port.name)")
        }
      }
    }
  }

  @Test func everyOperatorMeansTheSame() throws {
    // Smaller weights, since random cells of this size are chaotic: they would blow up any rounding.
    var graph = Graph.everyOperator()
    for (index, constant) in graph.constants.enumerated() {
      if case .matrix = constant.layout { graph.constants[index].values = constant.values.map { $0 * 0.25 } }
    }
    try expectAgreement(graph, "every operator")
  }

  @Test func framesMeanTheSame() throws {
    try expectAgreement(.frames(), "frames")
  }

  @Test func tracedGatesAreThoseThatTheRuntimeShows() throws {
    let graph = Graph.everyOperator()
    let shown = graph.exposingAllValues()
    let numbers = (0..<20).map { Float($0) / 20 }
    let inputs: [String: ReferenceRows] = ["x": .floats(numbers), "ids": .ids([0, 1, 2, 3])]
    let result = try FloatReference(shown).run(program: "step", inputs: inputs, rows: 4)
    #expect(result.gates.map(\.name) == ["rnn", "lstm", "gru"])
    for cell in result.gates {
      let units = cell.gates[0].rows.width
      var rows: [Float] = []
      for row in 0..<4 { for gate in cell.gates { rows += gate.rows.values[row * units..<(row + 1) * units] } }
      #expect(result["\(cell.name).gates"] == rows)
    }
  }

  @Test(arguments: [
    "rnn", "lstm", "lstm_no_bias", "lstm_projected", "gru", "lstm_bidirectional", "gru_bidirectional", "lstm_cell",
  ]) func inferredModelsMeanTheSame(name: String) throws {
    let imported = try Importer.graph(checkpoints: ["weights": CellGoldens.path("\(name).pt")], recipePath: nil)
    try expectAgreement(imported.graph, name)
  }

  @Test(
    .releaseOnly, .needsSharedData,
    arguments: [
      ("g2p-en", "g2p-en/checkpoint20.npz"), ("ml-kws-basic-lstm", "ml-kws/Basic_LSTM_S_weights.npz"),
      ("ml-kws-lstm", "ml-kws/LSTM_S_weights.npz"), ("ml-kws-gru", "ml-kws/GRU_S_weights.npz"),
      ("char-rnn-classification", "char-rnn-classification/weights.npz"),
      ("silero-lstm", "silero-vad/silero_vad_16k_from_jit.safetensors"), ("resemblyzer", "resemblyzer/pretrained.pt"),
    ]) func modelsOfRecipesMeanTheSame(recipe: String, checkpoint: String) throws
  {
    try expectAgreement(try RecipeFiles.imported(recipe, checkpoint: checkpoint).graph, recipe)
  }
}
