// SPDX-License-Identifier: Apache-2.0
// Rows in: whatever the form of the stream, one row of every input at a time, as words of four bytes.

/// What came next in a stream of rows.
enum RowEvent: Equatable {
  case row
  /// A line has ended, in a text where each line is one sequence.
  case endOfSequence
  case end
}

/// Reads rows of a program's inputs from bytes.
///
/// After an error that `isOfOneRow` the next row can be read; after any other the stream is at its end.
struct RowReader {
  let layout: RowLayout
  let format: InputFormat
  /// Drops a row of bytes or ids that the input's end cuts off.
  var ignoresPartialRow = false
  /// Samples a second that a WAV must have; nil for any.
  var sampleRate: Int?
  private let reader: ByteReader
  private var text: TextDecoder?
  /// Lines taken, for texts.
  private(set) var line = 0
  /// Rows given.
  private var row = 0
  /// Bytes of a WAV's samples that are yet to come, .max where nobody knows; nil before its header.
  private var sampleBytes: Int?
  /// Bytes that a WAV ends before its header says.
  private(set) var missingBytes = 0

  init(layout: RowLayout, format: InputFormat, reader: ByteReader) {
    self.layout = layout
    self.format = format
    self.reader = reader
    if format == .text, let table = layout.ports[0].symbols { text = TextDecoder(table: table, reader: reader) }
  }

  /// Whether each line is one sequence.
  var isLineSequence: Bool { text?.table.isLineSequence ?? false }

  /// Longest line that can be a row: generous, so that memory stays bounded.
  private var lineLimit: Int { max(1 << 16, layout.width * 64) }

  /// Fills `words`, which has `layout.width` of them.
  mutating func next(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    let event: RowEvent
    switch format {
    case .f32, .i16, .pcm16: event = try nextBytes(into: words)
    case .wav: event = try nextSamples(into: words)
    case .csv: event = try nextLine(into: words)
    case .ids: event = try nextIDs(into: words)
    case .jsonl: event = try nextObject(into: words)
    case .text: event = try nextCharacter(into: words)
    }
    if event == .row { row += 1 }
    return event
  }

  private mutating func nextSamples(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    let left: Int
    if let sampleBytes {
      left = sampleBytes
    } else {
      do throws(StreamError) {
        left = try WAVHeader(reader, sampleRate: sampleRate).byteCount
      } catch {
        if Interrupt.isRequested { return .end }
        throw error
      }
    }
    sampleBytes = left == .max ? .max : left - 2 * words.count
    if left < 2 * words.count { return .end }
    if let bytes = try reader.take(2 * words.count) {
      decode(bytes, into: words)
      return .row
    }
    if left != .max { missingBytes = left - reader.remainder }
    guard left == .max || ignoresPartialRow || Interrupt.isRequested else {
      throw .shortWAV(file: reader.name, missing: missingBytes)
    }
    return .end
  }

  private func nextBytes(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    let byteCount = words.count * (format == .f32 ? 4 : 2)
    guard let bytes = try reader.take(byteCount) else {
      guard reader.remainder == 0 || ignoresPartialRow || Interrupt.isRequested else {
        throw .partialRow(row: row, found: reader.remainder, expected: byteCount)
      }
      return .end
    }
    if format == .f32 {
      for index in words.indices {
        words[index] = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
      }
      return .row
    }
    if row == 0, format == .pcm16, WAVHeader.isBegun(bytes) { throw .unexpectedWAV(file: reader.name) }
    decode(bytes, into: words)
    return .row
  }

  /// Numbers of 16 bits.
  private func decode(_ bytes: UnsafeRawBufferPointer, into words: UnsafeMutableBufferPointer<UInt32>) {
    let factor: Float = format == .i16 ? 1 : 0x1p-15
    for (port, offset) in zip(layout.ports, layout.offsets) {
      for index in offset..<(offset + port.width) {
        let number = Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))
        words[index] = port.isIDs ? UInt32(bitPattern: Int32(number)) : (Float(number) * factor).bitPattern
      }
    }
  }

  private mutating func nextCharacter(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    switch try text!.next() {
    case .id(let id): words[0] = UInt32(bitPattern: id)
    case .endOfLine: return .endOfSequence
    case .end: return .end
    }
    return .row
  }

  private mutating func nextLine(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    while true {
      guard let bytes = try takeLine() else { return .end }
      var columns = LineColumns(bytes)
      var count = 0
      for (port, offset) in zip(layout.ports, layout.offsets) {
        for index in offset..<(offset + port.width) {
          guard let (word, column) = columns.next() else { break }
          count += 1
          if port.isIDs, let id = NumberText.id(word) {
            words[index] = UInt32(bitPattern: id)
          } else if !port.isIDs, let number = NumberText.float(word) {
            words[index] = number.bitPattern
          } else {
            let expected = port.isIDs ? "a whole number" : "a number"
            throw .notANumber(
              found: NumberText.quote(word), expected: expected, at: TextPlace(line: line, column: column))
          }
        }
      }
      while columns.next() != nil { count += 1 }
      if count == 0, columns.isBlank { continue }
      guard count == layout.width else { throw .columnCount(line: line, found: count, expected: layout.width) }
      return .row
    }
  }

  /// The next line; a byte-order mark before the first is passed over.
  private mutating func takeLine() throws(StreamError) -> UnsafeRawBufferPointer? {
    guard let bytes = try reader.takeLine(limit: lineLimit, line: line + 1) else { return nil }
    line += 1
    return line == 1 && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: bytes[3...]) : bytes
  }

  private mutating func nextIDs(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    for index in words.indices {
      guard let word = try nextWord() else {
        guard index == 0 || ignoresPartialRow || Interrupt.isRequested else {
          throw .partialIDs(row: row, found: index, expected: words.count)
        }
        return .end
      }
      words[index] = UInt32(bitPattern: word)
    }
    return .row
  }

  private var column = 0

  /// The next id, over blanks and line ends.
  private mutating func nextWord() throws(StreamError) -> Int32? {
    var word: [UInt8] = []
    var start = 0
    if line == 0 { line = 1 }
    while let byte = try reader.takeByte() {
      column += 1
      let isEnd = byte == UInt8(ascii: "\n")
      if isEnd || NumberText.isBlank(byte) || byte == UInt8(ascii: "\r") {
        let place = TextPlace(line: line, column: start)
        if isEnd { (line, column) = (line + 1, 0) }
        if !word.isEmpty { return try id(word, at: place) }
        continue
      }
      if word.isEmpty { start = column }
      if word.count < 32 { word.append(byte) }
    }
    return word.isEmpty || Interrupt.isRequested ? nil : try id(word, at: TextPlace(line: line, column: start))
  }

  private func id(_ word: [UInt8], at place: TextPlace) throws(StreamError) -> Int32 {
    let (id, quoted) = word.withUnsafeBytes { (NumberText.id($0), NumberText.quote($0)) }
    guard let id else { throw .notANumber(found: quoted, expected: "a whole number", at: place) }
    return id
  }

  private mutating func nextObject(into words: UnsafeMutableBufferPointer<UInt32>) throws(StreamError) -> RowEvent {
    while true {
      guard let bytes = try takeLine() else { return .end }
      if bytes.allSatisfy({ NumberText.isBlank($0) }) { continue }
      try JSONRow(layout: layout, line: line).read(bytes, into: words)
      return .row
    }
  }
}
