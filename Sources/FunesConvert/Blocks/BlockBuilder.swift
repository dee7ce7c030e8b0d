// SPDX-License-Identifier: Apache-2.0
// Makes a graph an operator a line: what importers that need no recipe write their models with. Names of operators are
// those of the values that they make.

/// A weight with the name that its checkpoint gives it.
struct NamedTensor: Sendable {
  var name: String
  var tensor: FloatTensor
  /// The same weight with other values, as a scale or an order of rows that the graph wants.
  func with(_ tensor: FloatTensor) -> NamedTensor { NamedTensor(name: name, tensor: tensor) }
}

/// A product's weight (O, I) and its bias (O), where it has one.
struct Projection: Sendable {
  var weight: NamedTensor
  var bias: NamedTensor?
}

/// Appends values, states, constants and operators to a graph; operators gather until a program takes them.
struct BlockBuilder {
  private(set) var graph: Graph
  private var operators: [Graph.Operator] = []
  private var matrices: [String: Int] = [:]
  private var vectors: [String: Int] = [:]

  init(name: String) {
    graph = Graph(name: name)
    graph.metadata["name"] = name
  }

  /// What the model's file says about it.
  mutating func note(_ key: String, _ value: String?) { graph.metadata[key] = value }

  // MARK: Operators

  /// An input of the program: ids in 0 ..< classes, or floats where there are none.
  mutating func input(_ name: String, shape: [Int], classes: Int = 0) -> Graph.Port {
    let index = value(name, shape, element: classes > 0 ? .id : .float, domain: 1)
    return Graph.Port(name: name, value: index, classes: classes)
  }

  /// Appends an operator and returns its output, of the shape and rows of its first input unless said otherwise.
  mutating func add(
    _ name: String, _ operation: Graph.Operation, _ inputs: [Int], shape: [Int]? = nil, domain: Int? = nil
  ) -> Int {
    let first = inputs.first.map { graph.values[$0] }
    let output = value(name, shape ?? first?.shape ?? [1], domain: domain ?? first?.domain ?? 0)
    operators.append(Graph.Operator(name: name, operation: operation, inputs: inputs, outputs: [output]))
    return output
  }

  /// An operator that makes a vector as it is.
  mutating func constant(_ name: String, _ title: String, _ values: [Float], shape: [Int]) -> Int {
    add(name, .constant(vector(title, values)), [], shape: shape, domain: 0)
  }

  /// Appends an operator that only leaves states.
  mutating func addSilent(_ name: String, _ operation: Graph.Operation, _ inputs: [Int]) {
    operators.append(Graph.Operator(name: name, operation: operation, inputs: inputs, outputs: []))
  }

  /// Ends a program of all operators since the last, in one wide run.
  mutating func endProgram(
    _ name: String, isBlock: Bool = false, inputs: [Graph.Port], outputs: [Graph.Port], resets: [Int] = []
  ) {
    graph.programs.append(
      Graph.Program(
        name: name, isBlock: isBlock, inputs: inputs, outputs: outputs,
        runs: [Graph.Run(isSequential: false, operators: operators)], resets: resets))
    operators = []
  }

  /// What is neither an operator nor a record of one: texts, generation, metadata.
  mutating func change(_ body: (inout Graph) -> Void) { body(&graph) }

  // MARK: Records

  func width(_ value: Int) -> Int { graph.values[value].width }

  func shape(_ value: Int) -> [Int] { graph.values[value].shape }

  private mutating func value(
    _ name: String, _ shape: [Int], element: Graph.Value.Element = .float, domain: Int
  ) -> Int {
    graph.values.append(Graph.Value(name: name, element: element, shape: shape, domain: domain))
    return graph.values.count - 1
  }

  mutating func state(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int = 1, limit: Int = 0
  ) -> Int {
    graph.states.append(Graph.State(name: name, kind: kind, lanes: lanes, width: width, limit: limit))
    return graph.states.count - 1
  }

  /// A weight of two axes; the same name is the same constant, as in tied embeddings.
  mutating func matrix(_ weight: NamedTensor) -> Int {
    if let known = matrices[weight.name] { return known }
    precondition(weight.tensor.shape.count == 2, "BlockBuilder.matrix: the weight has not two axes")
    let layout = Graph.Constant.Layout.matrix(
      rows: weight.tensor.shape[0], cols: weight.tensor.shape[1], groups: 1)
    let index = constant(weight.name, layout, weight.tensor.values)
    matrices[weight.name] = index
    return index
  }

  mutating func vector(_ weight: NamedTensor) -> Int { vector(weight.name, weight.tensor.values) }

  mutating func vector(_ name: String, _ values: [Float]) -> Int {
    if let known = vectors[name] { return known }
    let index = constant(name, .vector, values)
    vectors[name] = index
    return index
  }

  mutating func bias(_ bias: NamedTensor) -> Int { constant(bias.name, .grouped(groups: 1), bias.tensor.values) }

  private mutating func constant(_ name: String, _ layout: Graph.Constant.Layout, _ values: [Float]) -> Int {
    graph.constants.append(Graph.Constant(name: name, layout: layout, values: values))
    return graph.constants.count - 1
  }
}
