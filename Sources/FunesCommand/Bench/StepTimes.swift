// SPDX-License-Identifier: Apache-2.0
// The times of many samples, and what is read off them.

/// Times of steps, each sample the mean of as many.
struct StepTimes {
  /// Ascending, of a whole sample.
  let sorted: [Int64]
  let stepsPerSample: Int

  init(nanoseconds: [Int64], stepsPerSample: Int) {
    sorted = nanoseconds.sorted()
    self.stepsPerSample = stepsPerSample
  }

  var stepCount: Int { sorted.count * stepsPerSample }
  var minimum: Double { microseconds(0) }
  var median: Double { quantile(0.5) }
  var stepsPerSecond: Double { Double(stepCount) / (Double(sorted.reduce(0, +)) * 1e-9) }

  /// The least time of a step, in microseconds, that a share of samples does not exceed.
  func quantile(_ share: Double) -> Double {
    microseconds(min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1))
  }

  /// To a tenth of a nanosecond, which is more than the clock knows.
  private func microseconds(_ index: Int) -> Double {
    (Double(sorted[index]) / Double(stepsPerSample) * 10).rounded() / 10_000
  }
}
