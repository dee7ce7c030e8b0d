// SPDX-License-Identifier: Apache-2.0
// What the kernel tests share: seeded numbers, zeroed 64-byte aligned memory, a matrix packed in tiles, the ISAs.

import CFunesKernels

/// SplitMix64: the same numbers on every machine.
struct Seeded {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A whole number in 0 ..< bound.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// A float in -1 ..< 1 with 24 bits.
  mutating func unit() -> Float { Float(Int(next() >> 39) - (1 << 24)) / Float(1 << 24) }

  mutating func isOneIn(_ count: Int) -> Bool { below(count) == 0 }
}

/// Zeroed memory that lives as long as the object, 64-byte aligned.
final class Memory<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ count: Int, zero: Element) {
    self.count = count
    let bytes = max(1, count) * MemoryLayout<Element>.stride
    base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
      to: Element.self, capacity: count)
    base.initialize(repeating: zero, count: count)
  }

  deinit { base.deallocate() }

  var values: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

  func fill(_ element: Element) { base.update(repeating: element, count: count) }
}

extension Memory where Element == Float {
  convenience init(_ count: Int) { self.init(count, zero: 0) }

  convenience init(_ values: [Float]) {
    self.init(values.count)
    for (index, value) in values.enumerated() { base[index] = value }
  }
}

func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

/// A matrix (rows, cols) in tiles, and the logical weights that it was packed from.
final class PackedMatrix {
  let rows: Int, cols: Int, groups: Int, qmax: Int
  /// (rows, cols); of 16-bit weights the high plane, beside `low`.
  let weights: [Int8]
  let low: [Int8]?
  let rowScales: [Float]
  let columnScales: [Float]?
  private let tiles: Memory<Int8>
  private let lowTiles: Memory<Int8>
  private let scales: Memory<Float>
  private let rowSums: Memory<Int32>
  private let lowRowSums: Memory<Int32>
  private let equalizer: Memory<Float>
  let matrix: funes_matrix

  init(
    rows: Int, cols: Int, groups: Int = 1, qmax: Int = 32_639, isEqualized: Bool = false, hasLow: Bool = false,
    random: inout Seeded, weight: ((inout Seeded) -> Int8)? = nil
  ) {
    (self.rows, self.cols, self.groups, self.qmax) = (rows, cols, groups, qmax)
    let units = rows / groups
    let blocks = (units + 15) / 16
    let quads = (cols + 3) / 4
    weights = (0..<rows * cols).map { _ in weight?(&random) ?? Int8(random.below(255) - 127) }
    low = hasLow ? (0..<rows * cols).map { _ in weight?(&random) ?? Int8(random.below(255) - 127) } : nil
    // Powers of two, so that a dequantised weight is exact; weights of 16 bits are as large as those of 8.
    let exponent = hasLow ? -15 : -7
    rowScales = (0..<rows).map { _ in Float(sign: .plus, exponent: exponent - random.below(3), significand: 1) }
    columnScales = isEqualized ? (0..<cols).map { _ in 0.5 + abs(random.unit()) } : nil
    tiles = Memory(blocks * quads * groups * 64, zero: 0)
    lowTiles = Memory(hasLow ? blocks * quads * groups * 64 : 0, zero: 0)
    scales = Memory(blocks * groups * 16)
    rowSums = Memory(blocks * groups * 16, zero: 0)
    lowRowSums = Memory(hasLow ? blocks * groups * 16 : 0, zero: 0)
    equalizer = Memory(quads * 4)
    for row in 0..<rows {
      let (gate, unit) = (row / units, row % units)
      let (block, lane) = (unit / 16, unit % 16)
      let paddedRow = (block * groups + gate) * 16 + lane
      scales.base[paddedRow] = rowScales[row]
      for col in 0..<cols {
        let tile = (block * quads + col / 4) * groups + gate
        tiles.base[tile * 64 + lane * 4 + col % 4] = weights[row * cols + col]
        rowSums.base[paddedRow] += Int32(weights[row * cols + col])
        guard let low else { continue }
        lowTiles.base[tile * 64 + lane * 4 + col % 4] = low[row * cols + col]
        lowRowSums.base[paddedRow] += Int32(low[row * cols + col])
      }
    }
    for (col, scale) in (columnScales ?? []).enumerated() { equalizer.base[col] = scale }
    matrix = funes_matrix(
      tiles: tiles.base, scales: scales.base, row_sums: rowSums.base,
      equalizer: isEqualized ? UnsafePointer(equalizer.base) : nil,
      low_tiles: hasLow ? UnsafePointer(lowTiles.base) : nil,
      low_row_sums: hasLow ? UnsafePointer(lowRowSums.base) : nil, rows: Int32(rows), cols: Int32(cols),
      groups: Int32(groups), blocks: Int32(blocks), quads: Int32(quads), qmax: Int32(qmax))
  }

  /// The integer that stands for one weight.
  func weight(_ index: Int) -> Int { low.map { 255 * Int(weights[index]) + Int($0[index]) } ?? Int(weights[index]) }

  /// W x in the contract's own terms: x quantised in binary32, sums exact, the rest in double.
  func product(_ x: [Float]) -> [Double] {
    let (quantized, scale) = quantize(x)
    return (0..<rows).map { row in
      var sum = 0
      for col in 0..<cols { sum += weight(row * cols + col) * quantized[col] }
      return Double(sum) * Double(scale) * Double(rowScales[row])
    }
  }

  func quantize(_ x: [Float]) -> (values: [Int], scale: Float) {
    let limit = Float(sign: .plus, exponent: 100, significand: 1)
    let t = (0..<cols).map { col in
      let value = columnScales.map { x[col] * $0[col] } ?? x[col]
      return value.isNaN ? 0 : min(max(value, -limit), limit)
    }
    let m = t.reduce(0) { max($0, abs($1)) }
    if m < 1 / limit { return (t.map { _ in 0 }, 0) }
    let inverse = Float(qmax) / m
    let top = Float(qmax)
    return (t.map { Int(min(max($0 * inverse, -top), top).rounded(.toNearestOrEven)) }, m / top)
  }
}

/// A bias in the padded row order of `groups` gates, and its logical values.
final class PackedBias {
  let values: [Float]
  let memory: Memory<Float>

  init(units: Int, groups: Int, random: inout Seeded) {
    values = (0..<units * groups).map { _ in random.unit() }
    memory = Memory(padded(units) * groups)
    for (row, value) in values.enumerated() {
      let (gate, unit) = (row / units, row % units)
      memory.base[(unit / 16 * groups + gate) * 16 + unit % 16] = value
    }
  }
}

/// The ISAs of this machine, the definition first; what a machine has not, its tests pass over.
let availableISAs: [String] = {
  var names: [String] = []
  var index: Int32 = 0
  while let name = funes_isa_known(index) {
    if funes_isa_find(name) != nil { names.append(String(cString: name)) }
    index += 1
  }
  return names
}()

/// Everything an operator may use, on one ISA with one team.
final class Team {
  let scratch: Memory<UInt8>
  let threadScratch: Memory<UInt8>
  var context: funes_context

  init(isa: String, threads: Int = 1, scratchBytes: Int = 64, threadScratchBytes: Int = 64) {
    scratch = Memory(scratchBytes, zero: 0xaa)
    threadScratch = Memory(threads * threadScratchBytes, zero: 0xaa)
    context = funes_context(
      isa: funes_isa_find(isa), threads: Int32(threads), turn: 0, is_near: 0, scratch: scratch.base,
      thread_scratch: threadScratch.base,
      thread_scratch_bytes: threadScratchBytes)
  }
}

func rows(_ memory: Memory<Float>, width: Int, stride: Int? = nil, offset: Int = 0) -> funes_rows {
  funes_rows(base: memory.base + offset, width: Int32(width), stride: Int32(stride ?? width))
}

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

func areFinite(_ values: [Float]) -> Bool { values.allSatisfy(\.isFinite) }

/// CRC-32C of the bits of floats.
func hash(_ values: UnsafePointer<Float>, _ count: Int, from crc: UInt32 = 0) -> UInt32 {
  funes_crc32c(crc, values, count * 4)
}

/// The largest difference of two vectors, and where it is.
func largestDifference(_ found: [Float], _ expected: [Double]) -> (error: Double, index: Int) {
  var worst = (error: 0.0, index: -1)
  for (index, value) in found.enumerated() {
    let error = abs(Double(value) - expected[index])
    if !(error <= worst.error) { worst = (error.isNaN ? .infinity : error, index) }
  }
  return worst
}

extension Array {
  /// All in release; in debug every fifth, since doubles in unoptimised Swift are slow.
  var thinned: [Element] {
    #if DEBUG
      return stride(from: 0, to: count, by: 5).map { self[$0] }
    #else
      return self
    #endif
  }
}
