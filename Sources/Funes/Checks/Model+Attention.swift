// SPDX-License-Identifier: Apache-2.0
// The shape rules of attention over a cache, a block and a memory. Over a cache each row sees itself and earlier rows
// alone, so it goes over many rows at once or one by one, in streams and in blocks; over the rows of a call it needs all
// of them.

extension Model {
  /// The most rows that attention sees, heads that it has, and values that a head of a block has.
  private static let windowLimit = 1 << 24
  private static let headLimit = 65_536
  private static let headWidthLimit = 65_536

  func checkAttention(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let (heads, keyHeads) = try checkHeads(operation, place)
    let window = Int(operation.number(2))
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
    // The caches may have more rows than a row sees, so that as many can be taken back.
    try place.require(operation.state(0) != none, .arity, 0, 1)
    let rows = state(Int(operation.state(0))).lanes
    for slot in 0..<2 { try checkState(operation, slot, kind: 7, lanes: rows, width: width, place) }
    try place.require(rows >= window, .state, rows, window)
    try place.require(operation.state(0) != operation.state(1), .state, operation.state(1), operation.state(0))
    try checkParts(operation, keyHeads: keyHeads, place)
    try checkCounter(operation, 2, limit: UInt32(rows), place)
    try checkCounter(operation, 3, limit: UInt32(rows) + 1, place)
    try checkBias(operation, heads: heads, rows: nil, place)
  }

  /// q (N, H · D), k (N, K · D), v (N, K · E) to (N, H · E), with N inner rows, or 1 where a row of the call is one.
  func checkBlockAttention(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let (heads, keyHeads) = try checkHeads(operation, place)
    let inner = Int(operation.number(2))
    try place.require(inner >= 0 && inner <= Model.windowLimit, .extent, inner, Model.windowLimit)
    try checkPositive(operation, 3, place)
    let lanes = max(1, inner)
    let width = try headWidth(value(Int(operation.input(0))).width, lanes, heads, place)
    let keys = value(Int(operation.input(1))).width
    try place.require(isProduct(keys, lanes, keyHeads, width), .shape, keys, width)
    let valueWidth = try headWidth(value(Int(operation.input(2))).width, lanes, keyHeads, place)
    let y = value(Int(operation.output(0))).width
    try place.require(isProduct(y, lanes, heads, valueWidth), .shape, y, valueWidth)
    try checkBias(operation, heads: heads, rows: inner, place)
  }

  /// The width of a head where `lanes` times `heads` of them make up `whole`.
  private func headWidth(
    _ whole: Int, _ lanes: Int, _ heads: Int, _ place: OperatorPlace
  ) throws(ModelError) -> Int {
    // Both are at most 2^24 and the first divides a width, so the product is small where it is made.
    try place.require(whole % lanes == 0, .shape, whole, lanes)
    try place.require(whole / lanes % heads == 0, .shape, whole / lanes, heads)
    let width = whole / lanes / heads
    try place.require(width <= Model.headWidthLimit, .extent, width, Model.headWidthLimit)
    return width
  }

  /// k (n, width) and v (n, width) to a memory of rows of those widths.
  func checkRemember(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let appended = Int(operation.number(0))
    try place.require(appended >= 1 && appended <= Model.windowLimit, .extent, appended, Model.windowLimit)
    let rows = try memoryRows(operation, place)
    for slot in 0..<2 {
      let x = value(Int(operation.input(slot))).width
      try place.require(x % appended == 0, .shape, x, appended)
      try checkState(operation, slot, kind: 7, lanes: rows, width: x / appended, place)
    }
  }

  /// q (H, D) over a memory of keys (K, D) and values (K, E) to (H, E).
  func checkMemoryAttention(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let (heads, keyHeads) = try checkHeads(operation, place)
    try checkPositive(operation, 2, place)
    let isAdditive = operation.number(3) == 1
    try place.require(operation.number(3) == 0 || isAdditive, .kind, operation.number(3), 1)
    try place.require((operation.constant(0) != none) == isAdditive, .arity, 0, isAdditive ? 1 : 0)
    try place.require(!isAdditive || heads == 1, .extent, heads, 1)
    let q = value(Int(operation.input(0))).width
    try place.require(q % heads == 0, .shape, q, heads)
    if isAdditive { try checkVector(operation, 0, count: q, place) }
    let rows = try memoryRows(operation, place)
    try checkState(operation, 0, kind: 7, lanes: rows, width: q / heads * keyHeads, place)
    let y = value(Int(operation.output(0))).width
    try place.require(y % heads == 0, .shape, y, heads)
    try checkState(operation, 1, kind: 7, lanes: rows, width: y / heads * keyHeads, place)
    try checkParts(operation, keyHeads: keyHeads, place)
  }

  /// Each head that is read has a scale of its own in caches of bytes.
  private func checkParts(_ operation: OperatorRecord, keyHeads: Int, _ place: OperatorPlace) throws(ModelError) {
    for slot in 0..<2 {
      let state = state(Int(operation.state(slot)))
      try place.require(!state.isBytes || state.heads == keyHeads, .state, state.heads, keyHeads)
    }
  }

  /// The rows of a memory: those of its keys, which its values have too, and which its counter may reach.
  private func memoryRows(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) -> Int {
    try place.require(operation.state(0) != none, .arity, 0, 1)
    try place.require(operation.state(0) != operation.state(1), .state, operation.state(1), operation.state(0))
    let rows = state(Int(operation.state(0))).lanes
    try checkCounter(operation, 2, limit: UInt32(rows) + 1, place)
    return rows
  }

  private func checkHeads(
    _ operation: OperatorRecord, _ place: OperatorPlace
  ) throws(ModelError) -> (heads: Int, keyHeads: Int) {
    let (heads, keyHeads) = (Int(operation.number(0)), Int(operation.number(1)))
    try place.require(heads >= 1 && heads <= Model.headLimit, .extent, heads, Model.headLimit)
    try place.require(keyHeads >= 1 && keyHeads <= heads, .extent, keyHeads, heads)
    try place.require(heads % keyHeads == 0, .extent, heads, keyHeads)
    return (heads, keyHeads)
  }

  /// What is added to scores; `rows` are the inner rows of a block, 0 for those of a call, and nil over a cache. Only
  /// inner rows are known, so only they may be masked.
  private func checkBias(
    _ operation: OperatorRecord, heads: Int, rows: Int?, _ place: OperatorPlace
  ) throws(ModelError) {
    let kind = Int(operation.number(4))
    let highest = (rows ?? 0) > 0 ? 3 : 2
    try place.require(kind >= 0 && kind <= highest, .kind, kind, highest)
    try place.require((operation.constant(0) != none) == (kind > 0), .arity, 0, kind > 0 ? 1 : 0)
    if kind == 0 { return }
    let constant = constant(Int(operation.constant(0)))
    let found = constant.isMatrix ? 0 : constant.rows
    switch kind {
    case 1: try place.require(found == heads, .shape, found, heads)
    case 2:
      // Distances 0 to B over a cache, −B to B in a block, for each head.
      let isWhole = found > 0 && found % heads == 0 && (rows == nil || found / heads % 2 == 1)
      try place.require(isWhole, .shape, found, heads)
    default:
      let pairs = UInt64(rows!) * UInt64(rows!)
      let isWhole = UInt64(found) == pairs || UInt64(found) == pairs * UInt64(heads)
      try place.require(isWhole, .shape, UInt64(found), pairs)
    }
  }
}
