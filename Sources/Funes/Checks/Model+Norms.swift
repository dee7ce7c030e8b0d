// SPDX-License-Identifier: Apache-2.0
// The shape rules of norms and rotary positions. None of them is bound to a sort of run or program: each row sees itself
// alone, so they go over many rows at once or one by one, in streams and in blocks.

extension Model {
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

  /// A float among the numbers is normal, above zero and at most 2^50, so that no division by it and no product with it
  /// is more than a float holds where its operands are small.
  func checkPositive(_ operation: OperatorRecord, _ slot: Int, _ place: OperatorPlace) throws(ModelError) {
    let bits = operation.record.u32(104 + slot * 4)
    let isPositive = bits >= Float.leastNormalMagnitude.bitPattern && bits <= Float(0x1p50).bitPattern
    try place.require(isPositive, .number, bits, Float(0x1p50).bitPattern)
  }
}
