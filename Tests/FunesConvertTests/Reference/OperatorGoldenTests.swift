// SPDX-License-Identifier: Apache-2.0
// Patches, frames, pooling, positions and constants against PyTorch: the goldens that tools/make_operator_golden.py makes.

import Funes
import Testing

@testable import FunesConvert

/// 16-bit activations and int8 weights, in sums of a dozen: what the runtime may be off by.
private let runtimeTolerance = 0.03

@Suite struct OperatorGoldenTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var shape: String
    var ops: String
    var isBlock = false
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "planes", shape: "[2, 7, 9]",
      ops: """
        {"op": "patches", "input": "x", "output": "p", "kernel": [3, 2], "stride": [2, 3], "padding": [1]},
        {"op": "linear", "input": "p", "output": "y", "weight": {"tensor": "planes.weight", "reshape": [4, 12]},
         "bias": "planes.bias"}
        """),
    Case(
      name: "pixels", shape: "[7, 9, 2]",
      ops: """
        {"op": "patches", "input": "x", "output": "p", "kernel": [3, 2], "stride": [2, 3], "padding": [1, 1],
         "layout": "pixels"},
        {"op": "linear", "input": "p", "output": "y", "weight": {"tensor": "pixels.weight", "reshape": [4, 12]},
         "bias": "pixels.bias"}
        """),
    Case(
      name: "tokens", shape: "[6, 8]",
      ops: """
        {"op": "patches", "input": "x", "output": "p", "kernel": [2], "stride": [2]},
        {"op": "constant", "output": "token", "value": "tokens.token", "shape": [1, 4]},
        {"op": "concat", "inputs": ["token", "p"], "output": "all", "lanes": 1},
        {"op": "constant", "output": "table", "value": "tokens.table", "shape": [13, 4]},
        {"op": "add", "inputs": ["all", "table"], "output": "sum"},
        {"op": "scale", "input": "sum", "output": "y", "factor": 0.125}
        """),
    Case(
      name: "heads", shape: "[7, 6]",
      ops: """
        {"op": "linear", "input": "x", "output": "s", "weight": "heads.weight", "bias": "heads.bias"},
        {"op": "pool", "inputs": ["x", "s"], "output": "y", "lanes": 7, "heads": 2}
        """),
    Case(
      name: "rows", shape: "[6]",
      ops: """
        {"op": "linear", "input": "x", "output": "s", "weight": "rows.weight", "bias": "rows.bias"},
        {"op": "pool", "inputs": ["x", "s"], "output": "weighted"},
        {"op": "pool", "input": "x", "output": "mean"},
        {"op": "first", "input": "x", "output": "begin"},
        {"op": "concat", "inputs": ["weighted", "mean", "begin"], "output": "y"}
        """, isBlock: true),
    Case(
      name: "position", shape: "[6]",
      ops: #"{"op": "position", "input": "x", "output": "y", "weight": "position.table"}"#),
    inner("inner", #""padding": [1]"#),
    inner("inner.wide", #""stride": 2, "dilation": 3, "padding": [4, 2], "padding_mode": "reflect""#),
    inner("inner.held", #""stride": 3, "padding": [5, 0], "padding_mode": "replicate""#),
    Case(
      name: "spectrum", shape: "[24]",
      ops: """
        {"op": "frames", "input": "x", "output": "p", "kernel": 8, "stride": 4, "padding": [0, 4],
         "padding_mode": "reflect"},
        {"op": "linear", "input": "p", "output": "y", "weight": {"tensor": "spectrum.weight", "reshape": [6, 8]}}
        """),
  ]

  private static func inner(_ name: String, _ fields: String) -> Case {
    Case(
      name: name, shape: "[11, 3]",
      ops: """
        {"op": "inner_conv1d", "input": "x", "output": "s", "weight": "\(name).weight", "bias": "\(name).bias",
         \(fields)},
        {"op": "multiply", "inputs": ["s", "s"], "output": "q"},
        {"op": "sqrt", "input": "q", "output": "y"}
        """)
  }

  private func graph(_ test: Case) throws -> Graph {
    let recipe = try Recipe.parse(
      """
      {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "operators.npz"}, "programs": [
        {"name": "step", "block": \(test.isBlock), "inputs": [{"name": "x", "shape": \(test.shape)}],
         "ops": [\(test.ops)], "outputs": ["y"]}]}
      """)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    let source = try Importer.source(CellGoldens.path("operators.npz"))
    let used = source.names.filter { test.ops.contains("\"\($0)\"") }
    return try recipe.graph(sources: ["weights": TensorSource(try used.map { ($0, try source.tensor($0)) })])
  }

  @Test(arguments: cases) func theReferenceIsPyTorch(test: Case) throws {
    let golden = try Checkpoint.read(path: CellGoldens.path("operators.npz"))
    let x = try golden.tensor("\(test.name).input").floats()
    let result = try FloatReference(graph(test)).run(
      program: "step", inputs: ["x": .floats(x.values)], rows: x.shape[0])
    expectClose(result["y"], try golden.tensor("\(test.name).output").floats().values, test.name)
    if let patches = try? golden.tensor("\(test.name).patches").floats() {
      #expect(result.value(named: "p")?.values == patches.values)
    }
  }

  @Test(arguments: cases) func theRuntimeIsTheReference(test: Case) throws {
    let golden = try Checkpoint.read(path: CellGoldens.path("operators.npz"))
    let x = try golden.tensor("\(test.name).input").floats()
    let run = try QuantizedRun(graph(test), .default)
    let found = try run.rows(x.values, count: x.shape[0], output: "y")
    let expected = try golden.tensor("\(test.name).output").floats().values
    expectClose(found, expected, limit: runtimeTolerance, test.name)
  }

  @Test func aRowBeyondTheTableIsRefused() throws {
    let file = try ModelFile(copying: try Converter().convert(graph(Self.cases[5])).bytes)
    #expect(file.model.rowLimit() == 11)
    let runner = try ModelRunner(file)
    let rows = ReferenceRows.floats(Array(repeating: 0, count: 12 * 6))
    #expect(throws: ModelRunError.refusedRow(program: "step", row: 11, status: .cacheFull)) {
      _ = try runner.run(0, inputs: ["x": rows], rows: 12)
    }
  }
}
