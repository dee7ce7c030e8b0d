// SPDX-License-Identifier: Apache-2.0
// Rules of the tables of text: labels, vocabularies, and tokenizers, whose parts are records of their own.

extension Model {
  /// Most bytes of a symbol that texts are cut into, of what the map puts in a character's place, and of all symbols
  /// together, each counted as often as it is named: what bounds the time of a character and the memory of a table.
  private static let pieceLimit: UInt64 = 512
  private static let replacementLimit: UInt64 = 64
  private static let nameLimit: UInt64 = 4_096
  private static let totalLimit: UInt64 = 1 << 26

  func checkTexts() throws(ModelError) {
    let section = Section.texts
    var byteCount: UInt64 = 0
    // The tokenizer that parts belong to, and the kind and flags of the part before.
    var owner: Record?
    var last: UInt64 = 0
    var end = 0
    for index in 0..<count(section) {
      let record = record(section, index)
      let kind = record.u32(0)
      try section.require(index, kind >= 1 && kind <= 11, .kind, UInt64(kind), 11)
      // Claimed numbers are compared before they become an `Int`, which may have 32 bits.
      let claimed = UInt64(end) + UInt64(record.u32(4))
      try section.require(index, claimed <= UInt64(count(.symbols)), .tiling, claimed, UInt64(count(.symbols)))
      let symbols = Int(record.u32(4))
      if kind >= 8 {
        guard let owner else { throw .record(section, index: index, rule: .order, found: UInt64(kind), expected: 7) }
        let order = (UInt64(kind) << 32) + (kind == 10 ? UInt64(record.u32(12)) + 1 : 0)
        try section.require(index, order > last, .order, order, last)
        last = order
        try checkPart(record, index, first: end, of: owner, &byteCount)
      } else {
        owner = kind >= 5 ? record : nil
        last = 0
        if kind >= 5 { try checkTokenizer(record, index) } else { try checkTable(record, index) }
        let limit = kind >= 4 ? Model.pieceLimit : Model.nameLimit
        for symbol in end..<(end + symbols) { try checkSymbol(symbol, limit, &byteCount) }
      }
      end += symbols
    }
    try Section.symbols.require(end == count(.symbols), .tiling, UInt64(count(.symbols)), UInt64(end))
    for index in 0..<count(.ports) {
      let text = port(index).text
      try Section.ports.require(index, text == none || isText(text), .kind, UInt64(text), 7)
    }
  }

  /// A string of at most so many bytes, which `byteCount` grows by.
  private func checkSymbol(_ symbol: Int, _ limit: UInt64, _ byteCount: inout UInt64) throws(ModelError) {
    let section = Section.symbols
    let name = record(section, symbol).u32(0)
    try checkName(name, section, symbol)
    let count = UInt64(unsafeString(name).count)
    try section.require(symbol, count <= limit, .stringByteCount, count, limit)
    byteCount += count
    try section.require(symbol, byteCount <= Model.totalLimit, .stringByteCount, byteCount, Model.totalLimit)
  }

  /// Labels, characters, bytes or pieces.
  private func checkTable(_ record: Record, _ index: Int) throws(ModelError) {
    let section = Section.texts
    let (kind, symbols) = (record.u32(0), record.u32(4))
    try section.require(index, record.u32(12) <= 3, .reserved, UInt64(record.u32(12)), 3)
    try section.require(index, record.isZero((kind == 4 ? 28 : 20)..<32), .reserved, 1, 0)
    try section.require(index, (symbols == 0) == (kind == 3), .extent, UInt64(symbols), kind == 3 ? 0 : 1)
    try checkUnknown(record, index, below: kind == 3 ? 256 : symbols)
    try checkName(record.u32(16), section, index)
    guard kind == 4 else { return }
    try checkScores(record.u32(20), index, counts: Int(symbols), Int(symbols))
    let begin = record.u32(24)
    try section.require(index, begin == none || begin < symbols, .index, UInt64(begin), UInt64(symbols))
  }

  private func checkUnknown(_ record: Record, _ index: Int, below limit: UInt32) throws(ModelError) {
    let unknown = record.u32(8)
    try Section.texts.require(index, unknown == none || unknown < limit, .index, UInt64(unknown), UInt64(limit))
  }

  /// A vector constant of one number a symbol, or of two.
  private func checkScores(_ scores: UInt32, _ index: Int, counts: Int, _ other: Int) throws(ModelError) {
    let constants = UInt32(constantCount)
    try Section.texts.require(index, scores < constants, .index, UInt64(scores), UInt64(constants))
    let constant = constant(Int(scores))
    let count = constant.isMatrix ? 0 : constant.rows
    try Section.texts.require(index, count == counts || count == other, .shape, UInt64(count), UInt64(counts))
  }

  private func checkTokenizer(_ record: Record, _ index: Int) throws(ModelError) {
    let section = Section.texts
    let (kind, symbols) = (record.u32(0), record.u32(4))
    try section.require(index, symbols >= 1, .extent, UInt64(symbols), 1)
    try checkUnknown(record, index, below: symbols)
    let (flags, decoding) = (record.u32(12) & 0xFFFF, record.u8(14))
    try section.require(index, flags & ~0x7E == 0 && record.u8(15) == 0, .reserved, UInt64(record.u32(12)), 0x7E)
    try section.require(index, decoding <= 8, .kind, UInt64(decoding), 8)
    try checkSteps(record, index, 16..<20) { $0 <= 6 || $0 >= 16 && $0 <= 21 }
    try checkSteps(record, index, 24..<32) { $0 <= 13 }
    // Each turn of the map may make a text longer, and so many turns very much longer.
    var maps = 0
    for offset in 24..<32 where record.u8(offset) == 9 { maps += 1 }
    try section.require(index, maps <= 1, .extent, UInt64(maps), 1)
    let longest = record.u32(20)
    switch kind {
    case 5: try section.require(index, longest == 0, .reserved, UInt64(longest), 0)
    case 6: try section.require(index, longest >= 1 && longest <= 65_536, .extent, UInt64(longest), 65_536)
    default: try checkScores(longest, index, counts: Int(symbols), 2 * Int(symbols))
    }
  }

  /// Codes of steps, zeros after the last.
  private func checkSteps(
    _ record: Record, _ index: Int, _ range: Range<Int>, _ isKnown: (Int) -> Bool
  ) throws(ModelError) {
    var isOver = false
    for offset in range {
      let step = record.u8(offset)
      try Section.texts.require(index, isKnown(step), .kind, UInt64(step), 0)
      try Section.texts.require(index, !isOver || step == 0, .reserved, UInt64(step), 0)
      isOver = step == 0
    }
  }

  /// Merges, the normaliser's map, added tokens, or what stands before and after texts.
  private func checkPart(
    _ record: Record, _ index: Int, first: Int, of owner: Record, _ byteCount: inout UInt64
  ) throws(ModelError) {
    let section = Section.texts
    let (kind, count) = (record.u32(0), record.u32(4))
    let symbols = owner.u32(4)
    let isPaired = kind <= 9
    let isWhole =
      count >= 1 && (!isPaired || count % 2 == 0) && (kind > 8 || owner.u32(0) == 5) && (kind < 11 || count <= 16)
    try section.require(index, isWhole, .extent, UInt64(count), isPaired ? 2 : 1)
    let before = record.u32(8)
    try section.require(index, before <= (kind == 11 ? count : 0), .reserved, UInt64(before), UInt64(count))
    let flags = record.u32(12)
    try section.require(index, flags <= (kind == 10 ? 31 : 0), .reserved, UInt64(flags), 31)
    try section.require(index, record.isZero(16..<32), .reserved, 1, 0)
    for symbol in first..<(first + Int(count)) {
      let value = self.record(.symbols, symbol).u32(0)
      if kind == 9 {
        try checkSymbol(symbol, (symbol - first) % 2 == 0 ? Model.nameLimit : Model.replacementLimit, &byteCount)
      } else {
        try Section.symbols.require(symbol, value < symbols, .index, UInt64(value), UInt64(symbols))
        guard kind == 10, symbol > first else { continue }
        let earlier = self.record(.symbols, symbol - 1).u32(0)
        try Section.symbols.require(symbol, value > earlier, .order, UInt64(value), UInt64(earlier))
      }
    }
  }

  /// Whether a record is a table that ports may name, not a part of one.
  func isText(_ index: UInt32) -> Bool {
    index < UInt32(count(.texts)) && record(.texts, Int(index)).u32(0) < 8
  }
}
