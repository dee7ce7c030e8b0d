// SPDX-License-Identifier: Apache-2.0
// How a recipe names a weight: a tensor of a checkpoint, or one made of several, cut, turned and put in gate order.

/// A tensor to be made from those of the checkpoints.
///
/// The base is changed in this order: reshape, permute, transpose, rows, columns, scale, add, gates with add_gate.
public struct TensorExpression: Sendable, Hashable {
  public enum Base: Sendable, Hashable {
    /// A tensor by its name; `from` is a checkpoint, nil for the first.
    case tensor(String, from: String?)
    /// Stacked along the first axis.
    case concat([TensorExpression])
    /// Added element by element.
    case sum([TensorExpression])
    case zeros([Int])
  }

  public var base: Base
  public var reshape: [Int]?
  /// Axis k of the result is axis `permute[k]` of the tensor.
  public var permute: [Int]?
  public var isTransposed = false
  /// Part of the first axis.
  public var rows: Range<Int>?
  /// Part of the second axis.
  public var columns: Range<Int>?
  public var scale: Double?
  public var add: Double?
  /// The order in which gates are stacked along the first axis, as letters.
  public var gates: String?
  /// Added to all elements of one gate, by letter.
  public var addGate: [String: Double] = [:]

  public init(_ base: Base) { self.base = base }

  public static func tensor(_ name: String) -> TensorExpression { TensorExpression(.tensor(name, from: nil)) }

  /// Whether nothing is done to the base.
  var isPlain: Bool { self == TensorExpression(base) }

  /// A short name for the result: the checkpoint's own where nothing but the order of gates was changed.
  public var title: String {
    var text =
      switch base {
      case .tensor(let name, _): name
      case .concat(let parts): "[" + parts.map(\.title).joined(separator: "; ") + "]"
      case .sum(let parts): parts.map(\.title).joined(separator: "+")
      case .zeros: "zeros"
      }
    if isTransposed { text += ".T" }
    if rows != nil || columns != nil {
      let axes = [rows, columns].map { $0.map { "\($0.lowerBound):\($0.upperBound)" } ?? ":" }
      text += columns == nil ? "[\(axes[0])]" : "[\(axes[0]), \(axes[1])]"
    }
    return text
  }
}

/// The letters by which recipes name gates.
enum GateOrder {
  /// Our position of each gate letter: LSTM i f g o, GRU r z n; nil for a letter that is none.
  private static let lstm: [Character: Int] = ["i": 0, "f": 1, "g": 2, "c": 2, "j": 2, "o": 3]
  private static let gru: [Character: Int] = ["r": 0, "z": 1, "u": 1, "n": 2, "h": 2]

  /// For each of our gates in our order, its position in `letters`; nil where `letters` are no gates of one cell.
  ///
  /// They are all gates of a cell, those of a coupled LSTM (no i), or r and z of a GRU.
  static func permutation(_ letters: String) -> [Int]? {
    permutation(letters, lstm, known: [[0, 1, 2, 3], [1, 2, 3]])
      ?? permutation(letters, gru, known: [[0, 1, 2], [0, 1]])
  }

  private static func permutation(_ letters: String, _ table: [Character: Int], known: [[Int]]) -> [Int]? {
    let ranks = letters.compactMap { table[$0] }
    guard ranks.count == letters.count else { return nil }
    let order = ranks.indices.sorted { ranks[$0] < ranks[$1] }
    return known.contains(order.map { ranks[$0] }) ? order : nil
  }

  /// Position in `letters` of the gate that `letter` names, whichever of its names is used.
  static func position(of letter: String, in letters: String) -> Int? {
    guard letter.count == 1, let first = letter.first else { return nil }
    for table in [lstm, gru] {
      guard let rank = table[first] else { continue }
      let ranks = letters.map { table[$0] }
      if ranks.contains(where: { $0 == nil }) { continue }
      return ranks.firstIndex(of: rank)
    }
    return nil
  }
}
