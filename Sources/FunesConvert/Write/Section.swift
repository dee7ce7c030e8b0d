// SPDX-License-Identifier: Apache-2.0
// The sections of a file: their order, strides and limits, as FORMAT.md lists them.

/// The kinds of sections, in file order.
enum Section: Int, CaseIterable {
  case strings, constants, values, states, operators, runs, programs, resets, ports, texts, symbols, generation,
    metadata
  case golden, data

  /// Four ASCII bytes.
  var kind: StaticString { layout.kind }
  var stride: Int { layout.stride }
  /// Most records; of STRS and DATA, bytes.
  var limit: Int { layout.limit }

  private var layout: (kind: StaticString, stride: Int, limit: Int) {
    switch self {
    case .strings: ("STRS", 1, 16 << 20)
    case .constants: ("CONS", 64, 65_536)
    case .values: ("VALS", 48, 65_536)
    case .states: ("STAT", 32, 4_096)
    case .operators: ("OPS ", 128, 16_384)
    case .runs: ("RUNS", 8, 16_384)
    case .programs: ("PROG", 32, 16)
    case .resets: ("RSET", 4, 4_096)
    case .ports: ("IO  ", 48, 256)
    case .texts: ("TEXT", 32, 256)
    case .symbols: ("SYMS", 4, 1 << 20)
    case .generation: ("GENR", 64, 1)
    case .metadata: ("META", 8, 4_096)
    case .golden: ("GOLD", 16, 64)
    case .data: ("DATA", 1, 1 << 38)
    }
  }

  /// Bytes of the header and the section table.
  static let tableOffset = 128
  static let entryByteCount = 32
}
