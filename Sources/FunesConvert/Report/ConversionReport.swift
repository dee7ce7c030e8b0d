// SPDX-License-Identifier: Apache-2.0
// What a conversion lost and what the model will cost: figures for people and, as JSON, for programs.

/// The cost and loss of a converted model. Optional figures are nil where they were not measured, or where nothing was
/// lost and a ratio has no value.
public struct ConversionReport: Sendable, Equatable {
  /// One use of a matrix by an operator.
  public struct Matrix: Sendable, Equatable {
    /// The constant's name.
    public var name: String
    public var rows: Int
    public var cols: Int
    /// Bytes in the file: tiles, scales, row sums, equalizer; 0 where an operator before has counted them.
    public var byteCount: Int
    public var weightBits: Int
    public var activationBits: Int
    /// Largest magnitude of a quantised activation.
    public var qmax: Int
    public var isEqualized: Bool
    /// 10 log10(Σ W² / Σ (W − Ŵ)²).
    public var weightSNR: Double?
  }

  /// An operator that has matrices, or a norm or attention, which have none but lose something all the same.
  public struct Layer: Sendable, Equatable {
    public var program: String
    public var name: String
    public var kind: String
    public var matrices: [Matrix]
    /// Multiplications of its matrix products for one row; of attention, over a full window.
    public var multiplyCount: Int
    /// Its output against the float reference, in dB; nil until measured.
    public var outputSNR: Double?
    /// Largest difference of its output from the float reference; nil until measured.
    public var outputMaxAbs: Double?
  }

  /// One program's total.
  public struct Program: Sendable, Equatable {
    public var name: String
    /// Multiplications of all products for one row of a call, every operator running and every window full.
    public var multiplyCount: Int
  }

  public var model: String
  public var layers: [Layer]
  public var programs: [Program]
  public var fileByteCount: Int
  /// Matrices: tiles, scales, row sums and equalizers.
  public var weightByteCount: Int
  /// Numbers of all matrices.
  public var weightCount: Int
  /// Weights with their scales, row sums and equalizers; nil where there are none.
  public var bytesPerWeight: Double? { weightCount > 0 ? Double(weightByteCount) / Double(weightCount) : nil }
  /// What a snapshot holds.
  public var stateByteCount: Int
  /// All memory of a session for one row and one thread.
  public var sessionByteCount: Int
  /// Bytes that each further row of a call needs.
  public var rowByteCount: Int
  /// All weights together.
  public var weightSNR: Double?
}

extension ConversionReport {
  init(_ graph: Graph, matrices: [Int: QuantizedMatrix], plan: ArenaPlan, fileByteCount: Int, sessionByteCount: Int) {
    model = graph.name
    self.fileByteCount = fileByteCount
    self.sessionByteCount = sessionByteCount
    layers = []
    programs = []
    var counted: Set<Int> = []
    for program in graph.programs {
      var total = 0
      for op in program.operators {
        let record = OperatorRecord(op.operation)
        let used = record.constants.compactMap { $0 }.filter { matrices[$0] != nil }
        guard !used.isEmpty || ConversionReport.isShown(op.operation) else { continue }
        let count = ConversionReport.multiplyCount(of: op, in: graph)
        total += count
        let entries = used.map { index in
          Matrix(matrices[index]!, named: graph.constants[index].name, isCounted: !counted.insert(index).inserted)
        }
        layers.append(
          Layer(program: program.name, name: op.name, kind: record.kind, matrices: entries, multiplyCount: count))
      }
      programs.append(Program(name: program.name, multiplyCount: total))
    }
    weightCount = matrices.values.reduce(0) { $0 + $1.rows * $1.cols }
    weightByteCount = layers.flatMap(\.matrices).reduce(0) { $0 + $1.byteCount }
    stateByteCount = graph.states.reduce(0) { $0 + ConversionReport.byteCount(of: $1) }
    rowByteCount = plan.rowByteCount
    let energies = matrices.keys.sorted().map { matrices[$0]! }
    weightSNR = decibels(
      signal: energies.reduce(0) { $0 + $1.signalEnergy }, error: energies.reduce(0) { $0 + $1.errorEnergy })
  }

  /// Whether an operator without matrices has a line of its own.
  private static func isShown(_ operation: Graph.Operation) -> Bool {
    switch operation {
    case .layerNorm, .rmsNorm, .attention, .blockAttention, .memoryAttention: true
    default: false
    }
  }

  /// The rows of rings and caches are adjacent; those of other states begin at multiples of 16.
  private static func byteCount(of state: Graph.State) -> Int {
    switch state.kind {
    case .ring: roundUp(state.lanes * state.width, to: 16) * 4
    case .cache where state.heads > 0:
      roundUp(state.lanes * state.width, to: 64) + roundUp(state.lanes * state.heads * 4, to: 64)
    case .cache: roundUp(state.lanes * state.width * 2, to: 64)
    default: state.lanes * roundUp(state.width, to: 16) * 4
    }
  }

  /// Multiplications of an operator's products for one row.
  private static func multiplyCount(of op: Graph.Operator, in graph: Graph) -> Int {
    func count(_ index: Int) -> Int { graph.constants[index].values.count }
    switch op.operation {
    case .linear(let weight, _):
      guard case .matrix(let rows, _, _) = graph.constants[weight].layout else { return 0 }
      return graph.values[op.outputs[0]].width / rows * count(weight)
    case .cell(let cell):
      let matrices =
        [cell.weightX, cell.weightH] + [cell.candidate, cell.candidateX, cell.projection].compactMap { $0 }
      return matrices.reduce(0) { $0 + count($1) } * cell.lanes * (cell.innerSteps ?? 1)
    case .attention(let attention): return 2 * attention.window * graph.values[op.inputs[0]].width
    case .blockAttention(let attention):
      return (attention.lanes ?? 1) * (graph.values[op.inputs[0]].width + graph.values[op.outputs[0]].width)
    case .memoryAttention(let attention):
      let widths = graph.values[op.inputs[0]].width + graph.values[op.outputs[0]].width
      return graph.states[attention.keys].lanes * widths
    default: return 0
    }
  }
}

extension ConversionReport.Matrix {
  fileprivate init(_ matrix: QuantizedMatrix, named name: String, isCounted: Bool) {
    self.name = name
    rows = matrix.rows
    cols = matrix.cols
    byteCount =
      isCounted
      ? 0
      : TilePacker(matrix).byteCount(
        planes: matrix.weightPlanes, hasEqualizer: matrix.equalizer != nil)
    weightBits = 8 * matrix.weightPlanes
    activationBits = 8 * matrix.activationPlanes
    qmax = matrix.qmax
    isEqualized = matrix.equalizer != nil
    weightSNR = matrix.weightSNR
  }
}
