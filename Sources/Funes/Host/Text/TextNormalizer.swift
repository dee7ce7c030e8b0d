// SPDX-License-Identifier: Apache-2.0
// Makes texts alike: the steps of FORMAT.md, TEXT, one after another over all characters of a part.

#if !hasFeature(Embedded)
  struct TextNormalizer: Sendable {
    /// SentencePiece's sign for a blank.
    static let mark: Unicode.Scalar = "\u{2581}"

    private let steps: [NormalizingStep]
    private let map: SymbolIndex
    /// What each entry of the map becomes.
    private let replacements: [[Unicode.Scalar]]

    init(_ steps: [NormalizingStep], map entries: [TokenizerRules.Replacement]) {
      self.steps = steps
      map = SymbolIndex(entries.enumerated().map { (Array($1.from.utf8), Int32($0)) })
      replacements = entries.map { Array($0.to.unicodeScalars) }
    }

    /// Whether the text is left as it is.
    var isIdentity: Bool { steps.isEmpty }

    /// A part of a text; one that goes on from an earlier part keeps its front, where nothing is put or taken away.
    func normalized(_ text: [Unicode.Scalar], isContinued: Bool = false) -> [Unicode.Scalar] {
      var text = text
      for step in steps {
        switch step {
        case .nfc: text = CanonicalForm.composed(text)
        case .nfd: text = CanonicalForm.decomposed(text)
        case .lowercase: text = TextNormalizer.lowercased(text)
        case .stripAccents: text = CanonicalForm.decomposed(text).filter { !ScalarTables.classes($0).contains(.mark) }
        case .clean: text = TextNormalizer.cleaned(text)
        case .spaceChinese: text = TextNormalizer.spaced(text)
        case .stripLeft: if !isContinued { text = Array(text.drop(while: TextNormalizer.isWhiteSpace)) }
        case .stripRight: while let last = text.last, TextNormalizer.isWhiteSpace(last) { text.removeLast() }
        case .map: text = mapped(text)
        case .markBlanks: text = text.map { $0 == " " ? TextNormalizer.mark : $0 }
        case .markManyBlanks: text = TextNormalizer.joined(text, by: TextNormalizer.mark)
        case .joinBlanks: text = TextNormalizer.joined(text, by: " ")
        case .prefixMark: if !isContinued, !text.isEmpty { text.insert(TextNormalizer.mark, at: 0) }
        }
      }
      return text
    }

    static func isWhiteSpace(_ scalar: Unicode.Scalar) -> Bool { ScalarTables.classes(scalar).contains(.whiteSpace) }

    private static func lowercased(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      var result: [Unicode.Scalar] = []
      result.reserveCapacity(text.count)
      for scalar in text {
        if scalar == "\u{130}" {
          result += ["i", "\u{307}"]
        } else if scalar.isASCII {
          result.append((0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar)
        } else {
          result.append(ScalarTables.lowercase(scalar))
        }
      }
      return result
    }

    private static func cleaned(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      text.compactMap { scalar in
        let classes = ScalarTables.classes(scalar)
        return classes.contains(.control) ? nil : classes.contains(.whiteSpace) ? " " : scalar
      }
    }

    private static func spaced(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      guard text.contains(where: isChinese) else { return text }
      return text.flatMap { isChinese($0) ? [" ", $0, " "] : [$0] }
    }

    /// The blocks of unified and compatibility ideographs that BERT counts as Chinese.
    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar.value {
      case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF,
        0xF900...0xFAFF, 0x2F800...0x2FA1F:
        true
      default: false
      }
    }

    /// Two blanks or more become one character.
    private static func joined(_ text: [Unicode.Scalar], by one: Unicode.Scalar) -> [Unicode.Scalar] {
      var result: [Unicode.Scalar] = []
      result.reserveCapacity(text.count)
      var index = 0
      while index < text.count {
        var end = index
        while end < text.count, text[end] == " " { end += 1 }
        if end - index > 1 {
          result.append(one)
          index = end
        } else {
          result.append(text[index])
          index += 1
        }
      }
      return result
    }

    /// Replaces whole grapheme clusters of fewer than six bytes, or else characters, by the shortest entry of the map
    /// that they begin with: so `tokenizers` reads SentencePiece's maps.
    private func mapped(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
      var result: [Unicode.Scalar] = []
      result.reserveCapacity(text.count)
      var view = String.UnicodeScalarView()
      view.append(contentsOf: text)
      for cluster in String(view) {
        let bytes = Array(cluster.utf8)
        if bytes.count < 6, let found = replacement(bytes) {
          result += found
          continue
        }
        for scalar in cluster.unicodeScalars {
          if let found = replacement(Array(String(scalar).utf8)) { result += found } else { result.append(scalar) }
        }
      }
      return result
    }

    private func replacement(_ bytes: [UInt8]) -> [Unicode.Scalar]? {
      var shortest: Int32?
      map.prefixes(of: bytes[...]) { _, id in if shortest == nil { shortest = id } }
      return shortest.map { replacements[Int($0)] }
    }
  }
#endif
