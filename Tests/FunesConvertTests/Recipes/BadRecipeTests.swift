// SPDX-License-Identifier: Apache-2.0
// Recipes that break one rule each, and the error that says which: names, tensors, shapes, rows, limits.

import Testing

@testable import FunesConvert

@Suite struct BadRecipeTests {
  @Test func theSmallRecipeIsGood() throws {
    let graph = try SmallRecipe().graph()
    #expect(graph.constants.map(\.name) == ["wx", "wh", "zeros"])
    #expect(graph.constants[0].layout == .matrix(rows: 8, cols: 3, groups: 4))
    #expect(graph.states.map(\.name) == ["h.hidden", "h.cell"])
  }

  // MARK: Names

  @Test func namesAreUnique() {
    expectRefusal(.duplicateName("x", kind: "input")) {
      $0.inputs = #"{"name": "x", "shape": [3]}, {"name": "x", "shape": [3]}"#
    }
    expectRefusal(.duplicateName("h", kind: "output")) { $0.outputs = #""h", "h""# }
    expectRefusal(.duplicateName("step", kind: "program")) {
      $0.programs =
        #", {"name": "step", "inputs": [{"name": "x", "shape": [3]}], "ops": [\#(SmallRecipe.lstm)], "outputs": ["h"]}"#
    }
    expectRefusal(.duplicateValue(program: "step", value: "h")) {
      $0.ops += #", {"op": "relu", "input": "x", "output": "h"}"#
    }
    expectRefusal(.duplicateName("same", kind: "operator")) {
      $0.ops =
        #"{"op": "relu", "name": "same", "input": "x", "output": "y"}, {"op": "tanh", "name": "same", "input": "y", "output": "h"}"#
    }
    expectRefusal(.duplicateName("t", kind: "text")) {
      let text = #"{"name": "t", "kind": "labels", "symbols": ["a", "b"]}"#
      $0.top = #""texts": [\#(text), \#(text)],"#
    }
  }

  @Test func namesAreKnown() {
    expectRefusal(.undefinedValue(program: "step", operator: "h", value: "y")) {
      $0.ops = SmallRecipe.lstm.replacing("\"x\"", with: "\"y\"")
    }
    expectRefusal(.undefinedValue(program: "step", operator: "z", value: "z")) { $0.outputs = #""h", "z""# }
    expectRefusal(.unknownName("t", kind: "text", in: "h")) { $0.outputs = #"{"name": "h", "text": "t"}"# }
    expectRefusal(.unknownName("s", kind: "state", in: "y")) {
      $0.ops += #", {"op": "state_read", "state": "s", "output": "y"}"#
    }
    expectRefusal(.unknownName("s", kind: "state", in: "reset of \"step\"")) { $0.flags = #""reset": ["s"],"# }
    expectRefusal(.unknownName("other", kind: "checkpoint", in: "h")) {
      $0.ops = SmallRecipe.lstm("", x: #"{"tensor": "wx", "from": "other"}"#)
    }
    expectRefusal(.unknownName("nowhere", kind: "program", in: "generation")) {
      $0.top = #""generation": {"step": "nowhere", "start": 0, "longest": 1, "output": "h", "input": "x"},"#
    }
  }

  @Test func whatIsMadeIsUsed() {
    expectRefusal(.unusedValue(program: "step", value: "y")) {
      $0.ops += #", {"op": "relu", "input": "h", "output": "y"}"#
    }
    expectRefusal(.unusedValue(program: "step", value: "x2")) {
      $0.inputs += #", {"name": "x2", "shape": [3]}"#
    }
    expectRefusal(.unusedName("t", kind: "text")) {
      $0.top = #""texts": [{"name": "t", "kind": "labels", "symbols": ["a", "b"]}],"#
    }
    expectRefusal(.unusedName("s", kind: "state")) {
      $0.top = #""states": [{"name": "s", "kind": "value", "width": 2}],"#
    }
    expectRefusal(.inputPutOut(program: "step", output: "x")) { $0.outputs = #""h", "x""# }
  }

  // MARK: Tensors

  @Test func tensorsAreThereAndUsed() {
    expectRefusal(.missingTensor(operator: "h", tensor: "wz", checkpoint: "weights")) {
      $0.ops = SmallRecipe.lstm("", x: #""wz""#)
    }
    expectRefusal(.unusedTensors(["b", "head"])) { $0.extraTensors = ["b", "head"] }
    expectRefusal(.dropWithoutTensor("nothing*")) { $0.top = #""drop": ["nothing*"],"# }
    expectRefusal(.droppedTensorUsed("wx")) { $0.top = #""drop": ["wx"],"# }
    expectRefusal(.absurdElement(operator: "h", tensor: "bad", index: 3)) {
      $0.ops = SmallRecipe.lstm(#", "bias_x": "bad""#)
    }
    var dropped = SmallRecipe()
    dropped.extraTensors = ["head", "table"]
    dropped.top = #""drop": ["hea*", {"tensor": "table", "from": "weights"}],"#
    #expect(dropped.refusal() == nil)
  }

  @Test func tensorsHaveTheirShapes() {
    expectRefusal(.tensorShape(operator: "h", tensor: "gh", found: [6, 2], expected: [8, 2])) {
      $0.ops = SmallRecipe.lstm("", h: #""gh""#)
    }
    expectRefusal(.tensorShape(operator: "h", tensor: "b", found: [8], expected: [nil, nil])) {
      $0.ops = SmallRecipe.lstm("", x: #""b""#)
    }
    expectRefusal(.tensorShape(operator: "h", tensor: "v0", found: [2], expected: [8])) {
      $0.ops = SmallRecipe.lstm(#", "bias_h": "v0""#)
    }
    expectRefusal(.tensorShape(operator: "h", tensor: "head", found: [4, 2], expected: [3, 2])) {
      $0.ops = SmallRecipe.lstm(#", "peephole": "head""#)
    }
    expectRefusal(.tensorShape(operator: "h", tensor: "table", found: [5, 3], expected: [nil, 2])) {
      $0.ops = SmallRecipe.lstm(#", "projection": "table""#)
    }
    expectRefusal(.gateRows(operator: "h", tensor: "odd", rows: 7, gates: 4)) {
      $0.ops = SmallRecipe.lstm("", x: #""odd""#)
    }
    let softmax = #", {"op": "softmax", "lanes": 1, "input": "h", "output": "y"}"#
    expectRefusal(.emptyTensor(operator: "h", tensor: "none", shape: [0, 3, 2])) {
      $0.ops = #"{"op": "conv1d", "input": "x", "output": "h", "weight": "none"}"# + softmax
      $0.outputs = #""y""#
    }
    expectRefusal(.emptyTensor(operator: "h", tensor: "no units", shape: [0, 3])) {
      $0.ops =
        #"{"op": "gru", "input": "x", "output": "h", "weight_x": "no units", "weight_h": "gh", "reset": "before"}"#
        + softmax
      $0.outputs = #""y""#
    }
    expectRefusal(.tensorShape(operator: "h", tensor: "head", found: [4, 2], expected: [nil, 3, nil])) {
      $0.ops = #"{"op": "conv1d", "input": "x", "output": "h", "weight": "head"}"#
    }
  }

  @Test func changesFitTheirTensors() {
    func x(_ expression: String) -> (inout SmallRecipe) -> Void { { $0.ops = SmallRecipe.lstm("", x: expression) } }
    func impossible(_ change: String, _ tensor: String, _ shape: [Int]) -> RecipeError {
      .impossibleChange(operator: "h", tensor: tensor, change: change, shape: shape)
    }
    expectRefusal(impossible("transpose", "b.T", [8]), x(#"{"tensor": "b", "transpose": true}"#))
    expectRefusal(impossible("columns", "wx[:, 2:4]", [8, 3]), x(#"{"tensor": "wx", "columns": [2, 4]}"#))
    expectRefusal(impossible("rows", "wx[0:9]", [8, 3]), x(#"{"tensor": "wx", "rows": [0, 9]}"#))
    expectRefusal(impossible("reshape", "wx", [8, 3]), x(#"{"tensor": "wx", "reshape": [8, 4]}"#))
    expectRefusal(impossible("permute", "wx", [8, 3]), x(#"{"tensor": "wx", "permute": [0, 0]}"#))
    expectRefusal(.unknownGates(operator: "h", tensor: "wx", found: "iffo"), x(#"{"tensor": "wx", "gates": "iffo"}"#))
    expectRefusal(.unknownGates(operator: "h", tensor: "wx", found: "ifgx"), x(#"{"tensor": "wx", "gates": "ifgx"}"#))
    expectRefusal(
      .unknownGates(operator: "h", tensor: "wx", found: "z"),
      x(#"{"tensor": "wx", "gates": "ijfo", "add_gate": {"z": 1}}"#))
    expectRefusal(.gateRows(operator: "h", tensor: "odd", rows: 7, gates: 4), x(#"{"tensor": "odd", "gates": "ijfo"}"#))
    expectRefusal(
      .partShape(operator: "h", tensor: "gx", found: [6, 3], expected: [8, 3]), x(#"{"sum": ["wx", "gx"]}"#))
    expectRefusal(
      .partShape(operator: "h", tensor: "gh", found: [6, 2], expected: [nil, 3]), x(#"{"concat": ["wx", "gh"]}"#))
  }

  @Test func sizesAreBounded() {
    func x(_ expression: String) -> (inout SmallRecipe) -> Void { { $0.ops = SmallRecipe.lstm("", x: expression) } }
    let side = 1 << 24
    expectRefusal(
      .overLimit(what: "elements of \"zeros\"", found: Int.max, limit: 1 << 24),
      x(#"{"zeros": [\#(side), \#(side), \#(side)]}"#))
    expectRefusal(
      .overLimit(what: "elements of \"zeros\"", found: 1 << 48, limit: 1 << 24), x(#"{"zeros": [\#(side), \#(side)]}"#))
    expectRefusal(
      .impossibleChange(operator: "h", tensor: "wx", change: "reshape", shape: [8, 3]),
      x(
        #"{"tensor": "wx", "reshape": [\#(side), \#(side), \#(side)]}"#))
    expectRefusal(.absurdElement(operator: "h", tensor: "wx", index: 0), x(#"{"tensor": "wx", "scale": 1e60}"#))
    expectRefusal(.valueShape(program: "step", operator: "y", value: "h", found: [2], expected: [side, side, side])) {
      $0.ops += #", {"op": "reshape", "input": "h", "output": "y", "shape": [\#(side), \#(side), \#(side)]}"#
      $0.outputs = #""y""#
    }
  }

  // MARK: Shapes and rows

  @Test func valuesHaveTheirShapes() {
    expectRefusal(.valueShape(program: "step", operator: "h", value: "x", found: [4], expected: [3])) {
      $0.inputs = #"{"name": "x", "shape": [4]}"#
    }
    expectRefusal(.valueShape(program: "step", operator: "y", value: "x", found: [3], expected: [2])) {
      $0.ops = #"{"op": "linear", "input": "x", "output": "y", "weight": "head"}"#
      $0.outputs = #""y""#
    }
    expectRefusal(.valueShape(program: "step", operator: "y", value: "h", found: [2], expected: [3])) {
      $0.ops += #", {"op": "add", "inputs": ["x", "h"], "output": "y"}"#
      $0.outputs = #""y""#
    }
    expectRefusal(.valueShape(program: "step", operator: "y", value: "h", found: [2], expected: [5])) {
      $0.ops += #", {"op": "reshape", "input": "h", "output": "y", "shape": [5]}"#
      $0.outputs = #""y""#
    }
    expectRefusal(.numberOutOfRange(program: "step", operator: "y", key: "count", found: 2, expected: 1...1)) {
      $0.ops += #", {"op": "slice", "input": "h", "output": "y", "begin": 1, "count": 2}"#
      $0.outputs = #""y""#
    }
    expectRefusal(.overLimit(what: "elements of \"x\"", found: 1 << 26, limit: 1 << 24)) {
      $0.inputs = #"{"name": "x", "shape": [8192, 8192]}"#
    }
  }

  @Test func idsAndFloatsAreKeptApart() {
    let embedding = #"{"op": "embedding", "input": "x", "output": "h", "weight": "table"}"#
    expectRefusal(.wrongElement(program: "step", operator: "h", value: "x", expected: "ids")) { $0.ops = embedding }
    expectRefusal(.wrongElement(program: "step", operator: "h", value: "x", expected: "floats")) {
      $0.inputs = #"{"name": "x", "classes": 5}"#
    }
    expectRefusal(.classCount(program: "step", operator: "h", found: 6, expected: 5)) {
      $0.inputs = #"{"name": "x", "classes": 6}"#
      $0.ops = embedding
    }
    expectRefusal(.classCount(program: "step", operator: "h", found: 6, expected: 4)) {
      $0.inputs = #"{"name": "x", "classes": 6}"#
      $0.ops = #"{"op": "one_hot", "input": "x", "output": "h", "classes": 4}"#
    }
  }

  @Test func rowsAreThoseThatAnOperatorNeeds() {
    expectRefusal(.wrongRows(program: "step", operator: "h", value: "one", expected: "the rows of the call")) {
      $0.ops =
        #"{"op": "last", "input": "x", "output": "one"}, "# + SmallRecipe.lstm.replacing("\"x\"", with: "\"one\"")
    }
    expectRefusal(.wrongRows(program: "step", operator: "h", value: "b2", expected: "the rows of \"a2\"")) {
      $0.ops = """
        {"op": "subsample", "input": "x", "output": "a2", "stride": 2},
        {"op": "subsample", "input": "x", "output": "b2", "stride": 2},
        {"op": "add", "inputs": ["a2", "b2"], "output": "h"}
        """
    }
    expectRefusal(.notSequential(program: "step", operator: "h", reason: "\"subsample\" needs all rows")) {
      $0.ops = #"{"sequential": [{"op": "subsample", "input": "x", "output": "h", "stride": 2}]}"#
    }
    expectRefusal(.notSequential(program: "step", operator: "h", reason: "\"y\" is subsampled")) {
      $0.ops = """
        {"op": "subsample", "input": "x", "output": "y", "stride": 2},
        {"sequential": [{"op": "relu", "input": "y", "output": "h"}]}
        """
    }
    expectRefusal(.overLimit(what: "domains", found: 17, limit: 16)) {
      $0.ops = (0...14).map { #"{"op": "subsample", "input": "x", "output": "h\#($0)", "stride": 2}"# }
        .joined(separator: ", ")
      $0.outputs = (0...14).map { "\"h\($0)\"" }.joined(separator: ", ")
    }
  }

  @Test func fieldsOfACellGoTogether() {
    func conflict(_ fields: [String]) -> RecipeError {
      .conflictingFields(program: "step", operator: "h", fields: fields)
    }
    expectRefusal(conflict(["inner_steps", "hidden"])) {
      $0.ops = SmallRecipe.lstm(#", "inner_steps": 1, "hidden": "s""#)
    }
    expectRefusal(conflict(["projection_clip", "projection"])) { $0.ops = SmallRecipe.lstm(#", "projection_clip": 1"#) }
    expectRefusal(conflict(["candidate", "reset"])) {
      $0.ops = SmallRecipe.lstm(#", "candidate": "head""#, x: #""gx""#, h: #""gh""#).replacing(
        "\"lstm\"", with: "\"gru\"")
    }
    expectRefusal(.notPositive(program: "step", operator: "h", key: "cell_clip", found: -1)) {
      $0.ops = SmallRecipe.lstm(#", "cell_clip": -1"#)
    }
  }

  @Test func aProgramMadeInCodeIsNotEmpty() {
    var recipe = Recipe(name: "x", checkpoints: [Recipe.Checkpoint(name: "weights", file: "x.pt")])
    recipe.programs = [Recipe.Program(name: "step", inputs: [], steps: [], outputs: [])]
    #expect(throws: RecipeError.emptyProgram(program: "step")) {
      try recipe.graph(sources: ["weights": TensorSource([])])
    }
  }

  @Test func checkpointsAreThoseOfTheRecipe() throws {
    #expect(throws: RecipeError.unexpectedCheckpoint(name: "encoder")) {
      try Importer.graph(
        checkpoints: ["encoder": CellGoldens.path("gru.pt"), "weights": CellGoldens.path("gru.pt")],
        recipePath: RecipeFiles.path("silero-lstm"))
    }
    // One path alone is the recipe's one checkpoint, whatever it is called.
    #expect(throws: RecipeError.missingTensor(operator: "h", tensor: "lstm_cell.weight_ih", checkpoint: "weights")) {
      try Importer.graph(
        checkpoints: ["model": CellGoldens.path("gru.pt")], recipePath: RecipeFiles.path("silero-lstm"))
    }
    #expect(throws: ImportError.unreadableFile("no-such-recipe.json")) {
      try Importer.graph(checkpoints: [:], recipePath: "no-such-recipe.json")
    }
    // The two in each other's place.
    #expect(throws: ImportError.notARecipe(CellGoldens.path("gru.pt"))) {
      try Importer.graph(
        checkpoints: ["model": RecipeFiles.path("silero-lstm")], recipePath: CellGoldens.path("gru.pt"))
    }
    let recipe = try Recipe.parse(SmallRecipe().text)
    #expect(throws: RecipeError.missingCheckpoint(name: "weights", file: "small.npz")) {
      try recipe.graph(sources: [:])
    }
  }

  @Test func noTruncationNorDamagedByteCrashes() {
    let bytes = Array(SmallRecipe().text.utf8)
    let source = TensorSource(SmallRecipe.tensors)
    for index in bytes.indices {
      for damaged in [UInt8(ascii: "\""), UInt8(ascii: "9"), UInt8(ascii: "]"), bytes[index] ^ 1] {
        var copy = bytes
        copy[index] = damaged
        if let recipe = try? Recipe.parse(copy) { _ = try? recipe.graph(sources: ["weights": source]) }
      }
      #expect(throws: RecipeError.self) { try Recipe.parse(Array(bytes[..<index])) }
    }
  }
}
