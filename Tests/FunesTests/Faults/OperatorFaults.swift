// SPDX-License-Identifier: Apache-2.0
// Breaks the operators of one file: what a number, a width, a slot or a state may not be.

@testable import Funes

/// A good file and ways to break what its operators say.
struct OperatorFaults: Sendable {
  let parts: FileParts
  /// Where an operator's numbers begin in its record.
  private static let numbers = 104

  func broken(
    _ name: String, _ op: String, _ rule: ModelError.Rule, _ found: Int, _ expected: Int,
    _ edit: @escaping @Sendable (inout FileParts, Int) -> Void
  ) -> BadFile { bad(name, .operators, parts.op(op), rule, found, expected, in: parts, edit) }

  func field(
    _ op: String, _ slot: Int, _ value: Int32, _ rule: ModelError.Rule, found: Int? = nil, _ expected: Int
  ) -> BadFile {
    broken("\(op), number \(slot): \(value)", op, rule, found ?? Int(value), expected) {
      $0.set(value, .operators, $1, Self.numbers + slot * 4)
    }
  }

  func width(_ value: String, _ extent: UInt32, op: String, _ found: Int, _ expected: Int) -> BadFile {
    broken("\(value) of other width", op, .shape, found, expected) { parts, _ in
      let rank = Int(parts.number(UInt8.self, .values, parts.value(value), 5))
      parts.set32(.values, parts.value(value), 4 + rank * 4, extent)
    }
  }

  func slot(
    _ name: String, _ op: String, at offset: Int, _ index: Int?, _ rule: ModelError.Rule, _ found: Int, _ expected: Int
  ) -> BadFile {
    broken(name, op, rule, found, expected) { $0.set32(.operators, $1, offset, index.map { UInt32($0) } ?? .max) }
  }

  /// A field of a state is changed under its operator.
  func state(
    _ name: String, at offset: Int, _ value: UInt32, _ op: String, _ found: Int, _ expected: Int
  ) -> BadFile {
    broken("\(name) at \(offset): \(value)", op, .state, found, expected) { parts, _ in
      parts.set32(.states, parts.state(name), offset, value)
    }
  }
}
