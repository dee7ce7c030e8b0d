// SPDX-License-Identifier: Apache-2.0
// A stream of text as ids, one at a time, with the ends of lines and the places of errors.

import Funes

/// Reads UTF-8 through a text table.
///
/// Tables of pieces and of tokens give an id as soon as no later character can change it. A text, or each line where
/// lines are sequences, begins with the begin id where the table has one, also a text of nothing.
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
  private var line: Int
  private var column = 0
  /// Column at which the character being read began.
  private var start = 1
  /// Ids that are still to be given, and what comes after them.
  private var pending: ArraySlice<Int32> = []
  private var due: Event?
  /// Pieces and tokens only. Characters have come since the text or line began.
  private var encoder: TextEncoder?
  private var isInText = false
  private var last: Unicode.Scalar = " "
  /// A byte that ended a broken character and may begin the next.
  private var reused: UInt8?

  /// With `isContinued` a text of pieces goes on from an earlier one: without the begin id and the blank after it.
  init(table: SymbolTable, reader: ByteReader, isContinued: Bool = false, line: Int = 1) {
    self.line = line
    self.table = table
    self.reader = reader
    encoder = TextEncoder(table, isContinued: isContinued)
  }

  var place: TextPlace { TextPlace(line: line, column: start) }

  mutating func next() throws(StreamError) -> Event {
    if let id = pending.popFirst() { return .id(id) }
    if table.kind == .bytes { return try nextByte() }
    if encoder != nil { return try nextPiece() }
    while true {
      guard let scalar = try nextScalar() else { return .end }
      // A carriage return belongs to the line's end, never to the sequence.
      if scalar == "\r", table.isLineSequence { continue }
      if isByteOrderMark(scalar) { continue }
      return try event(for: scalar)
    }
  }

  /// What some editors write before a text, and a vocabulary of characters does not have.
  private func isByteOrderMark(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\u{FEFF}" && line == 1 && start == 1 && !table.contains(scalar)
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
    pending = rest[...]
    return .id(first)
  }

  private mutating func nextPiece() throws(StreamError) -> Event {
    var ids: [Int32] = []
    while ids.isEmpty, due == nil {
      let scalar = try nextScalar()
      if table.isLineSequence, scalar == "\r" { continue }
      if scalar == nil || table.isLineSequence && scalar == "\n" {
        // The end of the stream ends no line where the last line has ended.
        let isEnd = scalar != nil || isInText || !table.isLineSequence
        isInText = false
        if isEnd, !encoder!.finish(into: &ids) { throw .unknownCharacter(last, at: place) }
        due = scalar == nil ? .end : .endOfLine
        if scalar != nil { advanceLine() }
      } else if let scalar {
        isInText = true
        last = scalar
        let isKnown = table.forEachCased(scalar) { encoder!.push($0, into: &ids) }
        let place = place
        if scalar == "\n" { advanceLine() }
        guard isKnown else {
          pending = ids[...]
          throw .unknownCharacter(scalar, at: place)
        }
      }
    }
    pending = ids[...]
    if let id = pending.popFirst() { return .id(id) }
    // The end is due again each time that it is asked for.
    defer { if due != .end { due = nil } }
    return due ?? .end
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

extension TextDecoder {
  /// At most `limit` ids of a file: one sequence, or one a line where lines are sequences, empty ones among them.
  static func sequences(of path: String, through table: SymbolTable, limit: Int) throws(StreamError) -> [[Int32]] {
    let file = try InputFile(path: path)
    defer { withExtendedLifetime(file) {} }
    var decoder = TextDecoder(table: table, reader: file.reader())
    var sequences: [[Int32]] = [[]]
    var left = limit
    while left > 0 {
      switch try decoder.next() {
      case .id(let id):
        sequences[sequences.count - 1].append(id)
        left -= 1
      case .endOfLine: sequences.append([])
      case .end: return sequences
      }
    }
    return sequences
  }
}
