// SPDX-License-Identifier: Apache-2.0
// The shape rules of norms, rotary positions and attention. None of them is bound to a sort of run or program: each row
// sees itself and earlier rows alone, so they go over many rows at once or one by one, in streams and in blocks.

extension Model {
  /// The most rows that attention sees, and heads and lanes that it and rotary positions have.
  private static let windowLimit = 1 << 24
  private static let headLimit = 65_536

  func checkNorm(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    let lanes = try lanes(operation, of: x, place)
    try place.require(x == y, .shape, y, x)
    try checkVector(operation, 0, count: x / lanes, place)
    if operation.constant(1) != none { try checkVector(operation, 1, count: x / lanes, place) }
    try checkPositive(operation, 1, place)
  }

  func checkRotary(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    let lanes = try lanes(operation, of: x, place)
    try place.require(x == y, .shape, y, x)
    let dimensions = Int(operation.number(1))
    let style = Int(operation.number(2))
    let isInside = dimensions >= 2 && dimensions <= x / lanes && dimensions % 2 == 0
    try place.require(isInside, .extent, dimensions, x / lanes)
    try place.require(style == 0 || style == 1, .kind, style, 1)
    try checkVector(operation, 0, count: dimensions, place)
    try checkTurns(operation, place)
    try checkCounter(operation, 0, limit: none, place)
  }

  /// Turns are in 0 ..< 1 and their rests in 0 ..< 2^-24: so both are whole numbers of 2^-48 turns, without overflow,
  /// wherever the kernel makes them such.
  private func checkTurns(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let constant = constant(Int(operation.constant(0)))
    let floats = Record(base: start(.data) + Int(constant.offset))
    for index in 0..<constant.rows {
      let limit = index < constant.rows / 2 ? Float(1).bitPattern : Float(0x1p-24).bitPattern
      try place.require(floats.u32(index * 4) < limit, .number, floats.u32(index * 4), limit)
    }
  }

  func checkAttention(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let heads = Int(operation.number(0))
    let keyHeads = Int(operation.number(1))
    let window = Int(operation.number(2))
    try place.require(heads >= 1 && heads <= Model.headLimit, .extent, heads, Model.headLimit)
    try place.require(keyHeads >= 1 && keyHeads <= heads, .extent, keyHeads, heads)
    try place.require(heads % keyHeads == 0, .extent, heads, keyHeads)
    try place.require(window >= 1 && window <= Model.windowLimit, .extent, window, Model.windowLimit)
    try checkPositive(operation, 3, place)
    let q = value(Int(operation.input(0))).width
    try place.require(q % heads == 0, .shape, q, heads)
    let width = q / heads * keyHeads
    for slot in 1..<3 {
      let found = value(Int(operation.input(slot))).width
      try place.require(found == width, .shape, found, width)
    }
    let y = value(Int(operation.output(0))).width
    try place.require(y == q, .shape, y, q)
    for slot in 0..<2 { try checkState(operation, slot, kind: 7, lanes: window, width: width, place) }
    try place.require(operation.state(0) != operation.state(1), .state, operation.state(1), operation.state(0))
    try checkCounter(operation, 2, limit: UInt32(window), place)
    try checkCounter(operation, 3, limit: UInt32(window) + 1, place)
  }

  /// A float among the numbers is normal, above zero and at most 2^50, so that no division by it and no product with it
  /// is more than a float holds where its operands are small.
  private func checkPositive(_ operation: OperatorRecord, _ slot: Int, _ place: OperatorPlace) throws(ModelError) {
    let bits = operation.record.u32(104 + slot * 4)
    let isPositive = bits >= Float.leastNormalMagnitude.bitPattern && bits <= Float(0x1p50).bitPattern
    try place.require(isPositive, .number, bits, Float(0x1p50).bitPattern)
  }
}
