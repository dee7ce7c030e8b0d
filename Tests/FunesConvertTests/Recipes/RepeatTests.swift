// SPDX-License-Identifier: Apache-2.0
// Recipes that repeat layers: what they stand for, how they are written, and bombs, which are refused before they go off.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct RepeatTests {
  private func text(_ ops: String, output: String = "y") -> String {
    """
    {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "w.npz"}, "programs": [
      {"name": "step", "inputs": [{"name": "x0", "shape": [4]}], "ops": [\(ops)], "outputs": ["\(output)"]}]}
    """
  }

  private func graph(_ ops: String, output: String = "y", tensors: [String] = []) throws -> Graph {
    var numbers = TestNumbers(seed: 5)
    let named = tensors.map { (name: $0, tensor: FloatTensor(shape: [4, 4], values: numbers.floats(16))) }
    return try Recipe.parse(text(ops, output: output)).graph(sources: ["weights": TensorSource(named)])
  }

  private func refusal(_ ops: String, output: String = "y", tensors: [String] = []) -> RecipeError? {
    do {
      _ = try graph(ops, output: output, tensors: tensors)
      return nil
    } catch {
      return error as? RecipeError
    }
  }

  private let chain = """
    {"repeat": 3, "first": 0, "ops": [
      {"op": "linear", "input": "x{i}", "output": "h{i}", "weight": {"sum": ["w.{i}.a", "w.{i+1}.a"]}},
      {"op": "add", "inputs": ["x{i}", "h{i}"], "output": "x{i+1}", "name": "sum {i} of {i+1}"}]}
    """

  @Test func layersHaveTheirNumbers() throws {
    let graph = try graph(chain, output: "x3", tensors: (0..<4).map { "w.\($0).a" })
    let operators = graph.programs[0].runs.flatMap(\.operators)
    #expect(operators.map(\.name) == ["h0", "sum 0 of 1", "h1", "sum 1 of 2", "h2", "sum 2 of 3"])
    #expect(graph.constants.map(\.name) == ["w.0.a+w.1.a", "w.1.a+w.2.a", "w.2.a+w.3.a"])
    #expect(graph.programs[0].runs.count == 1)
  }

  @Test func repeatsAreWrittenAsTheyWere() throws {
    let nested = """
      {"sequential": [{"repeat": 2, "first": 7, "index": "k", "ops": [
        {"repeat": 2, "ops": [{"op": "relu", "input": "x{k-7}{i}", "output": "x{k}{i}"}]}]}]}, \(chain)
      """
    let recipe = try Recipe.parse(text(nested))
    #expect(recipe.json().contains(#""repeat": 2, "first": 7, "index": "k""#) || recipe.json().contains("\"first\": 7"))
    #expect(try Recipe.parse(recipe.json()) == recipe)
    guard case .sequential(let steps) = recipe.programs[0].steps[0], case .repeated(let outer) = steps[0] else {
      Issue.record("no repeat in the sequential run")
      return
    }
    #expect(outer.index == "k" && outer.first == 7 && outer.count == 2)
    let steps2 = try RepeatExpansion.steps(of: recipe.programs[0])
    guard case .sequential(let all) = steps2[0] else { return }
    let inputs = all.map { step -> String in
      if case .wide(let op) = step { op.inputs[0] + " " + op.output! } else { "" }
    }
    #expect(inputs == ["x00 x70", "x01 x71", "x10 x80", "x11 x81"])
  }

  @Test func outsideOfRepeatsBracesAreNames() throws {
    let graph = try graph(#"{"op": "relu", "input": "x0", "output": "{y}"}"#, output: "{y}")
    #expect(graph.values.last?.name == "{y}")
  }

  // MARK: Refusals

  private func relu(_ input: String, _ output: String) -> String {
    #"{"op": "relu", "input": "\#(input)", "output": "\#(output)"}"#
  }

  @Test(arguments: ["{j}", "{i+}", "{i*2}", "{i-1}", "{}", "{i", "{i+1234567}", "{ii}", "{i+ 1}", "{i+٣}"])
  func whatIsNoNumberOfALayerIsRefused(expression: String) {
    let found = refusal(#"{"repeat": 2, "ops": [\#(relu("x\(expression)", "y"))]}"#)
    #expect(found == .wrongIndex(expression, in: "x\(expression)", known: ["i"]))
    #expect("\(found!)".contains("{i+1}"))
  }

  @Test func shapesOfRepeatsAreStrict() throws {
    let op = relu("x{i}", "x{i+1}")
    func kind(_ repeated: String) -> String {
      switch refusal(repeated) {
      case .wrongValue(let key, _, _, _): "wrong \(key)"
      case .missingKey(let key, _, _): "no \(key)"
      case .unknownKey(let key, _, _): "unknown \(key)"
      case .overLimit(let what, _, _): what
      case let other: "\(other.map { "\($0)" } ?? "fine")"
      }
    }
    #expect(kind(#"{"repeat": 0, "ops": [\#(op)]}"#) == "wrong repeat")
    #expect(kind(#"{"repeat": 16385, "ops": [\#(op)]}"#) == "wrong repeat")
    #expect(kind(#"{"repeat": -1, "ops": [\#(op)]}"#) == "wrong repeat")
    #expect(kind(#"{"repeat": 1.5, "ops": [\#(op)]}"#) == "wrong repeat")
    #expect(kind(#"{"repeat": 2, "first": 1000001, "ops": [\#(op)]}"#) == "wrong first")
    #expect(kind(#"{"repeat": 2, "index": "ab", "ops": [\#(op)]}"#) == "wrong index")
    #expect(kind(#"{"repeat": 2, "index": "+", "ops": [\#(op)]}"#) == "wrong index")
    #expect(kind(#"{"repeat": 2, "ops": []}"#) == "wrong ops")
    #expect(kind(#"{"repeat": 2}"#) == "no ops")
    #expect(kind(#"{"repeat": 2, "times": 3, "ops": [\#(op)]}"#) == "unknown times")
    #expect(kind(#"{"repeat": 2, "ops": [{"repeat": 2, "ops": [\#(op)]}]}"#) == "no index")
    #expect(kind(#"{"repeat": 2, "ops": [{"repeat": 2, "index": "i", "ops": [\#(op)]}]}"#) == "wrong index")
    #expect(
      kind(#"{"sequential": [{"repeat": 2, "ops": [{"sequential": [\#(op)]}]}]}"#) == "no op")
  }

  /// Each level multiplies: a few hundred bytes that stand for 2^70 operators.
  @Test func bombsAreCountedBeforeTheyGoOff() throws {
    var ops = relu("x0", "y")
    for letter in "abcd" { ops = #"{"repeat": 16384, "index": "\#(letter)", "ops": [\#(ops)]}"# }
    #expect(
      refusal(ops) == .overLimit(what: "operators of \"step\"", found: 1 << 40, limit: RepeatExpansion.operatorLimit))
    ops = #"{"repeat": 2, "index": "e", "ops": [\#(ops)]}"#
    #expect(refusal(ops) == .overLimit(what: "repeats inside each other", found: 5, limit: 4))
    let wide = Array(repeating: relu("x0", "y"), count: 3).joined(separator: ",")
    #expect(
      refusal(#"{"repeat": 5462, "ops": [\#(wide)]}"#)
        == .overLimit(what: "operators of \"step\"", found: 16_386, limit: 16_384))
  }

  @Test func longNamesAreNotRepeatedWithoutEnd() throws {
    let name = String(repeating: "n", count: 4000)
    let found = refusal(#"{"repeat": 16384, "ops": [\#(relu(name, name + "{i}"))]}"#)
    guard case .overLimit("bytes of names in repeats", let bytes, RepeatExpansion.byteLimit) = found else {
      Issue.record("found \(String(describing: found))")
      return
    }
    #expect(bytes < RepeatExpansion.byteLimit + 5000)
  }

  /// A recipe made in code has not met the parser.
  @Test func repeatsMadeInCodeAreHeldToTheSame() throws {
    let op = Recipe.Operator("relu", inputs: ["x0"], output: "y")
    func refusal(_ repeated: Recipe.Repeat) -> RecipeError? {
      let program = Recipe.Program(name: "p", inputs: [], steps: [.repeated(repeated)], outputs: [])
      do {
        _ = try RepeatExpansion.steps(of: program)
        return nil
      } catch { return error }
    }
    let inner = Recipe.Repeat(count: 2, steps: [.wide(op)])
    #expect(refusal(inner) == nil)
    #expect(refusal(Recipe.Repeat(count: 2, steps: [.repeated(inner)])) == .duplicateName("i", kind: "index"))
    #expect(refusal(Recipe.Repeat(count: 1 << 30, steps: [])) != nil)
    var late = inner
    late.first = .max
    #expect(refusal(late) != nil)
    #expect(refusal(Recipe.Repeat(count: .max, steps: [.wide(op)])) != nil)
    #expect(refusal(Recipe.Repeat(count: 0, steps: [.wide(op)])) != nil)
  }
}
