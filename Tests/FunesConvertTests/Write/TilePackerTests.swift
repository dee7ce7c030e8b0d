// SPDX-License-Identifier: Apache-2.0
// Packed matrices: everything comes back, sums are right, pads are zero.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct TilePackerTests {
  private static let shapes: [(units: Int, cols: Int)] = [
    (1, 1), (3, 4), (15, 5), (16, 8), (17, 3), (31, 33), (32, 16), (33, 70), (70, 7),
  ]

  @Test(arguments: [1, 2, 3, 4])
  func whatIsPackedComesBack(groups: Int) throws {
    var numbers = TestNumbers(seed: UInt64(groups))
    for (units, cols) in Self.shapes {
      for precision in [Precision.default, .fast, .high] {
        let rows = units * groups
        let matrix = try Quantizer(precision).quantize(
          numbers.floats(rows * cols), rows: rows, cols: cols, groups: groups, named: "w")
        var writer = ByteWriter()
        TilePacker.append(matrix, to: &writer)
        let packer = TilePacker(matrix)
        let hasEqualizer = matrix.equalizer != nil
        let planes = matrix.weightPlanes
        #expect(planes == (precision == .high ? 2 : 1))
        #expect(writer.count == packer.byteCount(planes: planes, hasEqualizer: hasEqualizer) && writer.count % 64 == 0)
        let found = writer.bytes.withUnsafeBytes { packer.unpacked($0, planes: planes, hasEqualizer: hasEqualizer) }
        #expect(found.weights == matrix.weights && found.low == matrix.low && found.scales == matrix.scales)
        #expect(found.equalizer == matrix.equalizer)
        checkPads(writer.bytes, matrix)
      }
    }
  }

  /// Every byte that stands for no weight is zero, and each padded row's sum is that of its bytes.
  private func checkPads(_ bytes: [UInt8], _ matrix: QuantizedMatrix) {
    for plane in matrix.planes.indices { checkPads(bytes, matrix, plane: plane) }
  }

  private func checkPads(_ bytes: [UInt8], _ matrix: QuantizedMatrix, plane: Int) {
    let packer = TilePacker(matrix)
    let tiles = bytes[plane * packer.tileByteCount..<(plane + 1) * packer.tileByteCount]
    var isUsed = [Bool](repeating: false, count: packer.tileByteCount)
    var sums = [Int32](repeating: 0, count: packer.paddedRows)
    for row in 0..<matrix.rows {
      for col in 0..<matrix.cols {
        let offset = packer.offset(row: row, col: col)
        #expect(!isUsed[offset], "two weights share a byte")
        isUsed[offset] = true
        sums[packer.paddedRow(row)] += Int32(matrix.planes[plane][row * matrix.cols + col])
      }
    }
    #expect(isUsed.indices.allSatisfy { isUsed[$0] || tiles[tiles.startIndex + $0] == 0 })
    #expect(Set((0..<matrix.rows).map(packer.paddedRow)).count == matrix.rows)
    let first = matrix.weightPlanes * packer.tileByteCount + 4 * (1 + plane) * packer.paddedRows
    for (row, sum) in sums.enumerated() {
      let found = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[first + 4 * row + $1]) << UInt32(8 * $1) }
      #expect(Int32(bitPattern: found) == sum)
    }
  }

  @Test func vectorsFollowThePaddedRowsOfTheirMatrix() throws {
    // Two gates of 18 units: block 0 of gate 0, block 0 of gate 1, then what is left of both.
    let values = (0..<36).map { Float($0 + 1) }
    let constant = Graph.Constant(name: "b", layout: .grouped(groups: 2), values: values)
    let padded = try VectorPacker.padded(constant)
    #expect(padded.count == 64)
    #expect(Array(padded[0..<16]) == Array(values[0..<16]))
    #expect(Array(padded[16..<32]) == Array(values[18..<34]))
    #expect(Array(padded[32..<34]) == Array(values[16..<18]))
    #expect(Array(padded[48..<50]) == Array(values[34..<36]))
    #expect(padded.count { $0 != 0 } == 36)
    let lanes = Graph.Constant(name: "w", layout: .lanes(3), values: Array(values[0..<30]))
    let rows = try VectorPacker.padded(lanes)
    #expect(rows.count == 48 && rows[16] == 11 && rows[10] == 0)
  }
}
