// SPDX-License-Identifier: Apache-2.0
// A plain matrix: every ISA gives the bits of the definition, and the definition gives the product.

import CFunesKernels
import Testing

/// Runs y = W x + b on `rowCount` rows of `lanes` vectors; x may begin anywhere.
private func linear(
  _ matrix: PackedMatrix, bias: PackedBias? = nil, x: [Float], lanes: Int = 1, isa: String, threads: Int = 1,
  offset: Int = 0
) -> [Float] {
  let rowCount = x.count / (lanes * max(1, matrix.cols))
  let input = Memory([Float](repeating: .nan, count: offset) + x)
  let output = Memory(rowCount * lanes * matrix.rows)
  var op = funes_op()
  op.in.0 = rows(input, width: lanes * matrix.cols, offset: offset)
  op.out.0 = rows(output, width: lanes * matrix.rows)
  op.cell.x = matrix.matrix
  op.cell.bias = bias.map { UnsafePointer($0.memory.base) }
  let team = Team(
    isa: isa, threads: threads, threadScratchBytes: funes_linear_thread_scratch_bytes(&op.cell.x, Int32(rowCount)))
  withExtendedLifetime((matrix, bias, input)) { funes_linear(&op, &team.context, 0, Int32(rowCount)) }
  return output.values
}

@Test(arguments: [127, 100, 32_639, 20_001], [false, true])
func everyISAGivesTheBitsOfTheDefinitionOnAllSmallSizes(qmax: Int, hasLow: Bool) {
  var random = Seeded(UInt64(qmax))
  for size in 0...70 {
    for (rowCount, cols) in [(size, 1 + random.below(70)), (1 + random.below(70), size), (size, size)] {
      let matrix = PackedMatrix(
        rows: rowCount, cols: cols, qmax: qmax, isEqualized: size % 2 == 1, hasLow: hasLow, random: &random)
      let x = (0..<cols).map { _ in random.unit() * 3 }
      let expected = linear(matrix, x: x, isa: "scalar")
      for isa in availableISAs {
        let found = linear(matrix, x: x, isa: isa, offset: 1 + size % 3)
        #expect(bits(found) == bits(expected), "\(isa), \(rowCount) x \(cols), qmax \(qmax), low \(hasLow)")
      }
    }
  }
}

@Test(arguments: [127, 32_639], [false, true])
func everyISAGivesTheBitsOfTheDefinitionOnRealSizes(qmax: Int, hasLow: Bool) {
  var random = Seeded(7)
  for (rowCount, cols) in [(1024, 256), (130, 1031), (16, 4096)] {
    let matrix = PackedMatrix(
      rows: rowCount, cols: cols, qmax: qmax, isEqualized: true, hasLow: hasLow, random: &random)
    let bias = PackedBias(units: rowCount, groups: 1, random: &random)
    let x = (0..<cols).map { _ in random.unit() }
    let expected = linear(matrix, bias: bias, x: x, isa: "scalar")
    for isa in availableISAs {
      for threads in 1...2 {
        let found = linear(matrix, bias: bias, x: x, isa: isa, threads: threads)
        #expect(
          bits(found) == bits(expected),
          "\(isa), \(threads) threads, \(rowCount) x \(cols), qmax \(qmax), low \(hasLow)")
      }
    }
  }
}

/// The longest row at the largest weights, at the qmax that its L1 norm leaves: sums come to the edge of int32.
@Test(arguments: [false, true]) func theLargestSumsAreExactOnEveryISA(hasLow: Bool) {
  var random = Seeded(3)
  let extremes: [(cols: Int, weight: Int8, qmax: Int)] = [
    (65_536, 127, 258), (65_536, -127, 258), (65_536, 127, 127), (518, 127, 32_639), (518, -127, 32_639),
    (3, -127, 32_639),
  ]
  for extreme in extremes.thinned {
    #expect(extreme.cols * 127 * extreme.qmax < 1 << 31)
    let matrix = PackedMatrix(rows: 17, cols: extreme.cols, qmax: extreme.qmax, hasLow: hasLow, random: &random) { _ in
      extreme.weight
    }
    for sign: Float in [1, -1] {
      let x = [Float](repeating: sign, count: extreme.cols)
      let expected = matrix.product(x)
      for isa in availableISAs {
        let found = linear(matrix, x: x, isa: isa)
        #expect(
          largestDifference(found, expected).error <= 1e-6 * abs(expected[0]) * 8,
          "\(isa), \(extreme), \(found[0]), \(expected[0])")
        #expect(bits(found) == bits(linear(matrix, x: x, isa: "scalar")), "\(isa), \(extreme)")
      }
    }
  }
}

@Test(arguments: [false, true]) func aProductIsThatOfTheQuantisedInputAndTheExactWeights(hasLow: Bool) {
  var random = Seeded(11)
  for qmax in [127, 32_639] {
    for isEqualized in [false, true] {
      let matrix = PackedMatrix(
        rows: 37, cols: 91, qmax: qmax, isEqualized: isEqualized, hasLow: hasLow, random: &random)
      let x = (0..<91).map { _ in random.unit() * 10 }
      let expected = matrix.product(x)
      // Three roundings of binary32, or five with two planes, on values below 2^7.
      let limit = 4e-5
      #expect(largestDifference(linear(matrix, x: x, isa: "scalar"), expected).error < limit)
    }
  }
}

/// (float(high sum) 255 + float(low sum)) (activation scale * row scale), written with whole numbers and one operation a line.
@Test func twoPlanesAreAddedInTheOrderOfTheFormat() {
  var random = Seeded(23)
  for qmax in [127, 32_639] {
    let matrix = PackedMatrix(rows: 50, cols: 300, qmax: qmax, isEqualized: true, hasLow: true, random: &random)
    let x = (0..<300).map { _ in random.unit() }
    let (quantized, scale) = matrix.quantize(x)
    func sum(_ plane: [Int8], _ row: Int) -> Int {
      (0..<300).reduce(0) { $0 + Int(plane[row * 300 + $1]) * quantized[$1] }
    }
    let expected = (0..<50).map { row in
      let raised = Float(sum(matrix.weights, row)) * 255
      let both = raised + Float(sum(matrix.low!, row))
      let unit = scale * matrix.rowScales[row]
      return both * unit
    }
    for isa in availableISAs { #expect(bits(linear(matrix, x: x, isa: isa)) == bits(expected), "\(isa), qmax \(qmax)") }
  }
}

/// What no writer does: sums wrap, and wrap alike.
@Test func aFalseQmaxWrapsAlikeOnEveryISA() {
  var random = Seeded(29)
  let matrix = PackedMatrix(rows: 20, cols: 4096, qmax: 32_639, hasLow: true, random: &random) { _ in 127 }
  let x = [Float](repeating: 1, count: 4096)
  let expected = linear(matrix, x: x, isa: "scalar")
  for isa in availableISAs { #expect(bits(linear(matrix, x: x, isa: isa)) == bits(expected), "\(isa)") }
}

@Test(arguments: [false, true]) func aBlockOfRowsGivesTheBitsOfSingleRows(hasLow: Bool) {
  var random = Seeded(5)
  for lanes in 1...3 {
    let matrix = PackedMatrix(rows: 45, cols: 29, isEqualized: true, hasLow: hasLow, random: &random)
    let bias = PackedBias(units: 45, groups: 1, random: &random)
    let x = (0..<7 * lanes * 29).map { _ in random.unit() }
    for isa in availableISAs {
      let block = linear(matrix, bias: bias, x: x, lanes: lanes, isa: isa)
      var single: [Float] = []
      for row in 0..<7 {
        let rowOfX = Array(x[row * lanes * 29..<(row + 1) * lanes * 29])
        single += linear(matrix, bias: bias, x: rowOfX, lanes: lanes, isa: isa)
      }
      #expect(bits(block) == bits(single), "\(isa)")
    }
  }
}

@Test func absurdInputsAreQuantisedAlikeAndToSomethingFinite() {
  var random = Seeded(13)
  let absurd: [Float] = [
    .nan, -.nan, .infinity, -.infinity, 1e30, -1e30, .greatestFiniteMagnitude, 1e-30, 1e-38, .leastNonzeroMagnitude, 0,
    -0.0, 1,
    Float(sign: .plus, exponent: 100, significand: 1), Float(sign: .plus, exponent: -100, significand: 1),
    Float(sign: .plus, exponent: -101, significand: 1),
  ]
  for qmax in [127, 32_639] {
    let matrix = PackedMatrix(rows: 20, cols: 21, qmax: qmax, isEqualized: true, hasLow: true, random: &random)
    for first in absurd {
      for second in absurd {
        var x = [Float](repeating: first, count: 21)
        for col in stride(from: 1, to: 21, by: 3) { x[col] = second }
        let expected = linear(matrix, x: x, isa: "scalar")
        #expect(areFinite(expected), "\(first), \(second)")
        for isa in availableISAs {
          #expect(bits(linear(matrix, x: x, isa: isa)) == bits(expected), "\(isa), \(first), \(second)")
        }
      }
    }
  }
}

@Test(arguments: [false, true]) func anEmbeddingReadsTheRowThatTheProductMultipliesWith(hasLow: Bool) {
  var random = Seeded(17)
  let matrix = PackedMatrix(rows: 33, cols: 10, isEqualized: true, hasLow: hasLow, random: &random)
  var ids: [Int32] = [0, 32, 15, 16, -1, 33]
  let output = Memory(ids.count * 10)
  let team = Team(isa: "scalar")
  var op = funes_op()
  op.cell.x = matrix.matrix
  op.out.0 = rows(output, width: 20)
  ids.withUnsafeMutableBytes { bytes in
    op.in.0 = funes_rows(base: bytes.bindMemory(to: Float.self).baseAddress, width: 2, stride: 2)
    funes_embedding(&op, &team.context, 0, 3)
  }
  for (index, id) in [0, 32, 15, 16, 0, 0].enumerated() {
    for col in 0..<10 {
      let weight = Float(matrix.weight(id * 10 + col))
      let expected: Float = weight * matrix.rowScales[id] * matrix.columnScales![col]
      #expect(output.base[index * 10 + col] == expected, "id \(id), column \(col)")
    }
  }
}
