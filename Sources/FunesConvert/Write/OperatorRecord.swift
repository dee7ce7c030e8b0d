// SPDX-License-Identifier: Apache-2.0
// What an operator looks like in the OPS section: its code, the slots of its constants and states, its numbers.

/// One operator's code and slots, still with the graph's indices.
struct OperatorRecord {
  var code: UInt16
  var kind: String
  var constants: [Int?] = []
  var states: [Int?] = []
  var numbers: [Int32] = []
}

extension OperatorRecord {
  init(_ operation: Graph.Operation) {
    switch operation {
    case .linear(let weight, let bias):
      self.init(code: 1, kind: "linear", constants: [weight, bias])
    case .embedding(let table):
      self.init(code: 2, kind: "embedding", constants: [table])
    case .oneHot(let classes):
      self.init(code: 3, kind: "one hot", numbers: [Int32(classes)])
    case .cell(let cell):
      self.init(cell)
    case .add:
      self.init(code: 7, kind: "add")
    case .multiply:
      self.init(code: 8, kind: "multiply")
    case .concat(let lanes):
      self.init(code: 9, kind: "concat", numbers: [Int32(lanes)])
    case .slice(let lanes, let begin, let count):
      self.init(code: 10, kind: "slice", numbers: [Int32(lanes), Int32(begin), Int32(count)])
    case .activate(let function):
      self.init(code: 11, kind: "activate", numbers: [Int32(function.rawValue)])
    case .softmax(let lanes):
      self.init(code: 12, kind: "softmax", numbers: [Int32(lanes)])
    case .logSoftmax(let lanes):
      self.init(code: 13, kind: "log-softmax", numbers: [Int32(lanes)])
    case .l2Normalize(let lanes):
      self.init(code: 14, kind: "l2 normalize", numbers: [Int32(lanes)])
    case .copy:
      self.init(code: 15, kind: "copy")
    case .last:
      self.init(code: 16, kind: "last")
    case .mean(let mean, let counter):
      self.init(code: 17, kind: "mean", states: [mean, counter])
    case .window(let length, let dilation, let ring, let position):
      self.init(code: 18, kind: "window", states: [ring, position], numbers: [Int32(length), Int32(dilation)])
    case .subsample(let stride, let phase):
      self.init(code: 19, kind: "subsample", states: [phase], numbers: [Int32(stride)])
    case .stateRead(let state):
      self.init(code: 20, kind: "state read", states: [state])
    case .stateWrite(let state):
      self.init(code: 21, kind: "state write", states: [state])
    case .layerNorm(let lanes, let gain, let bias, let epsilon):
      self.init(
        code: 22, kind: "layer norm", constants: [gain, bias], numbers: [Int32(lanes), OperatorRecord.bits(epsilon)])
    case .rmsNorm(let lanes, let gain, let epsilon):
      self.init(code: 23, kind: "rms norm", constants: [gain], numbers: [Int32(lanes), OperatorRecord.bits(epsilon)])
    case .rotary(let lanes, let dimensions, let isHalved, let turns, let position):
      self.init(
        code: 24, kind: "rotary", constants: [turns], states: [position],
        numbers: [Int32(lanes), Int32(dimensions), isHalved ? 1 : 0])
    case .attention(let attention):
      self.init(
        code: 25, kind: "attention", constants: [attention.bias?.constant],
        states: [attention.keys, attention.values, attention.slot, attention.filled],
        numbers: [
          Int32(attention.heads), Int32(attention.keyHeads), Int32(attention.window),
          OperatorRecord.bits(attention.scale), attention.bias?.kind ?? 0,
        ])
    case .blockAttention(let attention):
      self.init(
        code: 32, kind: "block attention", constants: [attention.bias?.constant],
        numbers: [
          Int32(attention.heads), Int32(attention.keyHeads), Int32(attention.lanes ?? 0),
          OperatorRecord.bits(attention.scale), attention.bias?.kind ?? 0,
        ])
    case .remember(let lanes, let keys, let values, let filled):
      self.init(code: 33, kind: "remember", states: [keys, values, filled], numbers: [Int32(lanes)])
    case .memoryAttention(let attention):
      self.init(
        code: 34, kind: "memory attention", constants: [attention.score],
        states: [attention.keys, attention.values, attention.filled],
        numbers: [
          Int32(attention.heads), Int32(attention.keyHeads), OperatorRecord.bits(attention.scale),
          attention.score == nil ? 0 : 1,
        ])
    case .scale(let factor):
      self.init(code: 26, kind: "scale", numbers: [OperatorRecord.bits(factor)])
    case .constant(let vector):
      self.init(code: 27, kind: "constant", constants: [vector])
    case .position(let table, let position):
      self.init(code: 28, kind: "position", constants: [table], states: [position])
    case .first:
      self.init(code: 29, kind: "first")
    case .pool(let lanes, let heads):
      self.init(code: 30, kind: "pool", numbers: [Int32(lanes ?? 0), Int32(heads)])
    case .patches(let patches):
      self.init(
        code: 31, kind: "patches",
        numbers: [
          OperatorRecord.pair(patches.channels, patches.isInterleaved ? 1 : 0), Int32(patches.size.height),
          Int32(patches.size.width), OperatorRecord.pair(patches.kernel), OperatorRecord.pair(patches.stride),
          OperatorRecord.pair(patches.padding),
        ])
    case .frames(let frames):
      self.init(
        code: 35, kind: "frames",
        numbers: [
          Int32(frames.positions), Int32(frames.kernel), Int32(frames.stride), Int32(frames.dilation),
          OperatorRecord.pair(frames.before, frames.after), Int32(frames.padding.rawValue),
        ])
    }
  }

  /// Two numbers of 16 bits in one.
  private static func pair(_ low: Int, _ high: Int) -> Int32 { Int32(bitPattern: UInt32(low) | UInt32(high) << 16) }

  private static func pair(_ extent: Graph.Patches.Extent) -> Int32 { pair(extent.height, extent.width) }

  private static func bits(_ number: Float) -> Int32 { Int32(bitPattern: number.bitPattern) }

  private init(_ cell: Graph.Cell) {
    let gateFunction = cell.kind == .rnn ? 0 : cell.gateActivation.rawValue
    var flags = 0
    if cell.isCoupled { flags |= 1 }
    if cell.isResetBefore { flags |= 2 }
    if cell.isReversed { flags |= 4 }
    if cell.innerSteps != nil { flags |= 8 }
    let numbers = [
      Int32(cell.activation.rawValue + 256 * gateFunction), Int32(flags), Int32(cell.lanes),
      Int32(cell.innerSteps ?? 1), OperatorRecord.bits(cell.cellClip), OperatorRecord.bits(cell.projectionClip),
    ]
    let common: [Int?] = [cell.weightX, cell.weightH, cell.bias]
    switch cell.kind {
    case .rnn:
      self.init(code: 4, kind: "rnn", constants: common, states: [cell.hidden], numbers: numbers)
    case .lstm:
      self.init(
        code: 5, kind: "lstm", constants: common + [cell.peephole, cell.projection], states: [cell.hidden, cell.cell],
        numbers: numbers)
    case .gru:
      self.init(
        code: 6, kind: "gru", constants: common + [cell.biasHN, cell.candidate, cell.candidateX], states: [cell.hidden],
        numbers: numbers)
    }
  }
}
