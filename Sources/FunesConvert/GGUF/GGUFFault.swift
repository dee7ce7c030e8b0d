// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a GGUF file, and the wording of it: found, expected; remedy.

/// What is wrong with a GGUF file.
public enum GGUFFault: Sendable, Equatable {
  /// The numbers are stored with the most significant byte first.
  case bigEndian
  /// The file is of a version other than 2 and 3.
  case unsupportedVersion(found: UInt32)
  /// A key or a tensor's name has no byte, or more than the format allows.
  case nameByteCount(of: String, found: Int, expected: ClosedRange<Int>)
  /// A key, a name or a value is not UTF-8.
  case notText(String)
  /// A key stands twice.
  case duplicateKey(String)
  /// A value is of a type that the format does not have.
  case unknownValueType(key: String, found: UInt32)
  /// A list holds lists.
  case nestedList(key: String)
  /// A boolean is neither 0 nor 1.
  case boolean(key: String, found: UInt8)
  /// The alignment of tensors is no power of two, or out of range.
  case alignment(found: String)
  /// A tensor has more axes than the format allows.
  case axes(tensor: String, found: UInt32)
  /// The product of a tensor's extents does not fit.
  case extents(tensor: String, found: [UInt64])
  /// A tensor's elements are of a type that is not read.
  case unsupportedType(tensor: String, found: String)
  /// The rows of a tensor are no whole number of blocks.
  case partialBlock(tensor: String, type: BlockType, found: Int)
  /// A tensor does not begin on the alignment, or begins before or after the end of the one before.
  case misaligned(tensor: String, found: UInt64, alignment: Int)
  case offset(tensor: String, found: UInt64, expected: Int)
  /// A tensor ends behind the file.
  case beyondEnd(tensor: String, needed: Int, available: Int)
  /// Bytes follow the last tensor that are no padding.
  case trailingBytes(count: Int)
}

extension GGUFFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bigEndian:
      "found numbers with the most significant byte first, expected little-endian; convert the model again for a "
        + "little-endian machine"
    case .unsupportedVersion(let found):
      "found version \(found) of GGUF, expected 2 or 3; convert the model again with a current program"
    case .nameByteCount(let name, let found, let expected):
      "\(name): found \(found) bytes, expected \(expected.lowerBound) to \(expected.upperBound)"
    case .notText(let what): "\(what): found what is no text, expected utf-8"
    case .duplicateKey(let key): "key \"\(key)\": found twice, expected each key once"
    case .unknownValueType(let key, let found): "key \"\(key)\": found a value of type \(found), expected 0 to 12"
    case .nestedList(let key): "key \"\(key)\": found a list of lists, expected numbers, booleans or texts"
    case .boolean(let key, let found): "key \"\(key)\": found the byte \(found) for a boolean, expected 0 or 1"
    case .alignment(let found):
      "key \"general.alignment\": found \(found), expected a power of two from 8 to \(GGUFFile.alignmentLimit)"
    case .axes(let tensor, let found):
      "tensor \"\(tensor)\": found \(found) axes, expected at most \(GGUFFile.axisLimit)"
    case .extents(let tensor, let found):
      "tensor \"\(tensor)\": found the extents \(found), expected ones whose product is below 2^59"
    case .unsupportedType(let tensor, let found):
      "tensor \"\(tensor)\": found elements of type \(found), expected F32, F16, BF16, F64, a whole number, or one of "
        + BlockType.allCases.map { "\($0)".uppercased() }.joined(separator: " ")
        + "; quantise the original model to one of these"
    case .partialBlock(let tensor, let type, let found):
      "tensor \"\(tensor)\": found rows of \(found) elements, expected a multiple of the \(type.elementCount) of a "
        + "block of \("\(type)".uppercased())"
    case .misaligned(let tensor, let found, let alignment):
      "tensor \"\(tensor)\": found the offset \(found), expected a multiple of \(alignment) bytes"
    case .offset(let tensor, let found, let expected):
      "tensor \"\(tensor)\": found the offset \(found), expected \(expected), where the tensor before ends"
    case .beyondEnd(let tensor, let needed, let available):
      "tensor \"\(tensor)\": found \(available) bytes of tensors in all, expected at least \(needed); the file may be "
        + "cut short"
    case .trailingBytes(let count): "found \(count) bytes after the last tensor, expected at most padding"
    }
  }
}
