// SPDX-License-Identifier: Apache-2.0
// PGM and PPM files: what they may look like, and what is refused.

import Testing

@testable import FunesConvert

@Suite struct PortableMapTests {
  private func image(_ text: String, _ binary: [UInt8] = []) throws -> RasterImage? {
    try RasterImage(Array(text.utf8) + binary)
  }

  @Test func theFourSortsAreRead() throws {
    let grey = RasterImage(width: 3, height: 2, channels: 1, maximum: 9, samples: [0, 1, 2, 3, 4, 9])
    #expect(try image("P2\n3 2\n9\n0 1 2\n3 4 9\n") == grey)
    #expect(try image("P2 # a comment\n#another 7\n3\t2 # of numbers\r\n9 0 1 2 3 4 9") == grey)
    #expect(try image("P5 3 2 9 ", [0, 1, 2, 3, 4, 9]) == grey)
    let colour = RasterImage(width: 1, height: 2, channels: 3, maximum: 65_535, samples: [0, 1, 256, 65_535, 2, 3])
    #expect(try image("P3 1 2 65535 0 1 256 65535 2 3\n\n") == colour)
    #expect(try image("P6 1 2 65535\n", [0, 0, 0, 1, 1, 0, 255, 255, 0, 2, 0, 3]) == colour)
    // A blank is a sample where samples begin.
    #expect(try image("P5 1 1 255\n", [10])?.samples == [10])
    for text in ["no picture", "", "P", "P9 1 1 1 1"] { #expect(try image(text) == nil) }
  }

  static let hostile: [(text: String, binary: [UInt8], part: String)] = [
    ("P2", [], "end of the file in width"), ("P2 ", [], "end of the file in width"),
    ("P2 1", [], "end of the file in height"), ("P2 1 1", [], "end of the file in largest sample"),
    ("P23 1 1 0", [], "no blank"), ("P2 x 1 1 0", [], "something else"), ("P2 -1 1 1 0", [], "something else"),
    ("P2 0 1 1 0", [], "0 × 1"), ("P2 1 0 1 0", [], "1 × 0"), ("P2 99999999999 1 1 0", [], "found 99999999999"),
    ("P2 999999999999 1 1 0", [], "something else"), ("P2 65537 1 1 0", [], "65537 × 1"),
    ("P2 65536 65536 1 0", [], "65536 × 65536"), ("P2 1 1 0 0", [], "found 0, expected a number of 1 to 65535"),
    ("P2 1 1 65536 0", [], "found 65536"), ("P2 2 1 9 1", [], "end of the file in samples"),
    ("P2 2 1 9 10 1", [], "found 10, expected a number of 0 to 9"), ("P2 1 1 9 1 2", [], "1 byte after"),
    ("P2 1 1 9 1x", [], "something else"), ("P2 8192 8192 9 1", [], "end of the file in samples"),
    ("P5 8192 8192 9 ", [1], "end of the file in samples"), ("P5 2 1 9 ", [1], "end of the file in samples"),
    ("P5 1 1 9", [], "end of the file in samples"), ("P5 2 1 9 ", [1, 10], "found 10, expected at most 9"),
    ("P5 2 1 9 ", [1, 2, 3], "1 byte after"), ("P6 1 1 256 ", [0, 1, 0, 2, 0], "end of the file in samples"),
    ("P6 1 1 256 ", [0, 1, 0, 2, 1, 1], "found 257"), ("P1 1 1 1", [], "\"P1\" file"), ("P4 1 1 ", [0], "\"P4\" file"),
    ("P7\nWIDTH 1\n", [], "\"P7\" file"),
  ]

  @Test(arguments: hostile) func isRefusedWithItsReason(
    text: String, binary: [UInt8], part: String
  ) {
    do {
      _ = try image(text, binary)
      Issue.record("a picture was read")
    } catch {
      #expect("\(error)".contains(part), "\(error)")
    }
  }
}
