// SPDX-License-Identifier: Apache-2.0
// Bad files: tables of pieces, their scores and what begins their texts.

import FunesConvert
import FunesTestSupport

@testable import Funes

/// The file with every operator, its table of characters made one of four pieces.
private let e: FileParts = {
  var graph = Graph.everyOperator()
  graph.constants.append(Graph.Constant(name: "scores", layout: .vector, values: [0, -1, -2, -3]))
  graph.texts[1].kind = .pieces
  graph.texts[1].scores = graph.constants.count - 1
  graph.texts[1].begin = 2
  do {
    return try FileParts(graph)
  } catch {
    preconditionFailure("FileParts: \(error)")
  }
}()

extension BadFile {
  static let pieces: [BadFile] = {
    let constants = e.count(.constants), scores = e.constant("scores")
    func field(
      _ name: String, at offset: Int, _ value: UInt32, _ rule: ModelError.Rule, found: Int? = nil, _ expected: Int
    ) -> BadFile {
      bad(name, .texts, 1, rule, found ?? Int(value), expected, in: e) { $0.set32(.texts, $1, offset, value) }
    }
    return [
      field("kind beyond the parts", at: 0, 12, .kind, 11),
      field("no scores", at: 20, .max, .index, constants),
      field("scores beyond the constants", at: 20, UInt32(constants), .index, constants),
      field("scores in a matrix", at: 20, UInt32(e.constant("table")), .shape, found: 0, 4),
      field("scores of another count", at: 20, UInt32(e.constant("linear.b")), .shape, found: 16, 4),
      field("begin", at: 24, 4, .index, 4),
      field("unknown piece", at: 8, 4, .index, 4),
      field("reserved of pieces", at: 28, 1, .reserved, found: 1, 0),
      field("reserved of pieces", at: 28, 1 << 24, .reserved, found: 1, 0),
      field("scores of characters", at: 0, 2, .reserved, found: 1, 0),
      bad("a begin of characters", .texts, 1, .reserved, 1, 0, in: e) {
        $0.set32(.texts, $1, 0, 2)
        $0.set32(.texts, $1, 20, 0)
      },
      bad("scores that are no numbers", .constants, scores, .number, 0x7FC0_0000, 0x5880_0000, in: e) {
        $0.set32(.data, Int($0.number(UInt64.self, .constants, $1, 24)), 0, 0x7FC0_0000)
      },
    ]
  }()

  /// What the others are made from.
  static let goodPieces = e.bytes
}
