// SPDX-License-Identifier: Apache-2.0
// How many rows a decoder's caches hold: a session's memory is fixed, so it is chosen when the model is converted.

/// The rows that were asked for are none that the model was trained for.
public struct ContextError: Error, Equatable, CustomStringConvertible {
  public var found: Int
  public var expected: ClosedRange<Int>
  public var description: String {
    "--context: found \(found), expected \(expected.lowerBound) to \(expected.upperBound), the rows that the model was trained for"
  }
}

/// The rows that a decoder sees, and what they cost.
struct ContextRows: Sendable, Equatable {
  var rows: Int
  /// Of all caches, in a session.
  var byteCount: Int
  /// Rows that the model was trained for.
  var trainedRows: Int

  /// Caches of a session take at most this many bytes unless a number of rows is asked for.
  static let standardByteLimit = 256 << 20

  /// - Parameters:
  ///   - requested: by `--context`; nil for all trained rows that fit into `standardByteLimit`.
  ///   - bytesPerRow: of keys and values of all layers; layers with a sliding window shorter than all rows take less.
  static func choose(requested: Int?, trainedRows: Int, bytesPerRow: Int) throws(ContextError) -> ContextRows {
    if let requested, !(1...trainedRows).contains(requested) {
      throw ContextError(found: requested, expected: 1...trainedRows)
    }
    let fitting = max(1, standardByteLimit / max(1, bytesPerRow))
    let rows = requested ?? min(trainedRows, fitting)
    let (byteCount, isTooLarge) = rows.multipliedReportingOverflow(by: bytesPerRow)
    guard !isTooLarge else { throw ContextError(found: rows, expected: 1...fitting) }
    return ContextRows(rows: rows, byteCount: byteCount, trainedRows: trainedRows)
  }

  /// A line for people.
  func note(byteCount: Int) -> String {
    let cost = "\(rows) rows of context, \((byteCount + (1 << 20) - 1) >> 20) MiB of caches in a session"
    return rows < trainedRows
      ? "\(cost), of \(trainedRows) rows that the model was trained for; --context chooses" : cost
  }
}
