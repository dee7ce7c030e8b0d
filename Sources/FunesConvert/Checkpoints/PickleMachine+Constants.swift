// SPDX-License-Identifier: Apache-2.0
// The instructions of the pickle machine that push a constant: numbers, texts and bytes.

extension PickleMachine {
  /// The value that an instruction pushes; nil when it is another kind of instruction.
  mutating func constant(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue? {
    switch opcode {
    case .none: .some(.none)
    case .newTrue: .bool(true)
    case .newFalse: .bool(false)
    case .int: try int(try reader.line())
    case .binInt: .integer(Int64(try reader.int32()))
    case .binInt1: .integer(Int64(try reader.byte()))
    case .binInt2: .integer(Int64(try reader.uint16()))
    case .long: try long(try reader.line())
    case .long1: PickleMachine.long(try reader.take(Int(try reader.byte())))
    case .long4: PickleMachine.long(try reader.take(try reader.int32()))
    case .float: try float(try reader.line())
    case .binFloat: .float(Double(bitPattern: try reader.uint64().byteSwapped))
    case .string: try quoted(try reader.line())
    case .binString: PickleMachine.oldText(try reader.take(try reader.int32()))
    case .shortBinString: PickleMachine.oldText(try reader.take(Int(try reader.byte())))
    case .unicode: .string(try name(try reader.line()))
    case .binUnicode: .string(try name(try reader.take(try reader.uint32())))
    case .shortBinUnicode: .string(try name(try reader.take(Int(try reader.byte()))))
    case .binUnicode8: .string(try name(try reader.take(try reader.count64())))
    case .binBytes: .bytes(Array(try reader.take(try reader.uint32())))
    case .shortBinBytes: .bytes(Array(try reader.take(Int(try reader.byte()))))
    case .binBytes8, .byteArray8: .bytes(Array(try reader.take(try reader.count64())))
    default: nil
    }
  }

  /// UTF-8 text, as names are.
  func name(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) -> String {
    guard let text = String(utf8Bytes: bytes) else { throw fault(.invalidText) }
    return text
  }

  /// The number of a memo entry.
  func decimal(_ line: ArraySlice<UInt8>) throws(CheckpointError) -> Int {
    guard line.count <= 20, let index = Int(String(decoding: line, as: UTF8.self)), index >= 0 else {
      throw fault(.invalidNumber)
    }
    return index
  }

  /// Protocol 0 writes the booleans as the numbers 00 and 01.
  private func int(_ line: ArraySlice<UInt8>) throws(CheckpointError) -> PickleValue {
    if line.elementsEqual("00".utf8) { return .bool(false) }
    if line.elementsEqual("01".utf8) { return .bool(true) }
    return try long(line)
  }

  /// Decimal digits, with an L at the end where Python 2 wrote them.
  private func long(_ line: ArraySlice<UInt8>) throws(CheckpointError) -> PickleValue {
    let digits = line.last == UInt8(ascii: "L") ? line.dropLast() : line
    let unsigned = digits.first == UInt8(ascii: "-") ? digits.dropFirst() : digits
    guard !unsigned.isEmpty, unsigned.allSatisfy({ (0x30...0x39).contains($0) }) else { throw fault(.invalidNumber) }
    guard digits.count <= 20, let integer = Int64(String(decoding: digits, as: UTF8.self)) else {
      return .largeInteger(Array(digits))
    }
    return .integer(integer)
  }

  /// Two's complement, least significant byte first; no bytes are zero.
  private static func long(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    guard bytes.count <= 8 else { return .largeInteger(Array(bytes)) }
    var value: Int64 = (bytes.last ?? 0) >= 0x80 ? -1 : 0
    for byte in bytes.reversed() { value = value << 8 | Int64(byte) }
    return .integer(value)
  }

  private func float(_ line: ArraySlice<UInt8>) throws(CheckpointError) -> PickleValue {
    guard line.count <= 64, let value = Double(String(decoding: line, as: UTF8.self)) else {
      throw fault(.invalidNumber)
    }
    return .float(value)
  }

  /// A text of Python 2, which did not say its encoding: UTF-8 where it is that, otherwise Latin-1.
  private static func oldText(_ bytes: ArraySlice<UInt8>) -> PickleValue {
    if let text = String(utf8Bytes: bytes) { return .string(text) }
    return .string(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
  }

  /// A text in quotes; one with escapes is refused, since no reader of checkpoints met one.
  private func quoted(_ line: ArraySlice<UInt8>) throws(CheckpointError) -> PickleValue {
    guard line.count >= 2, let quote = line.first, quote == 0x27 || quote == 0x22, line.last == quote,
      !line.contains(UInt8(ascii: "\\"))
    else { throw fault(.invalidText) }
    return PickleMachine.oldText(line.dropFirst().dropLast())
  }
}
