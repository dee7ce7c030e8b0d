// SPDX-License-Identifier: Apache-2.0
// Whether an error grows along a stream: its energy in tenths, beside that of the signal.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The difference of a whole stream, and of each of its parts: tenths, unless said otherwise.
public struct Drift: Sendable, Equatable {
  public private(set) var whole = Difference()
  /// Parts of the stream in order.
  public private(set) var parts: [Difference]
  /// No number was infinite or NaN.
  public private(set) var isFinite = true

  public init(partCount: Int = 10) {
    precondition(partCount >= 2, "Drift: fewer than two parts")
    parts = Array(repeating: Difference(), count: partCount)
  }

  /// Takes up rows of `width` values that stand in one part.
  public mutating func add(expected: [Float], found: [Float], width: Int, part: Int) {
    whole.add(expected: expected, found: found, width: width)
    parts[part].add(expected: expected, found: found, width: width)
    for value in found where !value.isFinite { isFinite = false }
  }

  /// How much the error of the last part is above that of the second, 20 log10(rms / rms) in dB. The first part, in which
  /// states begin, is left out. −∞ where the last has none, 0 where neither has.
  public var growth: Double {
    let (early, late) = (parts[1].rootMeanSquareError, last.rootMeanSquareError)
    if early == late { return 0 }
    return 20 * log10(late / early)
  }

  /// By how much the SNR of the last part is below that of the second, in dB.
  public var loss: Double {
    let (early, late) = (parts[1].snr, last.snr)
    return early == late ? 0 : early - late
  }

  /// The last part.
  public var last: Difference { parts[parts.count - 1] }

  /// Whether the error grows: by more than 6 dB by itself, by more than 3 dB beside the signal, and to more than what
  /// float32 leaves of any number, −120 dB of the whole stream's signal. An error that grows as its signal does, or that
  /// stays while the signal dies away, is no drift.
  public var isGrowing: Bool {
    growth > 6 && loss > 3 && last.rootMeanSquareError > 1e-6 * whole.rootMeanSquareSignal
  }
}
