// SPDX-License-Identifier: Apache-2.0
// Text as ids: characters in pieces, broken UTF-8, line ends, lower case, the unknown.

import Funes
import Testing

@testable import FunesCommand

@Suite struct TextDecoderTests {
  static let table = SymbolTable(kind: .characters, symbols: ["<pad>", "a", "ü", "€", "😀", "\n", "i", "\u{307}"])

  private func events(
    _ table: SymbolTable, _ bytes: [UInt8], pieceSize: Int = 1
  ) -> (events: [TextDecoder.Event], errors: [StreamError]) {
    var decoder = TextDecoder(table: table, reader: reader(bytes, pieceSize: pieceSize))
    var events: [TextDecoder.Event] = []
    var errors: [StreamError] = []
    while events.last != .end {
      do throws(StreamError) { events.append(try decoder.next()) } catch { errors.append(error) }
    }
    return (events, errors)
  }

  @Test(arguments: [1, 2, 3, 64]) func charactersMayComeInPieces(pieceSize: Int) {
    let found = events(TextDecoderTests.table, Array("aü€😀\n".utf8), pieceSize: pieceSize)
    #expect(found.events == [.id(1), .id(2), .id(3), .id(4), .id(5), .end])
    #expect(found.errors.isEmpty)
  }

  @Test func brokenUTF8IsNamedByPlaceAndTheRestIsRead() {
    // An overlong form, a surrogate, a character cut by another, one cut by the end.
    let bytes: [UInt8] = [0x61, 0xC0, 0x0A, 0xED, 0xA0, 0x80, 0x61, 0xC3, 0x61, 0xE2, 0x82]
    let found = events(TextDecoderTests.table, bytes)
    #expect(found.events == [.id(1), .id(5), .id(1), .id(1), .end])
    #expect(found.errors.allSatisfy { if case .invalidUTF8 = $0 { true } else { false } })
    #expect(found.errors.first == .invalidUTF8(at: TextPlace(line: 1, column: 2)))
    #expect(found.errors.last == .invalidUTF8(at: TextPlace(line: 2, column: 7)))
  }

  @Test func theUnknownIsRefusedOrHasItsID() {
    let refused = events(TextDecoderTests.table, Array("aé".utf8))
    #expect(refused.errors == [.unknownCharacter("é", at: TextPlace(line: 1, column: 2))])
    let table = SymbolTable(kind: .characters, symbols: ["a"], unknown: 7)
    #expect(events(table, Array("aé".utf8)).events == [.id(0), .id(7), .end])
  }

  @Test func wordsInAngleBracketsAreNotCharacters() {
    let table = SymbolTable(kind: .characters, symbols: ["<s>", "<"], unknown: 9)
    #expect(events(table, Array("<s>".utf8)).events == [.id(1), .id(9), .id(9), .end])
  }

  @Test func lowerCaseMayBeSeveralCharacters() {
    let table = SymbolTable(kind: .characters, symbols: ["a", "i", "\u{307}", "ü"], isLowerCased: true)
    #expect(events(table, Array("Aİ".utf8)).events == [.id(0), .id(1), .id(2), .end])
    #expect(events(table, Array("Üü".utf8)).events == [.id(3), .id(3), .end])
  }

  @Test func aByteOrderMarkIsPassedOverAtTheBeginningAlone() {
    let table = SymbolTable(kind: .characters, symbols: ["a"], unknown: 7)
    #expect(events(table, Array("\u{FEFF}a\u{FEFF}".utf8)).events == [.id(0), .id(7), .end])
    let own = SymbolTable(kind: .characters, symbols: ["a", "\u{FEFF}"])
    #expect(events(own, Array("\u{FEFF}a".utf8)).events == [.id(1), .id(0), .end])
    let lines = SymbolTable(kind: .characters, symbols: ["a"], unknown: 7, isLineSequence: true)
    #expect(events(lines, Array("a\n\u{FEFF}a".utf8)).events == [.id(0), .endOfLine, .id(7), .id(0), .end])
  }

  @Test func linesAreSequencesWhereTheTableSaysSo() {
    let table = SymbolTable(kind: .characters, symbols: ["a"], isLineSequence: true)
    #expect(events(table, Array("a\r\n\na".utf8)).events == [.id(0), .endOfLine, .endOfLine, .id(0), .end])
    let bytes = SymbolTable(kind: .bytes, symbols: [])
    #expect(events(bytes, [0xFF, 0x0A]).events == [.id(255), .id(10), .end])
  }

  @Test func everyScalarDecodesAndEverythingElseIsRefused() {
    for value in stride(from: UInt32(0), through: 0x10FFFF, by: 61) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var decoder = UTF8Decoder()
      let results = String(Character(scalar)).utf8.map { decoder.push($0) }
      #expect(results.last == .scalar(scalar))
      #expect(results.dropLast().allSatisfy { $0 == .more })
    }
    for bytes: [UInt8] in [[0x80], [0xC1, 0x80], [0xE0, 0x9F], [0xF0, 0x8F], [0xF4, 0x90], [0xF5], [0xED, 0xA0]] {
      var decoder = UTF8Decoder()
      let results = bytes.map { decoder.push($0) }
      if case .invalid = results.last { continue }
      Issue.record("\(bytes) was taken: \(results)")
    }
  }
}

@Suite struct PieceDecodingTests {
  private static let vocabulary = PieceVocabulary(
    symbols: ["<unk>", "<s>", " ", "a", "b", " a", "ab"], scores: [0, 0, 0, 0, 0, -1, -2], begin: 1)

  private func events(_ text: String, isLineSequence: Bool) throws -> [TextDecoder.Event] {
    let table = SymbolTable(
      kind: .pieces, symbols: Self.vocabulary.symbols, isLowerCased: true, isLineSequence: isLineSequence,
      pieces: Self.vocabulary)
    var decoder = TextDecoder(table: table, reader: reader(Array(text.utf8), pieceSize: 1))
    var events: [TextDecoder.Event] = []
    while events.last != .end { events.append(try decoder.next()) }
    #expect(try decoder.next() == .end)
    return events
  }

  @Test func aTextBeginsOnce() throws {
    #expect(try events("", isLineSequence: false) == [.id(1), .end])
    #expect(try events("Ab", isLineSequence: false) == [.id(1), .id(5), .id(4), .end])
    #expect(throws: StreamError.unknownCharacter("\n", at: TextPlace(line: 1, column: 2))) {
      _ = try events("a\n", isLineSequence: false)
    }
  }

  @Test func eachLineBeginsAnew() throws {
    let line: [TextDecoder.Event] = [.id(1), .id(5), .endOfLine]
    #expect(try events("", isLineSequence: true) == [.end])
    #expect(try events("a\r\na\n", isLineSequence: true) == line + line + [.end])
    #expect(try events("\nba", isLineSequence: true) == [.id(1), .endOfLine, .id(1), .id(2), .id(4), .id(3), .end])
  }
}
