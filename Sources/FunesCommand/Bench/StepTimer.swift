// SPDX-License-Identifier: Apache-2.0
// Times steps one by one, or a few at a time where they are shorter than a look at the clock deserves. Nothing is
// allocated between the first sample and the last.

import Funes

struct StepTimer<Steps: TimedSteps & ~Copyable>: ~Copyable {
  /// Below so many nanoseconds a step, several make one sample, which then takes the second figure at least.
  private static var shortest: Double { 2_000 }
  private static var sampleTime: Double { 5_000 }
  private static var mostSamples: Double { 2_000_000 }

  private var steps: Steps

  init(_ steps: consuming Steps) { self.steps = steps }

  /// Runs untimed, chooses how many steps make a sample, and times them.
  mutating func measure(warmUp: Double, seconds: Double) throws -> StepTimes {
    let stepTime = try self.warmUp(seconds: warmUp)
    let stepsPerSample =
      stepTime < Self.shortest ? max(1, Int((Self.sampleTime / max(stepTime, 1)).rounded(.up))) : 1
    let expected = seconds * 1e9 / (stepTime * Double(stepsPerSample))
    var samples = [Int64](repeating: 0, count: Int(min(max(2 * expected, 16), Self.mostSamples)))
    let count = try fill(&samples, stepsPerSample, seconds: seconds)
    return StepTimes(nanoseconds: Array(samples[..<count]), stepsPerSample: stepsPerSample)
  }

  /// The usual time of a step, in nanoseconds.
  private mutating func warmUp(seconds: Double) throws -> Double {
    let begin = Session.nanoseconds()
    let end = begin + Int64(seconds * 1e9)
    var batch = 1
    var shortest = Double.infinity
    var now = begin
    repeat {
      let before = Session.nanoseconds()
      for _ in 0..<batch { try steps.step() }
      now = Session.nanoseconds()
      shortest = min(shortest, Double(now - before) / Double(batch))
      try steps.goBack()
      if now - before < 20_000, batch < 64 { batch *= 2 }
    } while now < end || now - begin < 100_000
    return shortest
  }

  private mutating func fill(_ samples: inout [Int64], _ stepsPerSample: Int, seconds: Double) throws -> Int {
    let end = Session.nanoseconds() + Int64(seconds * 1e9)
    var count = 0
    repeat {
      let before = Session.nanoseconds()
      for _ in 0..<stepsPerSample { try steps.step() }
      let after = Session.nanoseconds()
      samples[count] = after - before
      count += 1
      try steps.goBack()
      if after >= end, count >= 3 { break }
    } while count < samples.count
    return count
  }
}
