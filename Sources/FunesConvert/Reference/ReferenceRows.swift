// SPDX-License-Identifier: Apache-2.0
// What goes into the float reference and what comes out of it.

/// The rows of one input, row after row.
public enum ReferenceRows: Sendable, Equatable {
  case floats([Float])
  case ids([Int32])

  var count: Int {
    switch self {
    case .floats(let values): values.count
    case .ids(let ids): ids.count
    }
  }
}

/// What one call of a program made.
public struct ReferenceResult: Sendable {
  /// One value, row after row.
  public struct Rows: Sendable, Equatable {
    /// Inner shape, without rows.
    public var shape: [Int]
    public var rowCount: Int
    /// `rowCount` rows of the product of `shape`.
    public var values: [Float]

    public var width: Int { shape.reduce(1, *) }
  }

  /// The gates of one cell after their functions, each (rows, lanes · inner steps · H).
  public struct Gates: Sendable {
    /// The operator.
    public var name: String
    /// By gate: "i" "f" "g" "o", "r" "z" "n" or, for a plain cell, "h"; a coupled LSTM has "i" too.
    public var gates: [(gate: String, rows: Rows)]
  }

  /// The program's outputs by port.
  public var outputs: [String: Rows] = [:]
  /// What each operator made, by the value's name, in order.
  public var values: [(name: String, rows: Rows)] = []
  /// The gates of each cell, in order.
  public var gates: [Gates] = []

  /// The values of an output.
  public subscript(output: String) -> [Float]? { outputs[output]?.values }

  /// What the operators named a value.
  public func value(named name: String) -> Rows? { values.first { $0.name == name }?.rows }
}

/// Why the float reference did not run.
public enum ReferenceError: Error, Equatable {
  /// The graph has no program of that name.
  case unknownProgram(String)
  /// An input was not given, or one was given that the program does not have.
  case wrongInputs(found: [String], expected: [String])
  /// An input has another number of elements than rows times width.
  case inputCount(input: String, found: Int, expected: Int)
  /// Floats were given for ids, or ids for floats.
  case wrongElement(input: String)
  /// An element is not finite or exceeds 2^50, and the input's policy is to refuse it.
  case absurdInput(input: String, index: Int)
  /// An id is not below the input's classes.
  case idOutOfRange(input: String, index: Int, found: Int, classes: Int)
}

extension ReferenceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownProgram(let name): "program \"\(name)\": found none of that name, expected one of the model's"
    case .wrongInputs(let found, let expected):
      "inputs: found \(found.joined(separator: ", ")), expected \(expected.joined(separator: ", "))"
    case .inputCount(let input, let found, let expected):
      "input \"\(input)\": found \(found) elements, expected \(expected)"
    case .wrongElement(let input): "input \"\(input)\": found ids or floats where the other was expected"
    case .absurdInput(let input, let index):
      "input \"\(input)\": found element \(index) not finite or above 2^50, expected it finite"
    case .idOutOfRange(let input, let index, let found, let classes):
      "input \"\(input)\": found id \(found) at \(index), expected 0 to \(classes - 1)"
    }
  }
}
