// SPDX-License-Identifier: Apache-2.0
// Why a picture was refused, and what that says.

/// Why a picture could not be read, or not be prepared for a model. Offsets count bytes of the file.
package enum ImageError: Error, Equatable {
  /// The file ends inside what begins at `offset`.
  case truncated(what: String, offset: Int, needed: Int, available: Int)
  /// A rule of the format is broken.
  case broken(what: String, offset: Int, found: String, expected: String)
  /// A part of the format that this reader leaves out.
  case unsupported(what: String, remedy: String)
  /// No pixels, or more than are read.
  case extent(width: Int, height: Int, limit: Int)
  /// The packed pixels are damaged, or are not as many as the picture has.
  case pixelData(expected: Int)
  /// The file claims more bytes of pixels than its packed ones can hold.
  case bomb(packed: Int, claimed: Int)
  /// The picture has another size than the model sees.
  case size(width: Int, height: Int, expectedWidth: Int, expectedHeight: Int)
  /// Metadata of a model that say how a picture is prepared are incomplete or not numbers in range.
  case metadata(key: String, found: String?, expected: String)
}

extension ImageError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let what, let offset, let needed, let available):
      "byte \(offset): found the end of the file in \(what), expected \(counted(needed, "byte")) where "
        + "\(available) \(available == 1 ? "is" : "are")"
    case .broken(let what, let offset, let found, let expected):
      "byte \(offset), \(what): found \(found), expected \(expected)"
    case .unsupported(let what, let remedy): "found \(what), which is not read; \(remedy)"
    case .extent(let width, let height, let limit):
      "found a picture of \(width) × \(height) pixels, expected 1 to 65536 each way and at most \(limit)"
    case .pixelData(let expected): "found pixels that do not unpack, expected \(counted(expected, "byte")) of them"
    case .bomb(let packed, let claimed):
      "found \(counted(packed, "byte")) that claim to unpack to \(claimed), expected at most 1032 times as many"
    case .size(let width, let height, let expectedWidth, let expectedHeight):
      "found a picture of \(width) × \(height) pixels, expected \(expectedWidth) × \(expectedHeight); --resize fits it"
    case .metadata(let key, let found?, let expected):
      "metadata \"\(key)\" of the model: found \"\(found)\", expected \(expected)"
    case .metadata(let key, nil, let expected): "metadata of the model: found no \"\(key)\", expected \(expected)"
    }
  }
}
