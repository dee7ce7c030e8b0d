// SPDX-License-Identifier: Apache-2.0
// Rows out: one row of the chosen outputs at a time, as bytes, lines or the symbol of the largest value.

import FunesConvert

/// Writes rows of a program's outputs.
struct RowWriter {
  let ports: [StreamPort]
  let format: OutputFormat
  private let output: ByteWriter
  /// Whether a symbol has been written since the sequence began, so that a separator is due.
  private var isInSequence = false
  /// Of the first output.
  private var symbols: SymbolWriter?

  init(ports: [StreamPort], format: OutputFormat, output: ByteWriter) {
    self.ports = ports
    self.format = format
    self.output = output
    symbols = ports.first?.symbols.map { SymbolWriter($0) }
  }

  /// Writes one row; `values` holds the outputs one after another, `row` is the input row that brought it. Only a JSON
  /// object may lack an output that was not made.
  mutating func write(row: Int, _ values: UnsafeBufferPointer<Float>, isMade: [Bool]) throws(StreamError) {
    switch format {
    case .f32:
      for value in values { try output.write(littleEndian: value.bitPattern) }
    case .csv:
      for (index, value) in values.enumerated() {
        if index > 0 { try output.write(UInt8(ascii: ",")) }
        try output.write(value.description)
      }
      try endLine()
    case .jsonl: try writeObject(row: row, values, isMade)
    case .label:
      let id = argmax(values)
      if let symbols = ports[0].symbols { try symbols.write(id, to: output) } else { try output.write(String(id)) }
      try endLine()
    case .ids:
      try output.write(String(argmax(values)))
      try endLine()
    case .text: try write(symbol: argmax(values))
    }
  }

  /// Writes a symbol of the first output's table, after a separator where one is due.
  mutating func write(symbol id: Int) throws(StreamError) {
    guard symbols != nil else { return }
    if isInSequence { try output.write(symbols!.table.separator) }
    isInSequence = true
    try symbols!.write(id, to: output)
  }

  /// Writes what is left of a text: a character that never became whole.
  mutating func finish() throws(StreamError) { try symbols?.finish(to: output) }

  /// Ends a sequence that was a line of input: what is text ends its line, so that lines out answer lines in.
  mutating func endSequence(wasEmpty: Bool) throws(StreamError) {
    try finish()
    if format == .text || wasEmpty && format.isLines { try endLine() }
    isInSequence = false
  }

  private func endLine() throws(StreamError) { try output.write(UInt8(ascii: "\n")) }

  private func writeObject(row: Int, _ values: UnsafeBufferPointer<Float>, _ isMade: [Bool]) throws(StreamError) {
    try output.write("{\"row\":\(row)")
    var next = 0
    for (port, isMade) in zip(ports, isMade) where isMade {
      try output.write(",")
      try output.write(JSONText.quoted(port.name))
      try output.write(":[")
      for position in 0..<port.width {
        if position > 0 { try output.write(UInt8(ascii: ",")) }
        let value = values[next + position]
        try output.write(value.isFinite ? value.description : "null")
      }
      try output.write("]")
      next += port.width
    }
    try output.write("}\n")
  }
}

/// The position of the largest value, the lowest of equals.
func argmax(_ values: UnsafeBufferPointer<Float>) -> Int {
  var best = 0
  for position in values.indices where values[position] > values[best] { best = position }
  return best
}
