// SPDX-License-Identifier: Apache-2.0
// A graph in int8 and in double precision over the same rows, with everything on the way shown: each value, the gates of
// each cell, and the cell states of LSTMs.

import Funes

/// Rows of one value or state, as they should be and as they were found.
struct PairedRows {
  var expected: [Float]
  var found: [Float]
}

/// What one call of a program made on both sides.
struct PairedCall {
  /// By the value's index in the exposed graph.
  var values: [Int: PairedRows] = [:]
  /// Cell states after each row, by the state's index; of a block program after the last row alone.
  var cells: [Int: PairedRows] = [:]
}

/// Some rows of a sequence's call and what both sides made of them.
struct PairedPart {
  var program: Int
  var whole: SampleSequence.Call
  /// Among the rows of `whole`.
  var range: Range<Int>
  var inputs: [String: ReferenceRows]
  /// Whether a sequence begins here.
  var isFirst: Bool
  var made: PairedCall
}

/// Both sides of a comparison, which keep their states from call to call.
final class PairedRun {
  /// The graph with every value and the gates of every cell as outputs.
  let exposed: Graph
  let file: ModelFile
  private let runner: ModelRunner
  private let reference: FloatReference
  /// Of each program, the cell states of its LSTMs: index in the graph and in the file.
  private let cells: [[(graph: Int, model: Int)]]

  /// - Parameter converter: with the precisions, or the matrices, that are to be measured.
  init(_ graph: Graph, converter: Converter) throws {
    let exposed = graph.exposingAllValues()
    var converter = converter
    converter.sharesArena = false
    converter.selfTest = []
    let file = try ModelFile(copying: try converter.convert(exposed).bytes, memoryLimit: .max)
    self.exposed = exposed
    self.file = file
    runner = try ModelRunner(file)
    reference = FloatReference(exposed)
    cells = exposed.programs.map { program in
      program.operators.compactMap { op in
        guard case .cell(let cell) = op.operation, let state = cell.cell,
          let index = file.model.stateIndex(named: exposed.states[state].name)
        else { return nil }
        return (state, index)
      }
    }
  }

  func reset() {
    runner.reset()
    reference.reset()
  }

  /// Rows of one call of a stream, where everything on the way is kept until it is compared.
  private static let chunk = 64

  /// Goes through sequences, each from a reset and program after program, and gives what was made part by part.
  func run(_ sequences: [SampleSequence], take: (PairedPart) throws -> Void) throws {
    let programs = file.model.programs
    for sequence in sequences {
      reset()
      var isFirst = true
      for index in file.model.programOrder {
        guard let whole = sequence.call(of: programs[index].name) else { continue }
        let chunk = programs[index].isBlock ? max(1, whole.rowCount) : PairedRun.chunk
        for first in stride(from: 0, to: whole.rowCount, by: chunk) {
          let range = first..<min(first + chunk, whole.rowCount)
          let inputs = whole.rows(range).inputs
          let made = try run(index, inputs: inputs, rows: range.count)
          try take(
            PairedPart(program: index, whole: whole, range: range, inputs: inputs, isFirst: isFirst, made: made))
          isFirst = false
        }
      }
    }
  }

  /// Runs a program over `count` rows of its inputs: row by row where there are cell states to be seen between them.
  func run(_ index: Int, inputs: [String: ReferenceRows], rows count: Int) throws -> PairedCall {
    let program = exposed.programs[index]
    let isStepped = !program.isBlock && !cells[index].isEmpty
    var call = PairedCall()
    for first in stride(from: 0, to: count, by: isStepped ? 1 : max(1, count)) {
      let rows = isStepped ? 1 : count
      let part = isStepped && count > 1 ? inputs.slice(first..<(first + 1), of: count) : inputs
      let expected = try reference.run(program: program.name, inputs: part, rows: rows, trace: false)
      let found = try runner.run(index, inputs: part, rows: rows)
      for (output, port) in program.outputs.enumerated() {
        call.values[port.value, default: PairedRows(expected: [], found: [])].append(
          expected.outputs[port.name]?.values ?? [], found[output].values)
      }
      for cell in cells[index] {
        call.cells[cell.graph, default: PairedRows(expected: [], found: [])].append(
          reference.states[cell.graph].map(Float.init), runner.state(cell.model))
      }
    }
    return call
  }
}

extension PairedRows {
  fileprivate mutating func append(_ expected: [Float], _ found: [Float]) {
    self.expected += expected
    self.found += found
  }
}
