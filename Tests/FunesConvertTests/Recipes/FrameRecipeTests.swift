// SPDX-License-Identifier: Apache-2.0
// Recipes of convolutions inside rows: what they become, and what does not fit, each refused by name.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct FrameRecipeTests {
  private func graph(_ op: String, shape: String = "[9, 2]") throws -> Graph {
    var numbers = TestNumbers(seed: 3)
    let tensors: [(name: String, tensor: FloatTensor)] = [
      ("w", FloatTensor(shape: [4, 2, 3], values: numbers.floats(24))),
      ("mono", FloatTensor(shape: [4, 1, 3], values: numbers.floats(12))),
      ("flat", FloatTensor(shape: [4, 6], values: numbers.floats(24))),
      ("b", FloatTensor(shape: [4], values: numbers.floats(4))),
    ]
    let used = tensors.filter { op.contains("\"\($0.name)\"") }
    let text = """
      {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "w.npz"}, "programs": [
        {"name": "step", "inputs": [{"name": "x", "shape": \(shape)}], "ops": [\(op)], "outputs": ["y"]}]}
      """
    let recipe = try Recipe.parse(text)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    return try recipe.graph(sources: ["weights": TensorSource(used)])
  }

  private func refusal(_ op: String, shape: String = "[9, 2]") -> RecipeError? {
    #expect(throws: RecipeError.self) { _ = try graph(op, shape: shape) }
    do {
      _ = try graph(op, shape: shape)
      return nil
    } catch {
      return error as? RecipeError
    }
  }

  private func convolution(_ fields: String, _ weight: String = "w") -> String {
    #"{"op": "inner_conv1d", "input": "x", "output": "y", "weight": "\#(weight)"\#(fields)}"#
  }

  private func frames(_ fields: String) -> String { #"{"op": "frames", "input": "x", "output": "y", \#(fields)}"# }

  private func range(_ key: String, _ found: Int, _ expected: ClosedRange<Int>) -> RecipeError {
    .numberOutOfRange(program: "step", operator: "y", key: key, found: found, expected: expected)
  }

  @Test func aConvolutionIsFramesAndAProduct() throws {
    let made = try graph(
      convolution(#", "bias": "b", "stride": 2, "dilation": 2, "padding": [1, 2], "padding_mode": "reflect""#))
    let ops = made.programs[0].operators
    #expect(ops.map(\.name) == ["y.frames", "y"])
    guard case .frames(let frames) = ops[0].operation, case .linear(let weight, .some) = ops[1].operation else {
      Issue.record("found \(ops), expected frames and a product")
      return
    }
    #expect(
      frames
        == Graph.Frames(positions: 9, kernel: 3, stride: 2, dilation: 2, before: 1, after: 2, padding: .reflect))
    #expect(made.values.map(\.shape) == [[9, 2], [4, 6], [4, 4]])
    guard case .matrix(4, 6, 1) = made.constants[weight].layout else {
      Issue.record("found \(made.constants[weight].layout)")
      return
    }
    let mono = try graph(convolution("", "mono"), shape: "[9]")
    #expect(mono.values.map(\.shape) == [[9], [7, 3], [7, 4]])
  }

  @Test func framesBySingleNumbers() throws {
    let made = try graph(frames(#""kernel": 4, "padding": [3]"#))
    #expect(made.values.map(\.shape) == [[9, 2], [12, 8]])
    #expect(try graph(frames(#""kernel": 9"#)).values.map(\.shape) == [[9, 2], [1, 18]])
  }

  @Test func whatDoesNotFitIsRefused() {
    let shape = RecipeError.valueShape(
      program: "step", operator: "y", value: "x", found: [3, 3, 2], expected: [nil, nil])
    #expect(refusal(frames(#""kernel": 2"#), shape: "[3, 3, 2]") == shape)
    #expect(refusal(convolution(""), shape: "[3, 3, 2]") == shape)
    #expect(
      refusal(convolution(""), shape: "[9, 3]")
        == .tensorShape(operator: "y", tensor: "w", found: [4, 2, 3], expected: [nil, 3, nil]))
    #expect(
      refusal(convolution(""), shape: "[18]")
        == .tensorShape(operator: "y", tensor: "w", found: [4, 2, 3], expected: [nil, 1, nil]))
    #expect(
      refusal(convolution("", "flat"))
        == .tensorShape(operator: "y", tensor: "flat", found: [4, 6], expected: [nil, 2, nil]))
    #expect(refusal(frames(#""kernel": 0"#)) == range("kernel", 0, 1...65_536))
    #expect(refusal(frames(#""kernel": 2, "stride": 65537"#)) == range("stride", 65_537, 1...65_536))
    #expect(refusal(convolution(#", "dilation": 0"#)) == range("dilation", 0, 1...65_536))
    #expect(refusal(frames(#""kernel": 2, "padding": []"#)) == range("numbers of padding", 0, 1...2))
    #expect(refusal(frames(#""kernel": 2, "padding": [1, 2, 3]"#)) == range("numbers of padding", 3, 1...2))
    #expect(refusal(frames(#""kernel": 2, "padding": [65536]"#)) == range("padding", 65_536, 0...65_535))
    let mirrored = #", "padding": [0, 9], "padding_mode": "reflect""#
    #expect(refusal(convolution(mirrored)) == range("padding", 9, 0...8))
    #expect(
      refusal(convolution(#", "padding_mode": "reflect""#))
        == .missingKey("padding", in: "the operator \"y\"", at: JSONPosition(offset: 0, line: 0, column: 0)))
    #expect(
      refusal(convolution(#", "dilation": 5, "padding": [0, 1]"#))
        == range("kernel and dilation, which span", 11, 1...10))
    #expect(
      refusal(frames(#""kernel": 1"#), shape: "[65537]")
        == .overLimit(what: "positions of \"x\"", found: 65_537, limit: 65_536))
    #expect(
      refusal(frames(#""kernel": 32768"#), shape: "[65536]")
        == .overLimit(what: "elements of \"y\"", found: 32_769 * 32_768, limit: Graph.widthLimit))
  }
}
