// SPDX-License-Identifier: Apache-2.0
// A decoder that runs far beyond its window: as close to double precision at its last token as at its five hundredth.

import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

/// Unoptimised code runs a tenth of the tokens through an eighth of the window.
#if DEBUG
  private let window = 64, tokenCount = 10_000
#else
  private let window = 512, tokenCount = 100_000
#endif
private let layerCount = 2, wordCount = 29, width = 16
/// Rows that are compared, and how much worse the last ones may be: two draws of the same noise differ by that.
private let compared = 64, margin = 1.0

@Suite struct LongStreamTests {
  /// x → norm, attention of 2 heads on 1 over a window, gated unit; twice; the output shares the embedding's weights.
  private static func graph(window: Int) -> Graph {
    var b = FunesTestSupport.GraphBuilder(name: "long")
    func small(_ name: String, _ rows: Int, _ cols: Int) -> Int {
      let by = 1 / Float(cols).squareRoot()
      return b.constant(name, .matrix(rows: rows, cols: cols, groups: 1), b.numbers.floats(rows * cols).map { $0 * by })
    }
    func product(_ name: String, _ rows: Int, _ cols: Int, _ x: Int) -> Int {
      let weight = small("\(name).w", rows, cols)
      return b.add(name, .linear(weight: weight, bias: nil), [x], shape: [rows])
    }
    let turns = b.constant("turns", .vector, RotaryTurns.values(base: 10_000, dimensions: 8))
    let ones = b.constant("ones", .vector, [Float](repeating: 1, count: width))
    let embedding = b.constant(
      "embedding", .matrix(rows: wordCount, cols: width, groups: 1), b.numbers.floats(wordCount * width))
    func norm(_ name: String, _ x: Int) -> Int {
      b.add(name, .rmsNorm(lanes: 1, gain: ones, epsilon: 1e-5), [x], shape: [width])
    }
    func turned(_ name: String, lanes: Int, _ x: Int) -> Int {
      let position = b.state("\(name).position", .counter, limit: Graph.State.noLimit)
      return b.add(
        name, .rotary(lanes: lanes, dimensions: 8, isHalved: false, turns: turns, position: position), [x],
        shape: [8 * lanes])
    }
    let id = b.value("id", [1], element: .id)
    var x = b.add("x", .embedding(table: embedding), [id], shape: [width])
    for layer in 0..<layerCount {
      let a = norm("\(layer).a", x)
      let q = turned("\(layer).q.turned", lanes: 2, product("\(layer).q", 16, width, a))
      let k = turned("\(layer).k.turned", lanes: 1, product("\(layer).k", 8, width, a))
      let v = product("\(layer).v", 8, width, a)
      let attention = Graph.Attention(
        heads: 2, keyHeads: 1, window: window, scale: 0.7,
        keys: b.state("\(layer).keys", .cache, lanes: window, width: 8),
        values: b.state("\(layer).values", .cache, lanes: window, width: 8),
        slot: b.state("\(layer).slot", .counter, limit: window),
        filled: b.state("\(layer).filled", .counter, limit: window + 1))
      let seen = b.add("\(layer).seen", .attention(attention), [q, k, v], shape: [16])
      x = b.add("\(layer).y", .add, [x, product("\(layer).o", width, 16, seen)], shape: [width])
      let c = norm("\(layer).c", x)
      let open = b.add("\(layer).open", .activate(.silu), [product("\(layer).gate", 24, width, c)], shape: [24])
      let wide = b.add("\(layer).wide", .multiply, [open, product("\(layer).up", 24, width, c)], shape: [24])
      x = b.add("\(layer).z", .add, [x, product("\(layer).down", width, 24, wide)], shape: [width])
    }
    let logits = b.add("logits", .linear(weight: embedding, bias: nil), [norm("last", x)], shape: [wordCount])
    b.graph.programs = [
      Graph.Program(
        name: "step", isBlock: false, inputs: [Graph.Port(name: "id", value: id, classes: wordCount)],
        outputs: [Graph.Port(name: "logits", value: logits)], runs: [b.run()], resets: [])
    ]
    return b.graph
  }

  private static func ids(_ range: Range<Int>) -> [Int32] {
    range.map { index in
      var numbers = SplitMix64(seed: UInt64(index))
      return Int32(numbers.next() % UInt64(wordCount))
    }
  }

  /// Logits of rows in double precision, the first row that is fed being `begin`.
  private static func reference(_ graph: Graph, _ rows: Range<Int>, from begin: Int) throws -> [Float] {
    let model = FloatReference(graph)
    for (index, state) in graph.states.enumerated() where state.name.hasSuffix("position") {
      model.states[index] = [Double(begin)]
    }
    let fed = begin..<rows.upperBound
    let result = try model.run(
      program: "step", inputs: ["id": .ids(ids(fed))], rows: fed.count, trace: false)
    return Array(result["logits"]!.suffix(rows.count * wordCount))
  }

  /// The row before which what is fed has no influence on row `row`: each layer looks back over one window.
  private static func beginning(of row: Int, window: Int) -> Int { max(0, row - layerCount * (window - 1)) }

  /// What a row depends on is in the windows behind it alone, so the reference need not run from the first token on.
  @Test func aReferenceThatBeginsWithinIsTheOneThatRanThrough() throws {
    let graph = Self.graph(window: 9)
    let rows = 180..<200
    let through = try Self.reference(graph, rows, from: 0)
    let begin = Self.beginning(of: 180, window: 9)
    #expect(begin == 164)
    #expect(try Self.reference(graph, rows, from: begin) == through)
    #expect(try Self.reference(graph, rows, from: begin + 1) != through)
  }

  @Test func theLastTokenIsAsGoodAsTheFiveHundredth() throws {
    let graph = Self.graph(window: window)
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let chunk = 250
    var session = try Session(file, rows: chunk)
    var found: [Int: [Float]] = [:]
    let clock = ContinuousClock()
    var times: [Duration] = []
    for begin in stride(from: 0, to: tokenCount, by: chunk) {
      _ = session.unsafeInputIDs().update(fromContentsOf: Self.ids(begin..<begin + chunk))
      let start = clock.now
      #expect(session.run(rows: chunk) == RunResult(rows: chunk, status: .ok))
      times.append(clock.now - start)
      let logits = Array(session.unsafeOutput())
      #expect(logits.allSatisfy { $0.isFinite }, "rows from \(begin) on")
      if begin + chunk == 500 || begin + chunk == tokenCount { found[begin + chunk] = logits }
    }
    var ratios: [Int: Double] = [:]
    for (end, logits) in found {
      let rows = (end - compared)..<end
      let begin = Self.beginning(of: rows.lowerBound, window: window)
      ratios[end] = signalToNoise(
        Array(logits.suffix(compared * wordCount)), try Self.reference(graph, rows, from: begin))
    }
    print("    SNR at 500: \(ratios[500]!) dB, at \(tokenCount): \(ratios[tokenCount]!) dB;", terminator: " ")
    let early = times[4..<8].reduce(.zero, +), late = times.suffix(4).reduce(.zero, +)
    print("\(4 * chunk) rows took \(early), the last \(late)")
    #expect(ratios[tokenCount]! >= ratios[500]! - margin)
    #expect(ratios[500]! >= 30)
  }
}
