// SPDX-License-Identifier: Apache-2.0
// Attention over caches, blocks and memories against PyTorch, by recipe: the float reference, and int8 beside it.

import Funes
import Testing

@testable import FunesConvert

/// float32 in PyTorch.
private let tolerance = 1e-5
/// 8-bit weights of Gaussian noise leave 40 dB and more, caches of halves 66.
private let leastSNR = 38.0

@Suite struct AttentionGoldenTests {
  private static func floats(_ name: String) throws -> FloatTensor {
    try Checkpoint.read(path: CellGoldens.path("attention.npz")).tensor(name).floats()
  }

  /// The graph of programs over those tensors of attention.npz that they name.
  private static func graph(_ programs: String) throws -> Graph {
    let recipe = try Recipe.parse(
      """
      {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "attention.npz"}, "programs": [\(programs)]}
      """)
    #expect(try Recipe.parse(recipe.json()) == recipe)
    let source = try Importer.source(CellGoldens.path("attention.npz"))
    let used = source.names.filter { programs.contains("\"\($0)\"") }
    return try recipe.graph(sources: ["weights": TensorSource(try used.map { ($0, try source.tensor($0)) })])
  }

  /// Runs the programs in order, each over its golden input, and holds the last one's output "y" to the golden.
  private static func expect(
    _ programs: String, inputs: [(program: String, golden: String)], output golden: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let graph = try graph(programs)
    let expected = try floats(golden).values
    let reference = FloatReference(graph)
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    try StreamingProof.check(file, rows: 6)
    let runner = try ModelRunner(file)
    var found: [Float] = []
    for (program, name) in inputs {
      let x = try floats(name)
      let rows = ReferenceRows.floats(x.values)
      let result = try reference.run(program: program, inputs: ["x": rows], rows: x.shape[0])
      let index = graph.programs.firstIndex { $0.name == program }!
      let int8 = try runner.run(index, inputs: ["x": rows], rows: x.shape[0])
      if (program, name) == inputs.last! {
        expectClose(result["y"], expected, limit: tolerance, golden, location: location)
        found = int8[0].values
      }
    }
    let signal = expected.reduce(0) { $0 + Double($1) * Double($1) }
    let error = zip(found, expected).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let snr = decibels(signal: signal, error: error) ?? .infinity
    #expect(found.count == expected.count && snr >= leastSNR, "\(golden): \(snr) dB", sourceLocation: location)
  }

  private static func slice(_ name: String, _ begin: Int, _ count: Int) -> String {
    "{\"op\": \"slice\", \"input\": \"x\", \"output\": \"\(name)\", \"begin\": \(begin), \"count\": \(count)}"
  }

  /// One program whose row holds q, k and v of those widths.
  private static func attending(_ widths: [Int], block: Bool, _ fields: String) -> String {
    """
    {"name": "step", "block": \(block), "inputs": [{"name": "x", "shape": [\(widths.reduce(0, +))]}], "ops": [
      \(slice("q", 0, widths[0])), \(slice("k", widths[0], widths[1])), \(slice("v", widths[0] + widths[1], widths[2])),
      {"inputs": ["q", "k", "v"], "output": "y", "heads": 2, \(fields)}], "outputs": ["y"]}
    """
  }

  @Test func selfAttentionOfABlockIsThatOfTheModule() throws {
    func product(_ name: String, _ begin: Int) -> String {
      """
      {"op": "linear", "input": "x", "output": "\(name)",
       "weight": {"tensor": "multihead.in_proj_weight", "rows": [\(begin), \(begin + 12)]},
       "bias": {"tensor": "multihead.in_proj_bias", "rows": [\(begin), \(begin + 12)]}}
      """
    }
    try Self.expect(
      """
      {"name": "encode", "block": true, "inputs": [{"name": "x", "shape": [12]}], "ops": [
        \(product("q", 0)), \(product("k", 12)), \(product("v", 24)),
        {"op": "block_attention", "inputs": ["q", "k", "v"], "output": "seen", "heads": 3},
        {"op": "linear", "input": "seen", "output": "y", "weight": "multihead.out_proj.weight",
         "bias": "multihead.out_proj.bias"}], "outputs": ["y"]}
      """, inputs: [("encode", "multihead.input")], output: "multihead.output")
  }

  @Test(arguments: [
    ("distances", "\"bias_distances\": \"distances.table\""), ("slopes", "\"bias_slopes\": \"slopes.values\""),
  ])
  func aBlockIsBiasedByDistance(golden: String, bias: String) throws {
    try Self.expect(
      Self.attending([8, 4, 5], block: true, "\"op\": \"block_attention\", \"key_heads\": 1, \(bias)"),
      inputs: [("step", "distances.input")], output: "\(golden).output")
  }

  @Test(arguments: ["shared", "own"])
  func innerRowsAreMasked(golden: String) throws {
    try Self.expect(
      Self.attending(
        [30, 30, 20], block: false,
        "\"op\": \"block_attention\", \"lanes\": 5, \"bias_mask\": \"mask_\(golden).mask\""),
      inputs: [("step", "mask.input")], output: "mask_\(golden).output")
  }

  @Test(arguments: ["slopes", "distances"], [0, 3])
  func aWindowIsBiasedByThePast(bias: String, rollback: Int) throws {
    let tensor = bias == "slopes" ? "causal.slopes" : "causal.table"
    try Self.expect(
      Self.attending(
        [8, 8, 8], block: false,
        "\"op\": \"attention\", \"window\": 4, \"rollback\": \(rollback), \"bias_\(bias)\": \"\(tensor)\""),
      inputs: [("step", "causal.input")], output: "causal_\(bias).output")
  }

  private static func remembering(_ ops: String, keys: String, values: String) -> String {
    """
    {"name": "encode", "block": true, "reset": ["source.filled"], "inputs": [{"name": "x", "shape": [7]}], "ops": [
      \(ops), {"op": "remember", "inputs": ["\(keys)", "\(values)"], "memory": "source", "rows": 6}], "outputs": []},
    """
  }

  @Test func crossAttentionIsThatOfTheModule() throws {
    func product(_ name: String, _ weight: String, _ begin: Int) -> String {
      """
      {"op": "linear", "input": "x", "output": "\(name)", "weight": "cross.\(weight)_proj_weight",
       "bias": {"tensor": "cross.in_proj_bias", "rows": [\(begin), \(begin + 12)]}}
      """
    }
    try Self.expect(
      Self.remembering("\(product("k", "k", 12)), \(product("v", "v", 24))", keys: "k", values: "v") + """
        {"name": "step", "inputs": [{"name": "x", "shape": [12]}], "ops": [
          \(product("q", "q", 0)),
          {"op": "memory_attention", "input": "q", "output": "seen", "memory": "source", "heads": 3},
          {"op": "linear", "input": "seen", "output": "y", "weight": "cross.out_proj.weight",
           "bias": "cross.out_proj.bias"}], "outputs": ["y"]}
        """, inputs: [("encode", "cross.source"), ("step", "cross.input")], output: "cross.output")
  }

  @Test func additiveScoresAreThoseOfBahdanau() throws {
    let key = "{\"op\": \"linear\", \"input\": \"x\", \"output\": \"k\", \"weight\": \"additive.key\"}"
    try Self.expect(
      Self.remembering(key, keys: "k", values: "x") + """
        {"name": "step", "inputs": [{"name": "x", "shape": [12]}], "ops": [
          {"op": "linear", "input": "x", "output": "q", "weight": "additive.query"},
          {"op": "memory_attention", "input": "q", "output": "y", "memory": "source", "heads": 1,
           "score": "additive.score"}], "outputs": ["y"]}
        """, inputs: [("encode", "cross.source"), ("step", "cross.input")], output: "additive.output")
  }

  @Test func multipliedScoresAreThoseOfLuong() throws {
    let key = "{\"op\": \"linear\", \"input\": \"x\", \"output\": \"k\", \"weight\": \"general.key\"}"
    try Self.expect(
      Self.remembering(key, keys: "k", values: "x") + """
        {"name": "step", "inputs": [{"name": "x", "shape": [12]}], "ops": [
          {"op": "memory_attention", "input": "x", "output": "y", "memory": "source", "heads": 1, "scale": 1}],
         "outputs": ["y"]}
        """, inputs: [("encode", "cross.source"), ("step", "cross.input")], output: "general.output")
  }

  // MARK: Refusals

  private static func refusal(_ programs: String) -> RecipeError? {
    do {
      _ = try graph(programs)
      return nil
    } catch {
      return error as? RecipeError
    }
  }

  @Test func whatDoesNotFitIsRefused() {
    func attending(_ fields: String, block: Bool = true) -> RecipeError? {
      Self.refusal(Self.attending([8, 4, 5], block: block, "\"op\": \"block_attention\", \"key_heads\": 1\(fields)"))
    }
    #expect(attending("") == nil)
    #expect(attending("", block: false) == .needsBlock(program: "step", operator: "y"))
    #expect(
      attending(", \"bias_mask\": \"mask_shared.mask\"")
        == .conflictingFields(program: "step", operator: "y", fields: ["bias_mask", "lanes"]))
    #expect(
      attending(", \"bias_slopes\": \"slopes.values\", \"bias_distances\": \"distances.table\"")
        == .conflictingFields(program: "step", operator: "y", fields: ["bias_slopes", "bias_distances"]))
    #expect(
      attending(", \"bias_slopes\": \"distances.table\"")
        == .tensorShape(operator: "y", tensor: "distances.table", found: [2, 7], expected: [2]))
    #expect(
      attending(", \"bias_distances\": \"additive.score\"")
        == .tensorShape(operator: "y", tensor: "additive.score", found: [9], expected: [2, nil]))
    #expect(
      attending(", \"lanes\": 3")
        == .valueShape(program: "step", operator: "y", value: "q", found: [8], expected: [3, 2, nil]))
    #expect(
      Self.refusal(
        Self.attending(
          [30, 30, 20], block: false, "\"op\": \"block_attention\", \"lanes\": 5, \"bias_mask\": \"mask.input\""))
        == .tensorShape(operator: "y", tensor: "mask.input", found: [11, 80], expected: [5, 5]))
    #expect(
      Self.refusal(
        """
        {"name": "step", "inputs": [{"name": "x", "shape": [12]}], "ops": [
          {"op": "memory_attention", "input": "x", "output": "y", "memory": "source", "heads": 1}], "outputs": ["y"]}
        """) == .unknownName("source", kind: "memory", in: "y"))
  }
}
