// SPDX-License-Identifier: Apache-2.0
// The self-test that a file carries: made by running the file, checked by `Model.verify`.

import Funes

/// A program run over pseudo-random rows, and the CRC-32C of what it put out. FORMAT.md, section GOLD.
struct GoldenRecord: Equatable {
  var run: SelfTestRun
  var crc: UInt32

  /// What the converter writes unless told otherwise: each program over a few rows, a stream then over one more, so that
  /// state carried from call to call is part of the test.
  static func standardRuns(for graph: Graph) -> [SelfTestRun] {
    var runs: [SelfTestRun] = []
    for (index, program) in graph.programs.enumerated() {
      let seed = UInt32(2 * index + 1)
      runs.append(SelfTestRun(program: index, rows: 4, seed: seed))
      if !program.isBlock { runs.append(SelfTestRun(program: index, rows: 1, seed: seed + 1)) }
    }
    return runs
  }
}
