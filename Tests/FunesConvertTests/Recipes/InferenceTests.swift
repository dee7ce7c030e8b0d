// SPDX-License-Identifier: Apache-2.0
// State dictionaries without a recipe: what names tell gives PyTorch's results, and what they do not tell is refused.

import Testing

@testable import FunesConvert

@Suite struct InferenceTests {
  @Test(arguments: [
    "rnn", "lstm", "lstm_no_bias", "lstm_projected", "gru", "lstm_bidirectional", "gru_bidirectional", "rnn_cell",
    "lstm_cell", "gru_cell",
  ]) func aStateDictionaryGivesTheModel(name: String) throws {
    let imported = try Importer.graph(checkpoints: ["weights": CellGoldens.path("\(name).pt")], recipePath: nil)
    #expect(imported.graph.name == name)
    #expect(imported.graph.metadata["checkpoint.weights.sha256"]?.count == 64)
    #expect(!imported.notes.isEmpty)
    let input = try CellGoldens.cells().tensor("\(name).input")
    let port = imported.graph.programs[0].inputs[0]
    let rows: ReferenceRows =
      port.classes > 0 ? .ids(try input.integers().map { Int32($0) }) : .floats(try input.floats().values)
    let program = imported.graph.programs[0]
    #expect(program.name == (name.contains("bidirectional") ? "encode" : "step"))
    let result = try FloatReference(imported.graph).run(program: program.name, inputs: [port.name: rows], rows: 7)
    expectClose(result["output"], try CellGoldens.floats("\(name).output").values, limit: 1e-5, name)
    // The recipe that was inferred says the same when it is written out and read.
    let recipe = try #require(imported.recipe)
    #expect(try Recipe.parse(recipe.json()) == recipe)
  }

  @Test func whatWasAssumedIsSaid() throws {
    let path = CellGoldens.path("lstm.pt")
    #expect(
      try Importer.graph(checkpoints: ["weights": path], recipePath: nil).notes == [
        "order: that of the file, the only one in which shapes fit",
        "encoder: embedding of 11 ids in 9 elements",
        "rnn: LSTM, 2 layers, 9 → 20; assumed from 4 gates a unit, i f g o, as PyTorch orders them",
        "decoder: linear layer, 20 → 11; assumed nothing between it and rnn, and nothing behind it",
      ])
  }

  // MARK: Refusals

  private func refusal(_ shapes: [(String, [Int])]) -> InferenceError? {
    let tensors = shapes.map { ($0.0, FloatTensor(shape: $0.1, values: Array(repeating: 0, count: $0.1.reduce(1, *)))) }
    do {
      _ = try RecipeInference.recipe(from: TensorSource(tensors), name: "x", file: "x.pt")
      return nil
    } catch {
      expectBadDataExit(of: error)
      return error
    }
  }

  private let lstm: [(String, [Int])] = [("rnn.weight_ih_l0", [16, 3]), ("rnn.weight_hh_l0", [16, 4])]

  @Test func tensorsOfOtherModulesAreNamed() {
    #expect(refusal([]) == .noTensors)
    #expect(refusal(lstm + [("norm.weight", [4])]) == .unknownTensors(["norm.weight"]))
    #expect(!"\(InferenceError.unknownTensors(["norm.weight"]))".contains("state_dict"))
    for name in ["optimizer.state.0.exp_avg", "optimizer_state.param_groups.0.lr", "sgd.0.momentum_buffer"] {
      #expect("\(InferenceError.unknownTensors([name]))".contains("found 1 tensor of"))
      #expect("\(InferenceError.unknownTensors([name]))".contains("save model.state_dict() alone"))
      #expect("\(RecipeError.unusedTensors([name]))".contains("save model.state_dict() alone"))
    }
    #expect(refusal(lstm + [("conv.weight", [4, 4, 3])]) == .unknownTensors(["conv.weight"]))
    #expect(refusal(lstm + [("rnn.extra", [4])])?.description.contains("rnn.extra") == true)
    #expect(refusal(lstm + [("head.bias", [4])]) == .unknownTensors(["head.bias"]))
  }

  @Test func anIncompleteOrMisshapenModuleIsRefused() {
    #expect(refusal([lstm[0]]) == .incompleteModule(module: "rnn", missing: "weight_hh"))
    #expect(
      refusal(lstm + [("rnn.weight_ih_l2", [16, 4]), ("rnn.weight_hh_l2", [16, 4])])
        == .incompleteModule(module: "rnn", missing: "weight_ih_l1"))
    #expect(
      refusal(lstm + [("rnn.weight_ih_l1", [16, 5]), ("rnn.weight_hh_l1", [16, 4])])
        == .tensorShape(tensor: "rnn.weight_ih_l1", found: [16, 5], expected: [nil, 4]))
    #expect(
      refusal(lstm + [("rnn.bias_ih_l0", [12])])
        == .tensorShape(tensor: "rnn.bias_ih_l0", found: [12], expected: [16]))
  }

  @Test func rowsThatAreNoCellAreRefused() {
    #expect(
      refusal([("rnn.weight_ih_l0", [8, 3]), ("rnn.weight_hh_l0", [8, 4])])
        == .unknownCell(module: "rnn", rows: 8, units: 4))
  }

  @Test func aMatrixThatMayBeEitherIsRefused() {
    #expect(
      refusal([("table.weight", [3, 3])] + lstm) == .embeddingOrLinear(module: "table", rows: 3, cols: 3))
    #expect(refusal([("embed.weight", [3, 3])] + lstm) == nil)
  }

  @Test func aLinearLayerBeforeOthersIsRefused() {
    #expect(
      refusal(lstm + [("a.weight", [5, 4]), ("a.bias", [5]), ("b.weight", [2, 5]), ("b.bias", [2])])
        == .activationUnknown(after: "a", before: "b"))
  }

  @Test func modulesThatDoNotChainAreRefused() {
    #expect(refusal(lstm + [("head.weight", [2, 5]), ("head.bias", [2])]) == .noOrder(["rnn", "head"]))
    let a = [("a.weight_ih_l0", [16, 4]), ("a.weight_hh_l0", [16, 4])]
    let b = [("b.weight_ih_l0", [16, 4]), ("b.weight_hh_l0", [16, 4])]
    // An alphabetical file may have been sorted by whoever wrote it; another order is a sign.
    let sorted = (a + b).sorted { $0.0 < $1.0 }
    #expect(refusal(sorted) == .severalOrders(["a", "b"]))
    #expect(refusal(b + a) == nil)
    let many = (0..<9).flatMap { [("m\($0).weight_ih_l0", [16, 4]), ("m\($0).weight_hh_l0", [16, 4])] }
    #expect(refusal(many) == .tooManyModules(found: 9, limit: 8))
  }

  @Test func severalCheckpointsNeedARecipe() {
    #expect(throws: ImportError.severalCheckpointsWithoutRecipe(["a", "b"])) {
      try Importer.graph(checkpoints: ["a": "x", "b": "y"], recipePath: nil)
    }
  }
}
