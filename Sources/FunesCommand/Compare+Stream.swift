// SPDX-License-Identifier: Apache-2.0
// `funes compare --stream`: a model for a very long time beside its checkpoint in double precision.

import Funes
import FunesConvert

extension CompareCommand {
  static let stepRange = 100...100_000_000

  /// Runs every case, prints its figures and fails where one drifts, is not finite or exceeds a limit.
  func runStream(_ file: ModelFile) throws {
    let graph = try importedGraph(file)
    let program = try file.model.programIndex(chosen: program)
    let check = try StreamCheck(
      file, graph: graph, program: program, levels: try fullScale(file, graph, program))
    let steps = steps ?? check.standardSteps
    let bar = Progress("streaming", isForced: progress)
    let begin = secondsNow()
    let results = try check.run(steps: steps) { done, total, stream in
      let left = (secondsNow() - begin) * Double(total - done) / Double(done)
      bar.update(done, of: total, "\(stream.rawValue), \(Int(left.rounded(.up))) s left")
    }
    bar.end()
    let table = StreamTable(program: file.model.programs[program].name, steps: steps, results: results)
    let stdout = ByteWriter.standardOutput()
    try stdout.write(json ? table.json : table.text)
    try stdout.flush()
    let faults = results.flatMap { result in result.faults + exceeded(result) }
    if !faults.isEmpty { throw LimitError(exceeded: faults) }
  }

  /// Limits hold in each case: that on `state-snr` for its states, the others for its outputs.
  private func exceeded(_ result: StreamResult) -> [String] {
    result.signals.flatMap { signal in
      let title = "\(result.stream.rawValue), \(signal.isState ? "state" : "output") \"\(signal.name)\""
      return limit.compactMap { $0.violation(by: signal.drift.whole, of: title, isState: signal.isState) }
    }
  }

  /// The largest magnitude of each input's rows in all files.
  private func fullScale(_ file: ModelFile, _ graph: Graph, _ program: Int) throws -> [String: Float] {
    let reader = try SampleReader(file, graph, limit: .max, program: program)
    let sequences = try input.flatMap { try reader.measured($0) }
    var levels: [String: Float] = [:]
    for call in sequences.flatMap(\.calls) {
      for case (let name, .floats(let values)) in call.inputs {
        levels[name] = max(levels[name] ?? 0, values.reduce(0) { max($0, $1.magnitude) })
      }
    }
    return levels.filter { $0.value > 0 && $0.value.isFinite }
  }
}
