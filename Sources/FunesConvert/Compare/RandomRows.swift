// SPDX-License-Identifier: Apache-2.0
// Rows for comparisons that need no real data.

import Funes

extension ProgramInfo {
  /// `count` rows of every input: floats uniform in −1 ..< 1, ids uniform in their classes.
  public func randomRows(_ count: Int, seed: UInt64) -> [String: ReferenceRows] {
    var numbers = SplitMix64(seed: seed)
    var rows: [String: ReferenceRows] = [:]
    for port in inputs {
      let total = count * port.width
      if port.isIDs {
        rows[port.name] = .ids((0..<total).map { _ in Int32((numbers.next() >> 32) % UInt64(port.classes)) })
      } else {
        rows[port.name] = .floats((0..<total).map { _ in Float(numbers.next() >> 40) * 0x1p-23 - 1 })
      }
    }
    return rows
  }
}

extension Model {
  /// Programs in the order in which a sequence goes through them: what encodes a source before what steps.
  public var programOrder: [Int] {
    guard let encode = generation?.encodeProgram else { return Array(0..<programCount) }
    return [encode] + (0..<programCount).filter { $0 != encode }
  }
}
