// SPDX-License-Identifier: Apache-2.0
// Recipes of factors, constants, positions, pooling and patches that do not fit, each refused by name.

import FunesTestSupport
import Testing

@testable import FunesConvert

private let zero = JSONPosition(offset: 0, line: 0, column: 0)

@Suite struct PoolingRecipeTests {
  private func refusal(_ op: String, shape: String = "[4, 6]", isBlock: Bool = false, before: String = "")
    -> RecipeError?
  {
    var numbers = TestNumbers(seed: 3)
    let tensors: [(name: String, tensor: FloatTensor)] = [
      ("table", FloatTensor(shape: [5, 24], values: numbers.floats(120))),
      ("deep", FloatTensor(shape: [1, 1, 2, 12], values: numbers.floats(24))),
    ]
    let used = tensors.filter { op.contains("\"\($0.name)\"") }
    do {
      let text = """
        {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "w.npz"}, "programs": [
          {"name": "step", "block": \(isBlock), "inputs": [{"name": "x", "shape": \(shape)}],
           "ops": [\(before)\(op)], "outputs": ["y"]}]}
        """
      _ = try Recipe.parse(text).graph(sources: ["weights": TensorSource(used)])
      return nil
    } catch {
      return error as? RecipeError
    }
  }

  private func range(_ key: String, _ found: Int, _ expected: ClosedRange<Int>) -> RecipeError {
    .numberOutOfRange(program: "step", operator: "y", key: key, found: found, expected: expected)
  }

  private func shape(_ found: [Int], _ expected: [Int?]) -> RecipeError {
    .valueShape(program: "step", operator: "y", value: "x", found: found, expected: expected)
  }

  @Test func factorsAndConstants() {
    #expect(
      refusal(#"{"op": "scale", "input": "x", "output": "y", "factor": 1e16}"#)
        == .notInRange(program: "step", operator: "y", key: "factor", found: 1e16))
    let constant = #"{"op": "constant", "output": "c", "value": "deep"}"#
    let add = #", {"op": "add", "inputs": ["x", "c"], "output": "y"}"#
    #expect(
      refusal(constant + add)
        == .tensorShape(operator: "c", tensor: "deep", found: [1, 1, 2, 12], expected: [1, 1, 2, 12]))
    #expect(
      refusal(constant.replacing(#""deep"}"#, with: #""deep", "shape": [4, 5]}"#) + add)
        == .tensorShape(operator: "c", tensor: "deep", found: [1, 1, 2, 12], expected: [4, 5]))
    #expect(refusal(constant.replacing(#""deep"}"#, with: #""deep", "shape": [4, 6]}"#) + add) == nil)
  }

  @Test func positions() {
    let position = #"{"op": "position", "input": "x", "output": "y", "weight": "table"}"#
    #expect(refusal(position) == nil)
    #expect(
      refusal(position, shape: "[5]")
        == .tensorShape(operator: "y", tensor: "table", found: [5, 24], expected: [nil, 5]))
    let half = #"{"op": "subsample", "input": "x", "output": "h", "stride": 2},"#
    #expect(
      refusal(position.replacing(#""x""#, with: #""h""#), before: half)
        == .wrongRows(program: "step", operator: "y", value: "h", expected: "the rows of the call"))
    let twice = position.replacing(#""x""#, with: #""a""#).replacing(#"table""#, with: #"table", "position": "p""#)
    let first = twice.replacing(#""y""#, with: #""a""#).replacing(#"put": "a", "out"#, with: #"put": "x", "out"#)
    #expect(refusal(first + "," + twice) == .stateOwnedTwice(program: "step", state: "p"))
  }

  @Test func pooling() {
    let pool = #"{"op": "pool", "input": "x", "output": "y"}"#
    #expect(refusal(pool) == .needsBlock(program: "step", operator: "y"))
    #expect(refusal(pool, isBlock: true) == nil)
    #expect(refusal(#"{"op": "first", "input": "x", "output": "y"}"#) == .needsBlock(program: "step", operator: "y"))
    let last = #"{"op": "last", "input": "x", "output": "l"},"#
    #expect(
      refusal(pool.replacing(#""x""#, with: #""l""#), isBlock: true, before: last)
        == .wrongRows(program: "step", operator: "y", value: "l", expected: "the rows of the call"))
    #expect(refusal(pool.replacing("}", with: #", "lanes": 5}"#)) == shape([4, 6], [5, 1, nil]))
    #expect(refusal(pool.replacing("}", with: #", "lanes": 0}"#)) == range("lanes", 0, 1...65_536))
    #expect(
      refusal(pool.replacing("}", with: #", "lanes": 4, "heads": 2}"#))
        == .conflictingFields(program: "step", operator: "y", fields: ["heads", "input"]))
    #expect(
      refusal(#"{"op": "pool", "inputs": ["x", "x"], "output": "y", "lanes": 4, "heads": 2}"#)
        == shape([4, 6], [4, 2]))
    #expect(refusal(#"{"op": "pool", "inputs": ["x", "x"], "output": "y", "lanes": 4, "heads": 6}"#) == nil)
  }

  @Test func patches() {
    func patches(_ fields: String) -> String { #"{"op": "patches", "input": "x", "output": "y", \#(fields)}"# }
    let misfit = RecipeError.conflictingFields(program: "step", operator: "y", fields: ["kernel", "padding"])
    #expect(refusal(patches(#""kernel": [2]"#)) == nil)
    #expect(refusal(patches(#""kernel": [2]"#), shape: "[24]") == shape([24], [nil, nil, nil]))
    #expect(refusal(patches(#""kernel": [5]"#)) == misfit)
    #expect(refusal(patches(#""kernel": [2], "padding": [2]"#)) == misfit)
    #expect(refusal(patches(#""kernel": [2, 7]"#)) == misfit)
    #expect(refusal(patches(#""kernel": [1, 2, 3]"#)) == range("numbers of kernel", 3, 1...2))
    #expect(refusal(patches(#""kernel": []"#)) == range("numbers of kernel", 0, 1...2))
    #expect(refusal(patches(#""kernel": [2], "stride": [65536]"#)) == range("stride", 65_536, 1...65_535))
    #expect(
      refusal(patches(#""kernel": [1]"#), shape: "[65537, 2]")
        == .overLimit(what: "extent of \"x\"", found: 65_537, limit: 65_536))
    #expect(
      refusal(patches(#""kernel": [1]"#), shape: "[65536, 2, 2]")
        == .overLimit(what: "channels of \"x\"", found: 65_536, limit: 65_535))
    #expect(
      refusal(patches(#""kernel": [60], "padding": [59]"#), shape: "[62, 62]")
        == .overLimit(what: "elements of \"y\"", found: 121 * 121 * 3600, limit: Graph.widthLimit))
  }
}
