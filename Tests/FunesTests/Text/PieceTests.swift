// SPDX-License-Identifier: Apache-2.0
// Text to ids of pieces and back: merges, ties, bytes, the unknown, characters in parts, long texts.

import Testing

@testable import Funes

@Suite struct PieceTests {
  /// Ids: 0 unknown, 1 begin, 2 blank, 3 a, 4 b, 5 " a", 6 ab, 7 aa, 8 aab, then the bytes of ü and its like.
  static let vocabulary = PieceVocabulary(
    symbols: ["<unk>", "\n<s>\n", " ", "a", "b", " a", "ab", "aa", "aab", "<0xC3>", "<0xBC>", "<0x0A>"],
    scores: [0, 0, 0, 0, 0, -3, -1, -2, -4, 0, 0, 0], unknown: 0, begin: 1)

  private func ids(_ text: String, _ vocabulary: PieceVocabulary = PieceTests.vocabulary) -> [Int32]? {
    PieceEncoder.ids(of: text, vocabulary)
  }

  @Test func theBestScoredPairIsMergedFirst() {
    // Blank a b: "ab" before " a". Blank a a b: "ab", then nothing is left of "aa".
    #expect(ids("ab") == [1, 2, 6])
    #expect(ids("aab") == [1, 5, 6])
    #expect(ids("a") == [1, 5])
    #expect(ids("b a") == [1, 2, 4, 5])
  }

  @Test func theLeftmostOfEqualsIsMerged() {
    // Of three a the left two become one, and the blank stays alone.
    #expect(ids("aaa") == [1, 2, 7, 3])
    #expect(ids("aaaa") == [1, 2, 7, 7])
  }

  @Test func aTextOfNothingIsItsBegin() {
    #expect(ids("") == [1])
    let bare = PieceVocabulary(symbols: [" ", "a"], scores: [0, 0])
    #expect(ids("", bare) == [])
    #expect(ids("a", bare) == [0, 1])
  }

  @Test func whatIsNoPieceBecomesBytesOrUnknownOrIsRefused() {
    #expect(ids("ü") == [1, 2, 9, 10])
    #expect(ids("a\na") == [1, 5, 11, 3])
    #expect(ids("é") == [1, 2, 0])
    #expect(ids("x", PieceVocabulary(symbols: [" ", "a"], scores: [0, 0])) == nil)
  }

  @Test func spellingsOfOneCharacterAreTwoPieces() {
    let vocabulary = PieceVocabulary(symbols: [" ", "é", "e", "\u{301}"], scores: [0, 0, 0, 0])
    #expect(ids("\u{E9}", vocabulary) == [0, 1])
    #expect(ids("e\u{301}", vocabulary) == [0, 2, 3])
  }

  @Test func idsComeAsSoonAsTheyAreCertain() {
    var encoder = PieceEncoder(Self.vocabulary)
    var found: [Int32] = []
    #expect(encoder.push("b", into: &found))
    #expect(found == [1, 2])
    // No piece has a blank after b.
    #expect(encoder.push(" ", into: &found))
    #expect(found == [1, 2, 4])
    encoder.finish(into: &found)
    #expect(found == [1, 2, 4, 2])
  }

  @Test func aTextThatGoesOnHasNoBeginAndNoBlank() {
    var encoder = PieceEncoder(Self.vocabulary, isContinued: true)
    var found: [Int32] = []
    for scalar in "ab".unicodeScalars { #expect(encoder.push(scalar, into: &found)) }
    encoder.finish(into: &found)
    #expect(found == [6])
    #expect(encoder.push("a", into: &found))
    encoder.finish(into: &found)
    #expect(found == [6, 1, 5])
  }

  @Test func timeIsNotQuadratic() {
    let count = 200_000
    let found = ids(String(repeating: "a", count: count))
    #expect(found?.count == 2 + count / 2)
  }

  @Test func piecesAreJoinedWithoutTheFirstBlank() {
    var decoder = PieceDecoder(Self.vocabulary)
    #expect([1, 5, 6, 5].map { decoder.push($0) } == ["", "a", "ab", " a"])
    #expect([1, 5].map { decoder.push($0) } == ["", "a"])
    var continued = PieceDecoder(Self.vocabulary, isContinued: true)
    #expect(continued.push(5) == " a")
    #expect(continued.push(99) == "")
  }

  @Test func noCharacterIsGivenInParts() {
    var decoder = PieceDecoder(Self.vocabulary)
    #expect([3, 9, 10, 3].map { decoder.push($0) } == ["a", "", "ü", "a"])
    // A part that another piece cuts off, and one that the end cuts off.
    #expect([9, 3].map { decoder.push($0) } == ["", "\u{FFFD}a"])
    #expect([10, 9].map { decoder.push($0) } == ["\u{FFFD}", ""])
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.finish() == "")
  }

  @Test func everyCharacterIsWholeAgain() {
    let digits = Array("0123456789ABCDEF")
    let bytes = (0..<256).map { "<0x\(digits[$0 / 16])\(digits[$0 % 16])>" }
    let vocabulary = PieceVocabulary(symbols: bytes, scores: [Float](repeating: 0, count: 256))
    for value in stride(from: UInt32(0), through: 0x10FFFF, by: 97) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var decoder = PieceDecoder(vocabulary, isContinued: true)
      let parts = String(scalar).utf8.map { decoder.push(Int($0)) }
      #expect(parts.last == String(scalar) && parts.dropLast().allSatisfy(\.isEmpty))
    }
  }
}
