// SPDX-License-Identifier: Apache-2.0
// Factors, constants, positions, pooling and patches, against plain Swift.

import CFunesKernels
import Foundation
import Testing

private func numbers(_ count: Int, seed: UInt64 = 1, scale: Float = 1) -> [Float] {
  var random = Seeded(seed)
  return (0..<count).map { _ in random.unit() * scale }
}

@Suite struct PoolingTests {
  private let team = Team(isa: "scalar")

  @Test func scaleAndConstantAreExact() {
    let x = numbers(12)
    let (input, output, vector) = (Memory(x), Memory(12), Memory(numbers(4, seed: 2)))
    var op = funes_op()
    op.in.0 = rows(input, width: 4)
    op.out.0 = rows(output, width: 4)
    op.number.0 = Int32(bitPattern: Float(-1.7).bitPattern)
    op.vector.0 = UnsafePointer(vector.base)
    withExtendedLifetime((input, vector)) {
      funes_scale(&op, &team.context, 0, 3)
      #expect(output.values == x.map { $0 * -1.7 })
      funes_constant(&op, &team.context, 1, 2)
      #expect(Array(output.values[4...]) == vector.values + vector.values)
    }
  }

  /// Weighted sums by heads, over rows and over lanes, in plain Float in the same order.
  @Test(arguments: [(1, 1, 1), (5, 6, 2), (7, 33, 3), (40, 16, 16)])
  func poolSumsInOrder(count: Int, width: Int, heads: Int) {
    let (x, scores) = (numbers(count * width), numbers(count * heads, seed: 2, scale: 30))
    var expected = [Float](repeating: 0, count: width)
    var mean = expected
    for column in 0..<width {
      let own = (0..<count).map { scores[$0 * heads + column * heads / width] }
      let weights = own.map { funes_exp($0 - own.max()!) }
      for t in 0..<count {
        expected[column] += weights[t] * x[t * width + column]
        mean[column] += x[t * width + column]
      }
      expected[column] /= weights.reduce(0, +)
      mean[column] /= Float(count)
    }
    let (input, weights, output) = (Memory(x), Memory(scores), Memory(width))
    var op = funes_op()
    op.input_count = 2
    op.in.0 = rows(input, width: width)
    op.in.1 = rows(weights, width: heads)
    op.out.0 = rows(output, width: width, stride: 0)
    (op.number.0, op.number.1) = (0, Int32(heads))
    withExtendedLifetime((input, weights)) {
      funes_pool(&op, &team.context, 0, Int32(count))
      #expect(bits(output.values) == bits(expected))
      op.in.0 = rows(input, width: width * count)
      op.in.1 = rows(weights, width: heads * count)
      op.number.0 = Int32(count)
      funes_pool(&op, &team.context, 0, 1)
      #expect(bits(output.values) == bits(expected))
      (op.input_count, op.number.1) = (1, 1)
      funes_pool(&op, &team.context, 0, 1)
      #expect(bits(output.values) == bits(mean))
    }
  }

  @Test func poolIsZeroWhereNoScoreIsANumber() {
    let (input, scores, output) = (Memory(numbers(6)), Memory([-.infinity, -.infinity] as [Float]), Memory(3))
    var op = funes_op()
    op.input_count = 2
    op.in.0 = rows(input, width: 6)
    op.in.1 = rows(scores, width: 2)
    op.out.0 = rows(output, width: 3)
    (op.number.0, op.number.1) = (2, 1)
    withExtendedLifetime((input, scores)) { funes_pool(&op, &team.context, 0, 1) }
    #expect(output.values == [0, 0, 0])
  }

  @Test(arguments: [false, true]) func patchesHoldTheirPixels(isInterleaved: Bool) {
    let (channels, height, width) = (3, 5, 6)
    let x = numbers(2 * channels * height * width)
    let (kernel, stride, padding) = ([3, 2], [2, 1], [1, 0])
    let counts = [(height + 2 - 3) / 2 + 1, (width - 2) / 1 + 1]
    var expected: [Float] = []
    for row in 0..<2 {
      for patch in 0..<(counts[0] * counts[1]) {
        for element in 0..<(channels * 6) {
          let line = patch / counts[1] * stride[0] - padding[0] + element / 2 % kernel[0]
          let column = patch % counts[1] * stride[1] - padding[1] + element % 2
          let place = line * width + column, channel = element / 6
          let index = isInterleaved ? place * channels + channel : channel * height * width + place
          let isInside = line >= 0 && line < height && column < width
          expected.append(isInside ? x[row * channels * height * width + index] : 0)
        }
      }
    }
    let (input, output) = (Memory(x), Memory(expected.count))
    var op = funes_op()
    op.in.0 = rows(input, width: channels * height * width)
    op.out.0 = rows(output, width: expected.count / 2)
    op.number = (
      Int32(channels + (isInterleaved ? 65_536 : 0)), Int32(height), Int32(width), 3 + 2 << 16, 2 + 1 << 16, 1
    )
    withExtendedLifetime(input) { funes_patches(&op, &team.context, 0, 2) }
    #expect(output.values == expected)
  }
}
