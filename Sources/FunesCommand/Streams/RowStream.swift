// SPDX-License-Identifier: Apache-2.0
// The loop of `funes run`: rows in, a call of the model, rows out.

import Funes

/// A program of a model between a reader and a writer of rows.
final class RowStream {
  struct Options {
    /// Rows of one call; nil for one, or for a block program as many as the sequence has.
    var chunk: Int?
    /// Most rows to read.
    var limit = Int.max
    /// Write the last row of each sequence only.
    var isLastOnly = false
    /// Go on after a row that cannot be read or is refused.
    var skipsBadRows = false
    /// Outputs to write, as indices.
    var outputs: [Int]
  }

  var engine: SessionHolder
  let program: Int
  let options: Options
  private var reader: RowReader
  private var writer: RowWriter
  private let output: ByteWriter
  private let warn: (String) -> Void
  private let isBlock: Bool
  /// Only the last row of a sequence is written, and every output has one for it: rows may be read in blocks, of which only
  /// the last is made.
  private let isPrompt: Bool
  private var words: UnsafeMutableBufferPointer<UInt32>
  private var rowsRead = 0
  /// Of each row gathered for a call its number in the stream: rows that could not be read leave gaps.
  private var numbers: [Int] = []
  /// Of each row gathered, in a stream of lines, its line.
  private var lines: [Int] = []
  /// The outputs of a row side by side, and the row that brought them.
  private var result: [Float] = []
  private var isResultMade: [Bool] = []
  private var resultRow = -1

  init(
    engine: SessionHolder, program: Int, reader: RowReader, writer: RowWriter, output: ByteWriter, options: Options,
    warn: @escaping (String) -> Void
  ) {
    self.engine = engine
    self.program = program
    self.reader = reader
    self.writer = writer
    self.output = output
    self.options = options
    self.warn = warn
    isBlock = engine.model.programs[program].isBlock
    isPrompt = options.isLastOnly && options.outputs.allSatisfy { engine.session.outputDomain($0, of: program) <= 1 }
    words = .allocate(capacity: reader.layout.width * (options.chunk ?? 1))
  }

  deinit { words.deallocate() }

  /// Rows of one call where nobody waits for those before the last.
  static let blockRows = 64

  /// Streams until the input ends, the limit is reached, the output is closed or an interrupt comes.
  func run() throws {
    var isAtEnd = false
    while !isAtEnd {
      var count = 0
      numbers.removeAll(keepingCapacity: true)
      lines.removeAll(keepingCapacity: true)
      var event = RowEvent.row
      let most = options.chunk ?? (isBlock ? Int.max : isPrompt ? RowStream.blockRows : 1)
      do throws(StreamError) {
        while count < most {
          event = try rowsRead < options.limit && !Interrupt.isRequested ? nextRow(at: count) : .end
          if event != .row { break }
          count += 1
        }
      } catch {
        if count > 0 { try step(rows: count) }
        throw error
      }
      if count > 0 { try step(rows: count) }
      if event == .endOfSequence { try endSequence() }
      isAtEnd = event == .end
    }
    try writeHeldRow()
    if isInLine { try writer.endSequence(wasEmpty: false) }
    try writer.finish()
    try output.flush()
  }

  // MARK: In

  /// Rows were read since the line began, in a text whose lines are sequences.
  private var isInLine = false

  private func nextRow(at index: Int) throws(StreamError) -> RowEvent {
    let width = reader.layout.width
    if (index + 1) * width > words.count { grow() }
    let slot = UnsafeMutableBufferPointer(rebasing: words[(index * width)..<((index + 1) * width)])
    while true {
      do throws(StreamError) {
        let event = try reader.next(into: slot)
        if event == .row {
          numbers.append(rowsRead)
          if reader.format.isLines { lines.append(reader.line) }
          rowsRead += 1
        }
        if event != .end { isInLine = event == .row && reader.isLineSequence }
        return event
      } catch {
        guard options.skipsBadRows, error.isOfOneRow else { throw error }
        rowsRead += 1
        warn("\(error)")
      }
    }
  }

  private func grow() {
    let larger = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: max(64, words.count * 2))
    _ = larger.update(fromContentsOf: words)
    words.deallocate()
    words = larger
  }

  // MARK: The model

  private func step(rows count: Int) throws {
    try engine.reserve(rows: count)
    var first = 0
    while first < count {
      copyRows(first..<count)
      let done = engine.session.run(
        program, rows: count - first, outputs: isPrompt ? .last : .all)
      if done.rows > 0 { try collect(first..<(first + done.rows)) }
      first += done.rows
      if done.status == .ok { break }
      if done.status == .cacheFull { throw fullness(first, count) }
      let error = refusal(of: isBlock ? first..<count : first..<(first + 1))
      guard options.skipsBadRows, !isBlock else { throw error }
      warn("\(error)")
      first += 1
    }
  }

  /// No row after the first that has no room has any; a block has room for all its rows or for none.
  private func fullness(_ first: Int, _ count: Int) -> StreamError {
    let limit = engine.model.rowLimit(of: program) ?? 0
    let row = isBlock ? min(first + limit, count - 1) : first
    return .full(row: numbers[row], line: lines.isEmpty ? nil : lines[row], limit: limit)
  }

  private func copyRows(_ rows: Range<Int>) {
    let layout = reader.layout
    for (index, port) in layout.ports.enumerated() {
      let target = UnsafeMutableRawBufferPointer(engine.session.unsafeInput(index, of: program))
        .bindMemory(to: UInt32.self)
      for (position, row) in rows.enumerated() {
        let begin = row * layout.width + layout.offsets[index]
        for word in 0..<port.width { target[position * port.width + word] = words[begin + word] }
      }
    }
  }

  /// Which value the model refused.
  private func refusal(of rows: Range<Int>) -> StreamError {
    let layout = reader.layout
    for row in rows {
      for (port, offset) in zip(layout.ports, layout.offsets) {
        for position in 0..<port.width {
          let word = words[row * layout.width + offset + position]
          let value = Float(bitPattern: word)
          let id = Int32(bitPattern: word)
          if port.isIDs ? !(0..<port.classes).contains(Int(id)) : !(abs(value) <= 0x1p50) {
            let found = port.isIDs ? "\(id)" : "\(value)"
            let expected =
              port.isIDs ? "an id in 0...\(port.classes - 1)" : "a finite number of at most 2^50 in magnitude"
            guard lines.isEmpty else {
              return .refusedLine(
                line: lines[row], input: port.name, position: position, found: found, expected: expected)
            }
            return .refusedRow(
              row: numbers[row], input: port.name, position: position, found: found, expected: expected)
          }
        }
      }
    }
    return .refusedRow(row: numbers[rows.lowerBound], input: "", position: 0, found: "a value", expected: "another")
  }

  // MARK: Out

  /// Takes the rows that a call made of some of the rows gathered.
  private func collect(_ rows: Range<Int>) throws(StreamError) {
    let counts = options.outputs.map { engine.session.outputRows($0, of: program) }
    var count = counts[0]
    if !counts.allSatisfy({ $0 == count }) {
      // After one input row, what an output has not made is simply not in the JSON object.
      guard writer.format == .jsonl, rows.count == 1, counts.allSatisfy({ $0 <= 1 }) else {
        throw .unequalOutputs(names: writer.ports.map(\.name), rows: counts)
      }
      count = 1
    }
    for row in 0..<count {
      if options.isLastOnly && row < count - 1 { continue }
      result.removeAll(keepingCapacity: true)
      isResultMade.removeAll(keepingCapacity: true)
      for ((port, index), made) in zip(zip(writer.ports, options.outputs), counts) {
        isResultMade.append(row < made)
        guard row < made else { continue }
        let values = engine.session.unsafeOutput(index, of: program)
        result.append(contentsOf: values[(row * port.width)..<((row + 1) * port.width)])
      }
      resultRow = numbers[count == rows.count ? rows.lowerBound + row : rows.upperBound - 1]
      if !options.isLastOnly { try writeHeldRow() }
    }
  }

  private func writeHeldRow() throws(StreamError) {
    guard resultRow >= 0 else { return }
    let row = resultRow
    resultRow = -1
    let failure: StreamError? = result.withUnsafeBufferPointer { values in
      do throws(StreamError) { try writer.write(row: row, values, isMade: isResultMade) } catch { return error }
      return nil
    }
    if let failure { throw failure }
    hasWritten = true
  }

  private var hasWritten = false

  private func endSequence() throws(StreamError) {
    try writeHeldRow()
    try writer.endSequence(wasEmpty: !hasWritten)
    hasWritten = false
    engine.session.reset()
  }
}
