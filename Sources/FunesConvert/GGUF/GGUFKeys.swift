// SPDX-License-Identifier: Apache-2.0
// The metadata of one architecture, taken key by key: kinds and ranges are held here, and no key is passed over that
// could change what the model computes.

/// Takes the values of keys that begin with the architecture's name.
struct GGUFKeys {
  let file: String
  let architecture: String
  private let metadata: [String: GGUFValue]

  /// - Parameter known: keys without the architecture's name that are read here, or change nothing.
  init(_ gguf: GGUFFile, architecture: String, known: Set<String>) throws(GGUFModelError) {
    file = gguf.checkpoint.file
    self.architecture = architecture
    metadata = gguf.metadata
    let prefix = architecture + "."
    for key in metadata.keys.sorted() where key.hasPrefix(prefix) {
      guard known.contains(String(key.dropFirst(prefix.count))) else { throw .unknownKey(file: file, key: key) }
    }
  }

  /// A count that must be there.
  func count(_ name: String, in range: ClosedRange<Int>) throws(GGUFModelError) -> Int {
    guard let count = try optionalCount(name, in: range) else {
      throw .missingKey(file: file, key: key(name), expected: GGUFKeys.wording(range))
    }
    return count
  }

  func optionalCount(_ name: String, in range: ClosedRange<Int>) throws(GGUFModelError) -> Int? {
    guard let value = metadata[key(name)] else { return nil }
    guard let count = value.intValue, range.contains(count) else {
      throw wrong(name, value, GGUFKeys.wording(range))
    }
    return count
  }

  /// A finite number above zero.
  func positive(_ name: String) throws(GGUFModelError) -> Double? {
    guard let value = metadata[key(name)] else { return nil }
    guard let number = value.doubleValue, number > 0, number.isFinite else {
      throw wrong(name, value, "a number above 0")
    }
    return number
  }

  /// A finite number above zero that must be there.
  func requiredPositive(_ name: String) throws(GGUFModelError) -> Double {
    guard let number = try positive(name) else {
      throw .missingKey(file: file, key: key(name), expected: "a number above 0")
    }
    return number
  }

  func text(_ name: String) throws(GGUFModelError) -> String? {
    guard let value = metadata[key(name)] else { return nil }
    guard let text = value.stringValue else { throw wrong(name, value, "a text") }
    return text
  }

  func bool(_ name: String) throws(GGUFModelError) -> Bool? {
    guard let value = metadata[key(name)] else { return nil }
    guard let bool = value.boolValue else { throw wrong(name, value, "a boolean") }
    return bool
  }

  /// The value is not one that can be converted.
  func wrong(_ name: String, _ found: GGUFValue, _ expected: String) -> GGUFModelError {
    .wrongValue(file: file, key: key(name), found: found.shown, expected: expected)
  }

  func wrong(_ name: String, _ found: String, _ expected: String) -> GGUFModelError {
    .wrongValue(file: file, key: key(name), found: found, expected: expected)
  }

  func key(_ name: String) -> String { "\(architecture).\(name)" }

  private static func wording(_ range: ClosedRange<Int>) -> String {
    range.lowerBound == range.upperBound
      ? "\(range.lowerBound)" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }
}
