// SPDX-License-Identifier: Apache-2.0
// Rounds the matrices of a graph one after another so that their products, on real rows, are as near to float as they can
// be, and keeps what makes the outputs better on other rows.

import Funes

/// What calibration did to a model.
public struct Calibration: Sendable {
  /// One matrix.
  public struct Entry: Sendable, Equatable {
    public var matrix: String
    /// Vectors that it was fitted to.
    public var vectorCount: Int
    /// Energy of its product over these vectors: tr(W H Wᵀ).
    public var signal: Double
    /// Energy of the product's error before and behind: tr((W − Ŵ) H (W − Ŵ)ᵀ).
    public var noiseBefore: Double
    public var noiseAfter: Double
    /// The equalizer that was found best, in words.
    public var equalizer: String
    public var isAccepted: Bool
    /// Error energy of the outputs on the rows to judge by, as a share of the signal's, without it and with it.
    public var errorBefore: Double
    public var errorAfter: Double

    /// Of the matrix's own product, in dB; nil where nothing is lost.
    public var snrBefore: Double? { decibels(signal: signal, error: noiseBefore) }
    public var snrAfter: Double? { decibels(signal: signal, error: noiseAfter) }
  }

  /// In the order in which they were rounded.
  public var entries: [Entry]
  /// Every matrix of the graph, for `Converter.given`.
  public var matrices: [String: QuantizedMatrix]
  public var fitRowCount: Int
  public var judgeRowCount: Int
  /// The outputs on the rows to judge by.
  public var before: [OutputDifference]
  public var after: [OutputDifference]

  public var acceptedCount: Int { entries.count { $0.isAccepted } }

  /// What the file's metadata say of it.
  public var note: String {
    "GPTQ of \(acceptedCount) of \(entries.count) matrices; \(fitRowCount) rows to fit, \(judgeRowCount) to judge"
  }
}

/// Calibrates graphs: GPTQ matrix by matrix, in the order in which they are first multiplied with something.
///
/// The vectors that a matrix multiplies are those that the quantised network itself makes of the rows to fit, with the
/// matrices rounded so far. A matrix stays as it was unless the error of the outputs falls on the rows to judge by, at once or
/// when all others are rounded.
/// Equal graphs, rows and options give equal matrices, whatever the instruction set and the number of threads.
public struct Calibrator {
  /// Told what is being done: parts of the work done, of how many, and on what.
  public typealias Progress = (_ done: Int, _ total: Int, _ name: String) -> Void

  /// Precisions and caches; what is not calibrated is quantised as it says.
  public var converter: Converter
  /// Added to the diagonal of H, as a share of its mean.
  public var damping = usualDamping
  public static let usualDamping = 0.01
  public var progress: Progress?
  /// Weights by which equalizers are compared; of larger matrices evenly spaced rows.
  private static let sampleCount = 1 << 18

  public init(_ converter: Converter) { self.converter = converter }

  public func calibrate(_ graph: Graph, _ rows: CalibrationRows) throws -> Calibration {
    try rows.check(graph)
    progress?(0, graph.products.count + 1, "float reference")
    return try calibrate(graph, rows, judged: try JudgedOutputs(graph, rows.judge))
  }

  /// With the float reference's outputs on the rows to judge by.
  public func calibrate(
    _ graph: Graph, _ rows: CalibrationRows, judged: JudgedOutputs
  ) throws -> Calibration {
    try rows.check(graph)
    let products = graph.products
    guard !products.isEmpty else { throw CalibrationError.nothingToFit }
    var total = products.count + 1
    var converter = converter
    converter.selfTest = []
    converter.progress = nil
    for (index, matrix) in try converter.quantize(graph) { converter.given[graph.constants[index].name] = matrix }
    let before = try differences(converter, graph, judged)
    var calibration = Calibration(
      entries: [], matrices: [:], fitRowCount: rows.fitRowCount, judgeRowCount: rows.judgeRowCount, before: before,
      after: before)
    var refused: [(entry: Int, matrix: QuantizedMatrix)] = []
    for (place, product) in products.enumerated() {
      progress?(place + 1, total, graph.constants[product.constant].name)
      guard let rounded = try rounded(graph, product, rows.fit, converter, &calibration) else { continue }
      let entry = calibration.entries.count - 1
      if try !accept(rounded, entry, graph, &converter, judged, &calibration) { refused.append((entry, rounded)) }
    }
    guard !calibration.entries.isEmpty else { throw CalibrationError.nothingToFit }
    // Beside the errors of matrices that were yet to come, what these win may not have been seen.
    total += refused.count
    for (place, (entry, matrix)) in refused.enumerated() {
      progress?(products.count + 1 + place, total, calibration.entries[entry].matrix)
      _ = try accept(matrix, entry, graph, &converter, judged, &calibration)
    }
    calibration.matrices = converter.given
    return calibration
  }

  private func differences(
    _ converter: Converter, _ graph: Graph, _ judged: JudgedOutputs
  ) throws -> [OutputDifference] {
    try judged.differences(of: try ModelFile(copying: try converter.convert(graph).bytes, memoryLimit: .max))
  }

  /// Rounds one matrix and enters what that does to its product; nil where it meets no vectors, or zeros alone, as in silence.
  private func rounded(
    _ graph: Graph, _ product: (constant: Int, uses: [MatrixUse]), _ sequences: [SampleSequence],
    _ converter: Converter, _ calibration: inout Calibration
  ) throws -> QuantizedMatrix? {
    let constant = graph.constants[product.constant]
    // Of 16-bit weights rounding costs nothing that could be won back.
    guard let plain = converter.given[constant.name], plain.weightPlanes == 1 else { return nil }
    let collector = InputCollector(graph: graph, converter: converter)
    let hessian = try collector.hessian(of: product.uses, cols: plain.cols, over: sequences)
    guard hessian.vectorCount > 0 else { return nil }
    let matrix = MatrixRounding(values: constant.values, like: plain, hessian: hessian, damping: damping)
    guard let (equalizer, rounded) = try? matrix.best(sampleCount: Calibrator.sampleCount) else { return nil }
    calibration.entries.append(
      Calibration.Entry(
        matrix: constant.name, vectorCount: hessian.vectorCount, signal: matrix.signal,
        noiseBefore: matrix.noise(of: plain), noiseAfter: matrix.noise(of: rounded), equalizer: equalizer,
        isAccepted: false, errorBefore: 0, errorAfter: 0))
    return rounded
  }

  /// Leaves a rounded matrix in the converter where it makes the outputs better. Returns whether it does.
  private func accept(
    _ matrix: QuantizedMatrix, _ entry: Int, _ graph: Graph, _ converter: inout Converter, _ judged: JudgedOutputs,
    _ calibration: inout Calibration
  ) throws -> Bool {
    let name = calibration.entries[entry].matrix
    let plain = converter.given.updateValue(matrix, forKey: name)
    let outputs = try differences(converter, graph, judged)
    calibration.entries[entry].errorBefore = calibration.after.errorShare
    calibration.entries[entry].errorAfter = outputs.errorShare
    calibration.entries[entry].isAccepted = outputs.errorShare < calibration.after.errorShare
    if calibration.entries[entry].isAccepted {
      calibration.after = outputs
    } else {
      converter.given[name] = plain
    }
    return calibration.entries[entry].isAccepted
  }
}
