// SPDX-License-Identifier: Apache-2.0
// What the metadata of a GGUF file holds: numbers, booleans, texts, and lists of one of them.

/// The types of metadata, by the numbers that the file has for them.
enum GGUFType: UInt32, Sendable {
  case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// Bytes of a value; of a text or a list the least that it takes.
  var byteCount: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .string, .uint64, .int64, .float64: 8
    case .array: 12
    }
  }

  var name: String { "\(self)" }
}

/// A value of the metadata.
enum GGUFValue: Sendable, Equatable {
  case unsigned(UInt64)
  case signed(Int64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case strings([String])
  case numbers(GGUFNumbers)

  /// The value as a whole number; nil for what is none, or does not fit.
  var intValue: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a number; whole numbers are taken where a double holds them exactly.
  var doubleValue: Double? {
    switch self {
    case .float(let value): value
    case .unsigned(let value): Double(exactly: value)
    case .signed(let value): Double(exactly: value)
    default: nil
    }
  }

  var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

  var stringValue: String? { if case .string(let value) = self { value } else { nil } }

  var strings: [String]? { if case .strings(let values) = self { values } else { nil } }

  /// The values of a list of whole numbers.
  var integers: [Int]? {
    guard case .numbers(let numbers) = self else { return nil }
    let values = (0..<numbers.count).compactMap { numbers[$0].intValue }
    return values.count == numbers.count ? values : nil
  }

  /// The values of a list of numbers.
  var doubles: [Double]? {
    guard case .numbers(let numbers) = self else { return nil }
    let values = (0..<numbers.count).compactMap { numbers[$0].doubleValue }
    return values.count == numbers.count ? values : nil
  }

  /// What kind of value it is, for errors.
  var kind: String {
    switch self {
    case .unsigned, .signed: "a whole number"
    case .float: "a number"
    case .bool: "a boolean"
    case .string: "a text"
    case .strings: "a list of texts"
    case .numbers(let numbers): "a list of \(numbers.type.name)"
    }
  }
}

extension GGUFValue {
  /// What is said of a value in an error: a number itself, of everything else the kind.
  var shown: String { intValue != nil || doubleValue != nil ? "\(self)" : kind }
}

/// A list of numbers or booleans, kept as the file has it.
struct GGUFNumbers: Sendable, Equatable {
  var type: GGUFType
  var count: Int
  /// `count` values, little-endian.
  var bytes: [UInt8]

  subscript(index: Int) -> GGUFValue {
    let begin = index * type.byteCount
    let bits = bytes[begin..<(begin + type.byteCount)].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return GGUFValue(type, bits: bits)
  }
}

extension GGUFValue {
  /// A number or boolean of its bits.
  init(_ type: GGUFType, bits: UInt64) {
    switch type {
    case .int8: self = .signed(Int64(Int8(truncatingIfNeeded: bits)))
    case .int16: self = .signed(Int64(Int16(truncatingIfNeeded: bits)))
    case .int32: self = .signed(Int64(Int32(truncatingIfNeeded: bits)))
    case .int64: self = .signed(Int64(truncatingIfNeeded: bits))
    case .float32: self = .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case .float64: self = .float(Double(bitPattern: bits))
    case .bool: self = .bool(bits != 0)
    default: self = .unsigned(bits)
    }
  }
}

extension GGUFValue: CustomStringConvertible {
  /// The value on one line; of a long list only how many there are.
  var description: String {
    switch self {
    case .unsigned(let value): "\(value)"
    case .signed(let value): "\(value)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .string(let value): value
    case .strings(let values): "\(values.count) texts"
    case .numbers(let numbers):
      numbers.count > GGUFValue.longestShown
        ? "\(numbers.count) values of \(numbers.type.name)"
        : "[" + (0..<numbers.count).map { "\(numbers[$0])" }.joined(separator: ", ") + "]"
    }
  }

  private static let longestShown = 8
}
