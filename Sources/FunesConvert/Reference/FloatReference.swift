// SPDX-License-Identifier: Apache-2.0
// Runs a graph in double precision: what an int8 model is compared with. It follows the operators of FORMAT.md with
// float weights, keeps state between calls, and shows every value and gate on the way.

import CFunesReference

/// A graph that runs in double precision.
///
/// Rows may be given one at a time or many at once; a causal program makes the same rows either way.
public final class FloatReference {
  let graph: Graph
  /// Logical elements of each state, lanes · width; one element, a whole number, for counters.
  var states: [[Double]]
  /// Rows of each value of the program that runs.
  var rows: [[Double]]
  var rowCounts: [Int]
  var gates: [ReferenceResult.Gates] = []
  var collectsTrace = true

  public init(_ graph: Graph) {
    self.graph = graph
    states = []
    rows = Array(repeating: [], count: graph.values.count)
    rowCounts = Array(repeating: 0, count: graph.values.count)
    reset()
  }

  /// Sets every state to its initial value.
  public func reset() {
    states = graph.states.indices.map { initial($0) }
  }

  private func initial(_ state: Int) -> [Double] {
    let record = graph.states[state]
    if let constant = record.initial { return graph.constants[constant].values.map(Double.init) }
    return Array(repeating: 0, count: record.lanes * record.width)
  }

  /// Runs a program over `rows` rows of its inputs.
  ///
  /// - Parameter trace: whether to keep what each operator and gate made, or only the outputs.
  public func run(
    program name: String, inputs: [String: ReferenceRows], rows count: Int, trace: Bool = true
  ) throws(ReferenceError) -> ReferenceResult {
    guard let program = graph.programs.first(where: { $0.name == name }) else { throw .unknownProgram(name) }
    let expected = program.inputs.map(\.name)
    guard Set(inputs.keys) == Set(expected) else {
      throw .wrongInputs(found: inputs.keys.sorted(), expected: expected.sorted())
    }
    for port in program.inputs { try take(port, inputs[port.name]!, count) }
    collectsTrace = trace
    gates = []
    for state in program.resets { states[state] = initial(state) }
    for run in program.runs {
      if run.isSequential {
        for op in run.operators { begin(op.outputs, rowCount: count) }
        for row in 0..<count {
          for op in run.operators { execute(op, row..<row + 1, isSequential: true) }
        }
      } else {
        for op in run.operators {
          let rowCount = self.rowCount(of: op, call: count)
          begin(op.outputs, rowCount: rowCount)
          execute(op, 0..<rowCount, isSequential: false)
        }
      }
    }
    return result(of: program)
  }

  /// The state of that name, lanes · width elements; nil where there is none.
  public func state(named name: String) -> [Float]? {
    graph.states.firstIndex { $0.name == name }.map { states[$0].map(Float.init) }
  }

  // MARK: Rows

  private func take(_ port: Graph.Port, _ given: ReferenceRows, _ count: Int) throws(ReferenceError) {
    let expected = count * graph.values[port.value].width
    guard given.count == expected else {
      throw .inputCount(input: port.name, found: given.count, expected: expected)
    }
    switch (given, graph.values[port.value].element) {
    case (.ids(let ids), .id):
      if let index = ids.firstIndex(where: { $0 < 0 || $0 >= port.classes }) {
        throw .idOutOfRange(input: port.name, index: index, found: Int(ids[index]), classes: port.classes)
      }
      rows[port.value] = ids.map(Double.init)
    case (.floats(let floats), .float):
      let isAbsurd = { (x: Float) in !(x.magnitude <= 0x1p50) }
      switch port.policy {
      case .refuse:
        if let index = floats.firstIndex(where: isAbsurd) { throw .absurdInput(input: port.name, index: index) }
        rows[port.value] = floats.map(Double.init)
      case .replace:
        rows[port.value] = floats.map {
          $0.isFinite ? Double(min(max($0, port.range.lowerBound), port.range.upperBound)) : 0
        }
      }
    default: throw .wrongElement(input: port.name)
    }
    rowCounts[port.value] = count
  }

  /// How many rows an operator handles in a wide run: those of its inputs, or one where it has none.
  private func rowCount(of op: Graph.Operator, call: Int) -> Int {
    switch op.operation {
    case .last, .first, .pool(nil, _): return min(1, rowCounts[op.inputs[0]])
    default: break
    }
    if case .subsample = op.operation { return rowCounts[op.inputs[0]] }
    guard let widest = op.inputs.max(by: { graph.values[$0].domain < graph.values[$1].domain }) else { return 1 }
    return op.inputs.contains { rowCounts[$0] == 0 } ? 0 : rowCounts[widest]
  }

  private func begin(_ outputs: [Int], rowCount: Int) {
    for value in outputs {
      rows[value] = Array(repeating: 0, count: rowCount * graph.values[value].width)
      rowCounts[value] = rowCount
    }
  }

  /// Row `row` of a value; a value of one row is seen by every row.
  func row(_ value: Int, _ row: Int) -> ArraySlice<Double> {
    let width = graph.values[value].width
    let start = graph.values[value].domain == 0 ? 0 : row * width
    return rows[value][start..<start + width]
  }

  func setRow(_ value: Int, _ row: Int, _ elements: [Double]) {
    let width = graph.values[value].width
    rows[value].replaceSubrange(row * width..<(row + 1) * width, with: elements)
  }

  private func result(of program: Graph.Program) -> ReferenceResult {
    func collect(_ value: Int) -> ReferenceResult.Rows {
      ReferenceResult.Rows(
        shape: graph.values[value].shape, rowCount: rowCounts[value], values: rows[value].map(Float.init))
    }
    var result = ReferenceResult()
    for port in program.outputs { result.outputs[port.name] = collect(port.value) }
    if collectsTrace {
      for op in program.runs.flatMap(\.operators) {
        for value in op.outputs { result.values.append((graph.values[value].name, collect(value))) }
      }
      result.gates = gates
    }
    gates = []
    return result
  }

  // MARK: Products

  /// y += W x, with W (rows, cols) a constant's values from `first` on.
  func addProduct(_ y: inout [Double], _ matrix: Int, _ x: ArraySlice<Double>) {
    let weights = graph.constants[matrix].values
    let cols = x.count
    let rows = y.count
    assert(weights.count == rows * cols, "FloatReference: the matrix does not fit its input")
    y.withUnsafeMutableBufferPointer { y in
      weights.withUnsafeBufferPointer { weights in
        x.withUnsafeBufferPointer { x in
          guard rows > 0, cols > 0 else { return }
          funes_reference_matvec(y.baseAddress!, weights.baseAddress!, x.baseAddress!, rows, cols)
        }
      }
    }
  }

  func doubles(_ constant: Int) -> [Double] { graph.constants[constant].values.map(Double.init) }
}
