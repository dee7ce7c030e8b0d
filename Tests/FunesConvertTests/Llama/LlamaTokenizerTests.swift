// SPDX-License-Identifier: Apache-2.0
// llama2.c's vocabularies: read, refused where broken, and encoded to the ids of the plain algorithm in Python.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct LlamaTokenizerTests {
  private static let texts = ["a", "b", "ab", " a", "ü", "abü"]
  private static let small = TokenizerFileBuilder(texts, hasBytes: false)

  private func refusal(_ bytes: [UInt8], count: Int = 9) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try LlamaTokenizer(ByteSource(bytes: bytes, name: "t"), count: count)
      return nil
    } catch {
      expectBadDataExit(of: error)
      return error
    }
  }

  private func fault(_ error: CheckpointError?) -> TokenizerFault? {
    if case .tokenizer(_, let fault) = error { fault } else { nil }
  }

  @Test func piecesAndScoresAreThoseOfTheFile() throws {
    let tokenizer = try LlamaTokenizer(ByteSource(bytes: Self.small.bytes, name: "t"), count: 9)
    #expect(tokenizer.symbols == ["<unk>", "\n<s>\n", "\n</s>\n"] + Self.texts)
    #expect(tokenizer.scores == [0, 0, 0, -1, -2, -3, -4, -5, -6])
  }

  @Test func aFileCutAnywhereIsRefused() {
    let file = Self.small.bytes
    for count in 0..<file.count {
      guard case .truncated(let at, let needed, let available) = refusal(Array(file[..<count])) else {
        Issue.record("cut at \(count): not refused as truncated")
        continue
      }
      #expect(needed > available && (at.offset ?? 0) + available == count)
    }
  }

  /// Broken vocabularies of nine pieces and what is wrong with them.
  private static let broken: [(change: @Sendable (inout TokenizerFileBuilder) -> Void, fault: TokenizerFault)] = [
    ({ $0.longest = 0 }, .longest(found: 0, expected: 1...512)),
    ({ $0.longest = -1 }, .longest(found: -1, expected: 1...512)),
    ({ $0.longest = 513 }, .longest(found: 513, expected: 1...512)),
    ({ $0.longest = Int(Int32.max) }, .longest(found: Int(Int32.max), expected: 1...512)),
    ({ $0.longest = 5 }, .pieceByteCount(index: 2, found: 6, expected: 1...5)),
    ({ $0.pieces[4] = [] }, .pieceByteCount(index: 4, found: 0, expected: 1...6)),
    ({ $0.scores[3] = .infinity }, .score(index: 3, found: .infinity)),
    ({ $0.scores[3] = -.infinity }, .score(index: 3, found: -.infinity)),
    ({ $0.scores[8] = -0x1p51 }, .score(index: 8, found: -0x1p51)),
    ({ $0.pieces[5] = [0xFF] }, .notText(index: 5)),
    ({ $0.pieces[5] = [0xC3] }, .notText(index: 5)),
    ({ $0.pieces[5] = [0xED, 0xA0, 0x80] }, .notText(index: 5)),
    ({ $0.pieces[6] = [0x61, 0] }, .notText(index: 6)),
    ({ $0.pieces[6] = $0.pieces[3] }, .duplicate(index: 6, earlier: 3)),
    ({ $0.pieces[0] = [0x75] }, .special(index: 0, found: "u", expected: "<unk>")),
    ({ $0.pieces[1] = [0x75] }, .special(index: 1, found: "u", expected: "<s>")),
    ({ $0.pieces[2] = [0x75] }, .special(index: 2, found: "u", expected: "</s>")),
    ({ $0.pieces.swapAt(1, 2) }, .special(index: 1, found: "\n</s>\n", expected: "<s>")),
    (
      {
        $0.pieces.append([0x78]); $0.scores.append(0)
      }, .trailingBytes(count: 9, pieces: 9)
    ),
  ]

  @Test(arguments: broken.indices) func aBrokenVocabularyIsRefused(index: Int) {
    var builder = Self.small
    Self.broken[index].change(&builder)
    #expect(fault(refusal(builder.bytes)) == Self.broken[index].fault)
  }

  @Test func aScoreThatIsNoNumberIsRefused() {
    var builder = Self.small
    builder.scores[3] = .nan
    guard case .score(index: 3, _) = fault(refusal(builder.bytes)) else {
      Issue.record("taken")
      return
    }
  }

  @Test func aVocabularyOfAnotherModelIsRefused() {
    let file = Self.small.bytes
    let place = CheckpointPlace(file: "t")
    let needed = 4 + 9 * 1_048_576
    #expect(refusal(file, count: 1_048_576) == .truncated(at: place, needed: needed, available: file.count))
    #expect(fault(refusal(file, count: 8)) == .trailingBytes(count: 12, pieces: 8))
    let first = Array(TokenizerFileBuilder([]).bytes.prefix(4 + 8 + 5))
    #expect(fault(refusal(first, count: 1)) == .special(index: 1, found: "", expected: "<s>"))
  }

  @Test func aPieceOfNegativeBytesIsRefused() {
    var file = Self.small.bytes
    file.replaceSubrange(8..<12, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(fault(refusal(file)) == .pieceByteCount(index: 0, found: -1, expected: 1...6))
  }

  // MARK: Against Python

  /// Texts of characters that the vocabulary has and has not, long words and odd blanks.
  private static func texts(_ alphabet: [String], count: Int) -> [String] {
    var numbers = TestNumbers(seed: 3)
    return ["", " ", "  ", "\n", "<s>", "<0x41>"]
      + (0..<count).map { _ in (0..<numbers.below(60)).map { _ in alphabet[numbers.below(alphabet.count)] }.joined() }
  }

  private func expectAgreement(_ file: [UInt8], count: Int, _ texts: [String]) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).bin").path
    try AtomicFile.write(folder, file)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let tokenizer = try LlamaTokenizer(ByteSource(path: folder), count: count)
    let vocabulary = PieceVocabulary(
      symbols: tokenizer.symbols, scores: tokenizer.scores, unknown: LlamaTokenizer.unknown, begin: LlamaTokenizer.begin
    )
    let input = try texts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n" }.joined()
    let output = try #require(Python.run([Python.tool("reference_pieces.py"), folder], input: input))
    let lines = output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int32($0) } }
    #expect(lines.count == texts.count)
    for (text, expected) in zip(texts, lines) {
      #expect(PieceEncoder.ids(of: text, vocabulary) == expected, "\(text)")
      var decoder = PieceDecoder(vocabulary)
      let again = expected.map { decoder.push(Int($0)) }.joined() + decoder.finish()
      #expect(Array(again.utf8) == Array(text.utf8), "\(text)")
    }
  }

  @Test(.enabled(if: Python.isPresent, "no python3"), arguments: [UInt64(1), 2, 3])
  func idsAreThoseOfThePlainAlgorithm(seed: UInt64) throws {
    // Pieces drawn at random, so that merges compete: many begin within others, scores tie.
    var numbers = TestNumbers(seed: seed)
    let alphabet = [" ", "a", "b", "ü", "€", "\u{301}"]
    var pieces = alphabet
    while pieces.count < 120 {
      let piece = pieces[numbers.below(pieces.count)] + pieces[numbers.below(pieces.count)]
      if piece.utf8.count <= 40, !pieces.contains(where: { $0.utf8.elementsEqual(piece.utf8) }) { pieces.append(piece) }
    }
    var builder = TokenizerFileBuilder(pieces)
    for index in 259..<builder.scores.count { builder.scores[index] = -Float(numbers.below(30)) }
    try expectAgreement(
      builder.bytes, count: builder.pieces.count, Self.texts(alphabet + ["a", "b", " ", "😀", "\n"], count: 200))
  }

  @Test(.needsSharedData, .enabled(if: Python.isPresent, "no python3"))
  func storiesAreCutAsThePlainAlgorithmCutsThem() throws {
    let path = try SharedData.path("checkpoints/stories260K/tok512.bin")
    let words = ["Once", " upon", " a", " time", ",", " there", " was", "named", "Lily", ".\n", "  ", "“", "é", "猫"]
    try expectAgreement([UInt8](Data(contentsOf: URL(fileURLWithPath: path))), count: 512, Self.texts(words, count: 60))
  }
}
