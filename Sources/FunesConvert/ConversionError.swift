// SPDX-License-Identifier: Apache-2.0
// Why a graph could not become a file, with the names and numbers, and the wording of it.

import Funes

/// Why a graph was refused by the quantizer or the writer.
public enum ConversionError: Error, Equatable {
  /// A weight is NaN or infinite.
  case weightNotFinite(constant: String, index: Int)
  /// A weight exceeds what the file can hold.
  case weightTooLarge(constant: String, found: Double)
  /// A constant has more or fewer values than its layout says.
  case wrongValueCount(constant: String, found: Int, expected: Int)
  /// A constant's layout does not suit the operator that uses it.
  case wrongLayout(operator: String, constant: String, expected: String)
  /// No operator and no state uses a constant: its weights would be lost without a word.
  case unusedConstant(String)
  /// No operator uses a state.
  case unusedState(String)
  /// A value is read, put out or listed, but no operator makes it and it is no input.
  case valueNotMade(String)
  /// A value is made by two operators, or is an input and made by an operator.
  case valueMadeTwice(String)
  /// A number of records, or an extent, exceeds the format's limit.
  case tooLarge(what: String, found: Int, limit: Int)
  /// A name or symbol holds a NUL, which ends strings in the file.
  case nulInString(String)
  /// A precision is given for a matrix that the graph does not have.
  case unknownMatrix(String)
  /// A matrix that is given has other rows, columns or groups than the graph's.
  case givenMatrix(constant: String, found: [Int], expected: [Int])
  /// Two operators with different numbers of key heads read one cache, so its bytes cannot have a scale for each head.
  case sharedCache(state: String, keyHeads: Int, others: Int)
  /// The runtime refuses the file: an operator's shapes, rows or states do not fit each other.
  case refused(ModelError)
  /// The self-test could not run.
  case selfTest(VerificationError)
}

extension ConversionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .weightNotFinite(let constant, let index):
      "constant \"\(constant)\": found a value that is not finite at index \(index), expected finite numbers"
    case .weightTooLarge(let constant, let found):
      "constant \"\(constant)\": found a weight of \(found), expected at most 2^40 (vectors: 2^50) in magnitude"
    case .wrongValueCount(let constant, let found, let expected):
      "constant \"\(constant)\": found \(found) values, expected \(expected)"
    case .wrongLayout(let `operator`, let constant, let expected):
      "operator \"\(`operator`)\": found constant \"\(constant)\" of another layout, expected \(expected)"
    case .unusedConstant(let name):
      "constant \"\(name)\": found no operator that uses it; drop it or use it"
    case .unusedState(let name):
      "state \"\(name)\": found no operator that uses it; drop it or use it"
    case .valueNotMade(let name):
      "value \"\(name)\": found no operator that makes it, expected one, or an input"
    case .valueMadeTwice(let name):
      "value \"\(name)\": found two makers, expected one operator or one input"
    case .tooLarge(let what, let found, let limit):
      "\(what): found \(found), expected at most \(limit)"
    case .nulInString(let string):
      "string \"\(string.prefix { $0 != "\0" })…\": found a NUL, expected text"
    case .unknownMatrix(let name):
      "found no matrix \"\(name)\" in the graph, expected one that it has"
    case .givenMatrix(let constant, let found, let expected):
      "constant \"\(constant)\": found a matrix of \(found[0])×\(found[1]) in \(found[2]) groups given, expected "
        + "\(expected[0])×\(expected[1]) in \(expected[2])"
    case .sharedCache(let state, let keyHeads, let others):
      "cache \"\(state)\": found operators of \(keyHeads) and of \(others) key heads that read it, expected the same; "
        + "keep caches in 16 bits"
    case .refused(let error): "the runtime refuses the converted file: \(error)"
    case .selfTest(let error): "self-test: \(error)"
    }
  }
}
