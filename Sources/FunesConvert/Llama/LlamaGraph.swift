// SPDX-License-Identifier: Apache-2.0
// A llama2.c checkpoint as a graph: Llama's decoder (Touvron et al. 2023, arXiv:2307.09288), one token a row. Names of
// operators are those of the values that they make.

/// Builds the graph of a llama2.c file, an operator a line.
///
///     x   = embedding[token]
///     a   = norm(x);  x += output · attention(rotary(q · a), rotary(k · a), v · a)
///     b   = norm(x);  x += down · (silu(gate · b) ∘ (up · b))          both for each layer
///     y   = embedding · norm(x), or classifier · norm(x)
struct LlamaGraph {
  /// Of every norm, and of every rotary angle; neither stands in the file.
  static let epsilon: Float = 1e-5
  static let rotaryBase = 10_000.0

  private let header: LlamaHeader
  private let checkpoint: Checkpoint
  private var graph: Graph
  private var operators: [Graph.Operator] = []
  private var turns = 0

  /// Without a tokenizer the graph reads and scores ids and knows no text.
  static func graph(
    _ header: LlamaHeader, _ checkpoint: Checkpoint, name: String, tokenizer: LlamaTokenizer?
  ) throws -> Graph {
    var builder = LlamaGraph(header, checkpoint, name: name)
    try builder.build(tokenizer)
    return builder.graph
  }

  private init(_ header: LlamaHeader, _ checkpoint: Checkpoint, name: String) {
    self.header = header
    self.checkpoint = checkpoint
    graph = Graph(name: name)
    graph.metadata["name"] = name
  }

  private mutating func build(_ tokenizer: LlamaTokenizer?) throws {
    let embedding = try matrix("embedding")
    turns = constant(
      "rotary.turns", .vector, RotaryTurns.values(base: LlamaGraph.rotaryBase, dimensions: header.headWidth))
    let token = value("token", 1, element: .id)
    var x = add("embedded", .embedding(table: embedding), [token])
    for layer in 0..<header.layerCount {
      x = try attention("layers.\(layer).attention", x)
      x = try feedForward("layers.\(layer).feed_forward", x)
    }
    x = try norm("norm", x)
    let scores = header.hasClassifier ? try matrix("classifier") : embedding
    let logits = add("logits", .linear(weight: scores, bias: nil), [x], width: header.symbolCount)
    let input = Graph.Port(name: "token", value: token, classes: header.symbolCount)
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [input],
        outputs: [Graph.Port(name: "logits", value: logits)],
        runs: [Graph.Run(isSequential: false, operators: operators)], resets: [])
    ]
    if let tokenizer { bind(tokenizer) }
  }

  private mutating func attention(_ name: String, _ x: Int) throws -> Int {
    let normed = try norm("\(name).norm", x)
    var q = try linear("\(name).q", normed, width: header.width)
    var k = try linear("\(name).k", normed, width: header.keyWidth)
    let v = try linear("\(name).v", normed, width: header.keyWidth)
    q = rotary("\(name).q.turned", q, lanes: header.headCount, width: header.width)
    k = rotary("\(name).k.turned", k, lanes: header.keyHeadCount, width: header.keyWidth)
    let (rows, width) = (header.windowRows, header.keyWidth)
    let scale = 1 / Float(header.headWidth).squareRoot()
    let attention = Graph.Attention(
      heads: header.headCount, keyHeads: header.keyHeadCount, window: rows, scale: scale,
      keys: state("\(name).keys", .cache, lanes: rows, width: width),
      values: state("\(name).values", .cache, lanes: rows, width: width),
      slot: state("\(name).slot", .counter, limit: rows), filled: state("\(name).filled", .counter, limit: rows + 1))
    let mixed = add("\(name).mixed", .attention(attention), [q, k, v])
    return add("\(name).sum", .add, [x, try linear("\(name).output", mixed, width: header.width)])
  }

  private mutating func feedForward(_ name: String, _ x: Int) throws -> Int {
    let normed = try norm("\(name).norm", x)
    let gate = try linear("\(name).gate", normed, width: header.hiddenWidth)
    let open = add("\(name).gate.open", .activate(.silu), [gate], width: header.hiddenWidth)
    let up = try linear("\(name).up", normed, width: header.hiddenWidth)
    let gated = add("\(name).gated", .multiply, [open, up], width: header.hiddenWidth)
    return add("\(name).sum", .add, [x, try linear("\(name).down", gated, width: header.width)])
  }

  /// Token 1 begins each text, and ends it: in training one text follows another.
  private mutating func bind(_ tokenizer: LlamaTokenizer) {
    var table = Graph.TextTable(kind: .pieces, symbols: tokenizer.symbols, unknown: LlamaTokenizer.unknown)
    table.begin = LlamaTokenizer.begin
    table.scores = constant("tokenizer.scores", .vector, tokenizer.scores)
    graph.texts = [table]
    graph.programs[0].inputs[0].text = 0
    graph.programs[0].outputs[0].text = 0
    graph.generation = Graph.Generation(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: LlamaTokenizer.begin, stopID: LlamaTokenizer.begin,
      longest: header.windowRows, output: 0, input: 0)
  }

  // MARK: Operators

  private mutating func norm(_ name: String, _ x: Int) throws -> Int {
    let gain = constant(name, .vector, try checkpoint.tensor(name).floats().values)
    return add(name, .rmsNorm(lanes: 1, gain: gain, epsilon: LlamaGraph.epsilon), [x])
  }

  private mutating func linear(_ name: String, _ x: Int, width: Int) throws -> Int {
    add(name, .linear(weight: try matrix(name), bias: nil), [x], width: width)
  }

  private mutating func rotary(_ name: String, _ x: Int, lanes: Int, width: Int) -> Int {
    let position = state("\(name).position", .counter, limit: Graph.State.noLimit)
    return add(
      name, .rotary(lanes: lanes, dimensions: header.headWidth, isHalved: false, turns: turns, position: position), [x],
      width: width)
  }

  /// Appends an operator and returns its output, as wide as a row between layers unless said otherwise.
  private mutating func add(_ name: String, _ operation: Graph.Operation, _ inputs: [Int], width: Int? = nil) -> Int {
    let output = value(name, width ?? header.width)
    operators.append(Graph.Operator(name: name, operation: operation, inputs: inputs, outputs: [output]))
    return output
  }

  // MARK: Records

  private mutating func value(_ name: String, _ width: Int, element: Graph.Value.Element = .float) -> Int {
    graph.values.append(Graph.Value(name: name, element: element, shape: [width]))
    return graph.values.count - 1
  }

  private mutating func state(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int = 1, limit: Int = 0
  ) -> Int {
    graph.states.append(Graph.State(name: name, kind: kind, lanes: lanes, width: width, limit: limit))
    return graph.states.count - 1
  }

  private mutating func matrix(_ name: String) throws -> Int {
    let tensor = try checkpoint.tensor(name).floats()
    return constant(name, .matrix(rows: tensor.shape[0], cols: tensor.shape[1], groups: 1), tensor.values)
  }

  private mutating func constant(_ name: String, _ layout: Graph.Constant.Layout, _ values: [Float]) -> Int {
    graph.constants.append(Graph.Constant(name: name, layout: layout, values: values))
    return graph.constants.count - 1
  }
}
