// SPDX-License-Identifier: Apache-2.0
// The deep check: what is safe to run and still not what a converter writes, in every plane of a matrix.

import FunesConvert
import FunesTestSupport
import Testing

@testable import Funes

@Suite struct VerifierTests {
  /// A plane of the first matrix, a table (4, 6): 2 tiles, and its row sums behind all tiles and 16 scales.
  struct Plane: Sendable, CustomTestStringConvertible {
    var parts: FileParts
    var planes, index: Int
    var tiles: Int { index * 128 }
    var rowSums: Int { planes * 128 + 64 + index * 64 }
    var testDescription: String { "plane \(index) of \(planes)" }

    static let all = [
      Plane(parts: .everyOperator, planes: 1, index: 0), Plane(parts: .everyOperatorWide, planes: 2, index: 0),
      Plane(parts: .everyOperatorWide, planes: 2, index: 1),
    ]

    func verify(_ edit: (inout FileParts) -> Void) throws {
      var parts = parts
      edit(&parts)
      parts.fingerprint = Self.fingerprint(of: parts.bytes)
      let loaded = try LoadedModel(parts.bytes)
      try withExtendedLifetime(loaded) { try loaded.model.verify() }
    }

    private static func fingerprint(of file: [UInt8]) -> [UInt8] {
      let digest = SHA256.digest(of: Array(file[128...]).span)
      return (0..<32).map { digest[$0] }
    }
  }

  @Test(arguments: Plane.all) func whatTheConverterWroteHolds(plane: Plane) throws { try plane.verify { _ in } }

  @Test(arguments: Plane.all) func aForbiddenWeightIsFound(plane: Plane) {
    #expect(throws: VerificationError.weight(constant: "table")) {
      try plane.verify { $0.set(Int8(-128), .data, plane.tiles, 0) }
    }
    // Row 4 is a pad, so is column 6.
    for pad in [4 * 4, 64 + 2] {
      #expect(throws: VerificationError.weight(constant: "table")) {
        try plane.verify { $0.set(Int8(1), .data, plane.tiles + pad, 0) }
      }
    }
  }

  @Test(arguments: Plane.all) func aFalseRowSumIsFound(plane: Plane) {
    let sum = plane.parts.number(Int32.self, .data, plane.rowSums + 4, 0)
    #expect(
      throws: VerificationError.rowSum(constant: "table", row: 1, found: Int(sum) + 1, expected: Int(sum))
    ) {
      try plane.verify { $0.set(sum + 1, .data, plane.rowSums + 4, 0) }
    }
  }

  /// 4,096 weights of 127 allow activations of 4,128 at most; the low plane of 127 in 32,512 is as large.
  @Test(arguments: [Precision.default, .high]) func aFalseQmaxIsFound(precision: Precision) throws {
    var b = GraphBuilder(name: "wide")
    let x = b.value("x", [4096])
    let smallOnes = [Float](repeating: precision == .high ? 127 : 32_512, count: 4095)
    let weight = b.constant("w", .matrix(rows: 1, cols: 4096, groups: 1), [32_512] + smallOnes)
    let y = b.add("y", .linear(weight: weight, bias: nil), [x], shape: [1])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y)], runs: [b.run()], resets: [])
    ]
    let parts = try FileParts(
      b.graph, precision: Precision(weights: precision.weights, activations: .sixteen, isEqualized: false))
    let plane = Plane(parts: parts, planes: 1, index: 0)
    #expect(parts.number(UInt32.self, .constants, 0, 20) == 4_128)
    try plane.verify { _ in }
    #expect(throws: VerificationError.qmax(constant: "w", row: 0, found: 4_129, limit: 4_128)) {
      try plane.verify { $0.set32(.constants, 0, 20, 4_129) }
    }
  }
}
