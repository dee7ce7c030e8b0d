// SPDX-License-Identifier: Apache-2.0
// Long streams that are made by a rule and need no data: the inputs under which a recurrent model drifts if it does.

import Funes

/// What is fed to a model for a long time.
public enum StreamCase: String, CaseIterable, Sendable {
  /// Zeros; of ids the first.
  case silence
  /// Every value at its largest magnitude, with a sign of its own that stays; of ids the last.
  case fullScale = "full scale"
  /// Uniform values; of ids every one as often.
  case noise = "white noise"
  /// Eight times full scale, whose sign turns after every 500 rows: gates saturate, and states run from end to end; of ids
  /// the first and the last in turn.
  case saturation = "saturating steps"
  /// Full scale for a hundredth of the stream, then silence: what states hold decays as slowly as they let it.
  case decay = "decay after an impulse"
}

/// The rows of one case, made as they are needed; the same on every machine.
struct StreamRows {
  let stream: StreamCase
  /// Rows of the whole stream.
  let steps: Int
  let ports: [PortInfo]
  /// Full scale of each port.
  let levels: [Float]
  private var numbers = SplitMix64(seed: 5)
  private var next = 0

  /// Rows between two turns of the sign.
  private static let plateau = 500
  private static let overload: Float = 8

  init(_ stream: StreamCase, steps: Int, ports: [PortInfo], levels: [Float]) {
    self.stream = stream
    self.steps = steps
    self.ports = ports
    self.levels = levels
  }

  /// The next rows, by input.
  mutating func take(_ count: Int) -> [String: ReferenceRows] {
    var rows: [String: ReferenceRows] = [:]
    for (port, level) in zip(ports, levels) {
      if port.isIDs {
        var ids: [Int32] = []
        ids.reserveCapacity(count * port.width)
        for row in next..<(next + count) {
          for _ in 0..<port.width { ids.append(id(row, port.classes)) }
        }
        rows[port.name] = .ids(ids)
      } else {
        var values: [Float] = []
        values.reserveCapacity(count * port.width)
        for row in next..<(next + count) {
          for column in 0..<port.width { values.append(value(row, column) * level) }
        }
        rows[port.name] = .floats(values)
      }
    }
    next += count
    return rows
  }

  private var impulse: Int { max(1, steps / 100) }

  private mutating func value(_ row: Int, _ column: Int) -> Float {
    switch stream {
    case .silence: 0
    case .fullScale: StreamRows.sign(column)
    case .noise: Float(numbers.next() >> 40) * 0x1p-23 - 1
    case .saturation:
      (row / StreamRows.plateau) % 2 == 0
        ? StreamRows.overload * StreamRows.sign(column) : -StreamRows.overload * StreamRows.sign(column)
    case .decay: row < impulse ? StreamRows.sign(column) : 0
    }
  }

  private mutating func id(_ row: Int, _ classes: Int) -> Int32 {
    let last = Int32(classes - 1)
    switch stream {
    case .silence: return 0
    case .fullScale: return last
    case .noise: return Int32((numbers.next() >> 32) % UInt64(classes))
    case .saturation: return (row / StreamRows.plateau) % 2 == 0 ? last : 0
    case .decay: return row < impulse ? last : 0
    }
  }

  /// +1 or −1, as a hash of the column has it.
  private static func sign(_ column: Int) -> Float {
    var numbers = SplitMix64(seed: UInt64(column))
    return numbers.next() >> 63 == 0 ? 1 : -1
  }
}
