// SPDX-License-Identifier: Apache-2.0
// Why a .funes file was refused: one rule, the place, what was found and what was expected. Wording is host-only.

/// Why a `.funes` file was refused. Numbers are as found in the file; a rule that needs no number has zeros.
public enum ModelError: Error, Equatable, Sendable {
  /// The bytes are fewer than the header's 128.
  case tooShort(found: Int)
  /// The bytes do not begin at an address that is a multiple of 64.
  case misaligned(remainder: Int)
  /// The file does not begin with the magic bytes.
  case notAFunesFile
  /// The file is of another format version than this runtime reads.
  case unsupportedVersion(found: Int, supported: Int)
  /// A rule of the header is broken.
  case header(rule: Rule, found: UInt64, expected: UInt64)
  /// A rule of a section as a whole is broken.
  case section(Section, rule: Rule, found: UInt64, expected: UInt64)
  /// A rule of one record is broken.
  case record(Section, index: Int, rule: Rule, found: UInt64, expected: UInt64)
  /// A session would need more memory than the caller allows, in bytes.
  case overBudget(found: UInt64, allowed: UInt64)

  /// A rule of FORMAT.md that a file can break.
  public enum Rule: UInt8, Sendable {
    /// The file's length is the one that its header states.
    case fileByteCount
    /// The number of sections is the version's.
    case sectionCount
    /// A reserved field or padding is zero.
    case reserved
    /// Arena sizes are multiples of 64 and at most 2^36 bytes.
    case arenaByteCount
    /// A checksum agrees.
    case checksum
    /// Sections stand in order.
    case sectionKind
    /// A section begins where the one before it ends, rounded up to 64.
    case sectionOffset
    /// A section lies in the file and holds whole records.
    case sectionByteCount
    /// A section's records have the version's size.
    case stride
    /// A section has at most so many records, and at least one program exists.
    case recordCount
    /// Strings begin and end with NUL.
    case stringEnds
    /// A string has at most 4,096 bytes, so that what shows names cannot be made to show gigabytes.
    case stringByteCount
    /// A name is the offset of a string; programs differ in name.
    case name
    /// A kind or code is known.
    case kind
    /// An extent, count or limit is in its range.
    case extent
    /// The number of weight or activation planes is supported.
    case planes
    /// qmax is in the range of its planes.
    case qmax
    /// Ranges tile their section.
    case tiling
    /// A scale, equalizer or vector value is finite and in its range.
    case number
    /// A domain is known, numbered in operator order, and made by a subsample.
    case domain
    /// A value's producer is the operator or input that names it.
    case producer
    /// A value lies inside its arena on a multiple of 64.
    case arenaOffset
    /// An index is in range, or a slot that must be empty is.
    case index
    /// Operators have the right number of inputs, outputs, constants and states.
    case arity
    /// An input is made earlier in the same program; a program's resets ascend.
    case order
    /// An element type is the one that the operator takes.
    case element
    /// Shapes agree.
    case shape
    /// A state has the kind, lanes and width that its operator needs.
    case state
    /// An operator may stand in a sequential run or a streaming program.
    case placement
    /// Inputs come before outputs, with domain 1.
    case port
    /// Ids of an input are within every table that they index.
    case classes
    /// A self-test record names a program and a number of rows in 1...65,536.
    case golden
  }
}

#if !hasFeature(Embedded)
  extension ModelError.Rule: CaseIterable {}
#endif
