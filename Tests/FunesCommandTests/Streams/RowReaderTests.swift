// SPDX-License-Identifier: Apache-2.0
// Rows of every form, whole and cut, in one piece and in many.

import Testing

@testable import FunesCommand

@Suite struct RowReaderTests {
  static let pair = [StreamPort(name: "x", width: 2), StreamPort(name: "id", width: 1, classes: 9)]
  static let one = [StreamPort(name: "x", width: 2)]
  static let ids = [StreamPort(name: "id", width: 1, classes: 9)]

  @Test(arguments: [1, 3, 64]) func binaryRowsComeWholeWhateverThePieces(pieceSize: Int) {
    let bytes = littleEndian([1, -2.5]) + [7, 0, 0, 0] + littleEndian([.nan, 0x1p-149]) + [0xFF, 0xFF, 0xFF, 0xFF]
    let found = rows(RowReaderTests.pair, .f32, reader(bytes, pieceSize: pieceSize))
    #expect(found.rows == [bits(1, -2.5) + [7], bits(.nan, 0x1p-149) + [UInt32.max]])
    #expect(found.error == nil)
  }

  @Test func aCutBinaryRowIsAnErrorAfterTheWholeOnes() {
    let bytes = littleEndian([1, 2, 3])
    let found = rows(RowReaderTests.one, .f32, reader(bytes))
    #expect(found.rows == [bits(1, 2)])
    #expect(found.error == .partialRow(row: 1, found: 4, expected: 8))
    let ignored = rows(RowReaderTests.one, .f32, reader(bytes), ignoresPartialRow: true)
    #expect(ignored.rows == [bits(1, 2)])
    #expect(ignored.error == nil)
  }

  @Test func integersAreTakenAsTheyAreAndSamplesAreScaled() {
    let bytes: [UInt8] = [0x00, 0x80, 0xFF, 0x7F]
    #expect(rows(RowReaderTests.one, .i16, reader(bytes)).rows == [bits(-32768, 32767)])
    #expect(rows(RowReaderTests.one, .pcm16, reader(bytes)).rows == [bits(-1, 32767.0 / 32768)])
    #expect(InputFormat.pcm16.obstacle(for: RowReaderTests.ids) != nil)
  }

  @Test(arguments: [1, 7, 4096]) func samplesOfAWAVComeBehindItsHeader(pieceSize: Int) {
    let samples: [Int16] = [-32768, 32767, 16384, 0, 7]
    func read(_ bytes: [UInt8]) -> (rows: [[UInt32]], events: [RowEvent], error: StreamError?) {
      rows(RowReaderTests.one, .wav, reader(bytes, pieceSize: pieceSize), sampleRate: 16_000)
    }
    // What follows the samples is none of them, and a sample that fills no row is dropped.
    let found = read(WAV.bytes(samples) + Array("LIST".utf8) + [4, 0, 0, 0, 1, 2, 3, 4])
    #expect(found.rows == [bits(-1, 32767.0 / 32768), bits(0.5, 0)])
    #expect(found.error == nil)
    // A writer to a pipe does not know how many there will be.
    for length in [0, 0x7FFF_F000, 0xFFFF_FFFF] as [UInt32] {
      let endless = read(WAV.bytes(samples, length: length))
      #expect(endless.rows == found.rows && endless.error == nil)
    }
    // A file that was cut off is said to be, after its rows.
    let cut = read(WAV.bytes(samples, length: 100))
    #expect(cut.rows == found.rows && cut.error == .shortWAV(file: "test", missing: 90))
    let frames = [StreamPort(name: "x", width: 8)]
    let bare = rows(frames, .pcm16, reader(WAV.bytes(samples), pieceSize: pieceSize))
    #expect(bare.rows.isEmpty && bare.error == .unexpectedWAV(file: "test"))
    let silent = read(WAV.bytes([]))
    #expect(silent.rows.isEmpty && silent.error == nil)
    let refused: [([UInt8], String, Int, Int)] = [
      (WAV.bytes(samples, rate: 8_000), "samples a second", 8_000, 16_000),
      (WAV.bytes(samples, format: 3), "format", 3, 1), (WAV.bytes(samples, channels: 2), "channels", 2, 1),
      (WAV.bytes(samples, bits: 24), "bits a sample", 24, 16),
      (WAV.bytes(samples, format: 0xFFFE, more: [0, 0, 16, 0, 4, 0, 0, 0, 3, 0]), "format", 3, 1),
    ]
    for (bytes, what, number, expected) in refused {
      #expect(read(bytes).error == .unsuitableWAV(file: "test", what: what, found: number, expected: expected))
    }
    let extensible = read(WAV.bytes(samples, format: 0xFFFE, more: [0, 0, 16, 0, 4, 0, 0, 0, 1, 0, 0]))
    #expect(extensible.rows == found.rows && extensible.error == nil)
    for count in 0..<WAV.bytes([]).count {
      #expect(read(Array(WAV.bytes([])[..<count])).error == .notAWAV(file: "test"))
    }
    #expect(InputFormat.wav.obstacle(for: RowReaderTests.ids) != nil)
    #expect(InputFormat.wav.obstacle(for: RowReaderTests.pair) != nil)
  }

  @Test(arguments: [1, 5, 64]) func linesTakeCommasBlanksAndEveryEnd(pieceSize: Int) {
    let text = "1,2\r\n 3\t-4.5e-1 \n\n+.5 , 0x\n"
    let found = rows(RowReaderTests.one, .csv, reader(text, pieceSize: pieceSize))
    #expect(found.rows == [bits(1, 2), bits(3, -0.45)])
    #expect(found.error == .notANumber(found: "0x", expected: "a number", at: TextPlace(line: 4, column: 7)))
    #expect(rows(RowReaderTests.one, .csv, reader("7 8")).rows == [bits(7, 8)])
  }

  @Test func aLineOfOtherColumnsIsRefusedWithTheirNumber() {
    #expect(rows(RowReaderTests.one, .csv, reader("1\n")).error == .columnCount(line: 1, found: 1, expected: 2))
    #expect(rows(RowReaderTests.one, .csv, reader("1,2,3\n")).error == .columnCount(line: 1, found: 3, expected: 2))
    #expect(rows(RowReaderTests.one, .csv, reader("1,2,\n")).error == .columnCount(line: 1, found: 3, expected: 2))
    #expect(
      rows(RowReaderTests.one, .csv, reader("1,,2\n")).error
        == .notANumber(found: "", expected: "a number", at: TextPlace(line: 1, column: 3)))
  }

  @Test func idsInLinesAreWholeNumbers() {
    let found = rows(RowReaderTests.pair, .csv, reader("1,2,3\n1,2,3.5\n"))
    #expect(found.rows == [bits(1, 2) + [3]])
    #expect(found.error == .notANumber(found: "3.5", expected: "a whole number", at: TextPlace(line: 2, column: 5)))
  }

  @Test(arguments: [1, 64]) func idsArePartedByBlanksAndLineEnds(pieceSize: Int) {
    let found = rows(RowReaderTests.ids, .ids, reader("1 22\r\n\n-3 0004", pieceSize: pieceSize))
    #expect(found.rows == [[1], [22], [UInt32(bitPattern: -3)], [4]])
    #expect(found.error == nil)
    let wrong = rows(RowReaderTests.ids, .ids, reader("1\n2 x9\n"))
    #expect(wrong.error == .notANumber(found: "x9", expected: "a whole number", at: TextPlace(line: 2, column: 3)))
    let pairs = [StreamPort(name: "id", width: 2, classes: 9)]
    #expect(rows(pairs, .ids, reader("1 2 3")).error == .partialIDs(row: 1, found: 1, expected: 2))
  }

  @Test func objectsGiveInputsByName() {
    let text = #"{"id":3,"x":[0.5,[1]]}"# + "\r\n\n" + #"{"x":[1,2]}"# + "\n"
    let found = rows(RowReaderTests.pair, .jsonl, reader(text))
    #expect(found.rows == [bits(0.5, 1) + [3]])
    #expect(found.error == .jsonMember(line: 3, missing: "id", unexpected: nil))
    let cases: [(String, StreamError)] = [
      (#"{"x":[1],"id":3}"#, .jsonCount(line: 1, input: "x", found: 1, expected: 2)),
      (#"{"x":[1,2],"id":3.5}"#, .jsonKind(line: 1, input: "id", found: "a number", expected: "whole numbers")),
      (#"{"x":[1,"2"],"id":3}"#, .jsonKind(line: 1, input: "x", found: "a string", expected: "numbers")),
      (#"{"x":[1,2],"id":3,"y":0}"#, .jsonMember(line: 1, missing: nil, unexpected: "y")),
      ("[1]", .json(line: 1, reason: "found an array, expected an object of the model's inputs")),
    ]
    for (line, error) in cases { #expect(rows(RowReaderTests.pair, .jsonl, reader(line)).error == error) }
  }

  @Test func anErrorOfOneRowLeavesTheNextReadable() throws {
    var rowReader = RowReader(layout: RowLayout(RowReaderTests.one), format: .csv, reader: reader("1,2\nx,y\n3,4\n"))
    let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 2)
    defer { words.deallocate() }
    #expect(try rowReader.next(into: words) == .row)
    #expect(throws: StreamError.self) { try rowReader.next(into: words) }
    #expect(try rowReader.next(into: words) == .row)
    #expect(Array(words) == bits(3, 4))
  }

  @Test func aLineWithoutEndIsRefusedBeforeItFillsTheMemory() {
    let found = rows(RowReaderTests.one, .csv, reader([UInt8](repeating: 0x31, count: 100_000), pieceSize: 4096))
    #expect(found.error == .lineTooLong(line: 1, limit: 1 << 16))
  }

  @Test func theWriterIsFlushedBeforeEachWaitAndNotBetween() throws {
    let collected = Collected()
    let writer = collected.writer()
    let bytes = reader(Array("abcdef".utf8), pieceSize: 3, flushing: writer)
    while let byte = try bytes.takeByte() { try writer.write(byte) }
    #expect(collected.pieces.map { String(decoding: $0, as: UTF8.self) } == ["abc", "def"])
  }
}

@Suite struct NumberTextTests {
  private func float(_ text: String) -> Float? { Array(text.utf8).withUnsafeBytes { NumberText.float($0) } }
  private func id(_ text: String) -> Int32? { Array(text.utf8).withUnsafeBytes { NumberText.id($0) } }

  @Test func floatsAreDecimalAndWhole() {
    #expect(float("0.1") == 0.1)
    #expect(float("-1e-3") == -0.001)
    #expect(float("16777217") == 16777216)
    #expect(float("3.4028235e38") == .greatestFiniteMagnitude)
    #expect(float("inf") == .infinity)
    #expect(float("nan")?.isNaN == true)
    for text in ["", "1e39", "0x10", "1_000", "1.2.3", "--1", "e5", "1e", "½", "nan(3)", " 1"] {
      #expect(float(text) == nil, "\(text)")
    }
  }

  @Test func everyFloatReadsBackAsItIsWritten() {
    var numbers = Xoshiro256(seed: 1)
    for _ in 0..<2000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()))
      if value.isFinite { #expect(float(value.description)?.bitPattern == value.bitPattern) }
    }
  }

  @Test func idsFitThirtyTwoBits() {
    #expect(id("2147483647") == .max)
    #expect(id("-2147483648") == .min)
    #expect(id("2147483648") == nil)
    for text in ["", "-", "+", "1.0", "99999999999999999999", "١"] { #expect(id(text) == nil, "\(text)") }
  }
}
