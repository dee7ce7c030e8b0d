// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a llama2.c file or its vocabulary, and the wording of it: found, expected; remedy.

/// What is wrong with a llama2.c file.
public enum LlamaFault: Sendable, Equatable {
  /// The file is of a version other than 1; version 2 holds int8 groups.
  case unsupportedVersion(found: Int)
  /// A number of the header is outside what any model has.
  case field(String, found: Int, expected: ClosedRange<Int>)
  /// The width is not divided into heads of even width.
  case heads(found: Int, width: Int)
  /// The heads are not shared evenly among those of keys and values.
  case keyHeads(found: Int, heads: Int)
  /// The file has other than the bytes that its header implies.
  case wrongByteCount(found: Int, expected: Int)
}

/// What is wrong with a vocabulary of llama2.c.
public enum TokenizerFault: Sendable, Equatable {
  /// The longest piece has an absurd number of bytes.
  case longest(found: Int, expected: ClosedRange<Int>)
  /// A piece has no byte, or more than the longest.
  case pieceByteCount(index: Int, found: Int, expected: ClosedRange<Int>)
  /// A score is not finite or exceeds 2^50 in magnitude.
  case score(index: Int, found: Float)
  /// A piece is not UTF-8, or holds a NUL.
  case notText(index: Int)
  /// Two pieces are alike.
  case duplicate(index: Int, earlier: Int)
  /// One of the first three pieces is not the one that llama2.c has there.
  case special(index: Int, found: String, expected: String)
  /// The file goes on after the model's last piece.
  case trailingBytes(count: Int, pieces: Int)
}

extension LlamaFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unsupportedVersion(2):
      "found llama2.c's version 2, int8 groups of its own, expected version 1 or legacy; export the float weights"
    case .unsupportedVersion(let found): "found llama2.c's version \(found), expected version 1 or legacy"
    case .field(let field, let found, let expected):
      "llama2.c's \"\(field)\": found \(found), expected \(expected.lowerBound) to \(expected.upperBound)"
    case .heads(let found, let width):
      "llama2.c's \"n_heads\": found \(found), expected heads that divide the \(width) of \"dim\" into even parts"
    case .keyHeads(let found, let heads):
      "llama2.c's \"n_kv_heads\": found \(found), expected a divisor of the \(heads) heads"
    case .wrongByteCount(let found, let expected):
      "found \(found) bytes, expected the \(expected) that a llama2.c header of these numbers implies; the file may be cut "
        + "short or be no llama2.c file"
    }
  }
}

extension TokenizerFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .longest(let found, let expected):
      "longest piece: found \(found) bytes, expected \(expected.lowerBound) to \(expected.upperBound)"
    case .pieceByteCount(let index, let found, let expected):
      "piece \(index): found \(found) bytes, expected \(expected.lowerBound) to \(expected.upperBound)"
    case .score(let index, let found):
      "piece \(index): found the score \(found), expected a finite one of at most 2^50 in magnitude"
    case .notText(let index): "piece \(index): found what is no text, expected utf-8 without NUL"
    case .duplicate(let index, let earlier): "piece \(index): found piece \(earlier) again, expected each once"
    case .special(let index, let found, let expected):
      "piece \(index): found \"\(found)\", expected \"\(expected)\"; is this the tokenizer of a llama2.c model?"
    case .trailingBytes(let count, let pieces):
      "found \(count) bytes after \(pieces) pieces, expected as many pieces as the model has symbols; give the model's own "
        + "tokenizer"
    }
  }
}
