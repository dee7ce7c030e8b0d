// SPDX-License-Identifier: Apache-2.0
// An int8 model in memory and the two ways that tests run it: floats or ids in, one output out.

import Foundation
import Funes
import FunesConvert

/// A graph, converted and opened.
final class QuantizedRun {
  let file: ModelFile
  var model: Model { file.model }

  init(_ graph: Graph, _ precision: Precision) throws {
    file = try ModelFile(copying: Converter(precision: precision).convert(graph).bytes)
  }

  /// Output rows of a program over float rows, from a fresh state.
  func rows(_ input: [Float], count: Int, program: String = "step", output: String) throws -> [Float] {
    var session = try Session(file, rows: count)
    let index = model.programIndex(named: program)!
    _ = session.unsafeInput(0, of: index).update(from: input)
    try session.check(session.run(index, rows: count), count)
    return Array(session.unsafeOutput(outputIndex(output, index), of: index))
  }

  /// Output rows of a program over ids, from a fresh state.
  func rows(ids: [Int32], program: String = "step", output: String) throws -> [Float] {
    var session = try Session(file, rows: ids.count)
    let index = model.programIndex(named: program)!
    _ = session.unsafeInputIDs(0, of: index).update(from: ids)
    try session.check(session.run(index, rows: ids.count), ids.count)
    return Array(session.unsafeOutput(outputIndex(output, index), of: index))
  }

  /// Encodes a source, then steps greedily as the file's generation record says.
  func generate(source: [Int32]) throws -> (ids: [Int], logits: [Float]) {
    let generation = model.generation!
    var session = try Session(file, rows: source.count)
    _ = session.unsafeInputIDs(0, of: generation.encodeProgram!).update(from: source)
    try session.check(session.run(generation.encodeProgram!, rows: source.count), source.count)
    var ids: [Int] = []
    var logits: [Float] = []
    var next = generation.startID
    while ids.count < generation.longest {
      session.unsafeInputIDs(0, of: generation.stepProgram)[0] = Int32(next)
      try session.check(session.run(generation.stepProgram), 1)
      let row = Array(session.unsafeOutput(0, of: generation.stepProgram))
      logits += row
      next = argmax(row)
      ids.append(next)
      if generation.stopIDs.contains(next) { break }
    }
    return (ids, logits)
  }

  private func outputIndex(_ name: String, _ program: Int) -> Int {
    model.programs[program].outputs.firstIndex { $0.name == name }!
  }
}

struct RowsRefused: Error { var result: RunResult }

extension Session {
  fileprivate func check(_ result: RunResult, _ rows: Int) throws {
    if result != RunResult(rows: rows, status: .ok) { throw RowsRefused(result: result) }
  }
}

/// Index of the largest, the first of equals.
func argmax(_ row: some Sequence<Float>) -> Int {
  var best = (index: 0, value: -Float.infinity)
  for (index, value) in row.enumerated() where value > best.value { best = (index, value) }
  return best.index
}

/// The signal-to-noise ratio of all values together, in dB.
func signalToNoise(_ found: [Float], _ expected: [Float]) -> Double {
  var difference = Difference()
  difference.add(expected: expected[...], found: found[...])
  return difference.snr
}
