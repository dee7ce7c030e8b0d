// SPDX-License-Identifier: Apache-2.0
// Everything that a report shows of a model beside its checkpoint: figures alone, which pages and machines are told by
// others.

import Funes

/// A model in int8 beside the graph that it was made of, over given rows.
public struct ModelReport: Sendable {
  /// What the model is and how large.
  public struct Summary: Sendable {
    public var name: String
    public var fingerprint: String
    public var fileByteCount: Int
    public var stateByteCount: Int
    /// All memory of a session for one row.
    public var sessionByteCount: Int
    /// Matrices: tiles, scales, row sums and equalizers.
    public var weightByteCount: Int
    /// Numbers of all matrices.
    public var weightCount: Int
    /// Matrices by the integers of their products, the most frequent first.
    public var precisions: [(name: String, matrixCount: Int, weightCount: Int)]
    /// What the file says of itself; the search has a part of its own.
    public var metadata: [(key: String, value: String)]
    public var bytesPerWeight: Double { weightCount == 0 ? 0 : Double(weightByteCount) / Double(weightCount) }
  }

  /// The rows that the figures are over.
  public struct Input: Sendable {
    public var program: String
    public var isRandom: Bool
    public var sequenceCount: Int
    public var rowCount: Int
  }

  /// One output of a program.
  public struct Output: Sendable {
    public var program: String
    public var name: String
    public var width: Int
    public var difference: Difference
    /// Where its rows choose one of several: scores, probabilities, labels.
    public var decisions: DecisionComparison?
    /// The same of the last row of each sequence alone, where there are several sequences: what a classifier answers with.
    public var lastDecisions: DecisionComparison?
  }

  /// The error of a stream of the rows, one after another without a reset, in parts that grow with the step.
  public struct Course: Sendable {
    public var program: String
    /// Where each part ends, in steps.
    public var ends: [Int]
    public var signals: [StreamSignal]
    /// The rows were given again from the first on, so often, to fill the steps.
    public var repetitions: Double
  }

  /// One matrix: its columns, and those of what it multiplies.
  public struct Matrix: Sendable {
    public var program: String
    public var layer: String
    public var name: String
    public var rows: Int
    public var cols: Int
    public var byteCount: Int
    public var weights: ColumnRange
    /// Nil of tables that are only gathered from, and where no row came by.
    public var activations: ColumnRange?
  }

  /// One operator: what it takes of the file and of a step.
  public struct Cost: Sendable {
    public var program: String
    public var layer: String
    public var kind: String
    /// Of the constants that no operator before has counted.
    public var byteCount: Int
    public var multiplyCount: Int
    /// Of one call; nil where the program was not timed.
    public var nanoseconds: Double?
  }

  public var summary: Summary
  public var inputs: [Input] = []
  public var outputs: [Output] = []
  /// Where the rows are a text and the output scores the id that comes next.
  public var language: LanguageComparison?
  /// Nil where no program is a stream.
  public var course: Course?
  public var layers: [LayerDifference] = []
  /// Nil where 16-bit weights were not searched for.
  public var search: SearchNote?
  public var matrices: [Matrix] = []
  public var costs: [Cost] = []
  public var times: [OperatorTimes] = []
}

extension ModelReport.Summary {
  public init(_ model: Model) throws(ModelError) {
    let metadata = model.metadata
    name = metadata.first { $0.key == "name" }?.value ?? ""
    fingerprint = model.fingerprint
    fileByteCount = model.fileByteCount
    stateByteCount = model.stateByteCount
    sessionByteCount = try model.sessionByteCount()
    self.metadata = metadata.filter { $0.key != "name" && $0.key != "search" }
    var groups: [String: (matrices: Int, weights: Int)] = [:]
    weightByteCount = 0
    weightCount = 0
    for constant in model.constants where constant.isMatrix {
      weightByteCount += constant.byteCount
      weightCount += constant.rows * constant.cols
      let precision =
        "\(constant.weightBits)-bit weights, \(constant.activationBits)-bit activations"
        + (constant.hasEqualizer ? ", equalised columns" : "")
      groups[precision, default: (0, 0)].matrices += 1
      groups[precision]!.weights += constant.rows * constant.cols
    }
    precisions = groups.sorted { ($1.value.weights, $0.key) < ($0.value.weights, $1.key) }
      .map { ($0.key, $0.value.matrices, $0.value.weights) }
  }
}
