// SPDX-License-Identifier: Apache-2.0
// Why a file could not be classified.

import Funes
import FunesConvert

/// A file that is no picture or sequence of the model.
struct ClassifyError: Error, CustomStringConvertible {
  enum Reason: Error {
    case picture(ImageError)
    /// An array that numpy's format does not allow, or of what are no numbers.
    case array(String)
    /// An array of other extents than pictures or rows of the model.
    case shape(found: [Int], expected: [String])
    /// A line that is no row.
    case line(StreamError)
    /// A row whose numbers are no samples.
    case sample(row: Int, found: Float)
    /// More bytes than are read of a file.
    case tooLong(limit: Int)
    /// Nothing in it.
    case empty
    /// The model refused a row.
    case refused(row: Int, Status, limit: Int?)
  }

  var file: String
  var reason: Reason

  var description: String {
    let said =
      switch reason {
      case .picture(let error): "\(error)"
      case .array(let reason): reason
      case .shape(let found, let expected):
        "found an array of (\(found.map(String.init).joined(separator: ", "))), expected \(expected.joined(separator: " or "))"
      case .line(let error): "\(error)"
      case .sample(let row, let found): "row \(row): found \(found), expected samples of 0 to 255"
      case .tooLong(let limit): "found more than \(limit >> 20) MiB, expected at most as many"
      case .empty: "found no row, expected a picture or a sequence"
      case .refused(let row, .cacheFull, let limit):
        "row \(row): found more rows than the model has positions or memory for, expected at most \(limit ?? row)"
      case .refused(let row, _, _):
        "row \(row): found a number that is not finite or above 2^50, expected rows that the model takes"
      }
    return "\"\(file)\": \(said)"
  }
}
