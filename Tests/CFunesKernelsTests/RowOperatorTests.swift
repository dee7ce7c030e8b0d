// SPDX-License-Identifier: Apache-2.0
// Operators without weights, against plain Swift.

import CFunesKernels
import Foundation
import Testing

private func oneInput(_ x: [Float], width: Int, outWidth: Int, outRows: Int? = nil) -> (
  funes_op, Memory<Float>, Memory<Float>
) {
  let input = Memory(x)
  let output = Memory((outRows ?? x.count / width) * outWidth)
  var op = funes_op()
  op.input_count = 1
  op.in.0 = rows(input, width: width)
  op.out.0 = rows(output, width: outWidth)
  return (op, input, output)
}

private func numbers(_ count: Int, seed: UInt64 = 1, scale: Float = 1) -> [Float] {
  var random = Seeded(seed)
  return (0..<count).map { _ in random.unit() * scale }
}

@Test func addAndMultiplyTakeOneRowForAll() {
  let (a, b) = (numbers(12), numbers(4, seed: 2))
  var (op, input, output) = oneInput(a, width: 4, outWidth: 4)
  let second = Memory(b)
  op.in.1 = rows(second, width: 4, stride: 0)
  let team = Team(isa: "scalar")
  withExtendedLifetime((input, second)) {
    funes_add(&op, &team.context, 0, 3)
    let sums: [Float] = (0..<12).map { a[$0] + b[$0 % 4] }
    #expect(output.values == sums)
    funes_multiply(&op, &team.context, 1, 1)
    let products: [Float] = (4..<8).map { a[$0] * b[$0 % 4] }
    #expect(Array(output.values[4..<8]) == products)
  }
}

@Test func concatAndSliceWorkInEachLane() {
  let (a, b) = (numbers(12), numbers(6, seed: 2))
  var (op, input, output) = oneInput(a, width: 6, outWidth: 9)
  let second = Memory(b)
  op.input_count = 2
  op.in.1 = rows(second, width: 3)
  op.number.0 = 3
  let team = Team(isa: "scalar")
  withExtendedLifetime((input, second)) { funes_concat(&op, &team.context, 0, 2) }
  var expected: [Float] = []
  var seconds: [Float] = []
  for lane in 0..<6 {
    expected += [a[lane * 2], a[lane * 2 + 1], b[lane]]
    seconds.append(a[lane * 2 + 1])
  }
  #expect(output.values == expected)
  var (slice, whole, part) = oneInput(expected, width: 9, outWidth: 3)
  (slice.number.0, slice.number.1, slice.number.2) = (3, 1, 1)
  withExtendedLifetime(whole) { funes_slice(&slice, &team.context, 0, 2) }
  #expect(part.values == seconds)
}

@Test func oneHotIsOneAtItsId() {
  var ids: [Int32] = [2, 0, 3, -1]
  let output = Memory(12)
  let team = Team(isa: "scalar")
  var op = funes_op()
  op.out.0 = rows(output, width: 6)
  op.number.0 = 3
  ids.withUnsafeMutableBytes {
    op.in.0 = funes_rows(base: $0.bindMemory(to: Float.self).baseAddress, width: 2, stride: 2)
    funes_one_hot(&op, &team.context, 0, 2)
  }
  #expect(output.values == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
}

@Test func softmaxAndItsKinAgreeWithDoubleAndAcrossISAs() {
  for width in [1, 2, 7, 16, 17, 33, 100, 1000] {
    let x = numbers(4 * width, seed: UInt64(width), scale: 20)
    for (name, function) in [
      ("softmax", funes_softmax), ("log-softmax", funes_log_softmax), ("l2", funes_l2_normalize),
    ] {
      var definition: [UInt32]?
      for isa in availableISAs {
        var (op, input, output) = oneInput(x, width: 2 * width, outWidth: 2 * width)
        op.number.0 = 2
        let team = Team(isa: isa)
        withExtendedLifetime(input) { function(&op, &team.context, 0, 2) }
        definition = definition ?? bits(output.values)
        #expect(bits(output.values) == definition, "\(name), \(isa), \(width)")
        for lane in 0..<4 {
          let v = x[lane * width..<(lane + 1) * width].map { Double($0) }
          let m = v.max()!
          let sum = v.reduce(0) { $0 + exp($1 - m) }
          let norm = max(sqrt(v.reduce(0) { $0 + $1 * $1 }), 1e-12)
          let expected: [Double] = v.map { value in
            if name == "softmax" { return exp(value - m) / sum }
            return name == "l2" ? value / norm : value - m - log(sum)
          }
          // Inputs differ from their maximum by at most 40, each difference rounded once.
          let limit = name == "log-softmax" ? 8e-6 : 4e-6
          let found = Array(output.values[lane * width..<(lane + 1) * width])
          #expect(largestDifference(found, expected).error <= limit, "\(name), \(isa), \(width)")
        }
      }
    }
  }
}

@Test func softmaxOfHostileRowsIsTheSameEverywhere() {
  let rowsOfThree: [Float] = [
    -.infinity, -.infinity, -.infinity, .nan, 1, 2, .infinity, 0, 0, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, 0,
  ]
  var definition: [UInt32]?
  for isa in availableISAs {
    var (op, input, output) = oneInput(rowsOfThree, width: 3, outWidth: 3)
    op.number.0 = 1
    let team = Team(isa: isa)
    var found: [UInt32] = []
    for function in [funes_softmax, funes_log_softmax, funes_l2_normalize] {
      withExtendedLifetime(input) { function(&op, &team.context, 0, 4) }
      found += bits(output.values)
    }
    definition = definition ?? found
    #expect(found == definition, "\(isa)")
  }
  var (op, input, output) = oneInput(rowsOfThree, width: 3, outWidth: 3)
  op.number.0 = 1
  let team = Team(isa: "scalar")
  withExtendedLifetime(input) { funes_softmax(&op, &team.context, 0, 4) }
  #expect(Array(output.values[0..<3]) == [0, 0, 0])
  #expect(output.values[3] == 0)
  #expect(abs(output.values[4] + output.values[5] - 1) < 1e-6)
  #expect(Array(output.values[9...]) == [1, 0, 0])
}

@Test func copyAndLastAndActivateReadTheirRows() {
  let x = numbers(10)
  var (op, input, output) = oneInput(x, width: 2, outWidth: 2)
  let team = Team(isa: "scalar")
  withExtendedLifetime(input) {
    funes_copy(&op, &team.context, 2, 2)
    #expect(output.values == [0, 0, 0, 0] + x[4..<8] + [0, 0])
    funes_last(&op, &team.context, 1, 3)
    #expect(Array(output.values[0..<2]) == Array(x[6..<8]))
    op.number.0 = Int32(FUNES_RELU.rawValue)
    funes_activate(&op, &team.context, 0, 5)
    #expect(output.values == x.map { max(0, $0) })
  }
}

@Test func meanIsOfAllRowsSinceReset() {
  let x = numbers(30)
  let (mean, seen) = (Memory(3), Memory<UInt32>(1, zero: 0))
  var (op, input, output) = oneInput(x, width: 3, outWidth: 3)
  op.state.0 = mean.base
  op.state.1 = UnsafeMutableRawPointer(seen.base).assumingMemoryBound(to: Float.self)
  let team = Team(isa: "scalar")
  withExtendedLifetime(input) {
    funes_mean(&op, &team.context, 0, 4)
    funes_mean(&op, &team.context, 4, 6)
  }
  for row in 0..<10 {
    for col in 0..<3 {
      let expected = (0...row).reduce(0.0) { $0 + Double(x[$1 * 3 + col]) } / Double(row + 1)
      #expect(abs(Double(output.base[row * 3 + col]) - expected) < 1e-6)
    }
  }
  #expect(seen.base[0] == 10)
  seen.base[0] = .max
  input.base[0] = .nan
  withExtendedLifetime(input) { funes_mean(&op, &team.context, 0, 1) }
  #expect(seen.base[0] == 1 << 24)
  #expect(areFinite(mean.values))
}

@Test(arguments: [(1, 1), (2, 1), (3, 1), (3, 2), (2, 5), (4, 3)])
func aWindowHoldsTheLastRows(taps: Int, apart: Int) {
  let x = numbers(40, seed: 4)
  let ring = Memory((taps - 1) * apart * 2)
  let position = Memory<UInt32>(1, zero: 0)
  var (op, input, output) = oneInput(x, width: 2, outWidth: taps * 2)
  (op.number.0, op.number.1) = (Int32(taps), Int32(apart))
  op.state.0 = ring.base
  op.state.1 = UnsafeMutableRawPointer(position.base).assumingMemoryBound(to: Float.self)
  let team = Team(isa: "scalar")
  withExtendedLifetime(input) {
    funes_window(&op, &team.context, 0, 13)
    funes_window(&op, &team.context, 13, 7)
  }
  var expected: [Float] = []
  for row in 0..<20 {
    for tap in 0..<taps {
      let past = row - (taps - 1 - tap) * apart
      expected += past < 0 ? [0, 0] : [x[past * 2], x[past * 2 + 1]]
    }
  }
  #expect(output.values == expected)
}

@Test func subsamplingKeepsItsPhaseAcrossCalls() {
  let x = numbers(14, seed: 5)
  for every in 1...4 {
    let phase = Memory<UInt32>(1, zero: 0)
    var kept: [Float] = []
    var begin = 0
    for count in [1, 5, 1, 0, 7] {
      var (op, input, output) = oneInput(Array(x[begin..<begin + count]), width: 1, outWidth: 1)
      op.number.0 = Int32(every)
      op.state.0 = UnsafeMutableRawPointer(phase.base).assumingMemoryBound(to: Float.self)
      let team = Team(isa: "scalar")
      let written = withExtendedLifetime(input) { funes_subsample(&op, &team.context, Int32(count)) }
      kept += output.values.prefix(Int(written))
      begin += count
    }
    #expect(kept == stride(from: 0, to: 14, by: every).map { x[$0] })
  }
}

@Test func aStateIsReadBeforeAndWrittenAfterAndNeverAbsurd() {
  let x: [Float] = [1, 2, 3, .nan, .infinity, -1e30]
  let state = Memory([7, 8, 9])
  var (op, input, output) = oneInput(x, width: 3, outWidth: 3)
  op.state.0 = state.base
  let team = Team(isa: "scalar")
  withExtendedLifetime(input) {
    funes_state_read(&op, &team.context, 1, 1)
    #expect(output.values == [0, 0, 0, 7, 8, 9])
    funes_state_write(&op, &team.context, 0, 1)
    #expect(state.values == [1, 2, 3])
    funes_state_write(&op, &team.context, 0, 2)
    let limit = Float(sign: .plus, exponent: 50, significand: 1)
    #expect(state.values == [0, limit, -limit])
  }
}
