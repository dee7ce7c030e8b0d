// SPDX-License-Identifier: Apache-2.0
// Tokenizers by hand-made rules: cutting, merging, words, scores, added tokens, decoding in parts, time and memory.
// That they give the ids of Hugging Face's `tokenizers` is held by the fixtures beside the readers and by
// tools/check_tokenizers.

import Testing

@testable import Funes

@Suite struct TokenizerTests {
  /// GPT-2's alphabet, then the given symbols and the merges that spell them.
  static func bytes(_ merges: [(String, String)], _ splitting: SplittingStep = .gpt2) -> TokenizerRules {
    let alphabet = ByteSymbols.characters.map(String.init)
    let symbols = alphabet + merges.map { $0.0 + $0.1 }
    var rules = TokenizerRules(method: .merges, symbols: symbols)
    func id(_ symbol: String) -> Int32 { Int32(symbols.firstIndex { $0.utf8.elementsEqual(symbol.utf8) } ?? 0) }
    rules.merges = merges.map { TokenizerRules.Merge(left: id($0.0), right: id($0.1)) }
    rules.hasByteSymbols = true
    rules.splitting = [splitting]
    rules.decoding = .bytes
    return rules
  }

  static func unigram(_ symbols: [(String, Double)], unknown: Int? = 0) -> TokenizerRules {
    var rules = TokenizerRules(method: .unigram, symbols: symbols.map(\.0), unknown: unknown)
    rules.scores = symbols.map(\.1)
    rules.fusesUnknown = true
    rules.splitting = [.metaspaceAlwaysSplit]
    rules.decoding = .metaspace
    return rules
  }

  private func words(_ text: String, _ step: SplittingStep) -> [String] {
    TextSplitter([step], addsPrefixSpace: false).words(Array(text.unicodeScalars), isFirst: true, isContinued: false)
      .map {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: $0)
        return String(view)
      }
  }

  @Test func eachPatternCutsItsWay() {
    let text = "I'll pay  $1234 now'S\n\n x"
    #expect(words(text, .gpt2) == ["I", "'ll", " pay", " ", " $", "1234", " now", "'", "S", "\n\n", " x"])
    #expect(words(text, .llama3) == ["I", "'ll", " pay", " ", " $", "123", "4", " now", "'S", "\n\n", " x"])
    #expect(words(text, .qwen2) == ["I", "'ll", " pay", " ", " $", "1", "2", "3", "4", " now", "'S", "\n\n", " x"])
    #expect(words("a-b, c", .bert) == ["a", "-", "b", ",", "c"])
    #expect(words(" a  b", .metaspaceFirstSplit) == ["▁a", "▁", "▁b"])
    #expect(words("a b", .metaspaceNever) == ["a▁b"])
    #expect(words("a12", .digits) == ["a", "1", "2"])
  }

  @Test func canonicalFormsAreUnicodes() {
    func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
    #expect(CanonicalForm.decomposed(scalars("\u{1E69}")) == scalars("s\u{323}\u{307}"))
    #expect(CanonicalForm.composed(scalars("s\u{307}\u{323}")) == scalars("\u{1E69}"))
    // A mark of the same class stands between and keeps the later one off.
    #expect(CanonicalForm.composed(scalars("a\u{308}\u{301}")) == scalars("\u{E4}\u{301}"))
    #expect(CanonicalForm.composed(scalars("\u{1112}\u{1161}\u{11AB}")) == scalars("\u{D55C}"))
    #expect(CanonicalForm.decomposed(scalars("\u{D55C}")) == scalars("\u{1112}\u{1161}\u{11AB}"))
    // What may not be composed again, and what is one character for another.
    #expect(CanonicalForm.composed(scalars("\u{958}\u{212B}")) == scalars("\u{915}\u{93C}\u{C5}"))
  }

  @Test func theEarliestMergeComesFirst() {
    let tokenizer = Tokenizer(Self.bytes([("b", "c"), ("a", "b"), ("ab", "c")]))
    #expect(tokenizer.ids(of: "abc").map { $0.map { tokenizer.rules.symbols[Int($0)] } } == ["a", "bc"])
    #expect(tokenizer.ids(of: "abab").map { $0.map { tokenizer.rules.symbols[Int($0)] } } == ["ab", "ab"])
  }

  /// So does `tokenizers` 0.23: with the merges "a b", "b c" and again "a b" the text "abc" is a, bc.
  @Test func ofAMergeThatStandsTwiceTheLastPlaceCounts() {
    let tokenizer = Tokenizer(Self.bytes([("a", "b"), ("b", "c"), ("a", "b")]))
    #expect(tokenizer.ids(of: "abc").map { $0.map { tokenizer.rules.symbols[Int($0)] } } == ["a", "bc"])
  }

  /// Many characters in place of one are tried at each character of a text, so that a token of them is not looked for.
  @Test func anAddedTokenThatBecomesVeryLongIsNotFound() {
    for (count, isFound) in [(512, true), (513, false)] {
      var rules = Self.bytes([])
      rules.symbols.append(String(repeating: "b", count: count))
      rules.added = [.init(id: 256, isNormalized: true)]
      let ids = Tokenizer(rules).ids(of: rules.symbols[256])
      #expect((ids == [256]) == isFound)
    }
  }

  @Test func wordsAreCutFromTheLeft() {
    var rules = TokenizerRules(method: .words, symbols: ["[UNK]", "un", "##aff", "##able", "##a", "a"], unknown: 0)
    rules.splitting = [.bert]
    rules.decoding = .words
    rules.longestWord = 8
    let tokenizer = Tokenizer(rules)
    #expect(tokenizer.ids(of: "unaffable aa una x") == [0, 5, 4, 1, 4, 0])
    #expect(tokenizer.ids(of: "unaffabl") == [0])
    #expect(tokenizer.text(of: [1, 2, 3, 5]) == "unaffable a")
  }

  @Test func theMostProbableCutIsTaken() {
    let tokenizer = Tokenizer(
      Self.unigram([("<unk>", 0), ("▁", -2), ("▁a", -3), ("b", -3), ("ab", -3.5), ("▁ab", -7)]))
    #expect(tokenizer.ids(of: "ab") == [1, 4])
    // Unknowns side by side are one.
    #expect(tokenizer.ids(of: "axyb") == [2, 0, 3])
    #expect(tokenizer.text(of: [2, 3, 2]) == "ab a")
    #expect(Tokenizer(Self.unigram([("▁", -2)], unknown: nil)).ids(of: "x") == nil)
  }

  @Test func aSymbolThatTakesNoPartIsNeverCutTo() {
    let tokenizer = Tokenizer(Self.unigram([("<unk>", 0), ("▁", -2), ("a", -3), ("▁a", TokenizerRules.noPart)]))
    #expect(tokenizer.ids(of: "a") == [1, 2])
  }

  @Test func addedTokensAreFoundBeforeWords() {
    var rules = Self.bytes([("a", "b")])
    rules.symbols += ["<e>", "<e>>", "ab c", "up"]
    let first = 257
    rules.added = [
      .init(id: first, isSpecial: true), .init(id: first + 1, stripsLeft: true, stripsRight: true),
      .init(id: first + 2),
      .init(id: first + 3, isSingleWord: true),
    ]
    let tokenizer = Tokenizer(rules)
    func symbols(_ text: String) -> [String]? { tokenizer.ids(of: text)?.map { tokenizer.rules.symbols[Int($0)] } }
    #expect(symbols("a<e>b") == ["a", "<e>", "b"])
    #expect(symbols("a  <e>> b") == ["a", "<e>>", "b"])
    #expect(symbols("ab c ab d") == ["ab c", "Ġ", "ab", "Ġ", "d"])
    #expect(symbols("up upa") == ["up", "Ġ", "u", "p", "a"])
    #expect(tokenizer.text(of: [97, Int32(first), 98]) == "ab")
  }

  @Test func whatStandsAroundATextIsPutThere() {
    var rules = Self.unigram([("<unk>", 0), ("▁", -2), ("▁a", -3), ("</s>", 0)])
    rules.before = [0]
    rules.after = [3, 3]
    let tokenizer = Tokenizer(rules)
    #expect(tokenizer.ids(of: "a") == [0, 2, 3, 3])
    #expect(tokenizer.ids(of: "") == [0, 3, 3])
    var encoder = TokenEncoder(tokenizer, isContinued: true)
    var ids: [Int32] = []
    #expect(encoder.push(" ", into: &ids))
    #expect(encoder.push("a", into: &ids))
    let isKnown = encoder.finish(into: &ids)
    #expect(isKnown)
    #expect(ids == [2, 3, 3])
  }

  @Test func idsComeAsSoonAsTheyAreCertain() {
    let tokenizer = Tokenizer(Self.bytes([("Ġ", "b")]))
    var encoder = TokenEncoder(tokenizer)
    var ids: [Int32] = []
    for scalar in "a b".unicodeScalars { #expect(encoder.push(scalar, into: &ids)) }
    #expect(ids.count == 1)
    let isKnown = encoder.finish(into: &ids)
    #expect(isKnown)
    #expect(ids.count == 2)
  }

  @Test func noCharacterIsGivenInParts() {
    let tokenizer = Tokenizer(Self.bytes([]))
    let text = "ü€😀"
    guard let ids = tokenizer.ids(of: text) else { return #expect(Bool(false)) }
    var decoder = TokenDecoder(tokenizer)
    #expect(ids.map { decoder.push(Int($0)) } == ["", "ü", "", "", "€", "", "", "", "😀"])
    #expect(decoder.push(Int(ids[0])) == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect([-1, 1 << 40].map { decoder.push($0) } == ["", ""])
  }

  /// One letter over and over, blanks, digits, marks: each linear but for a logarithm.
  @Test(arguments: ["a", " ", "7", "\u{301}", "\n", "-"])
  func timeIsNotQuadratic(_ letter: String) {
    let count = 20_000
    let text = String(repeating: letter, count: count / letter.utf8.count)
    var rules = Self.bytes([("a", "a"), ("aa", "aa"), ("Ġ", "Ġ")], .llama3)
    rules.normalization = [.nfc]
    #expect(Tokenizer(rules).ids(of: text)?.isEmpty == false)
    let unigram = Self.unigram([("<unk>", 0), ("a", -1), ("aa", -3), ("▁", -1), ("▁▁", -1.5), ("7", -1)])
    #expect(Tokenizer(unigram).ids(of: text)?.isEmpty == false)
  }
}
