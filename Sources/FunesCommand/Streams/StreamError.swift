// SPDX-License-Identifier: Apache-2.0
// Why a stream of rows ended before its input did, as facts; StreamError+Wording.swift says them in words.

/// A place in a text that is streamed: line and column in bytes, both from 1.
struct TextPlace: Equatable, Sendable {
  var line: Int
  var column: Int
}

/// Why a stream could not be opened, read or written, or what in it is not a row.
enum StreamError: Error, Equatable {
  /// A file cannot be opened for reading; `code` is errno.
  case cannotOpen(file: String, code: Int32)
  /// Reading failed after the file was open.
  case cannotRead(file: String, code: Int32)
  /// A file cannot be made, written or put in its place.
  case cannotWrite(file: String, code: Int32)
  /// Nobody reads the output any more.
  case outputClosed

  /// A file of rows is none that says what it is, nor a text; `option` would say it.
  case unknownSamples(file: String, option: String?)
  /// A file of rows has none.
  case noRows(file: String)
  /// An input does not begin as a WAV does, or ends before its samples.
  case notAWAV(file: String)
  /// The samples of a WAV are of another kind.
  case unsuitableWAV(file: String, what: String, found: Int, expected: Int)
  /// A WAV is given where bare samples are expected.
  case unexpectedWAV(file: String)
  /// A WAV ends before as many bytes of samples as its header says.
  case shortWAV(file: String, missing: Int)
  /// The input ends inside a row of bytes.
  case partialRow(row: Int, found: Int, expected: Int)
  /// A line is longer than any row needs.
  case lineTooLong(line: Int, limit: Int)
  /// A word is not a number that the input takes.
  case notANumber(found: String, expected: String, at: TextPlace)
  /// A line has another number of columns than the inputs together.
  case columnCount(line: Int, found: Int, expected: Int)
  /// The input ends inside a row of several ids.
  case partialIDs(row: Int, found: Int, expected: Int)
  /// Bytes are not UTF-8.
  case invalidUTF8(at: TextPlace)
  /// A character is not in the input's text table, and the table has no id for what it does not know.
  case unknownCharacter(Unicode.Scalar, at: TextPlace)
  /// A line is not a JSON object of the inputs' values; `reason` is the parser's, with the place.
  case json(line: Int, reason: String)
  /// A JSON line lacks an input, or has a member that is none.
  case jsonMember(line: Int, missing: String?, unexpected: String?)
  /// A JSON line gives an input another number of values than it has.
  case jsonCount(line: Int, input: String, found: Int, expected: Int)
  /// A JSON line gives an input something other than numbers, or ids that are not whole.
  case jsonKind(line: Int, input: String, found: String, expected: String)

  /// The model refused a row: a value that is not finite or exceeds 2^50, or an id outside the input's classes.
  case refusedRow(row: Int, input: String, position: Int, found: String, expected: String)

  /// The model refused a row of a stream of lines, as `refusedRow`; lines count from 1.
  case refusedLine(line: Int, input: String, position: Int, found: String, expected: String)
  /// The rows before this one have filled the model's positions or memory, which has room for so many since a reset; in a
  /// stream of lines with the line.
  case full(row: Int, line: Int?, limit: Int)
  /// A source has more ids, the appended one included, than the encoder takes.
  /// `limit` is nil where it is a memory of the model that is full.
  case sourceTooLong(found: Int, limit: Int?)
  /// A prompt has more bytes than are held in memory.
  case promptTooLong(file: String, limit: Int)
  /// A prompt is no text.
  case promptNotUTF8(file: String)
  /// A sentence has more tokens than the model holds.
  case sentenceTooLong(line: Int, found: Int, limit: Int)
  /// A text that is scored, or the sequence of it, counted from 0, has more rows than the model has positions or memory for.
  case textTooLong(sequence: Int?, limit: Int)
  /// A text has no symbol that follows another.
  case nothingToScore(file: String, found: Int)

  /// Outputs that are to stand side by side have different numbers of rows.
  case unequalOutputs(names: [String], rows: [Int])

  /// Whether the rest of the stream can be read although this row cannot.
  var isOfOneRow: Bool {
    switch self {
    case .notANumber, .columnCount, .invalidUTF8, .unknownCharacter, .json, .jsonMember, .jsonCount, .jsonKind,
      .refusedRow, .refusedLine, .sourceTooLong, .sentenceTooLong:
      true
    default: false
    }
  }

  /// Whether its wording begins with a file's name.
  var namesFile: Bool {
    switch self {
    case .cannotOpen, .cannotRead, .cannotWrite, .unknownSamples, .noRows, .notAWAV, .unsuitableWAV, .unexpectedWAV,
      .shortWAV, .promptTooLong, .promptNotUTF8, .nothingToScore:
      true
    default: false
    }
  }
}
