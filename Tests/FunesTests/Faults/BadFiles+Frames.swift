// SPDX-License-Identifier: Apache-2.0
// Bad files: frames of an inner axis.

import FunesConvert
import FunesTestSupport

@testable import Funes

private let file: OperatorFaults = {
  do { return OperatorFaults(parts: try FileParts(.frames())) } catch { preconditionFailure("frames: \(error)") }
}()
private let inputs = 16, constants = 56, states = 88, numbers = 104

extension BadFile {
  static let frames: [BadFile] =
    extents + edges + [
      file.slot("two inputs", "far", at: inputs + 4, 0, .arity, 2, 1),
      file.slot("no input", "far", at: inputs, nil, .arity, 0, 1),
      file.slot("a constant", "far", at: constants, 0, .arity, 0, 0),
      file.slot("a state", "far", at: states, 0, .arity, 0, 0),
      file.width("near", 13, op: "near", 78, 72),
      file.width("held", 7, op: "held", 21, 18),
    ]

  private static let extents: [BadFile] =
    (0..<4).flatMap { slot in
      [0, -1, 65_537, Int32.min].map { file.field("near", slot, $0, .extent, 65_536) }
    } + [
      file.field("near", 0, 10, .shape, found: 33, 10),
      file.field("near", 0, 33, .shape, found: 72, 17 * 4),
      file.field("near", 1, 3, .shape, found: 72, 6 * 3 * 3),
      file.field("near", 1, 14, .shape, found: 72, 14 * 3),
      file.field("near", 1, 15, .extent, found: 15, 14),
      file.field("near", 1, 65_536, .extent, found: 65_536, 14),
      file.field("near", 2, 3, .shape, found: 72, 4 * 12),
      file.field("near", 2, 65_536, .shape, found: 72, 12),
      file.field("near", 3, 2, .shape, found: 72, 4 * 12),
      file.field("near", 3, 65_536, .extent, found: 3 * 65_536 + 1, 14),
      file.broken("the longest span", "near", .extent, 65_535 * 65_536 + 1, 14) { parts, op in
        parts.set32(.operators, op, numbers + 4, 65_536)
        parts.set32(.operators, op, numbers + 12, 65_536)
      },
    ]

  private static let edges: [BadFile] = [
    file.field("near", 4, 0, .shape, found: 72, 4 * 12),
    file.field("near", 4, -1, .shape, found: 72, (11 + 2 * 65_535 - 4) / 2 * 12 + 12),
    file.field("near", 5, 3, .kind, 2),
    file.field("near", 5, -1, .kind, 2),
    file.field("far", 4, 6 + 2 << 16, .extent, found: 6, 6),
    file.field("far", 4, 4 + 6 << 16, .extent, found: 6, 6),
    file.field("far", 4, -1, .extent, found: 65_535, 6),
    file.field("held", 5, 1, .extent, found: 7, 6),
  ]
}
