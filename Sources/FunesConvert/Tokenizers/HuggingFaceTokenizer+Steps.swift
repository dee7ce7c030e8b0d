// SPDX-License-Identifier: Apache-2.0
// The normaliser, pre-tokeniser and decoder of `tokenizer.json` as steps that are known here; all else is refused by
// name.

import Funes

extension HuggingFaceTokenizer {
  // MARK: Normalisers

  mutating func normalization(_ node: TokenizerNode) throws(TokenizerError) -> [NormalizingStep] {
    let type = try node.type()
    switch type {
    case "Sequence":
      var steps: [NormalizingStep] = []
      for part in try node.need("normalizers").elements() { steps += try normalization(part) }
      return steps
    case "NFC": return [.nfc]
    case "NFD": return [.nfd]
    case "Lowercase": return [.lowercase]
    case "Strip":
      let left: [NormalizingStep] = try node.flag("strip_left", default: true) ? [.stripLeft] : []
      return left + (try node.flag("strip_right", default: true) ? [.stripRight] : [])
    case "Prepend":
      try node.expect("prepend", "\u{2581}")
      return [.prefixMark]
    case "Replace": return [try replacement(node)]
    case "BertNormalizer": return try bertSteps(node)
    case "Precompiled":
      let text = try node.need("precompiled_charsmap")
      guard let blob = Base64.bytes(of: try text.string()) else { throw text.wrong("base64") }
      guard rules.map.isEmpty else { throw node.error(.unsupported(found: "a second map", expected: "one")) }
      rules.map = try CompiledMap.replacements(Array(blob), file: node.file, at: text.path)
      return [.map]
    default:
      throw node.error(
        .unsupported(
          found: "the normalizer \(JSONText.quoted(type))",
          expected: "NFC, NFD, Lowercase, Strip, Prepend, Replace, BertNormalizer, Precompiled or a Sequence of them"))
    }
  }

  private func bertSteps(_ node: TokenizerNode) throws(TokenizerError) -> [NormalizingStep] {
    try node.only(["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
    let isLower = try node.flag("lowercase", default: true)
    let steps: [(Bool, NormalizingStep)] = [
      (try node.flag("clean_text", default: true), .clean),
      (try node.flag("handle_chinese_chars", default: true), .spaceChinese),
      (try node.flag("strip_accents", default: isLower), .stripAccents), (isLower, .lowercase),
    ]
    return steps.filter(\.0).map(\.1)
  }

  private func replacement(_ node: TokenizerNode) throws(TokenizerError) -> NormalizingStep {
    let pattern = try node.need("pattern")
    let content = try node.need("content").string()
    let (string, regex) = (try pattern.find("String")?.string(), try pattern.find("Regex")?.string())
    switch (string, regex, content) {
    case (" ", nil, "\u{2581}"): return .markBlanks
    case (nil, " {2,}", "\u{2581}"): return .markManyBlanks
    case (nil, " {2,}", " "): return .joinBlanks
    default:
      let found = JSONText.quoted(string ?? regex ?? "")
      throw node.error(
        .unsupported(
          found: "the replacement of \(found) by \(JSONText.quoted(content))",
          expected: "\" \" by \"\u{2581}\", or \" {2,}\" by \"\u{2581}\" or \" \""))
    }
  }

  // MARK: Pre-tokenisers

  private static func pattern(numbers: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + numbers
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
  private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  mutating func readSplitting(_ node: TokenizerNode) throws(TokenizerError) {
    let type = try node.type()
    guard !rules.hasByteSymbols else {
      throw node.error(
        .unsupported(found: "\(JSONText.quoted(type)) after ByteLevel", expected: "ByteLevel as the last"))
    }
    switch type {
    case "Sequence": for part in try node.need("pretokenizers").elements() { try readSplitting(part) }
    case "BertPreTokenizer": rules.splitting.append(.bert)
    case "WhitespaceSplit": rules.splitting.append(.whiteSpace)
    case "Digits":
      guard try node.flag("individual_digits", default: false) else {
        throw node.error(.unsupported(found: "digits in groups", expected: "\"individual_digits\": true"))
      }
      rules.splitting.append(.digits)
    case "Split": try readPattern(node)
    case "Metaspace": rules.splitting.append(try metaspace(node))
    case "ByteLevel": try readByteLevel(node)
    default:
      throw node.error(
        .unsupported(
          found: "the pre-tokenizer \(JSONText.quoted(type))",
          expected: "ByteLevel, Split, BertPreTokenizer, WhitespaceSplit, Digits, Metaspace or a Sequence of them"))
    }
  }

  private mutating func readByteLevel(_ node: TokenizerNode) throws(TokenizerError) {
    try node.only(["type", "add_prefix_space", "trim_offsets", "use_regex"])
    let addsSpace = try node.flag("add_prefix_space", default: true)
    guard rules.method == .merges else {
      throw node.error(.unsupported(found: "ByteLevel with another model", expected: "the model BPE"))
    }
    guard !addsSpace || rules.splitting.isEmpty else {
      throw node.error(
        .unsupported(found: "a blank before each of several words", expected: "\"add_prefix_space\": false"))
    }
    rules.addsPrefixSpace = addsSpace
    if try node.flag("use_regex", default: true) { rules.splitting.append(.gpt2) }
    rules.hasByteSymbols = true
  }

  private mutating func readPattern(_ node: TokenizerNode) throws(TokenizerError) {
    try node.only(["type", "pattern", "behavior", "invert"])
    let pattern = try node.need("pattern")
    let known: [String: SplittingStep] = [
      Self.pattern(numbers: #"\p{N}{1,3}"#): .llama3, Self.pattern(numbers: #"\p{N}"#): .qwen2, Self.gpt2: .gpt2,
    ]
    let text: TokenizerNode
    if let node = pattern.find("Regex") { text = node } else { text = try pattern.need("String") }
    let regex = try text.string()
    guard let step = known[regex] else {
      throw pattern.error(
        .unsupported(found: "the pattern \(JSONText.quoted(regex))", expected: "that of GPT-2, Llama 3 or Qwen2"))
    }
    let (behavior, isInverted) = (try node.need("behavior").string(), try node.flag("invert", default: false))
    // Isolated, or with all that is no match removed, of which these patterns leave nothing.
    guard behavior == "Isolated" && !isInverted || behavior == "Removed" && isInverted else {
      throw node.error(
        .unsupported(found: "the behavior \(JSONText.quoted(behavior)), invert \(isInverted)", expected: "\"Isolated\"")
      )
    }
    rules.splitting.append(step)
  }

  private func metaspace(_ node: TokenizerNode) throws(TokenizerError) -> SplittingStep {
    let (scheme, splits) = try HuggingFaceTokenizer.scheme(node)
    switch scheme {
    case "always": return splits ? .metaspaceAlwaysSplit : .metaspaceAlways
    case "first": return splits ? .metaspaceFirstSplit : .metaspaceFirst
    default: return splits ? .metaspaceNeverSplit : .metaspaceNever
    }
  }

  /// Older files say only whether a blank is put before.
  private static func scheme(_ node: TokenizerNode) throws(TokenizerError) -> (String, Bool) {
    try node.only(["type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"])
    try node.expect("replacement", "\u{2581}")
    let splits = try node.flag("split", default: true)
    guard let scheme = node.find("prepend_scheme") else {
      return (try node.flag("add_prefix_space", default: true) ? "always" : "never", splits)
    }
    let found = try scheme.string()
    guard ["always", "first", "never"].contains(found) else {
      throw scheme.error(.unsupported(found: JSONText.quoted(found), expected: "\"always\", \"first\" or \"never\""))
    }
    return (found, splits)
  }

  // MARK: Decoders

  func decoding(_ node: TokenizerNode?) throws(TokenizerError) -> DecodingStyle {
    guard let node else { return .spaced }
    switch try node.type() {
    case "ByteLevel": return .bytes
    case "Fuse": return .joined
    case "WordPiece":
      try node.expect("prefix", "##")
      return try node.flag("cleanup", default: true) ? .cleanWords : .words
    case "Metaspace": return try HuggingFaceTokenizer.scheme(node).0 == "never" ? .blanks : .metaspace
    default: break
    }
    var names: [String] = []
    let parts = try node.type() == "Sequence" ? try node.need("decoders").elements() : [node]
    for part in parts {
      let type = try part.type()
      switch type {
      case "Replace":
        try part.need("pattern").expect("String", "\u{2581}")
        try part.expect("content", " ")
      case "Strip":
        try part.expect("content", " ")
        guard try part.need("start").integer(0...1) == 1, try part.need("stop").integer(0...0) == 0 else { continue }
      default: break
      }
      names.append(type)
    }
    switch names {
    case ["Replace"], ["Replace", "Fuse"]: return .blanks
    case ["Replace", "ByteFallback", "Fuse"]: return .blanksAndBytes
    case ["Replace", "ByteFallback", "Fuse", "Strip"]: return .strippedBlanksAndBytes
    default:
      throw node.error(
        .unsupported(
          found: "the decoder \(names.joined(separator: ", "))",
          expected: "ByteLevel, WordPiece, Metaspace, Fuse, or Replace, ByteFallback, Fuse and Strip in this order"))
    }
  }
}
