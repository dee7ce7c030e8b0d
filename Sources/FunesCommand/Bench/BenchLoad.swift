// SPDX-License-Identifier: Apache-2.0
// What one timed call is asked for: a program, its rows, where the stream stands.

import Funes

struct BenchLoad {
  let program: ProgramInfo
  let programIndex: Int
  /// Rows of one call.
  let rows: Int
  /// Rows before each timed call; nil to go on from call to call.
  let position: Int?
  let outputs: OutputRows
  /// Matrices that the program multiplies with, each once; those that are only gathered from are not among them.
  let weights: [ConstantInfo]

  init(_ model: Model, program index: Int, rows: Int, position: Int?) throws(BenchError) {
    program = model.programs[index]
    programIndex = index
    self.rows = rows
    self.position = position
    if position != nil, program.isBlock { throw .positionOfBlock(program: program.name) }
    if let limit = model.rowLimit(of: index), rows + (position ?? 0) > limit {
      throw .beyondPositions(found: rows + (position ?? 0), limit: limit)
    }
    let operators = model.operators[program.operators]
    // A prompt is read for the scores after it.
    outputs = rows > 1 && operators.contains { $0.opcode == .attention } ? .last : .all
    let names = Set(operators.filter { $0.opcode != .embedding && $0.opcode != .position }.flatMap(\.constants))
    weights = model.constants.filter { $0.isMatrix && names.contains($0.name) }
  }

  /// Random rows are what a model is to admit.
  func refused(_ status: Status) -> BenchError { .refused(program: program.name, status: status) }

  var weightByteCount: Int { weights.reduce(0) { $0 + $1.byteCount } }
  /// Bits of the activations that most of the weights are multiplied with.
  var activationBits: Int { bits(\.activationBits) }
  /// Bits of most of the weights, by bytes.
  var weightBits: Int { bits(\.weightBits) }

  private func bits(_ ofOne: (ConstantInfo) -> Int) -> Int {
    let bytesOfSixteen = weights.reduce(0) { $0 + (ofOne($1) == 16 ? $1.byteCount : 0) }
    return 2 * bytesOfSixteen > weightByteCount ? 16 : 8
  }
}
