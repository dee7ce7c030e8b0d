// SPDX-License-Identifier: Apache-2.0
// Readers and writers over memory, that give and take bytes in pieces as pipes do.

@testable import FunesCommand

/// A reader that gets at most `pieceSize` bytes at a time.
func reader(_ bytes: [UInt8], pieceSize: Int = 7, flushing writer: ByteWriter? = nil, capacity: Int = 16) -> ByteReader
{
  var left = bytes[...]
  return ByteReader(name: "test", flushing: writer, capacity: capacity) {
    (space: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int in
    let count = min(space.count, left.count, pieceSize)
    space.copyBytes(from: left.prefix(count))
    left = left.dropFirst(count)
    return count
  }
}

func reader(_ text: String, pieceSize: Int = 7) -> ByteReader { reader(Array(text.utf8), pieceSize: pieceSize) }

/// What a writer was given, flush by flush.
final class Collected {
  var pieces: [[UInt8]] = []
  var text: String { String(decoding: pieces.joined(), as: UTF8.self) }

  func writer(capacity: Int = 1 << 16) -> ByteWriter {
    ByteWriter(capacity: capacity) { (bytes: UnsafeRawBufferPointer) throws(StreamError) in
      self.pieces.append(Array(bytes))
    }
  }
}

/// Rows that a reader gives until the end or an error.
func rows(
  _ ports: [StreamPort], _ format: InputFormat, _ reader: ByteReader, ignoresPartialRow: Bool = false,
  sampleRate: Int? = nil
) -> (rows: [[UInt32]], events: [RowEvent], error: StreamError?) {
  var rowReader = RowReader(layout: RowLayout(ports), format: format, reader: reader)
  rowReader.ignoresPartialRow = ignoresPartialRow
  rowReader.sampleRate = sampleRate
  let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: rowReader.layout.width)
  defer { words.deallocate() }
  var found: [[UInt32]] = []
  var events: [RowEvent] = []
  while true {
    do throws(StreamError) {
      let event = try rowReader.next(into: words)
      events.append(event)
      if event == .end { return (found, events, nil) }
      if event == .row { found.append(Array(words)) }
    } catch {
      return (found, events, error)
    }
  }
}

func bits(_ values: Float...) -> [UInt32] { values.map(\.bitPattern) }

func littleEndian(_ values: [Float]) -> [UInt8] {
  values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } }
}
