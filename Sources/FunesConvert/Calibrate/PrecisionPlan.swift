// SPDX-License-Identifier: Apache-2.0
// What a search for 16-bit weights found: a curve, and the point on it that was chosen.

/// What a search found: a curve of error against bytes, and the point on it that was chosen.
public struct PrecisionPlan: Sendable {
  /// All matrices up to some have 16-bit weights.
  public struct Point: Sendable, Equatable {
    /// The matrix that has 16 bits from here on; nil for the beginning, where all have 8.
    public var matrix: String?
    /// Error energy of the outputs, as a share of the signal's, that this matrix alone makes with 8 bits.
    public var noise: Double
    /// Bytes of all matrices.
    public var byteCount: Int
    public var bytesPerWeight: Double
    public var errorShare: Double
    /// The worst of all outputs, in dB.
    public var snr: Double
    /// The figure of the target; of a budget the SNR.
    public var figure: Double
  }

  public var goal: PrecisionGoal
  public var points: [Point]
  /// Matrices that the search could choose among.
  public var matrixCount: Int
  /// Among `points`.
  public var chosen: Int
  /// Whether the target holds there.
  public var isReached: Bool
  /// Matrices with 16-bit weights, in the order in which they got them.
  public var widened: [String] { points[...chosen].compactMap(\.matrix) }
}
