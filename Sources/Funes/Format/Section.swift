// SPDX-License-Identifier: Apache-2.0
// The sections of a .funes file, in file order, with their record sizes and limits. See FORMAT.md.

/// A section of a .funes file, numbered by its place in the file.
public enum Section: Int, Sendable {
  case strings, constants, values, states, operators, runs, programs, resets, ports, texts, symbols, generation,
    metadata, goldens, data

  static let count = 15

  /// Four ASCII bytes, little-endian.
  public var tag: UInt32 {
    switch self {
    case .strings: 0x5352_5453  // STRS
    case .constants: 0x534E_4F43  // CONS
    case .values: 0x534C_4156  // VALS
    case .states: 0x5441_5453  // STAT
    case .operators: 0x2053_504F  // OPS
    case .runs: 0x534E_5552  // RUNS
    case .programs: 0x474F_5250  // PROG
    case .resets: 0x5445_5352  // RSET
    case .ports: 0x2020_4F49  // IO
    case .texts: 0x5458_4554  // TEXT
    case .symbols: 0x534D_5953  // SYMS
    case .generation: 0x524E_4547  // GENR
    case .metadata: 0x4154_454D  // META
    case .goldens: 0x444C_4F47  // GOLD
    case .data: 0x4154_4144  // DATA
    }
  }

  /// Bytes of one record.
  public var stride: Int {
    switch self {
    case .strings, .data: 1
    case .constants, .generation: 64
    case .values, .ports: 48
    case .states, .programs, .texts: 32
    case .operators: 128
    case .runs, .metadata: 8
    case .resets, .symbols: 4
    case .goldens: 16
    }
  }

  /// Most records that a file may hold.
  public var recordLimit: UInt64 {
    switch self {
    case .strings: 16 << 20
    case .constants, .values: 65_536
    case .states, .resets, .metadata: 4_096
    case .operators, .runs: 16_384
    case .programs: 16
    case .ports, .texts: 256
    case .symbols: 1 << 22
    case .generation: 1
    case .goldens: 64
    case .data: 1 << 38
    }
  }
}

/// The index that stands for "none".
let none: UInt32 = 0xFFFF_FFFF

#if !hasFeature(Embedded)
  extension Section: CaseIterable {}
#endif
