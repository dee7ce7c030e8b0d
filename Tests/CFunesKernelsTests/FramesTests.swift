// SPDX-License-Identifier: Apache-2.0
// Frames of an inner axis, against plain Swift, and that nothing outside their rows is touched.

import CFunesKernels
import Testing

/// One way to cut an axis.
struct Cut: Sendable, CustomTestStringConvertible {
  var positions = 7
  var width = 3
  var kernel = 3
  var stride = 1
  var dilation = 1
  var before = 0
  var after = 0
  var edges = FUNES_ZEROS
  var frames: Int { (positions + before + after - (kernel - 1) * dilation - 1) / stride + 1 }
  var testDescription: String {
    "\(positions)x\(width) kernel \(kernel) stride \(stride) dilation \(dilation) padding \(before) \(after) \(edges.rawValue)"
  }

  /// The value `k` of tap `tap` of frame `frame` of one row.
  func value(_ x: ArraySlice<Float>, _ frame: Int, _ tap: Int, _ k: Int) -> Float {
    var at = frame * stride - before + tap * dilation
    if at < 0 || at >= positions {
      switch edges {
      case FUNES_REFLECTED: at = at < 0 ? -at : 2 * positions - 2 - at
      case FUNES_REPLICATED: at = min(max(at, 0), positions - 1)
      default: return 0
      }
    }
    return x[x.startIndex + at * width + k]
  }
}

@Suite struct FramesTests {
  private let team = Team(isa: "scalar")

  static let cuts: [Cut] = [
    Cut(), Cut(width: 1, kernel: 1), Cut(stride: 2), Cut(dilation: 3), Cut(before: 1, after: 1),
    Cut(width: 1, stride: 2, dilation: 2, before: 3, after: 2, edges: FUNES_REFLECTED),
    Cut(before: 6, after: 6, edges: FUNES_REFLECTED), Cut(before: 9, after: 11, edges: FUNES_REPLICATED),
    Cut(before: 9, after: 11), Cut(positions: 1, kernel: 5, dilation: 4, before: 8, after: 8, edges: FUNES_REPLICATED),
    Cut(positions: 576, width: 1, kernel: 256, stride: 128, after: 64, edges: FUNES_REFLECTED),
    Cut(positions: 33, width: 17, kernel: 7, stride: 65_536, before: 2),
    Cut(positions: 65_536, width: 1, kernel: 2, stride: 65_536, dilation: 65_535),
    Cut(positions: 2, width: 1, kernel: 65_536, stride: 65_536, before: 65_535, after: 65_535),
  ]

  @Test(arguments: cuts) func framesHoldTheirPositions(cut: Cut) {
    var random = Seeded(4)
    let rowCount = 2
    let x = (0..<rowCount * cut.positions * cut.width).map { _ in random.unit() }
    let width = cut.frames * cut.kernel * cut.width
    let (input, output) = (Memory(x), Memory(width * rowCount + 1))
    output.fill(7)
    var expected: [Float] = []
    for row in 0..<rowCount {
      let own = x[row * cut.positions * cut.width..<(row + 1) * cut.positions * cut.width]
      for frame in 0..<cut.frames {
        for tap in 0..<cut.kernel { expected += (0..<cut.width).map { cut.value(own, frame, tap, $0) } }
      }
    }
    var op = funes_op()
    op.in.0 = rows(input, width: cut.positions * cut.width)
    op.out.0 = rows(output, width: width)
    op.number = (
      Int32(cut.positions), Int32(cut.kernel), Int32(cut.stride), Int32(cut.dilation),
      Int32(bitPattern: UInt32(cut.before) | UInt32(cut.after) << 16), Int32(cut.edges.rawValue)
    )
    withExtendedLifetime(input) { funes_frames(&op, &team.context, 0, Int32(rowCount)) }
    #expect(bits(output.values) == bits(expected + [7]))
  }
}
