// SPDX-License-Identifier: Apache-2.0
// Rows of inputs from a file of tensors, and how a tensor's axes become batch, rows and width.

import Funes

/// Why tensors are not the rows of a program.
public enum SampleError: Error, Equatable {
  /// A tensor's axes are not (rows, width), (batch, rows, width), or one axis of whole rows.
  case shape(tensor: String, found: [Int], port: String, width: Int)
  /// Tensors of one run differ in rows or batch.
  case rowCount(tensor: String, found: [Int], expected: [Int])
  /// The file has no rows for an input.
  case missingInput(program: String, input: String, found: [String])
  /// A part of a mapping is not `port=tensor`, or names no port.
  case mapping(found: String, expected: [String])
  /// Two parts of a mapping are one port.
  case mappedTwice(port: String)
  /// A mapping has no output, so nothing would be compared.
  case noOutputMapped(expected: [String])
  /// The goldens have no tensor of the name that a port is mapped to.
  case missingTensor(file: String, tensor: String, found: [String])
  /// The goldens have no rows: a comparison of nothing would keep every limit.
  case nothingToCompare
}

extension SampleError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .shape(let tensor, let found, let port, let width):
      "tensor \"\(tensor)\": found shape \(found), expected (rows, \(width)), (batch, rows, \(width)) or a multiple of \(width) "
        + "in one axis for \"\(port)\""
    case .rowCount(let tensor, let found, let expected):
      "tensor \"\(tensor)\": found \(found[0]) × \(found[1]) rows, expected \(expected[0]) × \(expected[1])"
    case .missingInput(let program, let input, let found):
      "program \"\(program)\": found no rows for input \"\(input)\", expected some;"
        + " the file has \(found.joined(separator: ", "))"
    case .mapping(let found, let expected):
      "mapping: found \"\(found)\", expected port=tensor with a port of \(expected.joined(separator: ", "))"
    case .mappedTwice(let port): "mapping: found \"\(port)\" twice, expected each port once"
    case .noOutputMapped(let expected):
      "mapping: found no output, expected one or more of \(expected.joined(separator: ", "))"
    case .missingTensor(let file, let tensor, let found):
      "\"\(file)\": found no tensor \"\(tensor)\"; the file has \(found.joined(separator: ", "))"
    case .nothingToCompare: "goldens: found no row of an output, expected at least one output with rows"
    }
  }
}

/// A tensor seen as sequences of rows.
struct TensorRows {
  var batch: Int
  var rows: Int

  /// The last axes are those of a row where they are `inner`, otherwise as many as make up its width; what is before them
  /// is rows, or batch and rows. One axis alone may be a stream of whole rows, as audio is.
  init?(shape: [Int], inner: [Int]) {
    guard let leading = TensorRows.leading(shape, inner) else { return nil }
    switch leading.count {
    case 0: (batch, rows) = (1, 1)
    case 1: (batch, rows) = (1, leading[0])
    case 2: (batch, rows) = (leading[0], leading[1])
    default: return nil
    }
  }

  private static func leading(_ shape: [Int], _ inner: [Int]) -> [Int]? {
    if shape.suffix(inner.count) == inner[...] { return shape.dropLast(inner.count) }
    let width = inner.reduce(1, *)
    var cut = shape.count
    var product = 1
    var best: Int? = width == 1 ? cut : nil
    while cut > 0 {
      cut -= 1
      product *= shape[cut]
      if product == width { best = cut }
      if product > width { break }
    }
    if best == nil, shape.count == 1, shape[0] > 0, shape[0] % width == 0 { return [shape[0] / width] }
    return best.map { Array(shape[..<$0]) }
  }
}

extension CheckpointTensor {
  func floatRows() throws(CheckpointError) -> ReferenceRows { .floats(try floats().values) }

  /// Integers of any type, as ids; what does not fit an id is −1, which every model refuses.
  func idRows() throws(CheckpointError) -> ReferenceRows {
    .ids(try integers().map { Int32(exactly: $0) ?? -1 })
  }
}

/// Rows that a user gives for a graph's inputs.
public enum SampleRows {
  /// Tensors of a file named as inputs are: the sequences of a batch, each through the programs in the order in which a
  /// sequence goes through them. Programs none of whose inputs the file has are left out.
  public static func sequences(path: String, for graph: Graph) throws -> [SampleSequence] {
    let batches = try batches(path: path, for: graph)
    return graph.sequences(
      graph.programOrder.compactMap { index in
        let name = graph.programs[index].name
        return batches[name].map { (name, $0.inputs, $0.batch) }
      })
  }

  private static func batches(
    path: String, for graph: Graph
  ) throws -> [String: (inputs: [String: ReferenceRows], batch: Int)] {
    let file = try Checkpoint.read(path: path)
    var programs: [String: (inputs: [String: ReferenceRows], batch: Int)] = [:]
    for program in graph.programs where program.inputs.contains(where: { file[$0.name] != nil }) {
      var expected: (tensor: String, rows: Int)?
      var inputs: [String: ReferenceRows] = [:]
      var batch = 1
      for port in program.inputs {
        guard let tensor = file[port.name] else {
          throw SampleError.missingInput(program: program.name, input: port.name, found: file.tensorNames)
        }
        let value = graph.values[port.value]
        guard let shape = TensorRows(shape: tensor.shape, inner: value.shape) else {
          throw SampleError.shape(tensor: tensor.name, found: tensor.shape, port: port.name, width: value.width)
        }
        let rows = shape.batch * shape.rows
        if let expected, expected.rows != rows {
          throw SampleError.rowCount(tensor: tensor.name, found: [1, rows], expected: [1, expected.rows])
        }
        expected = (tensor.name, rows)
        batch = max(batch, shape.batch)
        inputs[port.name] = value.element == .id ? try tensor.idRows() : try tensor.floatRows()
      }
      programs[program.name] = (inputs, batch)
    }
    if programs.isEmpty, let program = graph.programs.first {
      throw SampleError.missingInput(
        program: program.name, input: program.inputs.first?.name ?? "", found: file.tensorNames)
    }
    return programs
  }
}

extension Graph {
  /// Whether a program sees its rows at once; false for a name that is none's.
  public func isBlock(_ program: String) -> Bool { programs.first { $0.name == program }?.isBlock ?? false }

  /// Sequences of a batch: by program the rows of each input, of which every `rowCount` in turn are a sequence; rows without
  /// a batch belong to each.
  public func sequences(
    _ programs: [(name: String, inputs: [String: ReferenceRows], batch: Int)]
  ) -> [SampleSequence] {
    let count = programs.map(\.batch).max() ?? 0
    return (0..<count).map { sequence in
      SampleSequence(
        calls: programs.filter { sequence < $0.batch || $0.batch == 1 }.map { program in
          let first = program.inputs.min { $0.key < $1.key }
          let width =
            self.programs.first { $0.name == program.name }?.inputs.first { $0.name == first?.key }
            .map { values[$0.value].width } ?? 1
          let total = (first?.value.count ?? 0) / max(1, width)
          let rows = total / max(1, program.batch)
          let own = program.batch == 1 ? 0 : sequence
          return SampleSequence.Call(program: program.name, inputs: program.inputs, rowCount: total)
            .rows(own * rows..<(own + 1) * rows)
        })
    }
  }
}
