// SPDX-License-Identifier: Apache-2.0
// How finely a matrix and the vectors that it multiplies are written in integers: what the converter's caller chooses.

/// The integers of one matrix product: weights of 8 bits or 16, activations of 8 or 16.
public struct Precision: Sendable, Equatable {
  /// Bits of a quantised weight: one int8 plane or two.
  public enum Weights: Int, Sendable, CaseIterable {
    case eight = 8
    case sixteen = 16

    /// Planes in the file's constant record.
    var planes: Int { self == .eight ? 1 : 2 }
    /// Largest magnitude of a quantised weight; two planes hold 255 · 127 + 127 = 32,512.
    var largest: Int { self == .eight ? 127 : 32_512 }
  }

  /// Bits of a quantised activation: one int8 plane or two.
  public enum Activations: Int, Sendable, CaseIterable {
    case eight = 8
    case sixteen = 16

    /// Planes in the file's constant record.
    var planes: Int { self == .eight ? 1 : 2 }
    /// Largest magnitude of a quantised activation; two planes hold 127 · 257 = 32,639.
    var largest: Int { self == .eight ? 127 : 32_639 }
  }

  public var weights: Weights
  public var activations: Activations
  /// Whether columns are brought to like size by an equalizer, which the activations then take up.
  public var isEqualized: Bool

  /// Equalised unless said otherwise exactly where 16 bits can take up what the columns give away.
  public init(weights: Weights = .eight, activations: Activations, isEqualized: Bool? = nil) {
    self.weights = weights
    self.activations = activations
    self.isEqualized = isEqualized ?? (activations == .sixteen)
  }

  /// 8-bit weights, 16-bit activations, equalised columns.
  public static let `default` = Precision(activations: .sixteen)
  /// 8-bit weights, 8-bit activations: half the work of a product where the loss is accepted.
  public static let fast = Precision(activations: .eight)
  /// 16-bit weights, 16-bit activations, equalised columns: two bytes a weight and twice the work of a product.
  public static let high = Precision(weights: .sixteen, activations: .sixteen)
}
