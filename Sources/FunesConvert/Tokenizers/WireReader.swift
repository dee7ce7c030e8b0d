// SPDX-License-Identifier: Apache-2.0
// Protocol buffers on the wire: keys, varints, lengths. Source: "Encoding", protobuf.dev. Nothing is allocated but what
// is asked for, and no length is believed before it is held to the bytes that are left.

import Funes

/// Takes the fields of one message, one after another.
struct WireReader {
  /// What a field holds.
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  let file: String
  private let bytes: ArraySlice<UInt8>
  private var offset: Int

  init(_ bytes: ArraySlice<UInt8>, file: String) {
    self.file = file
    self.bytes = bytes
    offset = bytes.startIndex
  }

  /// The next field's number and value; nil at the end.
  mutating func next() throws(TokenizerError) -> (field: Int, value: Value)? {
    guard offset < bytes.endIndex else { return nil }
    let begin = offset
    let key = try varint()
    guard key >> 3 >= 1, key >> 3 < 1 << 29 else {
      throw wrong("field number \(key >> 3)", "1 to 536870911", at: begin)
    }
    let field = Int(key >> 3)
    switch key & 7 {
    case 0: return (field, .varint(try varint()))
    case 1: return (field, .fixed64(try fixed(8)))
    case 2:
      let count = try varint()
      guard count <= UInt64(bytes.endIndex - offset) else {
        throw wrong("a field of \(count) bytes", "at most the \(bytes.endIndex - offset) that are left", at: begin)
      }
      defer { offset += Int(count) }
      return (field, .bytes(bytes[offset..<(offset + Int(count))]))
    case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
    default: throw wrong("wire type \(key & 7)", "0, 1, 2 or 5", at: begin)
    }
  }

  private mutating func varint() throws(TokenizerError) -> UInt64 {
    let begin = offset
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      guard offset < bytes.endIndex else { throw wrong("the end of the message", "the end of a varint", at: begin) }
      let byte = bytes[offset]
      offset += 1
      // The tenth byte has room for one bit.
      guard shift < 63 || byte <= 1 else { break }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw wrong("a varint beyond 64 bits", "at most ten bytes", at: begin)
  }

  private mutating func fixed(_ count: Int) throws(TokenizerError) -> UInt64 {
    guard count <= bytes.endIndex - offset else {
      throw wrong("\(bytes.endIndex - offset) bytes", "\(count)", at: offset)
    }
    defer { offset += count }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  func wrong(_ found: String, _ expected: String, at offset: Int) -> TokenizerError {
    .fault(file: file, at: "byte \(offset)", .wire(found: found, expected: expected))
  }

  /// The value as what the schema says that it is.
  func text(_ value: Value, _ name: String) throws(TokenizerError) -> String {
    let slice = try self.slice(value, name)
    guard let text = String(utf8Bytes: slice), TokenizerNode.isSymbol(text) else {
      throw .fault(file: file, at: "byte \(slice.startIndex): \(name)", .notText)
    }
    return text
  }

  func slice(_ value: Value, _ name: String) throws(TokenizerError) -> ArraySlice<UInt8> {
    guard case .bytes(let slice) = value else { throw kind(name, "bytes") }
    return slice
  }

  func float(_ value: Value, _ name: String) throws(TokenizerError) -> Float {
    guard case .fixed32(let bits) = value else { throw kind(name, "a float") }
    let number = Float(bitPattern: bits)
    guard number.magnitude <= 0x1p50 else { throw .fault(file: file, at: name, .score(found: Double(number))) }
    return number
  }

  /// An int32 or bool: negative ones are ten bytes long.
  func integer(_ value: Value, _ name: String) throws(TokenizerError) -> Int {
    guard case .varint(let bits) = value else { throw kind(name, "a varint") }
    return Int(Int32(truncatingIfNeeded: bits))
  }

  private func kind(_ name: String, _ expected: String) -> TokenizerError {
    .fault(file: file, at: name, .wire(found: "another wire type", expected: expected))
  }
}
