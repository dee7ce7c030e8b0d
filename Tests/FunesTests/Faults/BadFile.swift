// SPDX-License-Identifier: Apache-2.0
// A file that breaks one rule of FORMAT.md alone, all checksums right, and the error that must come of it.

import FunesTestSupport
import Testing

@testable import Funes

struct BadFile: Sendable, CustomTestStringConvertible {
  var name: String
  var expected: ModelError
  var bytes: @Sendable () -> [UInt8]

  var testDescription: String { name }

  /// The rule that it breaks; nil for errors that are no rules.
  var rule: ModelError.Rule? {
    switch expected {
    case .header(let rule, _, _), .section(_, let rule, _, _), .record(_, _, let rule, _, _): rule
    default: nil
    }
  }
}

/// NONE, as an expected number.
let nothing = 0xFFFF_FFFF

/// One record is changed by `edit`, which is given its index.
func bad(
  _ name: String, _ section: Section, _ index: Int, _ rule: ModelError.Rule, _ found: Int, _ expected: Int,
  in parts: FileParts = .everyOperator, _ edit: @escaping @Sendable (inout FileParts, Int) -> Void
) -> BadFile {
  BadFile(
    name: "\(section) \(index): \(name)",
    expected: .record(
      section, index: index, rule: rule, found: UInt64(truncatingIfNeeded: found),
      expected: UInt64(truncatingIfNeeded: expected))
  ) {
    var parts = parts
    edit(&parts, index)
    return parts.bytes
  }
}

/// One field of one record is set; what is found is the field's value unless given.
func bad<T: FixedWidthInteger & Sendable>(
  _ name: String, _ section: Section, _ index: Int, at offset: Int, _ value: T, _ rule: ModelError.Rule,
  found: Int? = nil, _ expected: Int
) -> BadFile {
  let found = found ?? Int(truncatingIfNeeded: value)
  return bad("\(name) \(value)", section, index, rule, found, expected) { $0.set(value, section, $1, offset) }
}

/// A section as a whole is broken.
func bad(
  _ name: String, whole section: Section, _ rule: ModelError.Rule, _ found: Int, _ expected: Int,
  _ edit: @escaping @Sendable (inout FileParts) -> Void
) -> BadFile {
  BadFile(
    name: "\(section): \(name)",
    expected: .section(section, rule: rule, found: UInt64(found), expected: UInt64(expected))
  ) {
    var parts = FileParts.everyOperator
    edit(&parts)
    return parts.bytes
  }
}

/// The bytes of the whole file are changed; `edit` seals what it wants sealed.
func bad(
  _ name: String, _ expected: ModelError, raw edit: @escaping @Sendable (inout [UInt8]) -> Void
) -> BadFile {
  BadFile(name: name, expected: expected) {
    var bytes = FileParts.everyOperator.bytes
    edit(&bytes)
    return bytes
  }
}
