// SPDX-License-Identifier: Apache-2.0
// A stream of text as ids, one at a time, with the ends of lines and the places of errors.

/// Reads UTF-8 through a text table.
struct TextDecoder {
  enum Event: Equatable {
    case id(Int32)
    /// A line has ended, in a table where each line is one sequence.
    case endOfLine
    case end
  }

  let table: SymbolTable
  private let reader: ByteReader
  private var decoder = UTF8Decoder()
  private var line = 1
  private var column = 0
  /// Column at which the character being read began.
  private var start = 1
  /// Ids of one character that are still to be given.
  private var pending: [Int32] = []
  /// A byte that ended a broken character and may begin the next.
  private var reused: UInt8?

  init(table: SymbolTable, reader: ByteReader) {
    self.table = table
    self.reader = reader
  }

  var place: TextPlace { TextPlace(line: line, column: start) }

  mutating func next() throws(StreamError) -> Event {
    if !pending.isEmpty { return .id(pending.removeFirst()) }
    if table.kind == .bytes { return try nextByte() }
    while true {
      guard let scalar = try nextScalar() else { return .end }
      // A carriage return belongs to the line's end, never to the sequence.
      if scalar == "\r", table.isLineSequence { continue }
      return try event(for: scalar)
    }
  }

  private mutating func nextByte() throws(StreamError) -> Event {
    guard let byte = try reader.takeByte() else { return .end }
    if table.isLineSequence, byte == UInt8(ascii: "\n") { return .endOfLine }
    return .id(Int32(byte))
  }

  private mutating func event(for scalar: Unicode.Scalar) throws(StreamError) -> Event {
    if scalar == "\n", table.isLineSequence {
      advanceLine()
      return .endOfLine
    }
    defer { if scalar == "\n" { advanceLine() } }
    return try ids(of: scalar)
  }

  private mutating func ids(of scalar: Unicode.Scalar) throws(StreamError) -> Event {
    var first: Int32?
    var rest: [Int32] = []
    let isKnown = table.ids(of: scalar) { id in
      if first == nil { first = id } else { rest.append(id) }
    }
    guard isKnown, let first else { throw .unknownCharacter(scalar, at: place) }
    pending = rest
    return .id(first)
  }

  private mutating func advanceLine() {
    line += 1
    column = 0
  }

  private mutating func nextScalar() throws(StreamError) -> Unicode.Scalar? {
    while true {
      let byte: UInt8
      if let again = reused {
        reused = nil
        byte = again
      } else if let fresh = try reader.takeByte() {
        byte = fresh
        column += 1
      } else {
        guard decoder.isInside else { return nil }
        decoder = UTF8Decoder()
        throw .invalidUTF8(at: place)
      }
      if !decoder.isInside { start = column }
      switch decoder.push(byte) {
      case .more: continue
      case .scalar(let scalar): return scalar
      case .invalid(let isReusable):
        let place = place
        if isReusable { reused = byte }
        throw .invalidUTF8(at: place)
      }
    }
  }
}
