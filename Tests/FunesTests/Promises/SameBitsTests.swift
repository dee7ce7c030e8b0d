// SPDX-License-Identifier: Apache-2.0
// The same bits: of every instruction set, team, chunking and build, held to hashes that are written here.

import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

/// A model with weights of its own, and the CRC-32C of what it puts out over random rows: the first, and all.
struct StoredHash: Sendable, CustomTestStringConvertible {
  var name: String
  var isOneByte = false
  var precision = Precision.default
  var program = 0
  var rows = 100_000
  /// Of the first rows; nil where there is one hash alone.
  var first: UInt32?
  var hash: UInt32
  var graph: @Sendable () -> Graph
  var testDescription: String { name }
  static let firstRows = 1_000

  static func cell(
    _ cell: TestCell, isOneByte: Bool = false, precision: Precision = .default, _ first: UInt32, _ hash: UInt32
  ) -> StoredHash {
    let name = "\(cell)\(isOneByte ? ", 8 bits" : "")\(precision == .high ? ", 16-bit weights" : "")"
    return StoredHash(name: name, isOneByte: isOneByte, precision: precision, first: first, hash: hash) {
      .streaming(cell, inputs: 5, units: 18, outputs: 3)
    }
  }

  /// A hundred thousand rows of models in odd sizes, those at the end with every value and gate shown.
  static let small: [StoredHash] = [
    .cell(.rnn, 0x00a9_c76b, 0x12f5_24f1), .cell(.lstm, 0xbd28_5907, 0xe01a_8706),
    .cell(.coupledLSTM, 0x6ab5_516d, 0xde04_3690),
    .cell(.projectedLSTM, 0x4173_40f7, 0x25a9_bbb4), .cell(.gru, 0x050f_86d7, 0xe440_c3b5),
    .cell(.resetBeforeGRU, 0x94b3_1971, 0xa49d_aa1a),
    .cell(.lstm, isOneByte: true, 0x01af_3ae6, 0xae5b_ec66), .cell(.gru, isOneByte: true, 0xf03c_ddad, 0xbaf9_0318),
    .cell(.rnn, precision: .high, 0x1778_0c0e, 0x2b56_7352), .cell(.lstm, precision: .high, 0xac0f_2589, 0x2e44_4ede),
    .cell(.coupledLSTM, precision: .high, 0x843d_7130, 0x0606_5561),
    .cell(.projectedLSTM, precision: .high, 0xa69a_6863, 0x182f_38b5),
    .cell(.gru, precision: .high, 0x1bb2_ebe1, 0xa8f3_2fa3),
    .cell(.resetBeforeGRU, precision: .high, 0xe7fd_67a1, 0xf965_9170),
    .cell(.lstm, isOneByte: true, precision: .high, 0x2ee9_376b, 0x0400_85fc),
    StoredHash(
      name: "every operator, 16-bit weights, step", precision: .high, rows: 10_000, first: 0xf8b0_f6d5,
      hash: 0xafae_7ef8
    ) {
      .everyOperator().exposingAllValues()
    },
    StoredHash(
      name: "every operator, 16-bit weights, encode", precision: .high, program: 1, rows: 10_000, first: 0x7760_3803,
      hash: 0x5f56_f03a
    ) {
      .everyOperator().exposingAllValues()
    },
    StoredHash(name: "every operator, step", first: 0x9aa6_7029, hash: 0x182f_8a9b) {
      .everyOperator().exposingAllValues()
    },
    StoredHash(name: "every operator, encode", program: 1, first: 0x7838_fc49, hash: 0xd472_8eb3) {
      .everyOperator().exposingAllValues()
    },
    StoredHash(name: "every memory", first: 0x31a4_4f91, hash: 0x7cd5_02c5) { .everyMemory().exposingAllValues() },
    StoredHash(name: "attending, read", rows: 4_000, first: 0xd72c_e21c, hash: 0x2432_26da) {
      .attending().exposingAllValues()
    },
    StoredHash(name: "attending, ask", program: 1, first: 0x90a6_ea64, hash: 0xf98b_d00d) {
      .attending().exposingAllValues()
    },
    StoredHash(name: "images, step", first: 0x0f0c_eef4, hash: 0xaa21_ea7f) { .images().exposingAllValues() },
    StoredHash(name: "images, read", program: 1, first: 0x9dbd_0cc0, hash: 0xb1db_502e) {
      .images().exposingAllValues()
    },
    StoredHash(name: "frames", first: 0xcdd9_1288, hash: 0x4e76_baff) { .frames().exposingAllValues() },
  ]

  /// Twenty rows of models whose layers are large enough to enter a parallel region.
  static let large: [StoredHash] =
    zip(
      TestCell.allCases, [0x75fb_5524, 0x1cac_9ac6, 0x6db1_cbcf, 0x33ad_041b, 0xeef0_171c, 0xfb8e_654d]
    ).map { cell, hash in
      StoredHash(name: "large \(cell)", hash: hash) { .streaming(cell, inputs: 128, units: 384, outputs: 352) }
    } + [
      StoredHash(name: "large lstm, 16-bit weights", precision: .high, hash: 0xc4b7_a70d) {
        .streaming(.lstm, inputs: 128, units: 384, outputs: 352)
      }
    ]
}

@Suite struct SameBitsTests {
  /// Unoptimised builds go as far as the first hash.
  @Test(arguments: StoredHash.small)
  func randomRowsGiveTheStoredHash(stored: StoredHash) throws {
    var parts = try FileParts(stored.graph(), precision: stored.precision)
    parts.fill(TestWeights(isOneByte: stored.isOneByte), seed: 1)
    let loaded = try LoadedModel(parts.bytes)
    func hash(_ isa: ISA?, rows: Int) throws -> UInt32 {
      var session = try Session(loaded.model, rows: 100, isa: isa)
      return session.hash(of: stored.program, rows: rows, seed: 1)
    }
    for isa in ISA.allCases where isa.isAvailable {
      let first = try hash(isa, rows: StoredHash.firstRows)
      #expect(first == stored.first, "\(isa), first rows: 0x\(String(first, radix: 16))")
      guard thinning == 1 else { continue }
      let found = try hash(isa, rows: stored.rows)
      #expect(found == stored.hash, "\(isa): 0x\(String(found, radix: 16))")
    }
  }

  @Test(arguments: StoredHash.large)
  func teamsGiveTheStoredHash(stored: StoredHash) throws {
    var parts = try FileParts(stored.graph(), precision: stored.precision)
    parts.fill(TestWeights(scale: 0x1p-10), seed: 1)
    let loaded = try LoadedModel(parts.bytes)
    for isa in ISA.allCases where isa.isAvailable {
      for threads in 1...3 {
        var session = try Session(loaded.model, rows: 4, threads: threads, isa: isa)
        // Some of these are less than a session on its own would take a team for.
        session.context.is_near = 0
        let hash = session.hash(rows: 20, seed: 1)
        #expect(hash == stored.hash, "\(isa), \(threads) threads: 0x\(String(hash, radix: 16))")
      }
    }
  }

  /// Calls of changing sizes against one row at a time: outputs row by row, rows counted, state as a whole.
  @Test(arguments: [Graph.everyOperator(), .everyMemory(), .images(), .frames()])
  func anyChunkingGivesTheSameBits(graph: Graph) throws {
    let loaded = try LoadedModel(graph)
    let total = 120
    var source = try Session(loaded.model, rows: total)
    source.fillInputs(of: 0, rows: total, seed: 9)
    var rows: [[[UInt32]]] = []
    for row in 0..<total { rows.append(source.inputRow(row)) }
    var single = try Session(loaded.model)
    let outputCount = single.outputCount()
    var expected: [[[UInt32]]] = []
    for row in rows {
      single.setInputRow(0, row)
      #expect(single.run().rows == 1)
      expected.append(single.outputBits())
    }
    var numbers = TestNumbers(seed: 2)
    for largest in [2, 3, 5, 8, 13, 31, total] {
      var session = try Session(loaded.model, rows: largest)
      var begin = 0
      while begin < total {
        let count = min(total - begin, largest == total ? total : 1 + numbers.below(largest))
        for row in 0..<count { session.setInputRow(row, rows[begin + row]) }
        #expect(session.run(rows: count) == RunResult(rows: count, status: .ok))
        for output in 0..<outputCount {
          let bits = expected[begin..<begin + count].flatMap { $0[output] }
          #expect(session.outputBits()[output] == bits)
          #expect(session.outputRows(output) == bits.count / session.outputWidth(output))
        }
        begin += count
      }
      #expect(session.snapshotBytes() == single.snapshotBytes())
    }
  }

  @Test func twoSessionsOverOneModelDoNotMeet() throws {
    let loaded = try LoadedModel(.everyOperator())
    var one = try Session(loaded.model)
    var two = try Session(loaded.model)
    var (crcs, alone) = ([UInt32](repeating: 0, count: 2), [UInt32](repeating: 0, count: 2))
    for step in 0..<200 as Range<UInt64> {
      crcs[0] = one.hash(rows: 1, seed: step, from: crcs[0])
      crcs[1] = two.hash(rows: 1, seed: 1_000 + step, from: crcs[1])
    }
    for (index, seed) in [0, 1_000].enumerated() as EnumeratedSequence<[UInt64]> {
      var session = try Session(loaded.model)
      alone[index] = session.hash(rows: 200, seed: seed)
    }
    #expect(crcs == alone)
  }
}
