// SPDX-License-Identifier: Apache-2.0
// Why a tokenizer's files were refused, and the wording of it: where, found, expected; remedy.

import Funes

/// Why a tokenizer was refused.
public enum TokenizerError: Error, Equatable {
  /// A folder has none of the files that hold a tokenizer.
  case noTokenizer(folder: String)
  /// A file cannot be read, or is cut short.
  case file(CheckpointError)
  /// A file's JSON does not follow the grammar.
  case json(file: String, JSONError)
  /// Something in a file is not as it must be; `at` names the place, such as `model.merges[3]`.
  case fault(file: String, at: String, TokenizerFileFault)
}

/// What is wrong at one place of a tokenizer's file.
public enum TokenizerFileFault: Sendable, Equatable {
  /// A normaliser, model, option or pattern that is not known; it is named.
  case unsupported(found: String, expected: String)
  /// A value of another kind than it must be, or none.
  case wrongKind(found: String, expected: String)
  /// A number outside what it may be.
  case outOfRange(found: Int, expected: ClosedRange<Int>)
  /// A score that is not finite, or too large.
  case score(found: Double)
  /// Two symbols are alike, or two have one id.
  case duplicate(symbol: String, id: Int, earlier: Int)
  /// No symbol has this id, though one above has.
  case hole(id: Int)
  /// A symbol is named that the vocabulary does not have.
  case unknownSymbol(String)
  /// A symbol holds a NUL, or more than 4,096 bytes, or is no UTF-8.
  case notText
  /// A file holds more than a model can.
  case tooMany(what: String, found: Int, limit: Int)
  /// Bytes that are no protocol buffer, or a field of another type than the schema says.
  case wire(found: String, expected: String)
  /// A normaliser's compiled map is broken.
  case map(found: String, expected: String)
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noTokenizer(let folder):
      "\(folder): found no tokenizer, expected tokenizer.json, tokenizer.model, spiece.model, source.spm, vocab.json "
        + "with merges.txt, or vocab.txt"
    case .file(let error): "\(error)"
    case .json(let file, let error): "\(file): \(error)"
    case .fault(let file, let at, let fault): at.isEmpty ? "\(file): \(fault)" : "\(file): \(at): \(fault)"
    }
  }
}

extension TokenizerFileFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupported(let found, let expected): "found \(found), which is not known here, expected \(expected)"
    case .wrongKind(let found, let expected): "found \(found), expected \(expected)"
    case .outOfRange(let found, let expected):
      "found \(found), expected \(expected.lowerBound) to \(expected.upperBound)"
    case .score(let found): "found the score \(found), expected a finite one of at most 2^50 in magnitude"
    case .duplicate(let symbol, let id, let earlier):
      "found \(JSONText.quoted(symbol)) as id \(id), expected each symbol and each id once; id \(earlier) has it"
    case .hole(let id): "found no symbol for id \(id), expected one for each id up to the last"
    case .unknownSymbol(let symbol): "found \(JSONText.quoted(symbol)), expected a symbol of the vocabulary"
    case .notText: "found what is no symbol, expected utf-8 of at most 4096 bytes without NUL"
    case .tooMany(let what, let found, let limit): "found \(found) \(what), expected at most \(limit)"
    case .wire(let found, let expected): "found \(found), expected \(expected); is this a SentencePiece model?"
    case .map(let found, let expected): "found \(found) in the compiled map, expected \(expected)"
    }
  }
}
