// SPDX-License-Identifier: Apache-2.0
// Writes what other programs are compared with: a small converted model, rows of input, and the bits of a session.
// From `FixtureWriter FOLDER`; to lstm.funes, lstm16.funes (16-bit weights), gru.funes, decoder.funes and tiny.funes, each with .input.f32 and .output.hex beside it.

import Foundation
import Funes
import FunesConvert
import FunesTestSupport

@main
struct FixtureWriter {
  static func main() throws {
    let folder = URL(fileURLWithPath: CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : ".")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // Shapes of a keyword spotter and of a denoiser's gain network.
    try write(.streaming(.lstm, inputs: 40, units: 64, outputs: 12), "lstm", to: folder)
    try write(.streaming(.lstm, inputs: 40, units: 64, outputs: 12), "lstm16", precision: .high, to: folder)
    try write(.streaming(.projectedLSTM, inputs: 3, units: 4, outputs: 2), "tiny", to: folder)
    try write(.streaming(.gru, inputs: 42, units: 24, outputs: 22), "gru", to: folder)
    try write(.decoder(), "decoder", to: folder)
  }

  static func write(_ graph: Graph, _ name: String, precision: Precision = .default, to folder: URL) throws {
    let bytes = try Converter(precision: precision).convert(graph).bytes
    let file = AlignedBytes(bytes)
    var session = try Session(try Model(unsafeBytes: UnsafeRawBufferPointer(file.bytes)))
    var numbers = TestNumbers(seed: 11)
    let rows = (0..<64).map { _ in numbers.floats(session.inputWidth()) }
    var y = [Float](repeating: 0, count: session.outputWidth())
    var text = ""
    for row in rows {
      guard session.step(row.span, into: y.mutableSpan) == .ok else { fatalError("a row was refused") }
      text += y.map { hexadecimal($0.bitPattern) }.joined(separator: " ") + "\n"
    }
    let input = rows.joined().flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
    try Data(bytes).write(to: folder.appendingPathComponent("\(name).funes"))
    try Data(input).write(to: folder.appendingPathComponent("\(name).input.f32"))
    try Data(text.utf8).write(to: folder.appendingPathComponent("\(name).output.hex"))
  }

  static func hexadecimal(_ bits: UInt32) -> String {
    let digits = String(bits, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
