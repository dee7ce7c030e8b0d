// SPDX-License-Identifier: Apache-2.0
// What one row of a program's inputs or outputs looks like to the formats that are streamed.

/// One input or output of a program.
struct StreamPort: Equatable, Sendable {
  var name: String
  /// Values of one row.
  var width: Int
  /// Ids are below it; 0 for floats.
  var classes: Int = 0
  var symbols: SymbolTable?

  var isIDs: Bool { classes > 0 }
}

/// The inputs of a program side by side, as words of four bytes: floats as their bits, ids as they are.
struct RowLayout: Sendable {
  let ports: [StreamPort]
  /// Where each port's words begin in a row.
  let offsets: [Int]
  /// Words of a row.
  let width: Int

  init(_ ports: [StreamPort]) {
    self.ports = ports
    var offsets: [Int] = []
    var width = 0
    for port in ports {
      offsets.append(width)
      width += port.width
    }
    self.offsets = offsets
    self.width = width
  }
}
