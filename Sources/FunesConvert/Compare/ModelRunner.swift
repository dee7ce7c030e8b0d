// SPDX-License-Identifier: Apache-2.0
// Runs a model's programs over rows that are in memory: the int8 side of every comparison.

import Funes

/// Why the int8 side of a comparison did not run.
public enum ModelRunError: Error, Equatable {
  /// A program's inputs are not those given, or differ in rows.
  case wrongInputs(program: String, expected: [String])
  /// The model refused a row.
  case refusedRow(program: String, row: Int, status: Status)
}

extension ModelRunError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongInputs(let program, let expected):
      "program \"\(program)\": expected rows for \(expected.joined(separator: ", ")), as many of each"
    case .refusedRow(let program, let row, let status):
      switch status {
      case .cacheFull:
        "program \"\(program)\", row \(row): found more rows than the model has positions or memory for, expected fewer "
          + "in one sequence"
      case .idOutOfRange:
        "program \"\(program)\", row \(row): found an id out of range, expected a row that the model takes"
      default:
        "program \"\(program)\", row \(row): found a number that is not finite, expected a row that the model takes"
      }
    }
  }
}

/// Runs programs over whole arrays of rows, keeping state from one call to the next.
public protocol ProgramRunner {
  func reset()
  /// The rows of each output, in the order of the program's.
  func run(
    _ program: Int, inputs: [String: ReferenceRows], rows count: Int, chunk: Int?
  ) throws -> [ReferenceResult.Rows]
}

/// A session and the programs of its model, over whole arrays of rows.
public final class ModelRunner: ProgramRunner {
  public let file: ModelFile
  private let programs: [ProgramInfo]
  private var session: Session
  /// Rows of one call of a stream: results do not depend on it, memory does.
  private static let chunk = 16

  public init(_ file: ModelFile) throws(SessionError) {
    self.file = file
    programs = file.model.programs
    session = try Session(file, rows: ModelRunner.chunk)
  }

  public func reset() { session.reset() }

  /// A state as it is now, (lanes, width).
  public func state(_ index: Int) -> [Float] {
    var values = [Float](repeating: 0, count: session.stateCount(index))
    session.readState(index, into: values.mutableSpan)
    return values
  }

  /// Runs a program over `rows` rows of its inputs and returns the rows of each output.
  ///
  /// A stream is run in chunks; of an output with one row a call the latest is returned.
  public func run(
    _ program: Int, inputs: [String: ReferenceRows], rows count: Int, chunk: Int? = nil
  ) throws -> [ReferenceResult.Rows] {
    let info = programs[program]
    guard Set(inputs.keys) == Set(info.inputs.map(\.name)),
      info.inputs.allSatisfy({ inputs[$0.name]!.count == count * $0.width })
    else { throw ModelRunError.wrongInputs(program: info.name, expected: info.inputs.map(\.name)) }
    let most = info.isBlock ? count : min(chunk ?? ModelRunner.chunk, count)
    if most > session.rowCapacity {
      var larger = try Session(file, rows: most)
      var state = [UInt8](repeating: 0, count: session.snapshotByteCount)
      session.snapshot(into: state.mutableSpan)
      try larger.restore(from: state.span)
      session = larger
    }
    var results = info.outputs.map { ReferenceResult.Rows(shape: $0.shape, rowCount: 0, values: []) }
    var first = 0
    while first < count {
      let rows = min(most, count - first)
      for (index, port) in info.inputs.enumerated() { fill(index, port, program, inputs[port.name]!, first, rows) }
      let result = session.run(program, rows: rows)
      guard result.status == .ok else {
        throw ModelRunError.refusedRow(program: info.name, row: first + result.rows, status: result.status)
      }
      for (index, port) in info.outputs.enumerated() {
        let values = session.unsafeOutput(index, of: program)
        if port.domain == 0 { results[index].values.removeAll(keepingCapacity: true) }
        results[index].values.append(contentsOf: values)
        results[index].rowCount = results[index].values.count / max(1, port.width)
      }
      first += rows
    }
    return results
  }

  private func fill(_ index: Int, _ port: PortInfo, _ program: Int, _ rows: ReferenceRows, _ first: Int, _ count: Int) {
    let range = (first * port.width)..<((first + count) * port.width)
    switch rows {
    case .floats(let floats): _ = session.unsafeInput(index, of: program).update(fromContentsOf: floats[range])
    case .ids(let ids): _ = session.unsafeInputIDs(index, of: program).update(fromContentsOf: ids[range])
    }
  }
}
