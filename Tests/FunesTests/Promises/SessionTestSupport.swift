// SPDX-License-Identifier: Apache-2.0
// What tests of sessions share: outputs and states as bits, inputs in rows, weights without a quantizer.

import CFunesKernels
import FunesConvert
import FunesTestSupport

@testable import Funes

extension Session {
  func snapshotBytes() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: snapshotByteCount)
    snapshot(into: bytes.mutableSpan)
    return bytes
  }

  func stateValues(_ index: Int) -> [Float] {
    var values = [Float](repeating: 0, count: stateCount(index))
    readState(index, into: values.mutableSpan)
    return values
  }

  /// Bits of the rows that each output of a program got.
  func outputBits(of program: Int = 0) -> [[UInt32]] {
    (0..<outputCount(of: program)).map { unsafeOutput($0, of: program).map(\.bitPattern) }
  }

  /// CRC-32C of the outputs of a program, continuing from `crc`.
  func outputHash(of program: Int = 0, from crc: UInt32 = 0) -> UInt32 {
    var crc = crc
    for output in 0..<outputCount(of: program) {
      let floats = unsafeOutput(output, of: program)
      crc = funes_crc32c(crc, floats.baseAddress, floats.count * 4)
    }
    return crc
  }

  /// Every row of every input, as bits: what `setInput` puts back.
  mutating func inputRow(_ row: Int, of program: Int = 0) -> [[UInt32]] {
    (0..<inputCount(of: program)).map { input in
      let width = inputWidth(input, of: program)
      return unsafeInput(input, of: program)[row * width..<(row + 1) * width].map(\.bitPattern)
    }
  }

  mutating func setInputRow(_ row: Int, of program: Int = 0, _ values: [[UInt32]]) {
    for (input, bits) in values.enumerated() {
      let floats = unsafeInput(input, of: program)
      for (column, value) in bits.enumerated() { floats[row * bits.count + column] = Float(bitPattern: value) }
    }
  }

  /// Runs a program over random rows, `rowCapacity` at a time, and hashes what comes out.
  mutating func hash(of program: Int = 0, rows: Int, seed: UInt64, from crc: UInt32 = 0) -> UInt32 {
    var crc = crc
    for call in 0..<(rows / rowCapacity) {
      fillInputs(of: program, rows: rowCapacity, seed: seed &+ UInt64(call))
      guard run(program, rows: rowCapacity).rows == rowCapacity else { return 0 }
      crc = outputHash(of: program, from: crc)
    }
    return crc
  }
}

/// Weights, scales and equalizers of a model, drawn without the quantizer, whose improvements then change no hash.
struct TestWeights {
  var isOneByte = false
  /// Every weight ±127 rather than any.
  var isExtreme = false
  var scale: Float = 0x1p-8
  var equalizer: Float = 1
}

extension FileParts {
  /// Replaces what is in every matrix and vector but initial states and turns, which have rules of their own.
  mutating func fill(_ weights: TestWeights, seed: UInt64) {
    var numbers = TestNumbers(seed: seed)
    for index in 0..<count(.constants) {
      let record = ConstantFields(self, index)
      if record.isMatrix {
        fill(record, weights, &numbers)
        set8(.constants, index, 6, weights.isOneByte ? 1 : 2)
        set32(.constants, index, 20, weights.isOneByte ? 127 : 32_639)
      } else if !name(.constants, index).hasSuffix(".0"), !name(.constants, index).hasPrefix("turns") {
        for row in 0..<record.rows { set(numbers.float().bitPattern, .data, record.offset + row * 4, 0) }
      }
    }
  }

  private mutating func fill(_ matrix: ConstantFields, _ weights: TestWeights, _ numbers: inout TestNumbers) {
    for block in 0..<matrix.blocks {
      for gate in 0..<matrix.groups {
        for lane in 0..<16 {
          let padded = (block * matrix.groups + gate) * 16 + lane
          let isPadRow = block * 16 + lane >= matrix.units
          for plane in 0..<matrix.planes {
            var sum: Int32 = 0
            for col in 0..<(matrix.quads * 4) {
              let tile = plane * matrix.tiles + (block * matrix.quads + col / 4) * matrix.groups + gate
              let any = numbers.below(255) - 127
              let weight = isPadRow || col >= matrix.cols ? 0 : weights.isExtreme ? (any < 0 ? -127 : 127) : any
              sum += Int32(weight)
              set(Int8(weight), .data, matrix.offset + tile * 64 + lane * 4 + col % 4, 0)
            }
            set(sum, .data, matrix.scales + ((1 + plane) * matrix.paddedRows + padded) * 4, 0)
          }
          let spread = weights.isExtreme ? 1 : 1 + numbers.float() / 2
          // Weights of 16 bits are 255 times as large.
          let scale = matrix.planes == 2 ? weights.scale / 256 : weights.scale
          set((isPadRow ? 0 : scale * spread).bitPattern, .data, matrix.scales + padded * 4, 0)
        }
      }
    }
    guard matrix.hasEqualizer else { return }
    for col in 0..<matrix.cols {
      let e = weights.isExtreme ? weights.equalizer : weights.equalizer * (1 + numbers.float() / 2)
      set(e.bitPattern, .data, matrix.scales + matrix.paddedRows * 4 * (1 + matrix.planes) + col * 4, 0)
    }
  }
}

/// The fields of a constant that say where its numbers are.
private struct ConstantFields {
  let isMatrix, hasEqualizer: Bool
  let planes, rows, cols, groups, offset: Int

  init(_ parts: FileParts, _ index: Int) {
    func field(_ offset: Int) -> Int { Int(parts.number(UInt32.self, .constants, index, offset)) }
    isMatrix = parts.number(UInt8.self, .constants, index, 4) == 1
    planes = Int(parts.number(UInt8.self, .constants, index, 5))
    hasEqualizer = parts.number(UInt8.self, .constants, index, 7) == 1
    (rows, cols, groups, offset) = (field(8), field(12), field(16), field(24))
  }

  var units: Int { rows / groups }
  var blocks: Int { (units + 15) / 16 }
  var quads: Int { (cols + 3) / 4 }
  var paddedRows: Int { blocks * groups * 16 }
  /// Tiles of one plane.
  var tiles: Int { blocks * groups * quads }
  var scales: Int { offset + planes * tiles * 64 }
}

extension Graph {
  /// Windows, subsamples and means of each other, and states of several lanes around a feedback.
  static func everyMemory() -> Graph {
    var b = GraphBuilder(name: "every memory")
    let x = b.value("x", [6])
    func window(_ name: String, _ input: Int, _ width: Int, length: Int, dilation: Int, domain: Int = 1) -> Int {
      let lanes = (length - 1) * dilation
      let ring = b.state("\(name).ring", .ring, lanes: lanes, width: width)
      let position = b.state("\(name).position", .counter, limit: lanes)
      return b.add(
        name, .window(length: length, dilation: dilation, ring: ring, position: position), [input],
        shape: [length, width], domain: domain)
    }
    func subsample(_ name: String, _ input: Int, _ shape: [Int], stride: Int, domain: Int) -> Int {
      let phase = b.state("\(name).phase", .counter, limit: stride)
      return b.add(name, .subsample(stride: stride, phase: phase), [input], shape: shape, domain: domain)
    }
    var gru = b.cell("lanes", .gru, inputs: 3, units: 5, gates: 3)
    gru.lanes = 2
    b.graph.states[gru.hidden!].lanes = 2
    let before = b.add("before", .stateRead(gru.hidden!), [], shape: [10])
    let h = b.add("lanes", .cell(gru), [x], shape: [2, 5])
    let sum = b.add("sum", .add, [before, h], shape: [10])
    let half = b.add("shrunk", .activate(.tanh), [sum], shape: [10])
    b.operators.append(
      Graph.Operator(name: "after", operation: .stateWrite(gru.hidden!), inputs: [half], outputs: []))
    let first = b.run(isSequential: true)
    let w1 = window("w1", half, 10, length: 2, dilation: 1)
    let w5 = window("w5", half, 10, length: 3, dilation: 5)
    let alone = b.add("alone", .window(length: 1, dilation: 3, ring: nil, position: nil), [w1], shape: [2, 10])
    let third = subsample("third", alone, [2, 10], stride: 3, domain: 2)
    let w2 = window("w2", third, 20, length: 2, dilation: 2, domain: 2)
    let sixth = subsample("sixth", w2, [2, 20], stride: 2, domain: 3)
    let mean = b.state("mean", .mean, width: 40)
    let seen = b.state("seen", .counter, limit: 1 << 24 + 1)
    let average = b.add("average", .mean(mean: mean, counter: seen), [sixth], shape: [40], domain: 3)
    var graph = b.graph
    graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [
          Graph.Port(name: "w5", value: w5), Graph.Port(name: "w2", value: w2),
          Graph.Port(name: "average", value: average),
        ], runs: [first, b.run()], resets: [])
    ]
    return graph
  }
}
