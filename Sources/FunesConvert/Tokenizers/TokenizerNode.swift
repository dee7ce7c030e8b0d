// SPDX-License-Identifier: Apache-2.0
// A value of a tokenizer's JSON with the place where it stands, for errors that name it.

import Funes

struct TokenizerNode {
  let value: JSONValue
  let file: String
  /// Such as `model.merges[3]`; empty for the whole.
  let path: String

  init(_ value: JSONValue, file: String, path: String = "") {
    self.value = value
    self.file = file
    self.path = path
  }

  func error(_ fault: TokenizerFileFault) -> TokenizerError { .fault(file: file, at: path, fault) }

  func wrong(_ expected: String) -> TokenizerError { error(.wrongKind(found: value.kind, expected: expected)) }

  /// The member of this name; nil where there is none or it is null.
  func find(_ key: String) -> TokenizerNode? {
    guard let found = value[key], !found.isNull else { return nil }
    return TokenizerNode(found, file: file, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func need(_ key: String) throws(TokenizerError) -> TokenizerNode {
    guard let found = find(key) else { throw error(.wrongKind(found: "no \"\(key)\"", expected: "one")) }
    return found
  }

  /// Refuses members of other names, since what they ask for would be left undone.
  func only(_ keys: [String]) throws(TokenizerError) {
    for member in try members() where !keys.contains(member.key) {
      throw error(.unsupported(found: "the key \(JSONText.quoted(member.key))", expected: keys.joined(separator: ", ")))
    }
  }

  func members() throws(TokenizerError) -> [JSONMember] {
    guard let members = value.members else { throw wrong("an object") }
    return members
  }

  func elements() throws(TokenizerError) -> [TokenizerNode] {
    guard let elements = value.elements else { throw wrong("an array") }
    return elements.enumerated().map { TokenizerNode($1, file: file, path: "\(path)[\($0)]") }
  }

  func string() throws(TokenizerError) -> String {
    guard let string = value.stringValue else { throw wrong("a string") }
    return string
  }

  /// A string that a file can hold.
  func symbol() throws(TokenizerError) -> String {
    let string = try string()
    guard TokenizerNode.isSymbol(string) else { throw error(.notText) }
    return string
  }

  static func isSymbol(_ string: String) -> Bool { string.utf8.count <= 4_096 && !string.utf8.contains(0) }

  func flag() throws(TokenizerError) -> Bool {
    guard let flag = value.boolValue else { throw wrong("true or false") }
    return flag
  }

  func integer(_ range: ClosedRange<Int>) throws(TokenizerError) -> Int {
    guard let integer = value.intValue else { throw wrong("a whole number") }
    guard range.contains(integer) else { throw error(.outOfRange(found: integer, expected: range)) }
    return integer
  }

  func number() throws(TokenizerError) -> Double {
    guard let number = value.doubleValue else { throw wrong("a number") }
    guard number.magnitude <= 0x1p50 else { throw error(.score(found: number)) }
    return number
  }

  /// The flag of this name, or what it is where it does not stand.
  func flag(_ key: String, default otherwise: Bool) throws(TokenizerError) -> Bool {
    try find(key)?.flag() ?? otherwise
  }

  /// The `type` of a normaliser or the like.
  func type() throws(TokenizerError) -> String { try need("type").string() }

  /// Refuses a member other than one string, or nothing.
  func expect(_ key: String, _ expected: String) throws(TokenizerError) {
    guard let node = find(key) else { return }
    let found = try node.string()
    guard found == expected else {
      throw node.error(.unsupported(found: JSONText.quoted(found), expected: JSONText.quoted(expected)))
    }
  }
}
