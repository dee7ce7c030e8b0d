// SPDX-License-Identifier: Apache-2.0
// One operator of a graph: what it computes and which constants and states it owns. Integers in payloads are indices
// into the graph's constants and states; FORMAT.md gives shapes, constants and states of each.

import Funes

extension Graph {
  public struct Operator: Sendable {
    public var name: String
    public var operation: Operation
    /// Indices into the graph's values.
    public var inputs: [Int]
    public var outputs: [Int]

    public init(name: String, operation: Operation, inputs: [Int], outputs: [Int]) {
      self.name = name
      self.operation = operation
      self.inputs = inputs
      self.outputs = outputs
    }
  }

  public enum Activation: Int, Sendable {
    case identity = 0, relu, tanh, sigmoid, hardSigmoid, gelu, geluTanh, silu, sqrt
  }

  public enum Operation: Sendable {
    /// y = W x + b over the last axis.
    case linear(weight: Int, bias: Int?)
    case embedding(table: Int)
    case oneHot(classes: Int)
    case cell(Cell)
    case add
    case multiply
    case concat(lanes: Int)
    case slice(lanes: Int, begin: Int, count: Int)
    case activate(Activation)
    case softmax(lanes: Int)
    case logSoftmax(lanes: Int)
    case l2Normalize(lanes: Int)
    case copy
    case last
    case mean(mean: Int, counter: Int)
    /// The last `length` rows side by side, oldest first, `dilation` rows apart; no states for length 1.
    case window(length: Int, dilation: Int, ring: Int?, position: Int?)
    case subsample(stride: Int, phase: Int)
    case stateRead(Int)
    case stateWrite(Int)
    case layerNorm(lanes: Int, gain: Int, bias: Int?, epsilon: Float)
    case rmsNorm(lanes: Int, gain: Int, epsilon: Float)
    /// Turns the first `dimensions` values of each lane; `turns` is a vector, see FORMAT.md.
    case rotary(lanes: Int, dimensions: Int, isHalved: Bool, turns: Int, position: Int)
    /// Causal, over the last `window` rows.
    case attention(Attention)
    /// x times a number.
    case scale(Float)
    /// A vector as it is.
    case constant(Int)
    /// x plus the row of a table that is next since reset.
    case position(table: Int, position: Int)
    case first
    /// The mean of rows, or their sum weighted by a softmax of scores for each head: of all rows of a block, or of `lanes`
    /// in each row.
    case pool(lanes: Int?, heads: Int)
    case patches(Patches)
    /// Frames of an inner axis.
    case frames(Frames)
    /// Rows that all see each other.
    case blockAttention(BlockAttention)
    /// Appends `lanes` rows of its inputs k and v, (lanes, width) each, to a memory: two caches and a counter.
    case remember(lanes: Int, keys: Int, values: Int, filled: Int)
    /// Over all rows of a memory.
    case memoryAttention(MemoryAttention)
  }

  /// A recurrent cell. Gates: LSTM i f g o (coupled: f g o, i = 1 − f); GRU r z n; see `funes_cell` in the kernels' header
  /// for the equations.
  public struct Cell: Sendable {
    public enum Kind: Int, Sendable { case rnn = 1, lstm, gru }
    public var kind: Kind
    public var units: Int
    public var weightX: Int
    public var weightH: Int
    /// `grouped` by the cell's gates; always present (zeros where the checkpoint has none).
    public var bias: Int
    /// GRU with reset after the product: (H).
    public var biasHN: Int?
    /// LSTM: (3, H), w_i w_f w_o.
    public var peephole: Int?
    /// GRU with reset before the product: W_hn (H, H) and W_xn (H, I); `weightH` and `weightX` then hold r z.
    public var candidate: Int?
    public var candidateX: Int?
    /// LSTM: (P, H).
    public var projection: Int?
    /// States; nil for a cell over an inner axis.
    public var hidden: Int?
    public var cell: Int?
    public var activation: Activation = .tanh
    public var gateActivation: Activation = .sigmoid
    public var isCoupled = false
    public var isReversed = false
    public var lanes = 1
    /// Extent of the inner axis that the cell walks; nil when the axis is time.
    public var innerSteps: Int?
    public var cellClip: Float = 0
    public var projectionClip: Float = 0
    public var isResetBefore: Bool { candidate != nil }

    public init(kind: Kind, units: Int, weightX: Int, weightH: Int, bias: Int) {
      self.kind = kind
      self.units = units
      self.weightX = weightX
      self.weightH = weightH
      self.bias = bias
    }
  }
}
