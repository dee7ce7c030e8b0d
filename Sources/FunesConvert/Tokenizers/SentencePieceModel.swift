// SPDX-License-Identifier: Apache-2.0
// SentencePiece's `tokenizer.model`: a protocol buffer of pieces with scores and types, the trainer's choices and the
// normaliser. Field numbers are those of sentencepiece_model.proto.

import Funes

struct SentencePieceModel {
  enum Kind: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  struct Piece {
    var text = ""
    var score: Float = 0
    var kind = Kind.normal
  }

  let file: String
  var pieces: [Piece] = []
  /// 1 unigram, 2 byte-pair encoding, 3 words, 4 characters.
  var modelType = 1
  var fallsBackToBytes = false
  var unknown = 0
  var begin = 1
  var end = 2
  var map: [UInt8] = []
  var addsDummyPrefix = true
  var removesExtraWhitespaces = true
  var escapesWhitespaces = true
  var treatsWhitespaceAsSuffix = false

  init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
    self.file = file
    var reader = WireReader(bytes[...], file: file)
    while let (field, value) = try reader.next() {
      switch field {
      case 1:
        guard pieces.count < VocabularyBuilder.limit else {
          throw .fault(
            file: file, at: "pieces", .tooMany(what: "pieces", found: pieces.count + 1, limit: VocabularyBuilder.limit))
        }
        try addPiece(WireReader(try reader.slice(value, "pieces[\(pieces.count)]"), file: file))
      case 2: try readTrainer(WireReader(try reader.slice(value, "trainer_spec"), file: file))
      case 3: try readNormalizer(WireReader(try reader.slice(value, "normalizer_spec"), file: file))
      // The self-test, the normaliser of decoding, extensions.
      default: continue
      }
    }
    guard !pieces.isEmpty else { throw .fault(file: file, at: "", .wire(found: "no piece", expected: "one at least")) }
  }

  private mutating func addPiece(_ reader: WireReader) throws(TokenizerError) {
    var reader = reader
    var piece = Piece()
    let name = "pieces[\(pieces.count)]"
    while let (field, value) = try reader.next() {
      switch field {
      case 1: piece.text = try reader.text(value, name)
      case 2: piece.score = try reader.float(value, "\(name).score")
      case 3:
        let type = try reader.integer(value, "\(name).type")
        guard let kind = Kind(rawValue: type) else {
          throw .fault(file: file, at: "\(name).type", .outOfRange(found: type, expected: 1...6))
        }
        piece.kind = kind
      default: continue
      }
    }
    pieces.append(piece)
  }

  private mutating func readTrainer(_ reader: WireReader) throws(TokenizerError) {
    var reader = reader
    while let (field, value) = try reader.next() {
      switch field {
      case 3: modelType = try reader.integer(value, "model_type")
      case 24: treatsWhitespaceAsSuffix = try reader.integer(value, "treat_whitespace_as_suffix") != 0
      case 35: fallsBackToBytes = try reader.integer(value, "byte_fallback") != 0
      case 40: unknown = try reader.integer(value, "unk_id")
      case 41: begin = try reader.integer(value, "bos_id")
      case 42: end = try reader.integer(value, "eos_id")
      default: continue
      }
    }
  }

  private mutating func readNormalizer(_ reader: WireReader) throws(TokenizerError) {
    var reader = reader
    while let (field, value) = try reader.next() {
      switch field {
      case 2: map = Array(try reader.slice(value, "precompiled_charsmap"))
      case 3: addsDummyPrefix = try reader.integer(value, "add_dummy_prefix") != 0
      case 4: removesExtraWhitespaces = try reader.integer(value, "remove_extra_whitespaces") != 0
      case 5: escapesWhitespaces = try reader.integer(value, "escape_whitespaces") != 0
      default: continue
      }
    }
  }

  /// The rules by which `transformers` gives such a model to `tokenizers`: a unigram model as T5's, byte-pair encoding as
  /// Llama's, whose merges are what the pieces' scores say.
  func rules() throws(TokenizerError) -> TokenizerRules {
    guard escapesWhitespaces, !treatsWhitespaceAsSuffix else {
      throw .fault(
        file: file, at: "normalizer_spec",
        .unsupported(found: "blanks that are not put before words as U+2581", expected: "escape_whitespaces alone"))
    }
    var rules = TokenizerRules(method: modelType == 1 ? .unigram : .merges, symbols: pieces.map(\.text))
    guard modelType == 1 || modelType == 2 else {
      throw .fault(
        file: file, at: "trainer_spec.model_type",
        .unsupported(found: "\(modelType)", expected: "1, unigram, or 2, byte-pair encoding"))
    }
    guard pieces.indices.contains(unknown), pieces[unknown].kind == .unknown else {
      throw .fault(file: file, at: "trainer_spec.unk_id", .outOfRange(found: unknown, expected: 0...(pieces.count - 1)))
    }
    var vocabulary = VocabularyBuilder(file: file)
    for (id, piece) in pieces.enumerated() { try vocabulary.add(piece.text, id: id, at: "pieces[\(id)]") }
    rules.unknown = unknown
    rules.fallsBackToBytes = fallsBackToBytes
    rules.fusesUnknown = true
    rules.added = pieces.indices.filter { pieces[$0].kind == .control || pieces[$0].kind == .userDefined }.map {
      TokenizerRules.AddedToken(id: $0, isSpecial: pieces[$0].kind == .control)
    }
    if !map.isEmpty {
      rules.map = try CompiledMap.replacements(map, file: file, at: "normalizer_spec.precompiled_charsmap")
      rules.normalization = [.map]
    }
    if modelType == 1 { readUnigram(into: &rules) } else { readMerges(into: &rules, vocabulary) }
    return rules
  }

  private func readUnigram(into rules: inout TokenizerRules) {
    rules.scores = pieces.map { $0.kind == .unused ? TokenizerRules.noPart : Double($0.score) }
    if removesExtraWhitespaces { rules.normalization += [.stripRight, .markManyBlanks] }
    rules.splitting = [addsDummyPrefix ? .metaspaceAlwaysSplit : .metaspaceNeverSplit]
    rules.decoding = addsDummyPrefix ? .metaspace : .blanks
    if fallsBackToBytes { rules.decoding = addsDummyPrefix ? .strippedBlanksAndBytes : .blanksAndBytes }
  }

  private func readMerges(into rules: inout TokenizerRules, _ vocabulary: VocabularyBuilder) {
    rules.merges = ScoredMerges.merges(rules.symbols, scores: pieces.map(\.score), vocabulary)
    if removesExtraWhitespaces { rules.normalization += [.stripRight, .joinBlanks] }
    if addsDummyPrefix { rules.normalization.append(.prefixMark) }
    rules.normalization.append(.markBlanks)
    rules.decoding = addsDummyPrefix ? .strippedBlanksAndBytes : .blanksAndBytes
  }
}

/// Merges of a vocabulary that has scores in their place: each symbol is made of each two that spell it, the better score
/// first; of equal scores the longer left, then the longer right, then as the symbols stand.
enum ScoredMerges {
  private struct Candidate {
    var merge: TokenizerRules.Merge
    var score: Float
    var left: Int
    var right: Int
  }

  static func merges(
    _ symbols: [String], scores: [Float], _ vocabulary: VocabularyBuilder
  ) -> [TokenizerRules.Merge] {
    var candidates: [Candidate] = []
    for (symbol, score) in zip(symbols, scores) {
      let characters = symbol.unicodeScalars.map { Array(String($0).utf8) }
      let bytes = characters.flatMap { $0 }
      var local: [Candidate] = []
      var cut = 0
      for (count, character) in characters.dropLast().enumerated() {
        cut += character.count
        guard let left = vocabulary.ids[Array(bytes[..<cut])], let right = vocabulary.ids[Array(bytes[cut...])] else {
          continue
        }
        local.append(
          Candidate(
            merge: .init(left: Int32(left), right: Int32(right)), score: score, left: count + 1,
            right: characters.count - count - 1))
      }
      candidates += local.sorted {
        ($0.merge.left, $0.merge.right) < ($1.merge.left, $1.merge.right)
      }
    }
    // Swift's sort keeps equals in order since 5, but does not promise it.
    return candidates.enumerated().sorted { first, second in
      let (a, b) = (first.element, second.element)
      if a.score != b.score { return a.score > b.score }
      if a.left != b.left { return a.left > b.left }
      if a.right != b.right { return a.right > b.right }
      return first.offset < second.offset
    }.map(\.element.merge)
  }
}
