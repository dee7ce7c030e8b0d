// SPDX-License-Identifier: Apache-2.0
// A picture in memory, as its file holds it: whole samples, grey or red, green and blue.

/// A picture of one channel (grey) or three (red, green, blue), lines from the top, samples in 0...maximum.
package struct RasterImage: Equatable, Sendable {
  package var width: Int
  package var height: Int
  /// 1 or 3.
  package var channels: Int
  /// What full brightness is, 1...65,535.
  package var maximum: Int
  /// (height, width, channels)
  package var samples: [UInt16]

  /// Most pixels of a picture: what is decoded takes at most eight bytes of each.
  static let pixelLimit = 1 << 26
  /// Most lines or columns.
  static let extentLimit = 1 << 16

  package init(width: Int, height: Int, channels: Int, maximum: Int, samples: [UInt16]) {
    precondition(samples.count == width * height * channels, "RasterImage: samples do not fill the picture")
    self.width = width
    self.height = height
    self.channels = channels
    self.maximum = maximum
    self.samples = samples
  }

  /// What lies behind pixels that one can see through.
  package enum Background: String, Sendable, CaseIterable { case white, black }

  /// Reads a PNG, PGM or PPM file, told by its first bytes; nil where it is none of them.
  package init?(_ bytes: [UInt8], background: Background = .white) throws(ImageError) {
    if bytes.starts(with: PNGFile.signature) {
      self = try PNGFile(bytes).image(background)
    } else if bytes.count >= 2, bytes[0] == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "7")) ~= bytes[1] {
      self = try PortableMap.image(bytes)
    } else {
      return nil
    }
  }

  /// Refuses extents of nothing and of more pixels than any picture here has.
  static func check(width: Int, height: Int) throws(ImageError) {
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard (1...extentLimit).contains(width), (1...extentLimit).contains(height), !overflow, pixels <= pixelLimit else {
      throw .extent(width: width, height: height, limit: pixelLimit)
    }
  }
}
