// SPDX-License-Identifier: Apache-2.0
// What guards the kernels: checks of input, CRC-32C, the float environment, the choice of an ISA, the team.

import CFunesKernels
import Testing

@Test func theFirstAbsurdNumberIsFound() {
  let limit = Float(sign: .plus, exponent: 50, significand: 1)
  #expect(funes_first_absurd([1, -limit, limit, 0, .leastNonzeroMagnitude], 5) == 5)
  for absurd: Float in [.nan, .infinity, -.infinity, limit.nextUp, -limit.nextUp] {
    for index in 0..<40 {
      var x = [Float](repeating: 1, count: 40)
      x[index] = absurd
      #expect(funes_first_absurd(x, 40) == index, "\(absurd)")
    }
  }
  #expect(funes_first_absurd([.nan], 0) == 0)
}

@Test func absurdNumbersAreReplaced() {
  var x: [Float] = [.nan, .infinity, -.infinity, 5, -5, 0.5, -0.25]
  funes_replace_absurd(&x, 7, -1, 2)
  #expect(x == [0, 0, 0, 2, -1, 0.5, -0.25])
}

@Test func theFirstBadIdIsFound() {
  #expect(funes_first_bad_id([0, 6, 3], 3, 7) == 3)
  #expect(funes_first_bad_id([0, 7, 3], 3, 7) == 1)
  #expect(funes_first_bad_id([0, 1, -1], 3, 7) == 2)
  #expect(funes_first_bad_id([.min], 1, .max) == 0)
}

@Test func crc32cGivesTheKnownValuesOnBothPaths() {
  let known: [([UInt8], UInt32)] = [
    ([], 0), (Array("123456789".utf8), 0xe306_9283), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
    ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), ((0..<32).map { $0 }, 0x46dd_794e),
  ]
  for (bytes, expected) in known {
    #expect(funes_crc32c(0, bytes, bytes.count) == expected)
    #expect(funes_crc32c_portable(0, bytes, bytes.count) == expected)
  }
  var random = Seeded(29)
  let bytes = (0..<300).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  for count in 0..<300 {
    for offset in [0, 1, 5] where offset <= count {
      let part = Array(bytes[offset..<count])
      let whole = funes_crc32c(7, part, part.count)
      #expect(whole == funes_crc32c_portable(7, part, part.count))
      let cut = part.count / 3
      let head = funes_crc32c(7, part, cut)
      #expect(funes_crc32c(head, Array(part[cut...]), part.count - cut) == whole)
    }
  }
}

@Test func anISAIsFoundByNameOnly() {
  #expect(String(cString: funes_isa_name(funes_isa_find("scalar"))) == "scalar")
  #expect(funes_isa_find("") == nil)
  #expect(funes_isa_find("scala") == nil)
  #expect(funes_isa_find("scalars") == nil)
  #expect(String(cString: funes_isa_name(funes_isa_find(nil))) == availableISAs.last)
}

@Test func theFloatEnvironmentIsRestored() {
  let saved = funes_float_environment_enter()
  let tiny = Float.leastNonzeroMagnitude
  #expect(tiny * 2 > 0)
  funes_float_environment_leave(saved)
}

@Test func aTeamIsGranted() {
  #expect(funes_team_warm_up(1) == 1)
  let granted = funes_team_warm_up(2)
  #expect(granted == 1 || granted == 2)
}
