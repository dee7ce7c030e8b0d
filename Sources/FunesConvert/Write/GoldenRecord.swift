// SPDX-License-Identifier: Apache-2.0
// One piece of the self-test that a file carries.

/// A program run over pseudo-random rows, and the CRC-32C of what it put out. FORMAT.md, section GOLD.
public struct GoldenRecord: Sendable, Equatable {
  public var program: Int
  public var rows: Int
  public var seed: UInt32
  public var crc: UInt32

  public init(program: Int, rows: Int, seed: UInt32, crc: UInt32 = 0) {
    self.program = program
    self.rows = rows
    self.seed = seed
    self.crc = crc
  }

  /// What the converter writes unless told otherwise: each program once over a few rows, a stream then once more, so that
  /// state carried from call to call is part of the test.
  public static func standard(for graph: Graph) -> [GoldenRecord] {
    var records: [GoldenRecord] = []
    for (index, program) in graph.programs.enumerated() {
      records.append(GoldenRecord(program: index, rows: 4, seed: UInt32(2 * index + 1)))
      if !program.isBlock { records.append(GoldenRecord(program: index, rows: 1, seed: UInt32(2 * index + 2))) }
    }
    return records
  }
}
