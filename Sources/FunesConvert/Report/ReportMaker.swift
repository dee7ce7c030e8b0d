// SPDX-License-Identifier: Apache-2.0
// Makes a report: runs both sides over the rows, then a long stream of them, then times the file on this machine.

import Funes

/// What a report is made of, and its making.
public struct ReportMaker {
  /// The output that scores the id that comes next, where there is one.
  public struct Language: Sendable {
    public var program: Int
    public var input: String
    public var output: String
    public var scores: RowScores

    public init(program: Int, input: String, output: String, scores: RowScores) {
      self.program = program
      self.input = input
      self.output = output
      self.scores = scores
    }
  }

  public var file: ModelFile
  public var graph: Graph
  /// The program that is streamed.
  public var program: Int
  public var language: Language?
  public var isa = ISA.best
  /// Most steps of the long stream.
  public var steps = ReportMaker.mostSteps
  /// Told which part of the work is under way, and how much of it is done.
  public var progress: (_ part: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }

  public static let mostSteps = 100_000
  /// Most multiplications of the long stream in double precision, half a minute's work, and steps that are run anyhow.
  private static let affordable = 30_000_000_000
  private static let fewestSteps = 1_000

  public init(_ file: ModelFile, graph: Graph, program: Int) {
    self.file = file
    self.graph = graph
    self.program = program
  }

  /// - Parameter converter: gives the file's own matrices.
  public func report(_ rows: MeasuredRows, converter: Converter) throws -> ModelReport {
    var report = ModelReport(summary: try ModelReport.Summary(file.model))
    report.search = file.model.metadata.first { $0.key == "search" }.flatMap { SearchNote($0.value) }
    let programs = file.model.programs
    report.inputs = file.model.programOrder.map { programs[$0].name }.map { name in
      ModelReport.Input(
        program: name, isRandom: rows.randomPrograms.contains(name),
        sequenceCount: rows.sequences.count { $0.call(of: name) != nil }, rowCount: rows.count(of: name))
    }
    let ranges = try compare(rows, converter, &report)
    report.course = try course(rows)
    report.matrices = matrices(ranges)
    try time(rows, &report)
    return report
  }

  // MARK: Layers and outputs

  private func compare(
    _ rows: MeasuredRows, _ converter: Converter, _ report: inout ModelReport
  ) throws -> ActivationRanges {
    let pair = try PairedRun(graph, converter: converter)
    let programs = file.model.programs
    var layers = LayerComparison()
    var ranges = ActivationRanges()
    var outputs = OutputFigures(file.model, language, hasSequences: rows.sequences.count > 1)
    let total = programs.reduce(0) { $0 + rows.count(of: $1.name) }
    var done = 0
    try pair.run(rows.sequences) { part in
      let program = pair.exposed.programs[part.program]
      let named = graph.programs[part.program].outputs
      if part.isFirst { ranges.reset() }
      layers.add(pair.exposed, program, named: named, part.made)
      ranges.add(pair.exposed, program, inputs: part.inputs, part.made)
      outputs.add(part, named)
      done += part.range.count
      progress("layers", done, total)
    }
    report.layers = layers.layers
    report.outputs = outputs.outputs
    report.language = outputs.language.map(\.comparison).flatMap { $0.model.tokenCount > 0 ? $0 : nil }
    return ranges
  }

  // MARK: The long stream

  private func course(_ rows: MeasuredRows) throws -> ModelReport.Course? {
    let info = file.model.programs[program]
    let whole = rows.sequences.joined(info.name)
    guard !info.isBlock, whole.rowCount > 0 else { return nil }
    let pair = try StreamPair(file, graph: graph, program: program)
    let steps = pair.affordable(
      steps, multiplications: ReportMaker.affordable, least: min(ReportMaker.fewestSteps, steps))
    let ends = ReportMaker.ends(upTo: steps)
    guard ends.count > 1 else { return nil }
    var next = 0
    let signals = try pair.run(
      partsEndingAt: ends,
      take: { count in
        var inputs: [String: ReferenceRows] = [:]
        var left = count
        while left > 0 {
          let more = min(left, whole.rowCount - next)
          inputs.merge(whole.rows(next..<(next + more)).inputs) { $0.appending($1) }
          next = (next + more) % whole.rowCount
          left -= more
        }
        return inputs
      },
      progress: { progress("error over time", $0, steps) })
    return ModelReport.Course(
      program: info.name, ends: ends, signals: signals, repetitions: Double(steps) / Double(whole.rowCount))
  }

  /// 100, 150, 200, 300, 500, 700, 1000 and so on, six to each power of ten, up to the last step.
  static func ends(upTo steps: Int) -> [Int] {
    var ends: [Int] = []
    var unit = 100
    while unit < steps {
      for tenths in [10, 15, 20, 30, 50, 70] where unit / 10 * tenths < steps { ends.append(unit / 10 * tenths) }
      unit *= 10
    }
    return ends + [steps]
  }

  // MARK: Matrices, bytes and time

  private func matrices(_ ranges: ActivationRanges) -> [ModelReport.Matrix] {
    let known = Dictionary(file.model.constants.map { ($0.name, $0) }) { first, _ in first }
    var matrices: [ModelReport.Matrix] = []
    for program in graph.programs {
      for op in program.operators {
        for index in OperatorRecord(op.operation).constants.compactMap({ $0 }) {
          let constant = graph.constants[index]
          guard case .matrix(let rows, let cols, _) = constant.layout, rows * cols > 0 else { continue }
          let use = ranges.uses.first {
            $0.program == program.name && $0.layer == op.name && $0.matrix == constant.name
          }
          matrices.append(
            ModelReport.Matrix(
              program: program.name, layer: op.name, name: constant.name, rows: rows, cols: cols,
              byteCount: known[constant.name]?.byteCount ?? 0,
              weights: ColumnRange(matrix: constant.values, cols: cols),
              activations: use.map { ColumnRange(maxima: $0.maxima) }))
        }
      }
    }
    return matrices
  }

  private func time(_ rows: MeasuredRows, _ report: inout ModelReport) throws {
    let bytes = Dictionary(file.model.constants.map { ($0.name, $0.byteCount) }) { first, _ in first }
    var counted: Set<String> = []
    for (index, info) in file.model.programs.enumerated() {
      progress("time", index, file.model.programs.count)
      let whole =
        info.isBlock
        ? rows.sequences.compactMap { $0.call(of: info.name) }.first : rows.sequences.joined(info.name)
      var times: OperatorTimes?
      if let whole, whole.rowCount > 0 {
        times = try OperatorTimes(
          file, program: index, inputs: whole.inputs, rows: info.isBlock ? whole.rowCount : 1, of: whole.rowCount,
          isa: isa)
        report.times.append(times!)
      }
      for (place, op) in file.model.operators[info.operators].enumerated() {
        let own = op.constants.filter { counted.insert($0).inserted }
        report.costs.append(
          ModelReport.Cost(
            program: info.name, layer: op.name,
            kind: OperatorRecord(graph.programs[index].operators[place].operation).kind,
            byteCount: own.reduce(0) { $0 + (bytes[$1] ?? 0) }, multiplyCount: op.multiplyCount,
            nanoseconds: times?.nanoseconds[place]))
      }
    }
  }
}
