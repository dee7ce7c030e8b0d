// SPDX-License-Identifier: Apache-2.0
// Cells: every ISA and team gives the definition's bits, the definition is the cell, and no state becomes absurd.

import CFunesKernels
import Testing

/// Relative to the largest output: a dozen roundings of binary32, and what they move when r h or m is quantised again.
private let referenceLimit = 2e-5

@Test(arguments: 0..<150)
func everyISAGivesTheBitsOfTheDefinition(seed: Int) {
  var random = Seeded(UInt64(seed))
  let options = CellOptions.random(&random)
  let cell = CellBench(options, rows: 6, random: &random)
  var expected: UInt32?
  for isa in availableISAs {
    let team = cell.team(isa: isa)
    cell.reset()
    cell.run(team, row: 0, rows: 6)
    expected = expected ?? cell.hashOfAll
    #expect(cell.hashOfAll == expected, "seed \(seed), \(isa), \(options)")
  }
}

@Test(arguments: 0..<12)
func twoThreadsGiveTheBitsOfOne(seed: Int) {
  var random = Seeded(UInt64(1000 + seed))
  let options = CellOptions.random(&random, isLarge: true)
  let cell = CellBench(options, rows: 2, random: &random)
  var expected: UInt32?
  for isa in availableISAs {
    for threads in 1...2 {
      let team = cell.team(isa: isa, threads: threads)
      cell.reset()
      cell.run(team, row: 0, rows: 2)
      expected = expected ?? cell.hashOfAll
      #expect(cell.hashOfAll == expected, "seed \(seed), \(isa), \(threads) threads, \(options)")
    }
  }
}

@Test(arguments: 0..<30)
func aBlockOfRowsGivesTheBitsOfSingleSteps(seed: Int) {
  var random = Seeded(UInt64(2000 + seed))
  let options = CellOptions.random(&random)
  let cell = CellBench(options, rows: 9, random: &random)
  for isa in availableISAs {
    let team = cell.team(isa: isa)
    cell.reset()
    cell.run(team, row: 0, rows: 9)
    let block = cell.hashOfAll
    cell.reset()
    let isBackward = options.isReversed && options.innerSteps == 0
    for row in 0..<9 { cell.run(team, row: isBackward ? 8 - row : row, rows: 1) }
    #expect(cell.hashOfAll == block, "seed \(seed), \(isa), \(options)")
  }
}

/// Each step is compared from the cell's own state, so that only its own roundings differ.
@Test(arguments: 0..<120)
func aStepIsTheCell(seed: Int) {
  var random = Seeded(UInt64(3000 + seed))
  var options = CellOptions.random(&random)
  (options.lanes, options.innerSteps, options.isReversed) = (1, 0, false)
  let cell = CellBench(options, rows: 4, random: &random)
  let team = cell.team(isa: "scalar")
  for row in 0..<4 {
    let (oldH, oldC) = (cell.hState.values, cell.cState.values)
    cell.run(team, row: row, rows: 1)
    let x = Array(UnsafeBufferPointer(start: cell.input.base + row * options.inputs, count: options.inputs))
    let expected = cell.reference(x, h: oldH, c: oldC)
    let y = Array(UnsafeBufferPointer(start: cell.output.base + row * options.outputs, count: options.outputs))
    let width = options.shownGates * options.units
    let gates = Array(UnsafeBufferPointer(start: cell.shown.base + row * width, count: width))
    for (name, found, wanted) in [
      ("h", y, expected.h), ("c", Array(cell.cState.values.prefix(expected.c.count)), expected.c),
      ("gates", gates, expected.gates),
    ] {
      let largest = wanted.reduce(1) { max($0, abs($1)) }
      // A product that is quantised to 8 bits moves by one of its steps where the second quantisation falls otherwise.
      let limit =
        (options.qmax <= 127 && (options.isResetBefore || options.projection > 0) ? 0.05 : referenceLimit) * largest
      let worst = largestDifference(found, wanted)
      #expect(worst.error <= limit, "seed \(seed), row \(row), \(name) \(worst), limit \(limit), \(options)")
    }
    #expect(Array(cell.hState.values.prefix(options.outputs)) == y)
    #expect(cell.hState.values[options.outputs...].allSatisfy { $0 == 0 }, "pads stay zero")
    #expect(cell.cState.values[options.units...].allSatisfy { $0 == 0 }, "pads stay zero")
  }
}

/// A lane by itself, and a row of an inner axis from zero, give what they give beside others.
@Test(arguments: 0..<40)
func lanesAndInnerAxesAreStreamsOfTheirOwn(seed: Int) {
  var random = Seeded(UInt64(4000 + seed))
  var options = CellOptions.random(&random)
  options.innerSteps = seed % 2 == 0 ? 0 : 3
  options.lanes = 3
  let cell = CellBench(options, rows: 2, random: &random)
  let team = cell.team(isa: availableISAs.last!)
  cell.run(team, row: 0, rows: 2)
  let inner = max(1, options.innerSteps)
  // The same weights, walked over time one vector after another from zero.
  var op = cell.op
  op.cell.lanes = 1
  op.cell.is_inner_axis = 0
  op.cell.inner_steps = 1
  op.cell.is_reversed = 0
  op.out.1.base = nil
  let state = (h: Memory(padded(options.outputs)), c: Memory(padded(options.units)))
  let y = Memory(options.outputs)
  op.state.0 = state.h.base
  op.state.1 = state.c.base
  op.out.0 = rows(y, width: options.outputs)
  op.in.0.stride = 0
  for lane in 0..<3 {
    for row in 0..<2 {
      let isBackward = options.isReversed
      let outer = isBackward && options.innerSteps == 0 ? 1 - row : row
      if row == 0 || options.innerSteps > 0 {
        state.h.fill(0)
        state.c.fill(0)
      }
      for k in 0..<inner {
        let step = isBackward && options.innerSteps > 0 ? inner - 1 - k : k
        let at = (outer * 3 + lane) * inner + step
        op.in.0.base = cell.input.base + at * options.inputs
        funes_cell_rows(&op, &team.context, 0, 1)
        #expect(
          hash(y.base, options.outputs) == hash(cell.output.base + at * options.outputs, options.outputs),
          "seed \(seed), lane \(lane), row \(row), inner \(step), \(options)")
      }
    }
  }
}

@Test(arguments: 0..<60)
func absurdInputsAndStatesLeaveAFiniteState(seed: Int) {
  var random = Seeded(UInt64(5000 + seed))
  var options = CellOptions.random(&random)
  options.innerSteps = 0
  let cell = CellBench(options, rows: 4, random: &random)
  let absurd: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
  for k in 0..<cell.input.count where random.isOneIn(3) { cell.input.base[k] = absurd[random.below(7)] }
  let h = (0..<cell.hState.count).map { _ in random.isOneIn(2) ? absurd[random.below(7)] : random.unit() }
  let c = (0..<cell.cState.count).map { _ in random.isOneIn(2) ? absurd[random.below(7)] : random.unit() }
  let limit = Float(sign: .plus, exponent: 50, significand: 1)
  var expected: UInt32?
  for isa in availableISAs {
    for (k, value) in h.enumerated() { cell.hState.base[k] = value }
    for (k, value) in c.enumerated() { cell.cState.base[k] = value }
    cell.run(cell.team(isa: isa), row: 0, rows: 4)
    #expect(cell.hState.values.allSatisfy { abs($0) <= limit }, "seed \(seed), \(isa), \(options)")
    if options.kind == FUNES_CELL_LSTM {
      #expect(cell.cState.values.allSatisfy { abs($0) <= limit }, "seed \(seed), \(isa), \(options)")
    }
    let crc = hash(cell.hState.base, cell.hState.count, from: hash(cell.output.base, cell.output.count))
    expected = expected ?? crc
    #expect(crc == expected, "seed \(seed), \(isa), \(options)")
  }
}
