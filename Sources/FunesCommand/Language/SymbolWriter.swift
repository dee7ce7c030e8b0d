// SPDX-License-Identifier: Apache-2.0
// Ids out as text: symbol after symbol, pieces joined so that no character leaves in parts.

import Funes

/// Writes the symbols of a text table.
struct SymbolWriter {
  let table: SymbolTable
  private var decoder: TextJoiner?

  /// With `isContinued` what is written goes on from a text, as pieces after a prompt do.
  init(_ table: SymbolTable, isContinued: Bool = false) {
    self.table = table
    decoder = TextJoiner(table, isContinued: isContinued)
  }

  /// Writes what an id completes: its symbol, its byte, or for pieces the characters that are now whole.
  mutating func write(_ id: Int, to output: ByteWriter) throws(StreamError) {
    guard decoder != nil else { return try table.write(id, to: output) }
    try output.write(decoder!.push(id))
  }

  /// Ends the text: what remains of a character that never became whole is marked as broken.
  mutating func finish(to output: ByteWriter) throws(StreamError) {
    guard decoder != nil else { return }
    try output.write(decoder!.finish())
  }
}
