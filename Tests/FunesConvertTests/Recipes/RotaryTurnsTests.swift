// SPDX-License-Identifier: Apache-2.0
// The angles of rotary positions against the library's power, and their form in the file.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct RotaryTurnsTests {
  @Test(arguments: [(10_000.0, 64), (500_000, 128), (100, 2), (1, 6), (0.001, 8), (0x1p50, 256)])
  func turnsAreExactTo48Bits(base: Double, dimensions: Int) {
    let values = RotaryTurns.values(base: base, dimensions: dimensions)
    #expect(values.count == dimensions)
    for pair in 0..<dimensions / 2 {
      let (first, rest) = (values[pair], values[dimensions / 2 + pair])
      #expect(first >= 0 && first < 1 && rest >= 0 && rest < 0x1p-24)
      let turns = Double(first) + Double(rest)
      #expect((turns * 0x1p48).rounded() == turns * 0x1p48)
      let exact = pow(base, -2 * Double(pair) / Double(dimensions)) / (2 * Double.pi)
      let error = abs(turns - (exact - exact.rounded(.down)))
      // Half a step of 2^-48, and what doubles lose of numbers that large.
      #expect(min(error, 1 - error) <= 0x1p-49 + exact * 0x1p-48, "pair \(pair): \(turns), expected \(exact)")
    }
  }

  @Test(arguments: [1e-30, 0.1, 1, 1.5, 2, 3, 10_000, 500_000, 1e15])
  func logAndExpAreThoseOfTheLibrary(x: Double) {
    #expect(abs(RotaryTurns.log(x) - Foundation.log(x)) <= 4 * Foundation.log(x).ulp)
    let y = -Foundation.log(x)
    #expect(abs(RotaryTurns.exp(y) * x - 1) <= 1e-13)
  }
}
