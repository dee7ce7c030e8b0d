// SPDX-License-Identifier: Apache-2.0
// A graph with every operator of the format, in odd sizes, for tests of what reads or writes graphs.

import FunesConvert

/// A small deterministic source of numbers (SplitMix64).
public struct TestNumbers {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// Uniform in −1 ..< 1.
  public mutating func float() -> Float { Float(next() >> 40) / Float(1 << 23) - 1 }
  public mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
  /// Uniform in 0 ..< limit.
  public mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// Builds graphs a line an operator.
public struct GraphBuilder {
  public var graph: Graph
  public var numbers = TestNumbers(seed: 7)
  public var operators: [Graph.Operator] = []

  public init(name: String) { graph = Graph(name: name) }

  public mutating func matrix(_ name: String, _ rows: Int, _ cols: Int, groups: Int = 1) -> Int {
    let values = numbers.floats(rows * cols)
    return constant(name, .matrix(rows: rows, cols: cols, groups: groups), values)
  }

  public mutating func vector(_ name: String, _ layout: Graph.Constant.Layout, _ count: Int) -> Int {
    constant(name, layout, numbers.floats(count))
  }

  public mutating func constant(_ name: String, _ layout: Graph.Constant.Layout, _ values: [Float]) -> Int {
    graph.constants.append(Graph.Constant(name: name, layout: layout, values: values))
    return graph.constants.count - 1
  }

  public mutating func value(_ name: String, _ shape: [Int], domain: Int = 1, element: Graph.Value.Element = .float)
    -> Int
  {
    graph.values.append(Graph.Value(name: name, element: element, shape: shape, domain: domain))
    return graph.values.count - 1
  }

  public mutating func state(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int = 1, initial: Int? = nil, limit: Int = 0
  ) -> Int {
    graph.states.append(
      Graph.State(name: name, kind: kind, lanes: lanes, width: width, initial: initial, limit: limit))
    return graph.states.count - 1
  }

  /// Appends an operator with one output of that shape and returns the output's value.
  @discardableResult
  public mutating func add(
    _ name: String, _ operation: Graph.Operation, _ inputs: [Int], shape: [Int], domain: Int = 1
  ) -> Int {
    let output = value(name, shape, domain: domain)
    operators.append(Graph.Operator(name: name, operation: operation, inputs: inputs, outputs: [output]))
    return output
  }

  public mutating func cell(
    _ name: String, _ kind: Graph.Cell.Kind, inputs: Int, units: Int, gates: Int, biasGates: Int? = nil,
    output: Int? = nil, isInner: Bool = false
  ) -> Graph.Cell {
    var cell = Graph.Cell(
      kind: kind, units: units, weightX: matrix("\(name).x", gates * units, inputs, groups: gates),
      weightH: matrix("\(name).h", gates * units, output ?? units, groups: gates),
      bias: vector("\(name).b", .grouped(groups: biasGates ?? gates), (biasGates ?? gates) * units))
    if isInner { return cell }
    cell.hidden = state("\(name).hidden", .hidden, width: output ?? units)
    if kind == .lstm { cell.cell = state("\(name).cell", .cell, width: units) }
    return cell
  }

  /// The operators added since the last call, as one run.
  public mutating func run(isSequential: Bool = false) -> Graph.Run {
    defer { operators = [] }
    return Graph.Run(isSequential: isSequential, operators: operators)
  }
}

extension Graph {
  /// Two programs with every operator, a sequential run, states, text and generation.
  public static func everyOperator() -> Graph {
    var b = GraphBuilder(name: "every operator")
    let step = stepProgram(&b)
    let encode = encodeProgram(&b)
    var graph = b.graph
    graph.programs = [step, encode]
    var characters = Graph.TextTable(kind: .characters, symbols: ["a", "b", "ü", "</s>"], unknown: 1)
    characters.isLowerCased = true
    graph.texts = [Graph.TextTable(kind: .labels, symbols: ["no", "yes", "no"]), characters]
    graph.texts[1].separator = " "
    graph.generation = Generation(
      encodeProgram: 1, stepProgram: 0, appendedID: nil, startID: 0, stopIDs: [3], longest: 12, output: 0, input: 1)
    graph.metadata = ["licence": "Apache-2.0", "source": "a test"]
    return graph
  }

  private static func stepProgram(_ b: inout GraphBuilder) -> Program {
    let x = b.value("x", [5])
    let ids = b.value("ids", [1], element: .id)
    let embedded = b.add("embed", .embedding(table: b.matrix("table", 4, 6)), [ids], shape: [6])
    let hot = b.add("hot", .oneHot(classes: 4), [ids], shape: [4])
    let joined = b.add("join", .concat(lanes: 1), [x, embedded, hot], shape: [15])
    let first = b.run()
    // Feedback: what was put out before is added to what comes in.
    let feedback = b.state("feedback", .value, width: 15, initial: b.vector("feedback.0", .lanes(1), 15))
    let before = b.add("before", .stateRead(feedback), [], shape: [15])
    let sum = b.add("sum", .add, [joined, before], shape: [15])
    let rnn = b.add("rnn", .cell(b.cell("rnn", .rnn, inputs: 15, units: 15, gates: 1)), [sum], shape: [15])
    b.operators.append(Operator(name: "after", operation: .stateWrite(feedback), inputs: [rnn], outputs: []))
    let second = b.run(isSequential: true)
    var lstm = b.cell("lstm", .lstm, inputs: 15, units: 18, gates: 4, output: 7)
    lstm.projection = b.matrix("lstm.p", 7, 18)
    lstm.peephole = b.vector("lstm.w", .lanes(3), 54)
    lstm.cellClip = 9
    let h1 = b.add("lstm", .cell(lstm), [rnn], shape: [7])
    var gru = b.cell("gru", .gru, inputs: 7, units: 17, gates: 3)
    gru.biasHN = b.vector("gru.bhn", .lanes(1), 17)
    let h2 = b.add("gru", .cell(gru), [h1], shape: [17])
    let ring = b.state("window.ring", .ring, lanes: 4, width: 17)
    let position = b.state("window.position", .counter, limit: 4)
    let window = b.add(
      "window", .window(length: 3, dilation: 2, ring: ring, position: position), [h2], shape: [3, 17])
    let phase = b.state("phase", .counter, limit: 2)
    let half = b.add("half", .subsample(stride: 2, phase: phase), [window], shape: [3, 17], domain: 2)
    let linear = b.add(
      "linear", .linear(weight: b.matrix("linear.w", 3, 51), bias: b.vector("linear.b", .grouped(groups: 1), 3)),
      [half], shape: [3], domain: 2)
    let positive = b.add("relu", .activate(.relu), [linear], shape: [3], domain: 2)
    let part = b.add("slice", .slice(lanes: 1, begin: 1, count: 2), [positive], shape: [2], domain: 2)
    let twice = b.add("square", .multiply, [part, part], shape: [2], domain: 2)
    let residual = b.add("residual", .add, [h2, attend(&b, h2)], shape: [17])
    let likely = b.add("log", .logSoftmax(lanes: 1), [residual], shape: [17])
    let mean = b.state("mean", .mean, width: 17)
    let seen = b.state("seen", .counter, limit: 1 << 24 + 1)
    let average = b.add("mean", .mean(mean: mean, counter: seen), [likely], shape: [17])
    var program = Program(
      name: "step", isBlock: false,
      inputs: [Port(name: "x", value: x), Port(name: "ids", value: ids, classes: 4, text: 1)],
      outputs: [Port(name: "y", value: average, text: 0), Port(name: "z", value: twice)],
      runs: [first, second, b.run()], resets: [])
    program.inputs[0].policy = .replace
    program.inputs[0].range = -2...3
    return program
  }

  /// Norms, rotary positions of both styles and attention of 4 heads on 2 over a window of 3 rows: (17) to (17).
  private static func attend(_ b: inout GraphBuilder, _ x: Int) -> Int {
    let norm = Operation.layerNorm(
      lanes: 1, gain: b.vector("norm.g", .vector, 17), bias: b.vector("norm.b", .vector, 17), epsilon: 1e-5)
    let even = b.add("norm", norm, [x], shape: [17])
    let q = b.add("q", .linear(weight: b.matrix("q.w", 24, 17), bias: nil), [even], shape: [4, 6])
    let k = b.add("k", .linear(weight: b.matrix("k.w", 12, 17), bias: nil), [even], shape: [2, 6])
    let v = b.add("v", .linear(weight: b.matrix("v.w", 12, 17), bias: nil), [even], shape: [2, 6])
    let gain = b.vector("rms.g", .vector, 6)
    let level = b.add("rms", .rmsNorm(lanes: 4, gain: gain, epsilon: 1e-6), [q], shape: [4, 6])
    let four = b.constant("turns 4", .vector, RotaryTurns.values(base: 10_000, dimensions: 4))
    let six = b.constant("turns 6", .vector, RotaryTurns.values(base: 500, dimensions: 6))
    let limit = State.noLimit
    let first = b.state("rotary.q.position", .counter, limit: limit)
    let turnedQ = b.add(
      "rotary.q", .rotary(lanes: 4, dimensions: 4, isHalved: false, turns: four, position: first), [level],
      shape: [4, 6])
    let second = b.state("rotary.k.position", .counter, limit: limit)
    let turnedK = b.add(
      "rotary.k", .rotary(lanes: 2, dimensions: 6, isHalved: true, turns: six, position: second), [k], shape: [2, 6])
    let attention = Attention(
      heads: 4, keyHeads: 2, window: 3, scale: 0.5, keys: b.state("attention.keys", .cache, lanes: 3, width: 12),
      values: b.state("attention.values", .cache, lanes: 3, width: 12),
      slot: b.state("attention.slot", .counter, limit: 3), filled: b.state("attention.filled", .counter, limit: 4))
    let seen = b.add("attention", .attention(attention), [turnedQ, turnedK, v], shape: [24])
    let gelu = b.add("gelu", .activate(.gelu), [seen], shape: [24])
    let tanh = b.add("gelu.tanh", .activate(.geluTanh), [gelu], shape: [24])
    let back = b.add("project", .linear(weight: b.matrix("project.w", 17, 24), bias: nil), [tanh], shape: [17])
    return b.add("silu", .activate(.silu), [back], shape: [17])
  }

  private static func encodeProgram(_ b: inout GraphBuilder) -> Program {
    let x = b.value("source", [2, 3])
    var back = b.cell("back", .gru, inputs: 6, units: 5, gates: 2, biasGates: 3)
    back.isReversed = true
    back.candidate = b.matrix("back.hn", 5, 5)
    back.candidateX = b.matrix("back.xn", 5, 6)
    let flat = b.add("flat", .copy, [x], shape: [6])
    var inner = b.cell("inner", .lstm, inputs: 3, units: 4, gates: 3, isInner: true)
    inner.isCoupled = true
    inner.innerSteps = 2
    let frames = b.add("inner", .cell(inner), [x], shape: [2, 4])
    let soft = b.add("soft", .softmax(lanes: 2), [frames], shape: [2, 4])
    let h = b.add("back", .cell(back), [flat], shape: [5])
    let unit = b.add("unit", .l2Normalize(lanes: 1), [h], shape: [5])
    let last = b.add("last", .last, [unit], shape: [5], domain: 0)
    let memory = b.state("memory", .value, width: 5)
    b.operators.append(Operator(name: "keep", operation: .stateWrite(memory), inputs: [last], outputs: []))
    return Program(
      name: "encode", isBlock: true, inputs: [Port(name: "source", value: x)],
      outputs: [Port(name: "soft", value: soft), Port(name: "last", value: last)], runs: [b.run()],
      resets: [back.hidden!])
  }
}
