// SPDX-License-Identifier: Apache-2.0
// Where numbers stand on an axis, and which of them are written beside it.

import FunesConvert

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An axis from one number to another, along so many pixels.
struct PlotScale {
  let isLogarithmic: Bool
  let low: Double
  let high: Double
  /// Where `low` and `high` stand.
  let begin: Double
  let end: Double
  /// Numbers that have a line and a label.
  let ticks: [Double]

  /// An axis that holds all values, from a tick to a tick; with `fromZero` from zero on, or of a logarithmic axis from 1.
  init(_ axis: PlotAxis, holding values: [Double], fromZero: Bool = false, begin: Double, end: Double) {
    isLogarithmic = axis.isLogarithmic
    self.begin = begin
    self.end = end
    let values = values.filter { $0.isFinite && (!axis.isLogarithmic || $0 > 0) }
    var (least, most) = (values.min() ?? 0, values.max() ?? 1)
    if axis.isLogarithmic {
      if fromZero { least = min(least, 1) }
      (low, high, ticks) = PlotScale.decades(least, max(most, least * 1.001))
      return
    }
    if fromZero { (least, most) = (min(least, 0), max(most, 0)) }
    if most - least < axis.leastSpan {
      let room = (axis.leastSpan - (most - least)) / 2
      (least, most) = (least - room, most + room)
    }
    if most - least < 1e-9 * max(abs(most), 1e-300) {
      let room = max(1, abs(most) * 1e-6)
      (least, most) = (least - room, most + room)
    }
    let step = PlotScale.step(over: most - least)
    let (first, last) = ((least / step).rounded(.down), (most / step).rounded(.up))
    (low, high) = (first * step, last * step)
    ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// 1, 2 or 5 times a power of ten, four to eight of which make up the range.
  private static func step(over range: Double) -> Double {
    let unit = pow(10, (log10(range / 4)).rounded(.down))
    return [5, 2, 1].map { $0 * unit }.first { range / $0 >= 4 } ?? unit
  }

  /// Ticks at 1, 2 and 5 of each power of ten, fewer where there are many powers.
  private static func decades(_ least: Double, _ most: Double) -> (Double, Double, [Double]) {
    let (first, last) = (Int(log10(least).rounded(.down)), Int(log10(most).rounded(.up)))
    let steps: [Double] = last - first > 2 ? [1] : [1, 2, 5]
    let all = (first...max(first, last)).flatMap { power in steps.map { $0 * pow(10, Double(power)) } }
    let begin = all.last { $0 <= least * 1.0001 } ?? least
    let end = all.first { $0 >= most * 0.9999 } ?? most
    return (begin, end, all.filter { $0 >= begin && $0 <= end })
  }

  /// Where a number stands; at an end where it is beyond.
  func place(_ value: Double) -> Double {
    let clamped = min(max(value, low), high)
    let share =
      isLogarithmic ? log(clamped / low) / log(high / low) : (clamped - low) / (high - low)
    return begin + (share.isFinite ? share : 0) * (end - begin)
  }

  /// A tick as it is written: 100, 10k, 0.5.
  static func label(_ value: Double) -> String {
    let magnitude = abs(value)
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e4, "k")] where magnitude >= unit {
      let scaled = name == "k" ? value / 1e3 : value / unit
      return trimmed(scaled) + name
    }
    return trimmed(value)
  }

  private static func trimmed(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e9 { return "\(Int(value))" }
    var text = Decimal.significant(value, digits: 3)
    guard !text.contains("e"), text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
