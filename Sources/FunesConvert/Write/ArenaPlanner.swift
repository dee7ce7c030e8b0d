// SPDX-License-Identifier: Apache-2.0
// Gives every value its place in a session's arenas, so that values that are never needed together share memory.

/// Where values lie. Offsets are multiples of 64.
struct ArenaPlan: Equatable {
  /// One a value: in the fixed arena for domain 0, else in the row arena, in bytes for each row.
  var offsets: [Int]
  var fixedByteCount = 0
  /// For each row of a call.
  var rowByteCount = 0
}

/// First fit over lifetimes, tried by decreasing size and by start; the smaller arena wins, the first on a tie.
///
/// A value lives from the operator that makes it to the last that reads it, counted within its program; programs run one
/// at a time and share the arenas. In a sequential run operators are passed once a row, so what is made or read in it lives
/// through the whole run. A program's inputs and outputs live to the end of the call, inputs from its beginning: so the
/// caller may fill the next inputs while it still reads the last outputs.
enum ArenaPlanner {
  /// With `isSharing` false no two values of a program share memory.
  static func plan(_ graph: Graph, isSharing: Bool = true) -> ArenaPlan {
    var plan = ArenaPlan(offsets: [Int](repeating: 0, count: graph.values.count))
    for program in graph.programs {
      let lifetimes = isSharing ? lifetimes(in: program) : lifetimes(in: program).mapValues { _ in 0...0 }
      for isFixed in [true, false] {
        let blocks = lifetimes.keys.sorted()
          .filter { (graph.values[$0].domain == 0) == isFixed }
          .map { Block(value: $0, byteCount: byteCount(of: graph.values[$0]), lifetime: lifetimes[$0]!) }
        let total = place(blocks, offsets: &plan.offsets)
        if isFixed {
          plan.fixedByteCount = max(plan.fixedByteCount, total)
        } else {
          plan.rowByteCount = max(plan.rowByteCount, total)
        }
      }
    }
    return plan
  }

  /// Bytes of one row of a value.
  static func byteCount(of value: Graph.Value) -> Int { roundUp(value.width * 4, to: 64) }

  /// First and last operator of the program that needs each of its values; −1 is the start of the call.
  static func lifetimes(in program: Graph.Program) -> [Int: ClosedRange<Int>] {
    var lifetimes: [Int: ClosedRange<Int>] = [:]
    func extend(_ value: Int, over range: ClosedRange<Int>) {
      guard let known = lifetimes[value] else { return lifetimes[value] = range }
      lifetimes[value] = min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
    }
    let end = program.runs.reduce(0) { $0 + $1.operators.count }
    for port in program.inputs { extend(port.value, over: -1...end) }
    var first = 0
    for run in program.runs {
      for (index, op) in run.operators.enumerated() {
        let range = run.isSequential ? first...first + run.operators.count - 1 : first + index...first + index
        for value in op.inputs + op.outputs { extend(value, over: range) }
      }
      first += run.operators.count
    }
    for port in program.outputs { extend(port.value, over: end...end) }
    return lifetimes
  }

  private struct Block {
    var value: Int
    var byteCount: Int
    var lifetime: ClosedRange<Int>
  }

  /// Writes the offsets of the better of the two orders and returns the bytes that it needs.
  private static func place(_ blocks: [Block], offsets: inout [Int]) -> Int {
    let bySize = blocks.sorted { ($1.byteCount, $0.value) < ($0.byteCount, $1.value) }
    let byStart = blocks.sorted { ($0.lifetime.lowerBound, $0.value) < ($1.lifetime.lowerBound, $1.value) }
    let plans = [bySize, byStart].map(firstFit)
    let best = plans[1].total < plans[0].total ? plans[1] : plans[0]
    for (value, offset) in best.offsets { offsets[value] = offset }
    return best.total
  }

  private static func firstFit(_ blocks: [Block]) -> (offsets: [(Int, Int)], total: Int) {
    var placed: [(block: Block, offset: Int)] = []
    var total = 0
    for block in blocks {
      var offset = 0
      for other in placed where other.block.lifetime.overlaps(block.lifetime) {
        if other.offset >= offset + block.byteCount { break }
        offset = max(offset, other.offset + other.block.byteCount)
      }
      // Kept in order of offsets, so that the first gap that is wide enough is the first that is seen.
      let place = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((block, offset), at: place)
      total = max(total, offset + block.byteCount)
    }
    return (placed.map { ($0.block.value, $0.offset) }, total)
  }
}
