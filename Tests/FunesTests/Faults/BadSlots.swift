// SPDX-License-Identifier: Apache-2.0
// Bad files that differ from the good one in one slot of one operator, or in the record that a slot names.

@testable import Funes

private let e = FileParts.everyOperator
/// Where an operator's slots begin.
private let inputs = 16, constants = 56, states = 88, numbers = 104

/// An operator takes another input.
func input(
  _ name: String, _ op: String, _ slot: Int = 0, takes value: String, _ rule: ModelError.Rule, _ found: Int,
  _ expected: Int
) -> BadFile {
  bad(name, .operators, e.op(op), rule, found, expected) {
    $0.set32(.operators, $1, inputs + slot * 4, UInt32($0.value(value)))
  }
}

/// An operator takes another constant, or none.
func constant(
  _ name: String, _ op: String, _ slot: Int, takes constant: String?, _ rule: ModelError.Rule, _ found: Int,
  _ expected: Int
) -> BadFile {
  bad(name, .operators, e.op(op), rule, found, expected) {
    let index = constant.map($0.constant)
    $0.set32(.operators, $1, constants + slot * 4, index.map { UInt32($0) } ?? .max)
  }
}

/// An operator takes another state, or none.
func state(
  _ name: String, _ op: String, _ slot: Int = 0, takes state: String?, _ rule: ModelError.Rule, _ found: Int,
  _ expected: Int
) -> BadFile {
  bad(name, .operators, e.op(op), rule, found, expected) {
    let index = state.map($0.state)
    $0.set32(.operators, $1, states + slot * 4, index.map { UInt32($0) } ?? .max)
  }
}

/// A state is changed under its operator.
func changed(_ state: String, at offset: Int, _ value: UInt32, _ op: String, _ expected: Int) -> BadFile {
  bad("\(state) at \(offset)", .operators, e.op(op), .state, Int(value), expected) { parts, _ in
    parts.set32(.states, parts.state(state), offset, value)
  }
}

/// A value has another last extent than its operator makes.
func extent(_ value: String, _ extents: UInt32..., op: String, _ found: Int, _ expected: Int) -> BadFile {
  bad("\(value) of other width", .operators, e.op(op), .shape, found, expected) { parts, _ in
    for (axis, extent) in extents.enumerated() { parts.set32(.values, parts.value(value), 8 + axis * 4, extent) }
  }
}

/// A number of an operator.
func number(
  _ op: String, _ slot: Int, _ value: Int32, _ rule: ModelError.Rule, found: Int? = nil, _ expected: Int
) -> BadFile {
  bad("\(op), number \(slot):", .operators, e.op(op), at: numbers + slot * 4, value, rule, found: found, expected)
}
