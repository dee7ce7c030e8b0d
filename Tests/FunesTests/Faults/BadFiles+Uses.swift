// SPDX-License-Identifier: Apache-2.0
// Bad files: states that operators of one program may not share.

import FunesConvert
import FunesTestSupport

@testable import Funes

/// A stream of (4) with two tables of positions, which remembers each row and looks back at all, row by row.
private let parts: FileParts = {
  var b = GraphBuilder(name: "looking back")
  let x = b.value("x", [4])
  let first = b.state("first.position", .counter, limit: 14)
  let second = b.state("second.position", .counter, limit: 14)
  let filled = b.state("filled", .counter, limit: 14)
  let keys = b.state("keys", .cache, lanes: 13, width: 4)
  let values = b.state("values", .cache, lanes: 13, width: 4)
  let one = b.add("first", .position(table: b.matrix("first.t", 13, 4), position: first), [x], shape: [4])
  let two = b.add("second", .position(table: b.matrix("second.t", 13, 4), position: second), [one], shape: [4])
  b.operators.append(
    Graph.Operator(
      name: "remember", operation: .remember(lanes: 1, keys: keys, values: values, filled: filled), inputs: [two, two],
      outputs: []))
  let memory = Graph.MemoryAttention(heads: 1, keyHeads: 1, scale: 0.5, keys: keys, values: values, filled: filled)
  let y = b.add("recall", .memoryAttention(memory), [two], shape: [4])
  let program = Graph.Program(
    name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
    outputs: [Graph.Port(name: "y", value: y)], runs: [b.run(isSequential: true)], resets: [])
  var graph = b.graph
  graph.programs = [program]
  do {
    return try FileParts(graph)
  } catch {
    preconditionFailure("looking back: \(error)")
  }
}()

extension BadFile {
  static let uses: [BadFile] = {
    func shared(_ name: String, _ op: String, slot: Int, _ state: String) -> BadFile {
      bad(name, .operators, parts.op(op), .state, parts.state(state), nothing, in: parts) {
        $0.set32(.operators, $1, 88 + slot * 4, UInt32($0.state(state)))
      }
    }
    return [
      shared("one position twice", "second", slot: 0, "first.position"),
      shared("a position that counts a memory", "remember", slot: 2, "first.position"),
      bad("a memory read in a wide run", .operators, parts.op("recall"), .placement, 0, 1, in: parts) { parts, _ in
        parts.set32(.runs, 0, 0, 0)
      },
      bad("a memory read in another run", .operators, parts.op("recall"), .placement, 0, 1, in: parts) { parts, _ in
        parts.grow(.runs, to: 2)
        parts.set32(.runs, 0, 4, 3)
        parts.set32(.runs, 1, 0, 1)
        parts.set32(.runs, 1, 4, 1)
        parts.set32(.programs, 0, 8, 2)
      },
    ]
  }()

  /// What the others are made from.
  static let goodUses = parts.bytes
}
