// SPDX-License-Identifier: Apache-2.0
// Ids to text through a tokenizer, as they come: a character whose bytes come in several symbols is given when whole.

#if !hasFeature(Embedded)
  /// Joins symbols; FORMAT.md, TEXT, has the rule. Special tokens and ids without a symbol are nothing; what is no
  /// UTF-8 becomes U+FFFD.
  public struct TokenDecoder: Sendable {
    private let tokenizer: Tokenizer
    /// No symbol has been written yet.
    private var isAtBegin: Bool
    private var held = HeldBytes()

    /// With `isContinued` the text goes on from an earlier one, so that a blank at its front stays.
    public init(_ tokenizer: Tokenizer, isContinued: Bool = false) {
      self.tokenizer = tokenizer
      isAtBegin = !isContinued
    }

    /// The text that an id completes; empty for special tokens, for parts of characters and for what is no id.
    public mutating func push(_ id: Int) -> String {
      guard tokenizer.rules.symbols.indices.contains(id), !tokenizer.special.contains(id) else { return "" }
      return held.push(bytes(of: tokenizer.rules.symbols[id]))
    }

    /// Ends the text and returns what is left of it; the next id begins another.
    public mutating func finish() -> String {
      isAtBegin = true
      return held.finish()
    }

    private mutating func bytes(of symbol: String) -> [UInt8] {
      let isFirst = isAtBegin
      isAtBegin = false
      switch tokenizer.rules.decoding {
      case .joined: return Array(symbol.utf8)
      case .spaced: return Array((isFirst ? "" : " ").utf8) + Array(symbol.utf8)
      case .bytes: return ByteSymbols.bytes(of: symbol) ?? Array(symbol.utf8)
      case .words, .cleanWords:
        var text = Array(symbol.utf8)
        if !isFirst { text = text.starts(with: Array("##".utf8)) ? Array(text.dropFirst(2)) : Array(" ".utf8) + text }
        return tokenizer.rules.decoding == .cleanWords ? EnglishBlanks.cleaned(text) : text
      case .metaspace: return Self.unmarked(symbol) { isFirst ? [] : [0x20] }
      case .blanks: return Self.unmarked(symbol) { [0x20] }
      case .blanksAndBytes, .strippedBlanksAndBytes:
        let isStripped = isFirst && tokenizer.rules.decoding == .strippedBlanksAndBytes
        if let byte = ByteSymbols.byte(symbol.utf8) { return isStripped && byte == 0x20 ? [] : [byte] }
        let text = Self.unmarked(symbol) { [0x20] }
        return isStripped && text.first == 0x20 ? Array(text.dropFirst()) : text
      }
    }

    private static func unmarked(_ symbol: String, _ blank: () -> [UInt8]) -> [UInt8] {
      symbol.unicodeScalars.flatMap { $0 == TextNormalizer.mark ? blank() : Array(String($0).utf8) }
    }
  }

  /// Bytes that begin a character and wait for its end.
  struct HeldBytes: Sendable {
    /// At most three between two calls.
    private var bytes: [UInt8] = []

    mutating func push(_ more: some Sequence<UInt8>) -> String {
      bytes += more
      let whole = bytes.count - HeldBytes.partByteCount(bytes)
      defer { bytes.removeFirst(whole) }
      return String(decoding: bytes[..<whole], as: UTF8.self)
    }

    mutating func finish() -> String {
      defer { bytes.removeAll() }
      return String(decoding: bytes, as: UTF8.self)
    }

    /// How many bytes at the end begin a character and do not end it.
    private static func partByteCount(_ bytes: [UInt8]) -> Int {
      for count in 1...3 where count <= bytes.count {
        let byte = bytes[bytes.count - count]
        if byte & 0xC0 == 0x80 { continue }
        let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
        return needed > count ? count : 0
      }
      return 0
    }
  }

  /// English has no blank before a mark or a short form.
  private enum EnglishBlanks {
    /// In this order.
    private static let changes: [([UInt8], [UInt8])] = [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
      (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    static func cleaned(_ text: [UInt8]) -> [UInt8] {
      var text = text
      for (from, to) in changes {
        var begin = 0
        while begin + from.count <= text.count {
          if text[begin..<(begin + from.count)].elementsEqual(from) {
            text.replaceSubrange(begin..<(begin + from.count), with: to)
            begin += to.count
          } else {
            begin += 1
          }
        }
      }
      return text
    }
  }
#endif
