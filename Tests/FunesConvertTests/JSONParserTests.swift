// SPDX-License-Identifier: Apache-2.0
// The strict JSON parser: what it reads, and one hostile document for each thing that it refuses.

import Testing

@testable import FunesConvert

private func parse(_ text: String) throws(JSONError) -> JSONValue {
  try JSONValue(parsing: Array(text.utf8))
}

/// The error of a document, nil when it is read.
private func jsonRefusal(_ bytes: [UInt8]) -> JSONError? {
  do throws(JSONError) {
    _ = try JSONValue(parsing: bytes)
    return nil
  } catch {
    return error
  }
}

private func jsonRefusal(_ text: String) -> JSONError? { jsonRefusal(Array(text.utf8)) }

private func at(_ offset: Int, _ line: Int = 1, _ column: Int? = nil) -> JSONPosition {
  JSONPosition(offset: offset, line: line, column: column ?? offset + 1)
}

@Suite struct JSONParserTests {
  @Test func valuesOfEveryKindAreRead() throws {
    let value = try parse(
      #" {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "x\ny"}, "big": 18446744073709551616} "#)
    #expect(value.members?.map(\.key) == ["a", "b", "big"])
    #expect(value["a"] == .array([.integer(1), .number(-2.5), .number(1000), .bool(true), .bool(false), .null]))
    #expect(value["b"]?["c"]?.stringValue == "x\ny")
    #expect(value["big"]?.intValue == nil)
    #expect(value["big"]?.doubleValue == 18446744073709551616)
    #expect(value["none"] == nil)
  }

  @Test func membersKnowTheirPlace() throws {
    let members = try parse("{\n  \"a\": 1,\n  \"b\": 2\n}").members
    #expect(members?.map(\.position) == [at(4, 2, 3), at(14, 3, 3)])
  }

  @Test func escapesAndSurrogatePairsAreDecoded() throws {
    #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).stringValue == "\"\\/\u{8}\u{c}\n\r\té😀")
  }

  @Test func keysEqualOnlyByUnicodeEquivalenceAreTwoKeys() throws {
    let value = try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}")
    #expect(value.members?.count == 2)
    #expect(value["e\u{301}"] == .integer(2))
  }

  @Test func negativeZeroKeepsItsSign() throws {
    #expect(try parse("-0").doubleValue?.sign == .minus)
  }

  @Test func nestingIsReadToTheLimitAndNoDeeper() throws {
    let limit = JSONParser.depthLimit
    let deep = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
    #expect(throws: Never.self) { try parse(deep) }
    #expect(jsonRefusal("[" + deep + "]") == .tooDeep(limit: limit, at: at(limit)))
    #expect(jsonRefusal(String(repeating: "[", count: 100_000)) == .tooDeep(limit: limit, at: at(limit)))
    #expect(
      jsonRefusal(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep(limit: limit, at: at(limit * 5)))
  }

  @Test(arguments: [
    ("", JSONError.unexpectedEnd(expected: "a value", at: at(0))),
    ("{\"a\": 1, \"a\": 2}", .duplicateKey("a", at: at(9))),
    ("{\"a\": 1, \"\\u0061\": 2}", .duplicateKey("a", at: at(9))),
    ("{\"a\": 1,}", .unexpectedByte(found: UInt8(ascii: "}"), expected: "a key in quotes", at: at(8))),
    ("[1,\n2,]", .unexpectedByte(found: UInt8(ascii: "]"), expected: "a value", at: at(6, 2, 3))),
    ("{\"a\" 1}", .unexpectedByte(found: UInt8(ascii: "1"), expected: "\":\"", at: at(5))),
    ("[1 2]", .unexpectedByte(found: UInt8(ascii: "2"), expected: "\",\" or \"]\"", at: at(3))),
    ("1 x", .unexpectedByte(found: UInt8(ascii: "x"), expected: "the end of the text", at: at(2))),
    ("01", .unexpectedByte(found: UInt8(ascii: "1"), expected: "the end of the text", at: at(1))),
    ("1.", .unexpectedEnd(expected: "a digit", at: at(2))),
    ("-", .unexpectedEnd(expected: "a digit", at: at(1))),
    ("+1", .unexpectedByte(found: UInt8(ascii: "+"), expected: "a value", at: at(0))),
    ("NaN", .unexpectedByte(found: UInt8(ascii: "N"), expected: "a value", at: at(0))),
    ("nul", .unexpectedEnd(expected: "\"null\"", at: at(3))),
    ("1e999", .numberOutOfRange(found: "1e999", at: at(0))),
    ("\"\u{1}\"", .controlCharacter(found: 1, at: at(1))),
    ("\"\\x\"", .invalidEscape(at: at(1))),
    ("\"\\u12g4\"", .invalidEscape(at: at(1))),
    ("\"\\ud800\"", .loneSurrogate(at: at(1))),
    ("\"\\udc00\"", .loneSurrogate(at: at(1))),
    ("\"\\ud800\\u0041\"", .loneSurrogate(at: at(1))),
    ("\"abc", .unexpectedEnd(expected: "the string's closing quote", at: at(4))),
    ("// x", .unexpectedByte(found: UInt8(ascii: "/"), expected: "a value", at: at(0))),
  ]) func hostileTextIsRefusedAtItsPlace(text: String, expected: JSONError) {
    #expect(jsonRefusal(text) == expected)
    #expect(!expected.description.isEmpty)
  }

  @Test func aNumberOfAMillionDigitsIsRefused() {
    let limit = JSONParser.numberLimit
    #expect(jsonRefusal(String(repeating: "9", count: 1_000_000)) == .numberTooLong(limit: limit, at: at(0)))
    #expect(jsonRefusal("[1." + String(repeating: "0", count: 1_000_000)) == .numberTooLong(limit: limit, at: at(1)))
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    #expect(jsonRefusal([0x22, 0xff, 0x22]) == .invalidUTF8(at: at(0)))
    #expect(jsonRefusal([0x22, 0xc0, 0xaf, 0x22]) == .invalidUTF8(at: at(0)))
    #expect(jsonRefusal([0xef, 0xbb, 0xbf, 0x31]) == .unexpectedByte(found: 0xef, expected: "a value", at: at(0)))
  }

  @Test func noTruncationNorFlippedBitCrashes() {
    let whole = Array(#"{"a": [1, -2.5e3, "\u00e9\n"], "b": {"c": null, "d": true}}"#.utf8)
    #expect(jsonRefusal(whole) == nil)
    for count in 0..<whole.count { #expect(jsonRefusal(Array(whole[..<count])) != nil) }
    for bit in 0..<(whole.count * 8) {
      var bytes = whole
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = jsonRefusal(bytes)
    }
  }
}
