// SPDX-License-Identifier: Apache-2.0
// One program of the graph: its ports, its runs, the values in scope, and the rules about states that it must keep.

/// What is known while one program is being built.
struct ProgramScope {
  let name: String
  let isBlock: Bool
  /// Values by name.
  var values: [String: Int] = [:]
  /// Names of values that must be taken by something, in order.
  var wanted: [String] = []
  var taken: Set<String> = []
  /// Classes of values that are ids.
  var classes: [Int: Int] = [:]
  /// Values of one row that follow from the last row of a call.
  var lastRows: Set<Int> = []
  var runs: [Graph.Run] = []
  var operatorNames: Set<String> = []
  var touches: [Touch] = []

  /// An operator that reads or writes a state.
  struct Touch {
    var state: Int
    var run: Int
    var isWrite: Bool
    var isOwner: Bool
  }

  init(name: String, isBlock: Bool) {
    self.name = name
    self.isBlock = isBlock
  }

  var isSequential: Bool { runs.last?.isSequential ?? false }
}

extension GraphBuilder {
  mutating func add(_ program: Recipe.Program) throws {
    scope = ProgramScope(name: program.name, isBlock: program.isBlock)
    try GraphBuilder.checkNames(program.inputs.map(\.name), kind: "input")
    try GraphBuilder.checkNames(program.outputs.map(\.name), kind: "output")
    var inputs: [Graph.Port] = []
    for input in program.inputs { inputs.append(try add(input)) }

    var isWide = false
    for step in try RepeatExpansion.steps(of: program) {
      switch step {
      case .repeated: break
      case .wide(let op):
        if !isWide { scope.runs.append(Graph.Run(isSequential: false, operators: [])) }
        isWide = true
        try add(op)
      case .sequential(let operators):
        scope.runs.append(Graph.Run(isSequential: true, operators: []))
        isWide = false
        for case .wide(let op) in operators { try add(op) }
      }
    }

    var outputs: [Graph.Port] = []
    for output in program.outputs {
      let value = try take(output.value, for: output.name)
      let isFloat = graph.values[value].element == .float
      guard isFloat else { throw wrongElement(output.name, output.value, "floats") }
      if inputs.contains(where: { $0.value == value }) {
        throw RecipeError.inputPutOut(program: scope.name, output: output.name)
      }
      let text = try text(output.text, count: graph.values[value].width, port: output.name)
      outputs.append(Graph.Port(name: output.name, value: value, text: text))
    }
    if let idle = scope.wanted.first(where: { !scope.taken.contains($0) }) {
      throw RecipeError.unusedValue(program: scope.name, value: idle)
    }
    guard !inputs.isEmpty, !scope.runs.isEmpty else {
      throw RecipeError.emptyProgram(program: scope.name)
    }
    try checkTouches()
    try limit("operators", graph.programs.flatMap(\.runs).map(\.operators.count).reduce(0, +), 16_384)
    let touched = Set(scope.touches.map(\.state)).sorted()
    graph.programs.append(
      Graph.Program(
        name: program.name, isBlock: program.isBlock, inputs: inputs, outputs: outputs, runs: scope.runs,
        resets: program.resets == .all ? touched : []))
  }

  private mutating func add(_ input: Recipe.Input) throws(RecipeError) -> Graph.Port {
    var classes = input.classes
    if classes == 0, let text = input.text {
      guard let count = symbolCount(text) else { throw .unknownName(text, kind: "text", in: input.name) }
      classes = count
    }
    let value = try makeValue(input.name, shape: input.shape, domain: 1, element: classes > 0 ? .id : .float)
    if classes > 0 { scope.classes[value] = classes }
    var port = Graph.Port(name: input.name, value: value, classes: classes)
    port.text = try text(input.text, count: classes, port: input.name)
    port.policy = input.policy
    port.range = input.low...input.high
    return port
  }

  // MARK: Values

  /// A new value, which must be taken later unless `isOptional`.
  mutating func makeValue(
    _ name: String, shape: [Int], domain: Int, element: Graph.Value.Element = .float, isOptional: Bool = false
  ) throws(RecipeError) -> Int {
    try limit("elements of \"\(name)\"", Graph.elementCount(shape), Graph.widthLimit)
    guard scope.values[name] == nil else { throw .duplicateValue(program: scope.name, value: name) }
    graph.values.append(Graph.Value(name: name, element: element, shape: shape, domain: domain))
    scope.values[name] = graph.values.count - 1
    if !isOptional { scope.wanted.append(name) }
    return graph.values.count - 1
  }

  mutating func take(_ name: String, for title: String) throws(RecipeError) -> Int {
    guard let value = scope.values[name] else {
      throw .undefinedValue(program: scope.name, operator: title, value: name)
    }
    scope.taken.insert(name)
    return value
  }

  /// Adds an operator to the run that is being built.
  mutating func emit(
    _ name: String, _ operation: Graph.Operation, _ inputs: [Int], _ outputs: [Int]
  ) throws(RecipeError) {
    guard scope.operatorNames.insert(name).inserted else { throw .duplicateName(name, kind: "operator") }
    scope.runs[scope.runs.count - 1].operators.append(
      Graph.Operator(name: name, operation: operation, inputs: inputs, outputs: outputs))
  }

  // MARK: States

  mutating func touch(_ state: Int, isWrite: Bool, isOwner: Bool) throws(RecipeError) {
    if isOwner, scope.touches.contains(where: { $0.state == state && $0.isOwner }) {
      throw .stateOwnedTwice(program: scope.name, state: graph.states[state].name)
    }
    scope.touches.append(
      ProgramScope.Touch(state: state, run: scope.runs.count - 1, isWrite: isWrite, isOwner: isOwner))
  }

  /// A state that is written and touched by more than one operator needs them all in one sequential run: otherwise a
  /// call of many rows would differ from many calls of one row.
  private func checkTouches() throws(RecipeError) {
    for state in Set(scope.touches.map(\.state)).sorted() {
      let touches = scope.touches.filter { $0.state == state }
      guard touches.count > 1, touches.contains(where: \.isWrite) else { continue }
      let run = touches[0].run
      guard touches.allSatisfy({ $0.run == run }), scope.runs[run].isSequential else {
        throw .stateOutsideSequentialRun(program: scope.name, state: graph.states[state].name)
      }
    }
  }

  /// A stream goes on from one call to the next: only a block may begin anew with a state that it then reads.
  func checkResets(_ program: Graph.Program) throws(RecipeError) {
    if program.isBlock { return }
    for op in program.runs.flatMap(\.operators) {
      if case .stateWrite = op.operation { continue }
      for state in OperatorRecord(op.operation).states.compactMap(\.self) where program.resets.contains(state) {
        throw .resetNeedsBlock(program: program.name, state: graph.states[state].name)
      }
    }
  }

  /// Cells that run backwards over time need all rows at once and a state that begins at reset.
  func checkReversed(_ program: Graph.Program) throws(RecipeError) {
    for op in program.runs.flatMap(\.operators) {
      guard case .cell(let cell) = op.operation, cell.isReversed, cell.innerSteps == nil else { continue }
      guard program.isBlock else { throw .reversedNeedsBlock(program: program.name, operator: op.name) }
      for state in [cell.hidden, cell.cell].compactMap(\.self) where !program.resets.contains(state) {
        throw .reversedNeedsReset(program: program.name, state: graph.states[state].name)
      }
    }
  }

  func wrongElement(_ title: String, _ value: String, _ expected: String) -> RecipeError {
    .wrongElement(program: scope.name, operator: title, value: value, expected: expected)
  }
}
