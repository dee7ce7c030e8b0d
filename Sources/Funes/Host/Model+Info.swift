// SPDX-License-Identifier: Apache-2.0
// What a model says about itself, as Swift strings and arrays: for tools and apps on hosts, never in a step.

#if !hasFeature(Embedded)
  /// An input or output of a program.
  public struct PortInfo: Sendable, Equatable {
    public var name: String
    /// Inner shape, without rows.
    public var shape: [Int]
    public var width: Int { shape.reduce(1, *) }
    public var isOutput: Bool
    /// Integers in 0 ..< classes rather than floats.
    public var isIDs: Bool
    public var classes: Int
    /// What is not finite is replaced by 0 and the rest clamped to `range`; otherwise the row is refused.
    public var replaces: Bool
    public var range: ClosedRange<Float>
    /// The text table bound to it.
    public var text: TextInfo?
    /// 0: one row a call; 1: a row for each row; above: rows of a subsample.
    public var domain: Int
    /// The operator that makes an output, as an index into `Model.operators`; nil for an input.
    public var producer: Int?
  }

  /// A program: `step`, `encode`, ….
  public struct ProgramInfo: Sendable, Equatable {
    public var name: String
    /// Sees its rows at once; not a stream.
    public var isBlock: Bool
    public var inputs: [PortInfo]
    public var outputs: [PortInfo]
    /// Names of the states that are reset on entry.
    public var resets: [String]
    /// Operators in execution order, as indices into `Model.operators`.
    public var operators: Range<Int>
  }

  /// Labels of an output, or the vocabulary of an input or output.
  public struct TextInfo: Sendable, Equatable {
    public enum Kind: Int, Sendable { case labels = 1, characters, bytes, pieces, merges, words, unigram }
    public var kind: Kind
    /// Symbols in id order; none for bytes.
    public var symbols: [String]
    /// The id of what the table lacks; nil to refuse it.
    public var unknown: Int?
    public var isLowerCased: Bool
    /// Each line of text is one sequence: the state is reset after it.
    public var isLineSequence: Bool
    public var separator: String
    /// Pieces only: the better score is merged first.
    public var scores: [Float]
    /// Pieces only: the id put before each text.
    public var begin: Int?
    /// Of a tokenizer, all that it does.
    public var tokenizer: TokenizerRules?
  }

  /// A state.
  public struct StateInfo: Sendable, Equatable {
    public enum Kind: Int, Sendable { case hidden = 1, cell, ring, counter, value, mean, cache }
    public var name: String
    public var kind: Kind
    public var lanes: Int
    public var width: Int
    public var byteCount: Int
    /// Scales of a row of a cache of bytes; 0 for all other states.
    public var heads = 0
  }

  /// A constant.
  public struct ConstantInfo: Sendable, Equatable {
    public var name: String
    public var isMatrix: Bool
    public var rows: Int
    public var cols: Int
    public var groups: Int
    /// 8 or 16 for a matrix, 0 for a vector.
    public var weightBits: Int
    /// 8 or 16 for a matrix, 0 for a vector.
    public var activationBits: Int
    public var hasEqualizer: Bool
    public var qmax: Int
    public var byteCount: Int
    /// Smallest and largest row scale of a matrix, or value of a vector.
    public var range: ClosedRange<Float>
  }

  /// An operator.
  public struct OperatorInfo: Sendable, Equatable {
    public var name: String
    public var opcode: Opcode
    /// Names of values, constants and states.
    public var inputs: [String]
    public var outputs: [String]
    public var constants: [String]
    public var states: [String]
    /// Multiplications of one row; of attention, over a full window.
    public var multiplyCount: Int
  }

  /// How an encoder-decoder turns a source into a target; see FORMAT.md, GENR.
  public struct GenerationInfo: Sendable, Equatable {
    public var encodeProgram: Int?
    public var stepProgram: Int
    public var appendedID: Int?
    public var startID: Int
    /// Ascending, at most four.
    public var stopIDs: [Int]
    public var longest: Int
    public var output: Int
    public var input: Int
    /// The rows that every source is filled up to, and with which id; nil where sources are as long as they come.
    public var padding: Padding?

    public struct Padding: Sendable, Equatable {
      public var id: Int
      public var rows: Int
    }
  }

  extension Model {
    public var programs: [ProgramInfo] {
      // Made once: ports that show one table share its symbols.
      let texts = (0..<count(.texts)).map(textInfo)
      return (0..<programCount).map { index in
        let ranges = ranges(of: index)
        let ports = (ranges.port..<(ranges.port + ranges.portCount)).map { portInfo($0, texts) }
        return ProgramInfo(
          name: string(program(index).name), isBlock: program(index).isBlock,
          inputs: Array(ports.prefix(ranges.inputCount)), outputs: Array(ports.dropFirst(ranges.inputCount)),
          resets: (ranges.reset..<(ranges.reset + ranges.resetCount)).map {
            string(state(Int(record(.resets, $0).u32(0))).name)
          },
          operators: ranges.operation..<(ranges.operation + ranges.operatorCount))
      }
    }

    public func programIndex(named name: String) -> Int? {
      (0..<programCount).first { string(program($0).name) == name }
    }

    public func stateIndex(named name: String) -> Int? { (0..<stateCount).first { string(state($0).name) == name } }

    public var states: [StateInfo] {
      (0..<stateCount).map { index in
        let state = state(index)
        return StateInfo(
          name: string(state.name), kind: StateInfo.Kind(rawValue: state.kind) ?? .value, lanes: state.lanes,
          width: state.width, byteCount: Int(state.byteCount), heads: state.heads)
      }
    }

    /// The tables that ports may name, in order.
    public var texts: [TextInfo] { (0..<count(.texts)).compactMap(textInfo) }

    public var metadata: [(key: String, value: String)] {
      (0..<count(.metadata)).map { index in
        let record = record(.metadata, index)
        return (string(record.u32(0)), string(record.u32(4)))
      }
    }

    public var generation: GenerationInfo? {
      guard count(.generation) == 1 else { return nil }
      let record = record(.generation, 0)
      func optional(_ offset: Int) -> Int? { record.u32(offset) == none ? nil : Int(record.u32(offset)) }
      return GenerationInfo(
        encodeProgram: optional(0), stepProgram: Int(record.u32(4)), appendedID: optional(8),
        startID: Int(record.u32(12)), stopIDs: [16, 32, 36, 40].compactMap(optional), longest: Int(record.u32(20)),
        output: Int(record.u32(24)), input: Int(record.u32(28)),
        padding: optional(44).map { GenerationInfo.Padding(id: $0, rows: Int(record.u32(48))) })
    }

    public var constants: [ConstantInfo] { (0..<constantCount).map(constantInfo) }

    public var operators: [OperatorInfo] { (0..<operatorCount).map(operatorInfo) }

    /// SHA-256 of the file from byte 128 on, in hexadecimal.
    public var fingerprint: String {
      let digits = Array("0123456789abcdef")
      return String(unsafeFingerprint.flatMap { [digits[Int($0) >> 4], digits[Int($0) & 15]] })
    }

    /// Bytes of the arena for each row, and bytes that do not depend on rows or threads.
    public var memoryPlan: (perRow: Int, perThread: Int, fixed: Int) {
      let one = layout(rows: 1, threads: 1)
      let perThread = one.threadScratchByteCount
      return (rowArenaByteCount, perThread, one.byteCount - rowArenaByteCount - perThread)
    }

    // MARK: One record

    func string(_ offset: UInt32) -> String { String(decoding: unsafeString(offset), as: UTF8.self) }

    private func portInfo(_ index: Int, _ texts: [TextInfo?]) -> PortInfo {
      let port = port(index)
      let value = value(Int(port.value))
      return PortInfo(
        name: string(port.name), shape: (0..<value.rank).map(value.extent), isOutput: port.isOutput,
        isIDs: value.isIDs, classes: port.classes, replaces: port.replaces, range: port.low...port.high,
        text: port.text == none ? nil : texts[Int(port.text)], domain: value.domain,
        producer: port.isOutput ? Int(value.producer) : nil)
    }

    /// The bytes of a constant as FORMAT.md lays them out, pads included; valid while the model's memory is.
    public func unsafeBytes(ofConstant index: Int) -> UnsafeRawBufferPointer {
      let constant = constant(index)
      return UnsafeRawBufferPointer(
        start: start(.data) + Int(constant.offset), count: Int(constant.byteCount))
    }

    func vectorValues(_ index: Int) -> [Float] {
      let constant = constant(index)
      let bytes = start(.data) + Int(constant.offset)
      return (0..<constant.rows).map { bytes.load(fromByteOffset: $0 * 4, as: Float.self) }
    }

    private func constantInfo(_ index: Int) -> ConstantInfo {
      let constant = constant(index)
      let bytes = start(.data) + Int(constant.offset)
      let floats = constant.isMatrix ? bytes + Int(constant.scaleOffset) : bytes
      var low = Float.infinity
      var high = -Float.infinity
      for position in 0..<(constant.isMatrix ? constant.paddedRows : constant.rows) {
        let value = floats.load(fromByteOffset: position * 4, as: Float.self)
        if constant.isMatrix && value == 0 { continue }
        low = min(low, value)
        high = max(high, value)
      }
      return ConstantInfo(
        name: string(constant.name), isMatrix: constant.isMatrix, rows: constant.rows, cols: constant.cols,
        groups: constant.groups, weightBits: constant.weightPlanes * 8,
        activationBits: constant.isMatrix ? constant.record.u8(6) * 8 : 0,
        hasEqualizer: constant.hasEqualizer, qmax: constant.qmax, byteCount: Int(constant.byteCount),
        range: low <= high ? low...high : 0...0)
    }

    private func operatorInfo(_ index: Int) -> OperatorInfo {
      let operation = operation(index)
      let opcode = Opcode(rawValue: operation.opcode) ?? .copy
      func names(_ slots: Int, _ slot: (Int) -> UInt32, _ name: (Int) -> UInt32) -> [String] {
        (0..<slots).filter { slot($0) != none }.map { string(name(Int(slot($0)))) }
      }
      return OperatorInfo(
        name: string(operation.name), opcode: opcode,
        inputs: names(8, operation.input) { value($0).name }, outputs: names(2, operation.output) { value($0).name },
        constants: names(8, operation.constant) { constant($0).name },
        states: names(4, operation.state) { state($0).name }, multiplyCount: multiplyCount(operation, opcode))
    }

    private func multiplyCount(_ operation: OperatorRecord, _ opcode: Opcode) -> Int {
      func products(_ slot: Int) -> Int {
        guard operation.constant(slot) != none else { return 0 }
        let constant = constant(Int(operation.constant(slot)))
        return constant.isMatrix ? constant.rows * constant.cols : 0
      }
      switch opcode {
      case .linear:
        return products(0) * (value(Int(operation.input(0))).width / constant(Int(operation.constant(0))).cols)
      case .rnn, .lstm, .gru:
        let streams = Int(operation.number(2)) * Int(operation.number(3))
        return (0..<6).reduce(0) { $0 + products($1) } * streams
      case .attention:
        // Each head multiplies its query with the window's keys, and its weights with the window's values.
        return 2 * Int(operation.number(2)) * value(Int(operation.input(0))).width
      case .blockAttention:
        // Over the rows of a call: for each of the rows that one sees, which are as many as the call has.
        let rows = max(1, Int(operation.number(2)))
        return rows * (value(Int(operation.input(0))).width + value(Int(operation.output(0))).width)
      case .memoryAttention:
        let rows = state(Int(operation.state(0))).lanes
        return rows * (value(Int(operation.input(0))).width + value(Int(operation.output(0))).width)
      default: return 0
      }
    }
  }
#endif
