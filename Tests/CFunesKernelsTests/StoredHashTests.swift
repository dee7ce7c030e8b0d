// SPDX-License-Identifier: Apache-2.0
// The contract's first line as a number: 100,000 random steps of each cell give a hash that is written here, whatever
// the machine, ISA, compiler and optimisation level.

import CFunesKernels
import Testing

private let stored: [(name: String, change: @Sendable (inout CellOptions) -> Void, hash: UInt32)] = [
  ("rnn", { $0.kind = FUNES_CELL_RNN }, 0x9c2c_40b4),
  ("lstm", { _ in }, 0xab5b_2a2c),
  ("lstm, 8 bits", { $0.qmax = 127 }, 0x33ff_a231),
  ("lstm, coupled, peephole", { ($0.isCoupled, $0.hasPeephole) = (true, true) }, 0x0863_268c),
  ("lstm, projection, clips", { ($0.projection, $0.cellClip, $0.projectionClip) = (3, 0.9, 0.5) }, 0x1cfc_d426),
  ("gru, reset after", { $0.kind = FUNES_CELL_GRU }, 0xd575_b0ed),
  ("gru, reset before", { ($0.kind, $0.isResetBefore) = (FUNES_CELL_GRU, true) }, 0x4abd_7bba),
  ("lstm, 16-bit weights", { $0.wide = 31 }, 0x887d_a20d),
  ("lstm, projection, 16-bit weights of x", { ($0.projection, $0.wide) = (3, 1) }, 0x3d12_1a21),
  ("gru, 16-bit weights", { ($0.kind, $0.wide) = (FUNES_CELL_GRU, 31) }, 0x920c_e6c1),
  (
    "gru, reset before, 16-bit weights", { ($0.kind, $0.isResetBefore, $0.wide) = (FUNES_CELL_GRU, true, 31) },
    0x003d_b17d
  ),
  ("rnn, 8 bits, 16-bit weights", { ($0.kind, $0.qmax, $0.wide) = (FUNES_CELL_RNN, 127, 31) }, 0x8269_74a0),
]

@Test(arguments: stored.indices)
func aHundredThousandStepsGiveTheStoredHash(index: Int) {
  var random = Seeded(UInt64(9000 + index))
  var options = CellOptions()
  stored[index].change(&options)
  let rowCount = 1000
  let cell = CellBench(options, rows: rowCount, random: &random)
  // The best ISA here; other tests hold the rest to its bits.
  let team = cell.team(isa: availableISAs.last!)
  var crc: UInt32 = 0
  for _ in 0..<100 {
    cell.run(team, row: 0, rows: rowCount)
    crc = hash(cell.output.base, cell.output.count, from: crc)
    crc = hash(cell.shown.base, cell.shown.count, from: crc)
    for k in 0..<cell.input.count { cell.input.base[k] = random.unit() * 2 }
  }
  #expect(crc == stored[index].hash, "\(stored[index].name): 0x\(String(crc, radix: 16))")
}
