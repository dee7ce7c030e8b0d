// SPDX-License-Identifier: Apache-2.0
// The runtime against tools/reference.py, which reads the same file by FORMAT.md alone: every operator, every gate.

import Foundation
import Funes
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct ReferenceTwinTests {
  /// The graph's random feedback amplifies the noise of 16-bit activations, near 95 dB at each product, to 61 dB at
  /// worst; a wrong gate, tile or state leaves less than 20.
  private static let leastSNR = 50.0

  private static let hasNumpy = Python.run(["-c", "import numpy"]) != nil

  @Test(
    .enabled(if: hasNumpy, "no python3 with numpy"),
    arguments: [Graph.everyOperator(), .attending(), .images(), .frames()])
  func everyOperatorIsReadAlikeByBoth(graph: Graph) throws {
    let (rows, seed) = (9, 5)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).funes").path
    try AtomicFile.write(path, try Converter().convert(graph.exposingAllValues()).bytes)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try ModelFile(path: path)
    for (index, program) in file.model.programs.enumerated() {
      let arguments = [
        Python.tool("reference.py"), path, "--program", program.name, "--rows", "\(rows)", "--seed", "\(seed)",
      ]
      let text = try #require(Python.run(arguments))
      var expected: [String: [Float]] = [:]
      for line in text.split(separator: "\n") {
        // Names may hold blanks, so the longest that fits is the one.
        let names = program.outputs.map(\.name).filter { line.hasPrefix("\($0) ") }
        let name = try #require(names.max { $0.count < $1.count })
        let words = line.dropFirst(name.count).split(separator: " ")
        expected[name, default: []] += words.dropFirst().compactMap { Float($0) }
      }
      var session = try Session(file, rows: rows)
      session.fillInputs(of: index, rows: rows, seed: UInt64(seed))
      #expect(session.run(index, rows: rows) == RunResult(rows: rows, status: .ok))
      for (output, port) in program.outputs.enumerated() {
        let found = session.withOutput(output, of: index) { span in span.indices.map { span[$0] } }
        let wanted = try #require(expected[port.name])
        #expect(found.count == wanted.count, "\(port.name)")
        let signal = wanted.reduce(0.0) { $0 + Double($1) * Double($1) }
        let error = zip(found, wanted).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        let snr = decibels(signal: signal, error: error) ?? .infinity
        #expect(snr >= Self.leastSNR, "\(program.name)/\(port.name): \(snr) dB, expected \(Self.leastSNR)")
      }
    }
  }
}
