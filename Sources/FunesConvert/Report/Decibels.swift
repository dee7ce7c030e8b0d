// SPDX-License-Identifier: Apache-2.0
// Signal-to-noise ratios, for reports only: nothing in a file depends on them.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// 10 log10(signal / error); nil where the error is zero, since there the ratio has no value.
func decibels(signal: Double, error: Double) -> Double? {
  error > 0 ? 10 * log10(signal / error) : nil
}
