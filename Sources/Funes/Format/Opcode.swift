// SPDX-License-Identifier: Apache-2.0
// The operators of a .funes file, by their codes in FORMAT.md.

/// What an operator computes. Equations stand in the kernels' header; shapes in FORMAT.md.
public enum Opcode: Int, Sendable {
  case linear = 1
  case embedding, oneHot, rnn, lstm, gru, add, multiply, concat, slice, activate, softmax, logSoftmax, l2Normalize
  case copy, last, mean, window, subsample, stateRead, stateWrite, layerNorm, rmsNorm, rotary, attention
  case scale, constant, position, first, pool, patches, blockAttention, remember, memoryAttention
  case frames

  /// The largest code of this version.
  static let highest = Opcode.frames

  var isCell: Bool { self == .rnn || self == .lstm || self == .gru }
}

#if !hasFeature(Embedded)
  extension Opcode: CaseIterable {}
#endif
