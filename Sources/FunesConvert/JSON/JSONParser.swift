// SPDX-License-Identifier: Apache-2.0
// Parses JSON strictly: what a lenient parser would repair or drop, such as a key that stands twice, is an error here,
// because two readers of one file must never see two different models.

extension JSONValue {
  /// Parses a whole document.
  ///
  /// Strict RFC 8259 in UTF-8: no comments, no trailing commas, no NaN, no byte order mark, each key once, nothing after
  /// the document but white space. Memory is at most proportional to `bytes`.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }
}

/// A recursive-descent parser over bytes; `offset` never passes `bytes.count`.
struct JSONParser {
  /// Deepest nesting of arrays and objects, so that the stack is bounded.
  static let depthLimit = 64
  /// Longest number in bytes; the longest that a double needs to be written exactly to 17 digits is 24.
  static let numberLimit = 64

  let bytes: [UInt8]
  var offset = 0
  private var line = 1
  private var lineStart = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try self.value(depth: 0)
    skipSpace()
    if let byte = peek() { throw .unexpectedByte(found: byte, expected: "the end of the text", at: position(offset)) }
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    guard let byte = peek() else { throw .unexpectedEnd(expected: "a value", at: position(offset)) }
    switch byte {
    case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw .unexpectedByte(found: byte, expected: "a value", at: position(offset))
    }
  }

  private mutating func members(depth: Int) throws(JSONError) -> [JSONMember] {
    try checkDepth(depth)
    offset += 1
    var members: [JSONMember] = []
    var seen: Set<[UInt8]> = []
    skipSpace()
    if take("}") { return members }
    while true {
      skipSpace()
      let keyOffset = offset
      guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      guard seen.insert(Array(key.utf8)).inserted else { throw .duplicateKey(key, at: position(keyOffset)) }
      skipSpace()
      guard take(":") else { throw unexpected("\":\"") }
      let value = try self.value(depth: depth)
      members.append(JSONMember(key: key, value: value, position: position(keyOffset)))
      skipSpace()
      if take("}") { return members }
      guard take(",") else { throw unexpected("\",\" or \"}\"") }
    }
  }

  private mutating func elements(depth: Int) throws(JSONError) -> [JSONValue] {
    try checkDepth(depth)
    offset += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return elements }
    while true {
      elements.append(try value(depth: depth))
      skipSpace()
      if take("]") { return elements }
      guard take(",") else { throw unexpected("\",\" or \"]\"") }
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for expected in word.description.utf8 {
      guard peek() == expected else { throw unexpected("\"\(word)\"") }
      offset += 1
    }
    return value
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    var isWhole = true
    _ = take("-")
    if !take("0") { try digits(since: start) }
    if take(".") {
      isWhole = false
      try digits(since: start)
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try digits(since: start)
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    // "-0" stays a double: an integer has no negative zero.
    if isWhole, text != "-0", let integer = Int(text) { return .integer(integer) }
    guard let double = Double(text), double.isFinite else {
      throw .numberOutOfRange(found: text, at: position(start))
    }
    return .number(double)
  }

  /// One digit or more.
  private mutating func digits(since start: Int) throws(JSONError) {
    let first = offset
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      offset += 1
      guard offset - start <= JSONParser.numberLimit else {
        throw .numberTooLong(limit: JSONParser.numberLimit, at: position(start))
      }
    }
    guard offset > first else { throw unexpected("a digit") }
  }
}

// MARK: - Bytes and places

extension JSONParser {
  func peek() -> UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
      if byte == 0x0a {
        line += 1
        lineStart = offset
      }
    }
  }

  func unexpected(_ expected: String) -> JSONError {
    guard let byte = peek() else { return .unexpectedEnd(expected: expected, at: position(offset)) }
    return .unexpectedByte(found: byte, expected: expected, at: position(offset))
  }

  /// The line and column of an offset on the current line. No token spans lines, so every error is on it.
  func position(_ target: Int) -> JSONPosition {
    JSONPosition(offset: target, line: line, column: target - lineStart + 1)
  }

  func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= JSONParser.depthLimit else { throw .tooDeep(limit: JSONParser.depthLimit, at: position(offset)) }
  }
}
