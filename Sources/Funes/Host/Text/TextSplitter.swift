// SPDX-License-Identifier: Apache-2.0
// Cuts a part of a text into words. The patterns are written out: no regular expression ever comes from a file, and
// time is in proportion to the text.

#if !hasFeature(Embedded)
  struct TextSplitter: Sendable {
    typealias Words = [ArraySlice<Unicode.Scalar>]

    private let steps: [SplittingStep]
    private let addsPrefixSpace: Bool

    init(_ steps: [SplittingStep], addsPrefixSpace: Bool) {
      self.steps = steps
      self.addsPrefixSpace = addsPrefixSpace
    }

    /// The words of a part; `isFirst` where the whole text begins with it, `isContinued` where it goes on from an
    /// earlier part, so that nothing is put at its front.
    func words(_ part: [Unicode.Scalar], isFirst: Bool, isContinued: Bool) -> Words {
      var part = part
      if addsPrefixSpace, !isContinued, let first = part.first, first != " " { part.insert(" ", at: 0) }
      var words: Words = part.isEmpty ? [] : [part[...]]
      for step in steps {
        var next: Words = []
        for (index, word) in words.enumerated() {
          // A word other than the first begins somewhere in the text.
          TextSplitter.cut(
            word, step, isFirst: isFirst && index == 0 && word.startIndex == 0, isContinued: isContinued && index == 0,
            into: &next)
        }
        words = next
      }
      return words
    }

    private static func cut(
      _ word: ArraySlice<Unicode.Scalar>, _ step: SplittingStep, isFirst: Bool, isContinued: Bool,
      into words: inout Words
    ) {
      switch step {
      case .gpt2, .llama3, .qwen2:
        var begin = word.startIndex
        while begin < word.endIndex {
          let end = WordPattern(text: word, step: step).end(from: begin)
          words.append(word[begin..<end])
          begin = end
        }
      case .bert:
        atWhiteSpace(word) { part in
          separate(part, into: &words) { ScalarTables.classes($0).contains(.punctuation) }
        }
      case .whiteSpace: atWhiteSpace(word) { words.append($0) }
      case .digits: separate(word, into: &words) { ScalarTables.classes($0).contains(.number) }
      default: markBlanks(word, step, isFirst: isFirst, isContinued: isContinued, into: &words)
      }
    }

    private static func atWhiteSpace(
      _ word: ArraySlice<Unicode.Scalar>, _ body: (ArraySlice<Unicode.Scalar>) -> Void
    ) {
      for part in word.split(whereSeparator: TextNormalizer.isWhiteSpace) { body(part) }
    }

    /// Each character that is asked for becomes a word.
    private static func separate(
      _ word: ArraySlice<Unicode.Scalar>, into words: inout Words, _ isAlone: (Unicode.Scalar) -> Bool
    ) {
      var begin = word.startIndex
      for index in word.indices where isAlone(word[index]) {
        if begin < index { words.append(word[begin..<index]) }
        words.append(word[index...index])
        begin = index + 1
      }
      if begin < word.endIndex { words.append(word[begin...]) }
    }

    private static func markBlanks(
      _ word: ArraySlice<Unicode.Scalar>, _ step: SplittingStep, isFirst: Bool, isContinued: Bool,
      into words: inout Words
    ) {
      let mark = TextNormalizer.mark
      var marked = word.map { $0 == " " ? mark : $0 }
      let isPrefixed =
        switch step {
        case .metaspaceAlways, .metaspaceAlwaysSplit: !isContinued
        case .metaspaceFirst, .metaspaceFirstSplit: isFirst
        default: false
        }
      if isPrefixed, marked.first != mark { marked.insert(mark, at: 0) }
      guard [.metaspaceNeverSplit, .metaspaceFirstSplit, .metaspaceAlwaysSplit].contains(step) else {
        return words.append(marked[...])
      }
      var begin = 0
      for index in marked.indices.dropFirst() where marked[index] == mark {
        words.append(marked[begin..<index])
        begin = index
      }
      words.append(marked[begin...])
    }
  }

  /// The patterns of GPT-2, Llama 3 and Qwen2, whose alternatives are tried in order at each place:
  ///
  ///     GPT-2    's|'t|'re|'ve|'m|'ll|'d | ?L+ | ?N+ | ?[^\sLN]+ | \s+(?!\S) | \s+
  ///     Llama 3  the same in any case | [^\r\nLN]?L+ | N{1,3} | ?[^\sLN]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
  ///     Qwen2    as Llama 3, with N alone
  ///
  /// Sources: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", and the tokenizers that the
  /// three were published with.
  private struct WordPattern {
    let text: ArraySlice<Unicode.Scalar>
    let step: SplittingStep

    /// Where the word that begins here ends.
    func end(from begin: Int) -> Int {
      if let end = contraction(begin) { return end }
      return step == .gpt2 ? gpt2(begin) : llama(begin)
    }

    private func gpt2(_ begin: Int) -> Int {
      let start = text[begin] == " " && begin + 1 < text.endIndex && !isSpace(begin + 1) ? begin + 1 : begin
      if isLetter(start) { return run(from: start, isLetter) }
      if isNumber(start) { return run(from: start, isNumber) }
      if !isSpace(start) { return run(from: start, isOther) }
      return spaces(begin)
    }

    private func llama(_ begin: Int) -> Int {
      if isLetter(begin) { return run(from: begin, isLetter) }
      if isNumber(begin) {
        var end = begin + 1
        while end < begin + (step == .llama3 ? 3 : 1), isNumber(end) { end += 1 }
        return end
      }
      if !isLineEnd(begin), isLetter(begin + 1) { return run(from: begin + 1, isLetter) }
      let start = text[begin] == " " && isOther(begin + 1) ? begin + 1 : begin
      if isOther(start) { return run(from: run(from: start, isOther), isLineEnd) }
      // White space up to the last end of a line in it.
      let end = run(from: begin, isSpace)
      if let last = text[begin..<end].lastIndex(where: { $0 == "\n" || $0 == "\r" }) { return last + 1 }
      return spaces(begin)
    }

    /// A run of white space; one that is followed by something leaves its last character to it.
    private func spaces(_ begin: Int) -> Int {
      let end = run(from: begin, isSpace)
      return end < text.endIndex && end - begin > 1 ? end - 1 : end
    }

    private func contraction(_ begin: Int) -> Int? {
      guard text[begin] == "'", begin + 1 < text.endIndex else { return nil }
      switch letter(begin + 1) {
      case "s", "t", "m", "d": return begin + 2
      case "r", "v": return letter(begin + 2) == "e" ? begin + 3 : nil
      case "l": return letter(begin + 2) == "l" ? begin + 3 : nil
      default: return nil
      }
    }

    /// The letter at a place, in lower case where the pattern takes any; the long s is an s.
    private func letter(_ index: Int) -> Unicode.Scalar? {
      guard index < text.endIndex else { return nil }
      let scalar = text[index]
      guard step != .gpt2 else { return scalar }
      if scalar == "\u{17F}" { return "s" }
      return (0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar
    }

    private func run(from begin: Int, _ isIn: (Int) -> Bool) -> Int {
      var end = begin
      while end < text.endIndex, isIn(end) { end += 1 }
      return end
    }

    private func isLetter(_ index: Int) -> Bool { classes(index)?.contains(.letter) ?? false }
    private func isNumber(_ index: Int) -> Bool { classes(index)?.contains(.number) ?? false }
    private func isSpace(_ index: Int) -> Bool { classes(index)?.contains(.whiteSpace) ?? false }
    private func isOther(_ index: Int) -> Bool {
      classes(index)?.isDisjoint(with: [.letter, .number, .whiteSpace]) ?? false
    }
    private func isLineEnd(_ index: Int) -> Bool {
      index < text.endIndex && (text[index] == "\n" || text[index] == "\r")
    }

    private func classes(_ index: Int) -> ScalarTables.Classes? {
      index < text.endIndex ? ScalarTables.classes(text[index]) : nil
    }
  }
#endif
