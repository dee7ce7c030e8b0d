// SPDX-License-Identifier: Apache-2.0
// Shows that a model streams: many rows at once give the bits of one row at a time.

import Funes

/// Why a model is no stream although it says so.
public enum StreamingError: Error, Equatable {
  /// An output of a program differs between one call of many rows and as many calls of one row.
  case differs(program: String, output: String, row: Int)
}

extension StreamingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .differs(let program, let output, let row):
      "program \"\(program)\", output \"\(output)\", row \(row): found other bits in one call of many rows"
        + " than in calls of one row, expected the same; this is an error of the converter or the runtime"
    }
  }
}

/// Runs every streaming program of a model in two ways over the same random rows.
public struct StreamingProof {
  public static func check(_ file: ModelFile, rows: Int = 24) throws {
    let model = file.model
    let programs = model.programs
    let whole = try ModelRunner(file)
    let single = try ModelRunner(file)
    for index in model.programOrder {
      let program = programs[index]
      // No more than tables of positions and memories have room for.
      let rows = min(rows, model.rowLimit(of: index) ?? rows)
      let inputs = program.randomRows(rows, seed: UInt64(index) + 1)
      let expected = try single.run(index, inputs: inputs, rows: rows, chunk: program.isBlock ? rows : 1)
      let found = try whole.run(index, inputs: inputs, rows: rows, chunk: rows)
      for (output, port) in program.outputs.enumerated() {
        let (expected, found) = (expected[output].values, found[output].values)
        if let position = zip(expected, found).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern })?.offset
        {
          throw StreamingError.differs(program: program.name, output: port.name, row: position / max(1, port.width))
        }
        guard expected.count == found.count else {
          let row = min(expected.count, found.count) / max(1, port.width)
          throw StreamingError.differs(program: program.name, output: port.name, row: row)
        }
      }
    }
  }
}
