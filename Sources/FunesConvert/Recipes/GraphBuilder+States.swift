// SPDX-License-Identifier: Apache-2.0
// The states of a graph: declared, owned by operators, read and written by name, reset.

extension GraphBuilder {
  mutating func declare(_ state: Recipe.State) throws {
    var made = Graph.State(name: state.name, kind: state.kind, lanes: state.lanes, width: state.width)
    if let initial = state.initial {
      let tensor = try reader.evaluate(initial, for: state.name)
      let expected = state.lanes == 1 && tensor.shape.count == 1 ? [state.width] : [state.lanes, state.width]
      try check(tensor, initial, expected, for: state.name)
      made.initial = constant(
        ConstantKey(expressions: [initial], use: "lanes \(state.lanes)"), name: initial.title,
        layout: .lanes(state.lanes), values: tensor.values)
    }
    stateIndex[state.name] = graph.states.count
    graph.states.append(made)
  }

  /// The state that an operator owns: the one of that name, which must agree, or a new one.
  mutating func ownState(
    _ name: String, _ kind: Graph.State.Kind, lanes: Int = 1, width: Int, limit: Int = 0, for title: String
  ) throws(RecipeError) -> Int {
    let wanted = Graph.State(name: name, kind: kind, lanes: lanes, width: width, limit: limit)
    guard let known = stateIndex[name] else {
      stateIndex[name] = graph.states.count
      graph.states.append(wanted)
      return graph.states.count - 1
    }
    usedStates.insert(known)
    let found = graph.states[known]
    guard found.kind == kind, found.lanes == lanes, found.width == width, found.limit == limit else {
      throw .stateMismatch(
        operator: title, state: name, found: GraphBuilder.describe(wanted), expected: GraphBuilder.describe(found))
    }
    return known
  }

  /// A state that is read or written by name; it must be declared, or owned by an earlier operator.
  mutating func namedState(_ name: String, for title: String) throws(RecipeError) -> Int {
    guard let known = stateIndex[name] else { throw .unknownName(name, kind: "state", in: title) }
    usedStates.insert(known)
    let state = graph.states[known]
    guard [.hidden, .cell, .value].contains(state.kind) else {
      throw .stateMismatch(
        operator: title, state: name, found: "a hidden, cell or value state wanted",
        expected: GraphBuilder.describe(state))
    }
    return known
  }

  func resets(_ names: [String], of program: Recipe.Program) throws(RecipeError) -> [Int] {
    try GraphBuilder.checkNames(names, kind: "reset")
    var resets: [Int] = []
    for name in names {
      guard let index = stateIndex[name] else {
        throw .unknownName(name, kind: "state", in: "reset of \"\(program.name)\"")
      }
      resets.append(index)
    }
    return resets.sorted()
  }

  private static func describe(_ state: Graph.State) -> String {
    "\(state.kind) (\(state.lanes), \(state.width))" + (state.limit == 0 ? "" : " below \(state.limit)")
  }
}
