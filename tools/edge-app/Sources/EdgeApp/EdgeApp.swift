// SPDX-License-Identifier: Apache-2.0
// Streams rows through a model: from `EdgeApp MODEL`, floats on stdin; to the bits of each output, a line a row.

import Funes
import Glibc

@main
struct EdgeApp {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else {
      print("usage: EdgeApp MODEL < rows.f32")
      exit(64)
    }
    let file = try ModelFile(path: CommandLine.arguments[1])
    var session = try Session(file, threads: 2)
    var x = [Float](repeating: 0, count: session.inputWidth())
    var y = [Float](repeating: 0, count: session.outputWidth())
    let input = fdopen(0, "rb")
    while fread(&x, 4, x.count, input) == x.count {
      let status = session.step(x.span, into: y.mutableSpan)
      guard status == .ok else { fatalError("row \(session.rowCount): \(status)") }
      print(y.map { hexadecimal($0.bitPattern) }.joined(separator: " "))
    }
  }

  static func hexadecimal(_ bits: UInt32) -> String {
    let digits = String(bits, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
