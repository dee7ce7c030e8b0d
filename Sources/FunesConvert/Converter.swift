// SPDX-License-Identifier: Apache-2.0
// From a graph to a file in memory: quantise every matrix, plan the arenas, write, test the file against itself.

import Funes

/// A file in memory and what its making cost.
public struct ConvertedModel: Sendable {
  public var bytes: [UInt8]
  public var report: ConversionReport
}

/// Turns graphs into `.funes` files.
public struct Converter {
  /// What metadata calls the converter.
  public static let version = "0.2.0"

  /// Told before each matrix: how many of all weights are done, and whose turn it is.
  public typealias Progress = (_ done: Int, _ total: Int, _ name: String) -> Void

  /// Of every matrix that `exceptions` does not name.
  public var precision: Precision
  /// Other precisions for single matrices, by the name of the constant.
  public var exceptions: [String: Precision] = [:]
  /// Matrices that are taken as they are instead of being quantised, by the name of the constant; precisions do not apply.
  public var given: [String: QuantizedMatrix] = [:]
  /// What the file says about itself; nil for what the graph and the converter say.
  public var metadata: [String: String]?
  /// Of attention's caches and memories.
  public var cacheBits = CacheBits.sixteen
  /// False gives every value memory of its own, for reading all of them after a call.
  public var sharesArena = true
  /// The self-test that the file carries: nil for a few rows of every program, empty for none.
  public var selfTest: [SelfTestRun]?
  public var progress: Progress?

  public init(precision: Precision = .default) { self.precision = precision }

  /// Converts a graph as it stands; equal graphs and options give equal bytes on every machine.
  public func convert(_ graph: Graph) throws(ConversionError) -> ConvertedModel {
    let graph = cacheBits == .eight ? try graph.withByteCaches() : graph
    try graph.checkConstants()
    let matrices = try quantize(graph)
    let plan = ArenaPlanner.plan(graph, isSharing: sharesArena)
    let writer = try FileWriter(graph, matrices: matrices, plan: plan, metadata: statements(of: graph, matrices))
    var bytes = try writer.bytes()
    let runs = selfTest ?? GoldenRecord.standardRuns(for: graph)
    let (crcs, sessionByteCount) = try run(bytes, runs)
    if !runs.isEmpty {
      bytes = try writer.bytes(goldens: zip(runs, crcs).map { GoldenRecord(run: $0, crc: $1) })
    }
    let report = ConversionReport(
      graph, matrices: matrices, plan: plan, fileByteCount: bytes.count, sessionByteCount: sessionByteCount)
    return ConvertedModel(bytes: bytes, report: report)
  }

  /// Opens the file, so that what the runtime would refuse is refused here, and runs its self-test.
  private func run(
    _ bytes: [UInt8], _ runs: [SelfTestRun]
  ) throws(ConversionError) -> (crcs: [UInt32], sessionByteCount: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    let model: Model
    let sessionByteCount: Int
    do throws(ModelError) {
      model = try Model(unsafeBytes: UnsafeRawBufferPointer(memory), memoryLimit: .max)
      sessionByteCount = try model.sessionByteCount()
    } catch {
      throw .refused(error)
    }
    do throws(VerificationError) {
      return (try model.selfTest(runs), sessionByteCount)
    } catch {
      throw .selfTest(error)
    }
  }

  /// Every matrix of the graph in integers, by its index among the constants.
  public func quantize(_ graph: Graph) throws(ConversionError) -> [Int: QuantizedMatrix] {
    let names = Set(graph.constants.compactMap { if case .matrix = $0.layout { $0.name } else { nil } })
    for name in exceptions.keys.sorted() + given.keys.sorted() where !names.contains(name) {
      throw .unknownMatrix(name)
    }
    let total = graph.constants.reduce(0) { if case .matrix = $1.layout { $0 + $1.values.count } else { $0 } }
    let multiplied = graph.multipliedConstants
    var done = 0
    var matrices: [Int: QuantizedMatrix] = [:]
    for (index, constant) in graph.constants.enumerated() {
      guard case .matrix(let rows, let cols, let groups) = constant.layout else { continue }
      progress?(done, total, constant.name)
      done += constant.values.count
      if var matrix = given[constant.name] {
        guard (matrix.rows, matrix.cols, matrix.groups) == (rows, cols, groups) else {
          throw .givenMatrix(
            constant: constant.name, found: [matrix.rows, matrix.cols, matrix.groups], expected: [rows, cols, groups])
        }
        matrix.measure(against: constant.values)
        matrices[index] = matrix
        continue
      }
      let quantizer = Quantizer(exceptions[constant.name] ?? precision, isGathered: !multiplied.contains(index))
      matrices[index] = try quantizer.quantize(
        constant.values, rows: rows, cols: cols, groups: groups, named: constant.name)
    }
    return matrices
  }

  /// What the file says about itself.
  private func statements(of graph: Graph, _ matrices: [Int: QuantizedMatrix]) -> [String: String] {
    if let metadata { return metadata }
    var metadata = graph.metadata
    metadata["converter"] = "funes \(Converter.version)"
    metadata["name"] = graph.name
    metadata["activations"] = bits(matrices.values.map(\.activationPlanes))
    // Files without 16-bit weights stay the bytes that they were before there were any.
    if matrices.values.contains(where: { $0.weightPlanes > 1 }) {
      metadata["weights"] = bits(matrices.values.map(\.weightPlanes))
    }
    return metadata
  }

  /// Which bits there are, ascending; nil where there are none.
  private func bits(_ planes: [Int]) -> String? {
    planes.isEmpty ? nil : Set(planes).sorted().map { String($0 * 8) }.joined(separator: " ")
  }
}

extension Graph {
  /// Constants that products read; a matrix not among them is only gathered from.
  fileprivate var multipliedConstants: Set<Int> {
    var constants: Set<Int> = []
    for op in programs.flatMap(\.operators) {
      switch op.operation {
      case .embedding, .position: continue
      default: break
      }
      constants.formUnion(OperatorRecord(op.operation).constants.compactMap { $0 })
    }
    return constants
  }
}
