// SPDX-License-Identifier: Apache-2.0
// Ids as the bytes that they write, one after another: separators between symbols, characters whole.

/// The bytes of ids through a text table, as `funes run` would write them.
struct SymbolText {
  private let table: SymbolTable
  private var writer: SymbolWriter
  private var isBegun = false
  private let space = Space()

  /// With `isContinued` the text goes on from another.
  init(_ table: SymbolTable, isContinued: Bool) {
    self.table = table
    writer = SymbolWriter(table, isContinued: isContinued)
    isBegun = isContinued && !table.separator.isEmpty
  }

  /// What an id completes.
  mutating func push(_ id: Int) throws(StreamError) -> [UInt8] {
    if isBegun { try space.output.write(table.separator) }
    isBegun = true
    try writer.write(id, to: space.output)
    return try space.take()
  }

  /// What is left of a character that never became whole.
  mutating func finish() throws(StreamError) -> [UInt8] {
    try writer.finish(to: space.output)
    return try space.take()
  }

  /// All of a text's ids at once.
  static func bytes(of ids: [Int32], _ table: SymbolTable, isContinued: Bool) throws(StreamError) -> [UInt8] {
    var text = SymbolText(table, isContinued: isContinued)
    var bytes: [UInt8] = []
    for id in ids { bytes += try text.push(Int(id)) }
    return bytes + (try text.finish())
  }

  /// A writer into memory.
  private final class Space {
    private var bytes: [UInt8] = []
    private(set) lazy var output = ByteWriter { [unowned self] (written: UnsafeRawBufferPointer) throws(StreamError) in
      bytes.append(contentsOf: written)
    }

    func take() throws(StreamError) -> [UInt8] {
      try output.flush()
      defer { bytes.removeAll(keepingCapacity: true) }
      return bytes
    }
  }
}

/// Bytes as they come to characters, so that none is cut: what is no UTF-8 becomes U+FFFD.
struct WholeCharacters {
  private var decoder = UTF8Decoder()

  mutating func push(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes { push(byte, &text) }
    return text
  }

  mutating func finish() -> String {
    defer { decoder = UTF8Decoder() }
    return decoder.isInside ? "\u{FFFD}" : ""
  }

  private mutating func push(_ byte: UInt8, _ text: inout String) {
    switch decoder.push(byte) {
    case .more: break
    case .scalar(let scalar): text.unicodeScalars.append(scalar)
    case .invalid(let isReusable):
      text += "\u{FFFD}"
      if isReusable { push(byte, &text) }
    }
  }
}
