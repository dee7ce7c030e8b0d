// SPDX-License-Identifier: Apache-2.0
// The text of recipes: what is read, what is refused and where.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct RecipeParserTests {
  private func refusal(_ text: String) -> RecipeError? {
    do {
      _ = try Recipe.parse(text)
      return nil
    } catch {
      expectBadDataExit(of: error)
      return error
    }
  }

  private func at(_ line: Int, _ column: Int, in text: String) -> JSONPosition {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let offset = lines[..<(line - 1)].map { $0.utf8.count + 1 }.reduce(0, +) + column - 1
    return JSONPosition(offset: offset, line: line, column: column)
  }

  /// The small recipe with a text replaced, and the error at the beginning of `mark`.
  private func expect(
    _ old: String, _ new: String, at mark: String, location: SourceLocation = #_sourceLocation,
    _ expected: (JSONPosition) -> RecipeError
  ) throws {
    let whole = SmallRecipe().text
    let text = whole.replacing(old, with: new, maxReplacements: 1)
    let place = try #require(text.range(of: mark), sourceLocation: location)
    let line = text[..<place.lowerBound].count { $0 == "\n" } + 1
    let column = text[..<place.lowerBound].reversed().prefix { $0 != "\n" }.count + 1
    #expect(refusal(text) == expected(at(line, column, in: text)), sourceLocation: location)
  }

  @Test func theRecipesOfTheRepositoryReadBackAsTheyAreWritten() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: RecipeFiles.folder.path)
      .filter { $0.hasSuffix(".json") }
    #expect(names.count >= 7)
    for name in names {
      let text = try String(contentsOf: RecipeFiles.folder.appendingPathComponent(name), encoding: .utf8)
      let recipe = try Recipe.parse(text)
      #expect(recipe.json() == text, "\(name) is not in the form that the writer gives")
    }
  }

  @Test func thePageOnRecipesNamesEveryKey() throws {
    let page = try String(contentsOf: RecipeFiles.folder.appendingPathComponent("README.md"), encoding: .utf8)
    for (name, schema) in OperatorSchema.table {
      for key in [name] + schema.fields.map(\.key) { #expect(page.contains("`\(key)`"), "\(key) of \(name)") }
    }
    for key in RecipeParser.keys + RecipeParser.changes { #expect(page.contains("`\(key)`"), "\(key)") }
    let example = try #require(page.split(separator: "```json\n").dropFirst().first?.split(separator: "\n```").first)
    #expect(try Recipe.parse(String(example)).name == "tagger")
  }

  @Test func everyFieldIsWrittenAndReadBack() throws {
    let text = """
      {"funes_recipe": 1, "name": "all", "licence": "MIT", "source": "\\"here\\"\\n", "sample_rate": 16000, "checkpoints": {"a": "a.pt", "b": "b.pt"},
      "drop": ["x*", {"tensor": "y", "from": "b"}],
      "texts": [{"name": "t", "kind": "bytes"},
        {"name": "c", "kind": "characters", "symbols": ["a", "\\u00e9", "</s>"], "unknown": 0, "lower_case": true,
         "line_sequence": true, "separator": " "}],
      "generation": {"encode": "e", "step": "s", "append": 1, "start": 2, "stop": [5, 3], "longest": 4, "output": "o",
        "input": "i", "pad": 6, "source_rows": 47},
      "states": [{"name": "v", "kind": "value", "lanes": 2, "width": 3, "initial": "v0"}],
      "programs": [{"name": "s", "block": true, "reset": ["v"],
        "inputs": [{"name": "x", "shape": [1, 2, 3], "policy": "replace", "range": [-0.5, 2]},
          {"name": "i", "text": "c"}, {"name": "j", "shape": [4], "classes": 3}],
        "ops": [{"op": "bidirectional", "cell": "gru", "input": "x", "output": "y",
            "forward": {"weight_x": "a", "weight_h": {"tensor": "b", "from": "b", "gates": "zrh"}, "reset": "before",
              "candidate": "k", "gate_activation": "hard_sigmoid"},
            "backward": {"weight_x": {"zeros": [2, 3], "add": 1.0, "scale": -2.5e-7}, "weight_h": {"sum": ["a", "b"]}}},
          {"sequential": [{"op": "state_read", "state": "v", "output": "w"},
            {"op": "lstm", "name": "named", "input": "y", "output": "z", "weight_x": {"tensor": "a", "reshape": [1, 2],
              "permute": [1, 0], "transpose": true, "rows": [0, 1], "columns": [0, 2], "gates": "ifgo",
              "add_gate": {"f": 1.5}}, "weight_h": {"concat": ["p", "q"]}, "coupled": true, "cell_clip": 3,
              "inner_steps": 2, "gates_output": "g"},
            {"op": "state_write", "state": "v", "input": "z"}]},
          {"op": "concat", "inputs": ["z", "g"], "output": "o", "lanes": 2}],
        "outputs": ["o", {"name": "p", "value": "o", "text": "c"}]}]}
      """
    let recipe = try Recipe.parse(text)
    #expect(recipe.programs[0].inputs[0].low == -0.5 && recipe.sampleRate == 16_000)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    #expect(try Recipe.parse(recipe.json()).json() == recipe.json())
    #expect(!recipe.json().split(separator: "\n").contains { $0.count > 120 })
  }

  @Test func whatIsNotJSONOrAnotherVersionIsRefused() {
    #expect(refusal("{") == .notJSON(.unexpectedEnd(expected: "a key in quotes", at: at(1, 2, in: "{"))))
    let start = JSONPosition(offset: 0, line: 1, column: 1)
    #expect(refusal("[]") == .wrongValue(key: "the recipe", found: "an array", expected: "an object", at: start))
    #expect(refusal("{}") == .missingKey("funes_recipe", in: "the recipe", at: start))
    #expect(refusal(#"{"funes_recipe": 2, "what": 0}"#) == .unsupportedVersion(found: 2, supported: 1))
  }

  @Test func unknownKeysAreRefusedAtTheirPlace() throws {
    try expect(#""name": "small""#, with: #""names": "small""#, key: "names", in: "the recipe")
    try expect(#""inputs": ["#, with: #""resets": [], "inputs": ["#, key: "resets", in: "programs")
    try expect(#""shape": [3]"#, with: #""shapes": [3], "shape": [3]"#, key: "shapes", in: "inputs")
    try expect(
      #""weight_x": "wx""#, with: #""weight": 0, "weight_x": "wx""#, key: "weight", in: "the operator \"lstm\"")
    try expect(#""wx""#, with: #"{"tensor": "wx", "gate": "ifgo"}"#, key: "gate", in: "weight_x")
    try expect(#""wx""#, with: #"{"tensor": "wx", "sum": ["a"]}"#, key: "sum", in: "a tensor with \"tensor\"")
    try expect(#""wx""#, with: #"{"zeros": [1], "from": "a"}"#, key: "from", in: "a tensor with \"zeros\"")
  }

  private func expect(
    _ old: String, with new: String, key: String, in place: String, location: SourceLocation = #_sourceLocation
  ) throws {
    try expect(old, new, at: "\"\(key)\"", location: location) { .unknownKey(key, in: place, at: $0) }
  }

  @Test func missingAndWrongValuesAreRefusedAtTheirPlace() throws {
    try expect(#""weight_x": "wx", "#, "", at: "\"op\"") {
      .missingKey("weight_x", in: "the operator \"lstm\"", at: $0)
    }
    try expect(#", "shape": [3]"#, "", at: "\"name\": \"x\"") { .missingKey("shape", in: "an input", at: $0) }
    try expect(#""shape": [3]"#, #""shape": [0]"#, at: "\"shape\"") {
      .wrongValue(key: "shape", found: "0", expected: "a whole number in 1...16777216", at: $0)
    }
    try expect(#""shape": [3]"#, #""shape": [1, 1, 1, 1]"#, at: "\"shape\"") {
      .wrongValue(key: "shape", found: "an array", expected: "1 to 3 extents", at: $0)
    }
    try expect(#""wx""#, "7", at: "\"weight_x\"") {
      .wrongValue(key: "weight_x", found: "7", expected: "a tensor: a name or an object", at: $0)
    }
    try expect(#""wx""#, #"{"tensor": "wx", "rows": [3, 3]}"#, at: "\"rows\"") {
      .wrongValue(key: "rows", found: "an array", expected: "[begin, end] with begin below end", at: $0)
    }
    try expect(#""wx""#, #"{"tensor": "wx", "add_gate": {"f": 1}}"#, at: "\"add_gate\"") {
      .missingKey("gates", in: "a tensor with \"add_gate\"", at: $0)
    }
    try expect(#""outputs": ["h"]"#, #""outputs": [""]"#, at: "\"outputs\"") {
      .wrongValue(key: "outputs", found: "\"\"", expected: "a name", at: $0)
    }
  }

  @Test func unknownWordsAreRefusedAtTheirPlace() throws {
    try expect(#""op": "lstm""#, #""op": "transformer""#, at: "\"op\"") { .unknownOperator("transformer", at: $0) }
    try expect(#""weight_x": "wx""#, #""weight_x": "wx", "activation": "gelu""#, at: "\"activation\"") {
      .unknownWord(key: "activation", found: "gelu", expected: OperatorSchema.activations, at: $0)
    }
    try expect(#""shape": [3]"#, #""shape": [3], "policy": "clip""#, at: "\"policy\"") {
      .unknownWord(key: "policy", found: "clip", expected: ["refuse", "replace"], at: $0)
    }
    try expect(#""shape": [3]"#, #""shape": [3], "range": [0, 1]"#, at: "\"range\"") {
      .unknownKey("range", in: "an input without \"policy\": \"replace\"", at: $0)
    }
    try expect(#""shape": [3]"#, #""classes": 3, "policy": "replace""#, at: "\"policy\"") {
      .unknownKey("policy", in: "an input of ids", at: $0)
    }
    try expect(#""inputs": ["#, #""reset": "some", "inputs": ["#, at: "\"reset\"") {
      .unknownWord(key: "reset", found: "some", expected: ["all"], at: $0)
    }
    try expect(#""input": "x""#, #""inputs": ["x", "x"]"#, at: "\"op\"") {
      .wrongValue(key: "inputs", found: "2 inputs", expected: "1", at: $0)
    }
  }

  @Test func gateLettersGiveOurOrder() {
    #expect(GateOrder.permutation("ijfo") == [0, 2, 1, 3])
    #expect(GateOrder.permutation("iofc") == [0, 2, 3, 1])
    #expect(GateOrder.permutation("zrh") == [1, 0, 2])
    #expect(GateOrder.permutation("ur") == [1, 0])
    #expect(GateOrder.permutation("ofg") == [1, 2, 0])
    for letters in ["", "i", "ifg", "ifgcc", "gj", "izgo", "rznn", "zn"] {
      #expect(GateOrder.permutation(letters) == nil, "\(letters)")
    }
  }
}
