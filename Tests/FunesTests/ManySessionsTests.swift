// SPDX-License-Identifier: Apache-2.0

import Funes
import FunesConvert
import FunesTestSupport
import Testing

/// One model, many sessions, each on a thread of its own: the bits of each as if it were alone.
@Suite struct ManySessionsTests {
  @Test(arguments: [1, 2])
  func sessionsOnManyThreadsHaveTheBitsOfOneAlone(team: Int) async throws {
    // The last one enters the thread team, so that teams of several sessions meet.
    let graphs = [
      Graph.everyOperator(), .streaming(.lstm, inputs: 9, units: 21, outputs: 4),
      .streaming(.resetBeforeGRU, inputs: 32, units: 160, outputs: 5),
    ]
    for graph in graphs {
      let file = AlignedBytes(try Converter().convert(graph).bytes)
      let model = try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes))
      let alone = try (0..<6).map { try bits(of: model, seed: $0, team: 1) }
      #expect(Set(alone).count == alone.count)
      let together = try await withThrowingTaskGroup(of: (Int, [UInt32]).self) { group in
        for seed in 0..<6 { group.addTask { (seed, try bits(of: model, seed: seed, team: team)) } }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      for seed in 0..<6 { #expect(together[seed] == alone[seed], "\(graph.name), session \(seed)") }
      withExtendedLifetime(file) {}
    }
  }

  /// All outputs of 20 calls of every program, and the state after them.
  private func bits(of model: Model, seed: Int, team: Int) throws -> [UInt32] {
    var session = try Session(model, rows: 3, threads: team)
    var bits: [UInt32] = []
    for call in 0..<20 {
      for program in 0..<session.programCount {
        session.fillInputs(of: program, rows: 3, seed: UInt64(seed * 1000 + call))
        #expect(session.run(program, rows: 3) == RunResult(rows: 3, status: .ok))
        for output in 0..<session.outputCount(of: program) {
          bits += session.unsafeOutput(output, of: program).map(\.bitPattern)
        }
      }
    }
    var saved = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: saved.mutableSpan)
    return bits + saved.map(UInt32.init)
  }
}
