// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine and in every version: a seed names one sequence for good.

import Funes

/// xoshiro256**: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021; seeded by
/// SplitMix64 as its authors advise.
struct Xoshiro256 {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  init(seed: UInt64) {
    var seeds = SplitMix64(seed: seed)
    state = (seeds.next(), seeds.next(), seeds.next(), seeds.next())
  }

  mutating func next() -> UInt64 {
    let result = Xoshiro256.rotate(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = Xoshiro256.rotate(state.3, by: 45)
    return result
  }

  /// A number in 0 ..< 1, a multiple of 2^−24.
  mutating func nextFraction() -> Float { Float(next() >> 40) * 0x1p-24 }

  private static func rotate(_ value: UInt64, by count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
