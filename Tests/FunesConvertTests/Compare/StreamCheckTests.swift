// SPDX-License-Identifier: Apache-2.0
// Long streams: a memory of thousands of steps and large cell states stay as near to double precision at the end as at
// the beginning, and what does drift is found.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

/// Unoptimised code goes through a fiftieth of the steps, with a memory that is shorter by as much.
#if DEBUG
  private let stepCount = 20_000, forgetBias: Float = 5.1, largestCell = 10.0
#else
  private let stepCount = 1_000_000, forgetBias: Float = 9, largestCell = 400.0
#endif
/// dB that every state keeps; FORMAT.md's float32 states and 8-bit weights have more.
private let stateLimit = 40.0
/// Under steps that saturate, where what one sign lets in the other all but takes out again.
private let saturatedLimit = 30.0

@Suite struct StreamCheckTests {
  /// x (2) → LSTM of 8 units → y (3). Forget gates stand at sigmoid(9), a memory of 8,100 steps, and what is let in at full
  /// scale brings cells to hundreds.
  private static func slowlyForgetting(_ forgetBias: Float = forgetBias) -> Graph {
    let units = 8
    var b = FunesTestSupport.GraphBuilder(name: "slow")
    let x = b.value("x", [2])
    var cell = b.cell("lstm", .lstm, inputs: 2, units: units, gates: 4)
    func scale(_ constant: Int, _ factors: [Float]) {
      let count = b.graph.constants[constant].values.count / 4
      for gate in 0..<4 {
        for index in gate * count..<(gate + 1) * count { b.graph.constants[constant].values[index] *= factors[gate] }
      }
    }
    // Gates i f g o: forget gates hardly look at anything, so that none opens, and no cell is fed by what it holds, which
    // a memory as long as this would turn into an oscillator.
    scale(cell.weightX, [0.5, 0.05, 0.3, 0.5])
    scale(cell.weightH, [0.2, 0.02, 0, 0.2])
    for unit in 0..<units {
      for (gate, bias) in [Float(-1), forgetBias, 0, 0].enumerated() {
        b.graph.constants[cell.bias].values[gate * units + unit] = bias
      }
    }
    cell.cellClip = 500
    let h = b.add("h", .cell(cell), [x], shape: [units])
    let y = b.add("y", .linear(weight: b.matrix("w", 3, units), bias: nil), [h], shape: [3])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "x", value: x)],
        outputs: [Graph.Port(name: "y", value: y)], runs: [b.run()], resets: [])
    ]
    return b.graph
  }

  @Test func slowForgetGatesAndLargeCellsDoNotDrift() throws {
    let graph = Self.slowlyForgetting()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let check = try StreamCheck(file, graph: graph, program: 0)
    #expect(check.standardSteps == 1_000_000)
    let results = try check.run(steps: stepCount)
    #expect(results.map(\.stream) == StreamCase.allCases)
    for result in results {
      #expect(result.faults == [])
      for signal in result.signals where signal.isState {
        let snr = signal.drift.whole.snr
        print("    \(result.stream.rawValue), \(signal.name): \(snr) dB, \(signal.drift.parts.map(\.snr))")
        // h = o tanh(c) shows little of a large cell, and all of a small miss where c stands near zero.
        if signal.name.hasSuffix("hidden"), result.stream != .decay { continue }
        let limit = result.stream == .saturation ? saturatedLimit : stateLimit
        #expect(snr >= limit, "\(result.stream.rawValue), \(signal.name)")
      }
    }
    let cells = results.compactMap { result in result.signals.first { $0.name == "lstm.cell" }?.drift.whole }
    #expect(cells.count == 5 && cells.map(\.largestMagnitude).max()! > largestCell)
  }

  @Test func anErrorThatGrowsIsFound() {
    func drift(_ error: (Int) -> Float, signal: (Int) -> Float = { _ in 1 }) -> Drift {
      var drift = Drift()
      for step in 0..<1000 {
        drift.add(expected: [signal(step)], found: [signal(step) + error(step)], width: 1, part: step / 100)
      }
      return drift
    }
    #expect(!drift { _ in 0 }.isGrowing && drift { _ in 0 }.growth == 0)
    #expect(!drift { $0 % 2 == 0 ? 0.01 : -0.01 }.isGrowing)
    let walk = drift { Float($0) * 1e-4 }
    // rms of 900...999 over that of 100...199.
    #expect(walk.isGrowing && abs(walk.growth - 15.92) < 0.1 && abs(walk.loss - walk.growth) < 1e-3)
    // As the signal grows, and while the signal dies.
    #expect(!drift({ Float($0) * 1e-4 }, signal: { Float($0 + 1) }).isGrowing)
    #expect(!drift({ 1e-3 / Float($0 + 1) }, signal: { 1 / Float($0 + 1) }).isGrowing)
    // What float32 leaves of any number is none.
    #expect(!drift { Float($0) * 1e-10 }.isGrowing)
    let none = drift { $0 == 500 ? .nan : 0 }
    #expect(!none.isFinite)
    var signal = StreamSignal(name: "y", isState: false, drift: Drift())
    signal.drift = none
    #expect(StreamResult(stream: .noise, signals: [signal]).faults.first?.contains("not finite") == true)
    signal.drift = walk
    #expect(StreamResult(stream: .noise, signals: [signal]).faults.first?.contains("grows, by 15.9 dB") == true)
  }

  @Test func weightsOtherThanTheGraphsDrift() throws {
    // A file that forgets nothing: its cells go on growing where they should have come to rest.
    let graph = Self.slowlyForgetting(7)
    let file = try ModelFile(copying: try Converter().convert(Self.slowlyForgetting(14)).bytes)
    let check = try StreamCheck(file, graph: graph, program: 0, levels: ["x": 0.1])
    let result = try check.run(.fullScale, steps: 20_000) { _ in }
    #expect(result.faults.count >= 1 && result.faults[0].contains("grows"), "\(result.faults)")
  }

  @Test func everyCaseIsMadeByItsRule() throws {
    let graph = Graph.everyOperator()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let ports = file.model.programs[0].inputs
    func rows(_ stream: StreamCase, _ count: Int = 1000) -> (floats: [Float], ids: [Int32]) {
      var whole = StreamRows(stream, steps: count, ports: ports, levels: [2, 1])
      var parts = StreamRows(stream, steps: count, ports: ports, levels: [2, 1])
      let made = whole.take(count)
      var (floats, ids): ([Float], [Int32]) = ([], [])
      for part in [1, 499, count - 500] {
        let rows = parts.take(part)
        if case .floats(let more)? = rows[ports[0].name] { floats += more }
        if case .ids(let more)? = rows[ports[1].name] { ids += more }
      }
      if stream != .noise { #expect(made == [ports[0].name: .floats(floats), ports[1].name: .ids(ids)]) }
      return (floats, ids)
    }
    let (width, last) = (ports[0].width, Int32(ports[1].classes - 1))
    #expect(rows(.silence).floats.allSatisfy { $0 == 0 } && rows(.silence).ids.allSatisfy { $0 == 0 })
    let full = rows(.fullScale)
    #expect(full.floats.allSatisfy { $0.magnitude == 2 } && Set(full.floats).count == 2)
    #expect(full.ids.allSatisfy { $0 == last })
    let noise = rows(.noise)
    #expect(noise.floats.allSatisfy { $0.magnitude <= 2 } && noise.floats.contains { $0 < -1.9 })
    #expect(Set(noise.ids) == Set(0...last))
    let steps = rows(.saturation)
    #expect(steps.floats[0] == -steps.floats[500 * width] && steps.floats[0].magnitude == 16)
    #expect(steps.ids[499] == last && steps.ids[500] == 0)
    let decay = rows(.decay)
    #expect(decay.floats[..<(10 * width)].allSatisfy { $0.magnitude == 2 })
    #expect(decay.floats[(10 * width)...].allSatisfy { $0 == 0 })
  }

  @Test(arguments: TestCell.allCases) func everyCellStreams(cell: TestCell) throws {
    var graph = Graph.streaming(cell, inputs: 5, units: 19, outputs: 3)
    // Recurrent weights so small that no cell is chaotic.
    for index in graph.constants.indices where graph.constants[index].name.contains(".h") {
      graph.constants[index].values = graph.constants[index].values.map { $0 / 8 }
    }
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    for result in try StreamCheck(file, graph: graph, program: 0).run(steps: 1000) {
      #expect(result.signals.map(\.drift.whole.rowCount).first == 1000)
      #expect(result.signals.allSatisfy { $0.drift.isFinite && $0.drift.whole.snr > 20 }, "\(result)")
      #expect(result.signals.filter(\.isState).count == ("\(cell)".lowercased().hasSuffix("lstm") ? 2 : 1))
    }
  }

  @Test func whatIsNoStreamIsRefused() throws {
    let every = Graph.everyOperator()
    let everyFile = try ModelFile(copying: try Converter().convert(every).bytes)
    #expect(throws: LongStreamError.noStream(program: "encode", streams: ["step"])) {
      try StreamCheck(everyFile, graph: every, program: 1)
    }
    let graph = Graph.images()
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let programs = file.model.programs
    let index = try #require(programs.indices.first { !programs[$0].isBlock && file.model.rowLimit(of: $0) != nil })
    let limit = try #require(file.model.rowLimit(of: index))
    let check = try StreamCheck(file, graph: graph, program: index)
    #expect(check.standardSteps == limit)
    #expect(
      throws: LongStreamError.tooManySteps(program: programs[index].name, found: limit + 1, limit: limit)
    ) {
      try check.run(steps: limit + 1)
    }
    #expect(try check.run(steps: limit).allSatisfy { $0.signals.allSatisfy(\.drift.isFinite) })
  }
}
