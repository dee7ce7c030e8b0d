// SPDX-License-Identifier: Apache-2.0
// A model against the inputs and outputs that the original framework wrote down.

import Funes

/// One output against its golden.
public struct GoldenDifference: Sendable, Equatable {
  public var program: String
  public var output: String
  public var tensor: String
  /// The golden has the last row of each sequence only.
  public var isLastRowOnly: Bool
  public var difference: Difference
}

/// Which tensor of the goldens belongs to which port.
public struct PortMap: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// As given: `port`, or `program.port`.
    public var port: String
    public var tensor: String
  }
  public var entries: [Entry]

  /// Reads `port=tensor,program.port=tensor,…`.
  public init(parsing text: String) throws(SampleError) {
    entries = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let cut = part.firstIndex(of: "="), cut != part.startIndex, part.index(after: cut) != part.endIndex else {
        throw .mapping(found: String(part), expected: ["a program's inputs and outputs"])
      }
      entries.append(Entry(port: String(part[..<cut]), tensor: String(part[part.index(after: cut)...])))
    }
  }
}

/// Runs a model over golden inputs, from a reset at each sequence of the batch, and compares its outputs.
public struct GoldenComparison {
  public private(set) var outputs: [GoldenDifference] = []

  private struct Part {
    var program: Int
    var port: PortInfo
    var index: Int
    var tensor: CheckpointTensor
    var shape: TensorRows
  }

  /// - Parameters:
  ///   - runner: what runs in the model's place, with the same programs; nil for the model.
  ///   - chunk: rows of one call of a stream; nil for what suits the runner.
  ///   - map: ports to tensors; `input` and `output` stand for the first of the program where no port has that name,
  ///     `program.port` for a port of another program. Programs run in the order in which a sequence goes through them.
  ///   - program: where ports without a program are.
  public init(
    _ file: ModelFile, runner: (any ProgramRunner)? = nil, chunk: Int? = nil, golden: Checkpoint, map: PortMap,
    program: Int
  ) throws {
    let programs = file.model.programs
    let parts = try map.entries.map { try GoldenComparison.part($0, golden, programs, program) }
    var taken: Set<String> = []
    for (part, entry) in zip(parts, map.entries) {
      guard taken.insert("\(part.program) \(part.port.isOutput) \(part.index)").inserted else {
        throw SampleError.mappedTwice(port: entry.port)
      }
    }
    guard parts.contains(where: \.port.isOutput) else {
      throw SampleError.noOutputMapped(
        expected: programs.flatMap { info in info.outputs.map { "\(info.name).\($0.name)" } })
    }
    let batch = (parts.first { !$0.port.isOutput } ?? parts.first)?.shape.batch ?? 0
    for part in parts where part.shape.batch != batch {
      // A golden of one row a sequence may have no axis of rows.
      if part.port.isOutput, part.shape.rows == batch, part.shape.batch == 1 { continue }
      throw SampleError.rowCount(
        tensor: part.tensor.name, found: [part.shape.batch, part.shape.rows], expected: [batch, part.shape.rows])
    }
    let runner = try runner ?? ModelRunner(file)
    outputs = parts.filter(\.port.isOutput).map {
      GoldenDifference(
        program: programs[$0.program].name, output: $0.port.name, tensor: $0.tensor.name, isLastRowOnly: false,
        difference: Difference())
    }
    let values = try parts.map { try $0.port.isIDs ? $0.tensor.idRows() : $0.tensor.floatRows() }
    for item in 0..<batch {
      runner.reset()
      for index in file.model.programOrder {
        let mine = zip(parts, values).filter { $0.0.program == index }
        let inputs = mine.filter { !$0.0.port.isOutput }
        guard let first = inputs.first?.0 else {
          if mine.isEmpty { continue }
          throw SampleError.missingInput(
            program: programs[index].name, input: programs[index].inputs.first?.name ?? "", found: golden.tensorNames)
        }
        var rows: [String: ReferenceRows] = [:]
        for (part, values) in inputs {
          rows[part.port.name] = values.slice(
            item * part.shape.rows * part.port.width, part.shape.rows * part.port.width)
        }
        let results = try runner.run(index, inputs: rows, rows: first.shape.rows, chunk: chunk)
        try compare(results, zip(parts, values).map { ($0, $1) }, program: index, item: item, batch: batch)
      }
    }
    let isOfSomething = !outputs.isEmpty && outputs.allSatisfy { $0.difference.rowCount > 0 }
    guard isOfSomething else { throw SampleError.nothingToCompare }
  }

  private static func part(
    _ entry: PortMap.Entry, _ golden: Checkpoint, _ programs: [ProgramInfo],
    _ program: Int
  ) throws -> Part {
    let known = programs.flatMap { info in (info.inputs + info.outputs).map { "\(info.name).\($0.name)" } }
    var index = program
    var name = entry.port
    let ports = { (index: Int) in programs[index].inputs + programs[index].outputs }
    if !ports(index).contains(where: { $0.name == name }) {
      for (other, info) in programs.enumerated() where name.hasPrefix(info.name + ".") {
        let rest = String(name.dropFirst(info.name.count + 1))
        if ports(other).contains(where: { $0.name == rest }) || rest == "input" || rest == "output" {
          (index, name) = (other, rest)
          break
        }
      }
    }
    let info = programs[index]
    let port =
      ports(index).first { $0.name == name } ?? (name == "input" ? info.inputs.first : nil)
      ?? (name == "output" ? info.outputs.first : nil)
    guard let port else { throw SampleError.mapping(found: entry.port, expected: known) }
    let position = (port.isOutput ? info.outputs : info.inputs).firstIndex { $0.name == port.name } ?? 0
    guard let tensor = golden[entry.tensor] else {
      throw SampleError.missingTensor(file: golden.file, tensor: entry.tensor, found: golden.tensorNames)
    }
    guard let shape = TensorRows(shape: tensor.shape, inner: port.shape) else {
      throw SampleError.shape(tensor: tensor.name, found: tensor.shape, port: port.name, width: port.width)
    }
    return Part(program: index, port: port, index: position, tensor: tensor, shape: shape)
  }

  private mutating func compare(
    _ results: [ReferenceResult.Rows], _ parts: [(Part, ReferenceRows)], program: Int, item: Int, batch: Int
  ) throws {
    for (slot, (part, values)) in parts.filter({ $0.0.port.isOutput }).enumerated() where part.program == program {
      guard case .floats(let golden) = values else { continue }
      let width = part.port.width
      let perItem = golden.count / batch
      let expected = golden[(item * perItem)..<((item + 1) * perItem)]
      var found = results[part.index].values
      let isLast = expected.count == width && found.count > width
      if isLast { found = Array(found.suffix(width)) }
      guard found.count == expected.count else {
        throw SampleError.rowCount(
          tensor: part.tensor.name, found: [1, expected.count / width], expected: [1, found.count / width])
      }
      outputs[slot].isLastRowOnly = isLast
      outputs[slot].difference.add(expected: Array(expected), found: found, width: width)
    }
  }
}

extension ReferenceRows {
  /// `count` elements from `begin` on.
  func slice(_ begin: Int, _ count: Int) -> ReferenceRows {
    switch self {
    case .floats(let floats): .floats(Array(floats[begin..<(begin + count)]))
    case .ids(let ids): .ids(Array(ids[begin..<(begin + count)]))
    }
  }

  /// Rows of the same sort after these.
  func appending(_ more: ReferenceRows) -> ReferenceRows {
    switch (self, more) {
    case (.floats(let known), .floats(let more)): .floats(known + more)
    case (.ids(let known), .ids(let more)): .ids(known + more)
    default: self
    }
  }
}

extension [String: ReferenceRows] {
  /// Rows `range` of each input, of `count` that all have.
  func slice(_ range: Range<Int>, of count: Int) -> [String: ReferenceRows] {
    mapValues { rows in
      let width = rows.count / Swift.max(1, count)
      return rows.slice(range.lowerBound * width, range.count * width)
    }
  }
}
