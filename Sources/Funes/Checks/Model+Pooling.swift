// SPDX-License-Identifier: Apache-2.0
// The shape rules of factors, position tables, pooling, patches and frames, and which counters fill up.

extension Model {
  /// The most lanes and heads that pooling has, and rows and columns of an image.
  private static let extentLimit = 65_536

  /// A factor of either sign, finite and at most 2^50 in magnitude.
  func checkScale(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    try place.require(x == y, .shape, y, x)
    let isFit = operation.record.isFloat(104, atMost: 0x1p50)
    try place.require(isFit, .number, operation.record.u32(104), Float(0x1p50).bitPattern)
  }

  func checkPosition(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    let table = try matrix(operation, 0, groups: 1, place)
    try place.require(table.cols == x, .shape, table.cols, x)
    try place.require(x == y, .shape, y, x)
    try checkCounter(operation, 0, limit: UInt32(table.rows) + 1, place)
  }

  /// Rows of the call where there are no lanes, otherwise lanes of each row.
  func checkPool(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let lanes = Int(operation.number(0))
    let heads = Int(operation.number(1))
    try place.require(lanes >= 0 && lanes <= Model.extentLimit, .extent, lanes, Model.extentLimit)
    try place.require(heads >= 1 && heads <= Model.extentLimit, .extent, heads, Model.extentLimit)
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    try place.require(isProduct(x, max(lanes, 1), y), .shape, x, y)
    try place.require(y % heads == 0, .extent, heads, y)
    if operation.inputCount == 2 {
      let scores = value(Int(operation.input(1))).width
      try place.require(isProduct(scores, max(lanes, 1), heads), .shape, scores, heads)
    } else {
      // A plain mean has no heads.
      try place.require(heads == 1, .extent, heads, 1)
    }
  }

  func checkPatches(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    let numbers = (operation.number(0), operation.number(3), operation.number(4), operation.number(5))
    let channels = Int(numbers.0 & 0xFFFF)
    try place.require(numbers.0 >> 16 == 0 || numbers.0 >> 16 == 1, .kind, numbers.0 >> 16, 1)
    try place.require(channels >= 1, .extent, channels, 0xFFFF)
    // Each is below 2^16, so that patches and their elements stay below 2^62.
    var patches: UInt64 = 1
    var elements = UInt64(channels)
    var pixels = UInt64(channels)
    for axis in 0..<2 {
      let shift = Int32(16 * axis)
      let extent = Int(operation.number(1 + axis))
      let kernel = Int(numbers.1 >> shift & 0xFFFF)
      let stride = Int(numbers.2 >> shift & 0xFFFF)
      let padding = Int(numbers.3 >> shift & 0xFFFF)
      try place.require(extent >= 1 && extent <= Model.extentLimit, .extent, extent, Model.extentLimit)
      try place.require(kernel >= 1 && kernel <= extent + 2 * padding, .extent, kernel, extent + 2 * padding)
      try place.require(stride >= 1, .extent, stride, 0xFFFF)
      try place.require(padding < kernel, .extent, padding, kernel)
      patches *= UInt64((extent + 2 * padding - kernel) / stride + 1)
      elements *= UInt64(kernel)
      pixels *= UInt64(extent)
    }
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    try place.require(UInt64(x) == pixels, .shape, UInt64(x), pixels)
    try place.require(elements <= 1 << 24, .extent, elements, UInt64(1 << 24))
    try place.require(UInt64(y) == patches * elements, .shape, UInt64(y), patches * elements)
  }

  /// An inner axis that is cut into frames: as many as fit, each tap of each inside the axis and its padding.
  func checkFrames(_ operation: OperatorRecord, _ place: OperatorPlace) throws(ModelError) {
    for slot in 0..<4 {
      let extent = Int(operation.number(slot))
      try place.require(extent >= 1 && extent <= Model.extentLimit, .extent, extent, Model.extentLimit)
    }
    let positions = Int(operation.number(0))
    let kernel = UInt64(operation.number(1))
    let before = Int(operation.number(4) & 0xFFFF)
    let after = Int(operation.number(4) >> 16 & 0xFFFF)
    let edges = operation.number(5)
    try place.require(edges >= 0 && edges <= 2, .kind, edges, 2)
    if edges == 1 {
      // What is mirrored ends with the axis.
      try place.require(before < positions, .extent, before, positions)
      try place.require(after < positions, .extent, after, positions)
    }
    let span = (kernel - 1) * UInt64(operation.number(3)) + 1
    let room = UInt64(positions + before + after)
    try place.require(span <= room, .extent, span, room)
    let frames = (room - span) / UInt64(operation.number(2)) + 1
    let x = value(Int(operation.input(0))).width
    let y = value(Int(operation.output(0))).width
    try place.require(x % positions == 0, .shape, x, positions)
    // Below 2^18, at most 2^16 and 2^24: their product stays below 2^58.
    let values = frames * kernel * UInt64(x / positions)
    try place.require(UInt64(y) == values, .shape, UInt64(y), values)
  }

  /// The counter that each row of a call raises until what it counts is full, and by how much; nil where nothing fills up.
  func filling(_ operation: OperatorRecord) -> (state: Int, perRow: UInt32)? {
    switch Opcode(rawValue: operation.opcode) {
    case .position: (Int(operation.state(0)), 1)
    case .remember: (Int(operation.state(2)), UInt32(operation.number(0)))
    default: nil
    }
  }

  /// The most rows that a program takes before its positions or memories are full, since they were reset; nil for any
  /// number.
  public func rowLimit(of program: Int = 0) -> Int? {
    let ranges = ranges(of: program)
    var most: UInt32?
    for index in ranges.operation..<(ranges.operation + ranges.operatorCount) {
      guard let filling = filling(operation(index)) else { continue }
      let room = (state(filling.state).limit - 1) / filling.perRow
      most = min(most ?? room, room)
    }
    return most.map { Int($0) }
  }
}
