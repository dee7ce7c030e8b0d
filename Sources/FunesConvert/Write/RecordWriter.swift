// SPDX-License-Identifier: Apache-2.0
// Writes the records of every section of a file from a graph: one function a section, fields in FORMAT.md's order.

struct RecordWriter {
  let graph: Graph
  private let plan: ArenaPlan
  private let metadata: [(key: String, value: String)]
  let table: StringTable
  private let makers: [ValueMakers.Maker]

  init(_ graph: Graph, plan: ArenaPlan, metadata: [String: String]) throws(ConversionError) {
    self.graph = graph
    self.plan = plan
    self.metadata = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    makers = try ValueMakers(graph).makers
    var strings = metadata.flatMap { [$0.key, $0.value] }
    strings += graph.constants.map(\.name) + graph.values.map(\.name) + graph.states.map(\.name)
    for program in graph.programs {
      strings.append(program.name)
      strings += program.operators.map(\.name) + (program.inputs + program.outputs).map(\.name)
    }
    strings += graph.texts.flatMap {
      $0.symbols + [$0.separator] + ($0.tokenizer?.map.flatMap { [$0.from, $0.to] } ?? [])
    }
    table = try StringTable(strings)
  }

  var strings: ByteWriter {
    var writer = ByteWriter()
    writer.append(contentsOf: table.bytes)
    return writer
  }

  /// CONS and DATA.
  func constants(_ matrices: [Int: QuantizedMatrix]) throws(ConversionError) -> (records: ByteWriter, data: ByteWriter)
  {
    var (records, data) = (ByteWriter(), ByteWriter())
    for (index, constant) in graph.constants.enumerated() {
      records.append(index: table[constant.name])
      let offset = data.count
      if let matrix = matrices[index] {
        TilePacker.append(matrix, to: &data)
        records.append(contentsOf: [
          1, UInt8(matrix.weightPlanes), UInt8(matrix.activationPlanes), matrix.equalizer == nil ? 0 : 1,
        ])
        for extent in [matrix.rows, matrix.cols, matrix.groups, matrix.qmax] { records.append(index: extent) }
      } else {
        try VectorPacker.check(constant)
        let values = try VectorPacker.padded(constant)
        for value in values { data.append(value) }
        records.append(contentsOf: [2, 0, 0, 0])
        for extent in [values.count, 1, 0, 0] { records.append(index: extent) }
      }
      data.pad(to: 64)
      records.append(UInt64(offset))
      records.zeros(32)
    }
    return (records, data)
  }

  func values() throws(ConversionError) -> ByteWriter {
    var writer = ByteWriter()
    for (index, value) in graph.values.enumerated() {
      if value.width > 1 << 24 {
        throw .tooLarge(what: "width of value \"\(value.name)\"", found: value.width, limit: 1 << 24)
      }
      if value.shape.count > 3 || value.shape.isEmpty {
        throw .tooLarge(what: "rank of value \"\(value.name)\"", found: value.shape.count, limit: 3)
      }
      writer.append(index: table[value.name])
      writer.append(contentsOf: [value.element == .float ? 1 : 2, UInt8(value.shape.count)])
      writer.append(UInt16(value.domain))
      for axis in 0..<3 { writer.append(index: axis < value.shape.count ? value.shape[axis] : 1) }
      switch makers[index] {
      case .operator(let op): writer.append(UInt32(op))
      case .input(let port): writer.append(0x8000_0000 + UInt32(port))
      }
      writer.append(UInt64(plan.offsets[index]))
      writer.zeros(16)
    }
    return writer
  }

  func states() -> ByteWriter {
    var writer = ByteWriter()
    for state in graph.states {
      writer.append(index: table[state.name])
      let element: UInt8 = state.kind == .counter ? 2 : state.kind == .cache ? (state.heads > 0 ? 4 : 3) : 1
      writer.append(contentsOf: [state.kind.rawValue, element])
      writer.append(UInt16(0))
      writer.append(index: state.lanes)
      writer.append(index: state.width)
      writer.append(index: state.initial)
      writer.append(index: state.limit)
      writer.append(index: state.heads)
      writer.zeros(4)
    }
    return writer
  }

  func operators() -> ByteWriter {
    var writer = ByteWriter()
    for op in graph.programs.flatMap(\.operators) {
      let record = OperatorRecord(op.operation)
      writer.append(record.code)
      writer.append(UInt16(0))
      writer.append(index: table[op.name])
      writer.zeros(8)
      writer.append(indices: op.inputs, count: 8)
      writer.append(indices: op.outputs, count: 2)
      writer.append(indices: record.constants, count: 8)
      writer.append(indices: record.states, count: 4)
      for slot in 0..<6 { writer.append(slot < record.numbers.count ? record.numbers[slot] : Int32(0)) }
    }
    return writer
  }

  func runs() -> ByteWriter {
    var writer = ByteWriter()
    for run in graph.programs.flatMap(\.runs) {
      writer.append(UInt32(run.isSequential ? 1 : 0))
      writer.append(index: run.operators.count)
    }
    return writer
  }

  func programs() -> ByteWriter {
    var writer = ByteWriter()
    for program in graph.programs {
      writer.append(index: table[program.name])
      writer.append(UInt32(program.isBlock ? 1 : 0))
      writer.append(index: program.runs.count)
      writer.append(index: program.inputs.count + program.outputs.count)
      writer.append(index: program.resets.count)
      writer.zeros(12)
    }
    return writer
  }

  func resets() -> ByteWriter {
    var writer = ByteWriter()
    for program in graph.programs {
      for state in program.resets.sorted() { writer.append(index: state) }
    }
    return writer
  }

  func ports() -> ByteWriter {
    var writer = ByteWriter()
    for program in graph.programs {
      for (direction, ports) in [program.inputs, program.outputs].enumerated() {
        for port in ports {
          let isReplacing = direction == 0 && port.policy == .replace
          writer.append(index: port.value)
          writer.append(index: table[port.name])
          writer.append(contentsOf: [UInt8(direction), isReplacing ? 1 : 0])
          writer.append(UInt16(0))
          writer.append(index: port.classes)
          writer.append(isReplacing ? port.range.lowerBound : 0)
          writer.append(isReplacing ? port.range.upperBound : 0)
          writer.append(index: port.text.map(textRecord))
          writer.zeros(20)
        }
      }
    }
    return writer
  }
}

// MARK: - Generation, metadata

extension RecordWriter {
  func generation() -> ByteWriter {
    var writer = ByteWriter()
    guard let generation = graph.generation else { return writer }
    let stops: [Int?] = generation.stopIDs + [Int?](repeating: nil, count: 4)
    let fields: [Int?] = [
      generation.encodeProgram, generation.stepProgram, generation.appendedID, generation.startID, stops[0],
      generation.longest, generation.output, generation.input, stops[1], stops[2], stops[3], generation.padding?.id,
      generation.padding?.rows ?? 0,
    ]
    writer.append(indices: fields, count: fields.count)
    writer.zeros(12)
    return writer
  }

  func metadataPairs() -> ByteWriter {
    var writer = ByteWriter()
    for (key, value) in metadata {
      writer.append(index: table[key])
      writer.append(index: table[value])
    }
    return writer
  }
}
