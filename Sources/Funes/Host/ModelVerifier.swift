// SPDX-License-Identifier: Apache-2.0
// The deep check of a file, beyond what `Model` needs to be safe: fingerprint, weights, order of strings, the arena
// plan and the self-test. For `funes verify` and for tests; it allocates.

#if !hasFeature(Embedded)
  import CFunesKernels

  /// Why a file that is safe to run is still not what its converter wrote.
  public enum VerificationError: Error, Equatable, Sendable {
    /// The SHA-256 of the bytes is not the stored fingerprint.
    case fingerprint
    /// A weight is −128, or a pad is not zero.
    case weight(constant: String)
    /// The stored row sum is not the sum of the row's weights, in one of their planes.
    case rowSum(constant: String, row: Int, found: Int, expected: Int)
    /// With the largest inputs a row's sum of products may leave 32 bits: qmax is above (2^31 − 1) / Σ |weight|.
    case qmax(constant: String, row: Int, found: Int, limit: Int)
    /// Strings are not in ascending order.
    case stringOrder(offset: Int)
    /// Strings are not UTF-8.
    case encoding(offset: Int)
    /// Two values that are needed at the same time share memory.
    case overlap(first: String, second: String)
    /// A session for the self-test could not be made.
    case session(SessionError)
    /// A self-test record's outputs differ.
    case selfTest(record: Int, found: UInt32, expected: UInt32)
  }

  extension Model {
    /// Checks what `init` leaves out.
    ///
    /// - Parameter isa: the instruction set for the self-test; nil for the best.
    public func verify(isa: ISA? = nil) throws(VerificationError) {
      let bytes = UnsafeBufferPointer(
        start: (base + Model.headerByteCount).assumingMemoryBound(to: UInt8.self),
        count: byteCount - Model.headerByteCount)
      let digest = SHA256.digest(of: Span(_unsafeElements: bytes))
      for position in 0..<32 where digest[position] != unsafeFingerprint[position] { throw .fingerprint }
      try verifyStrings()
      for index in 0..<constantCount where constant(index).isMatrix { try verifyMatrix(constant(index)) }
      for program in 0..<programCount { try verifyArena(of: program) }
      let found = try selfTest(isa: isa)
      for (index, crc) in found.enumerated() {
        let expected = record(.goldens, index).u32(12)
        guard crc == expected else { throw .selfTest(record: index, found: crc, expected: expected) }
      }
    }

    private func verifyStrings() throws(VerificationError) {
      var earlier = UnsafeRawBufferPointer(start: nil, count: 0)
      var offset = 1
      while offset < count(.strings) {
        let string = unsafeString(UInt32(offset))
        guard String(validating: string, as: UTF8.self) != nil else { throw .encoding(offset: offset) }
        guard earlier.lexicographicallyPrecedes(string) else { throw .stringOrder(offset: offset) }
        earlier = string
        offset += string.count + 1
      }
    }

    private func verifyMatrix(_ constant: ConstantRecord) throws(VerificationError) {
      let name = string(constant.name)
      let begin = start(.data) + Int(constant.offset)
      for plane in 0..<constant.weightPlanes {
        let tiles = begin + plane * Int(constant.tileByteCount)
        let sums = begin + Int(constant.rowSumOffset) + plane * constant.paddedRows * 4
        try verifyPlane(constant, name, tiles, sums)
      }
    }

    private func verifyPlane(
      _ constant: ConstantRecord, _ name: String, _ tiles: UnsafeRawPointer, _ sums: UnsafeRawPointer
    ) throws(VerificationError) {
      for row in 0..<constant.paddedRows {
        let gate = row / 16 % constant.groups
        let block = row / 16 / constant.groups
        let isPadRow = block * 16 + row % 16 >= constant.units
        var sum = 0
        var magnitude = 0
        for col in 0..<(constant.quads * 4) {
          let tile = (block * constant.quads + col / 4) * constant.groups + gate
          let weight = tiles.load(fromByteOffset: tile * 64 + row % 16 * 4 + col % 4, as: Int8.self)
          let isPad = isPadRow || col >= constant.cols
          guard weight != -128, !isPad || weight == 0 else { throw .weight(constant: name) }
          sum += Int(weight)
          magnitude += Int(weight.magnitude)
        }
        let found = Int(sums.load(fromByteOffset: row * 4, as: Int32.self))
        guard found == sum else { throw .rowSum(constant: name, row: row, found: found, expected: sum) }
        let limit = Int(Int32.max) / max(1, magnitude)
        guard constant.qmax <= limit else {
          throw .qmax(constant: name, row: row, found: constant.qmax, limit: limit)
        }
      }
    }

    /// No two values live at once overlap: inputs from the start, outputs to the end, values of a sequential run
    /// throughout it.
    private func verifyArena(of program: Int) throws(VerificationError) {
      let ranges = ranges(of: program)
      var runOf: [Range<Int>] = []
      var first = ranges.operation
      for run in ranges.run..<(ranges.run + ranges.runCount) {
        let (isSequential, count) = self.run(run)
        for index in first..<(first + count) {
          runOf.append(isSequential ? first..<(first + count) : index..<(index + 1))
        }
        first += count
      }
      var lives: [Int: ClosedRange<Int>] = [:]
      func extend(_ value: UInt32, _ at: Range<Int>) {
        let live = lives[Int(value)] ?? at.lowerBound...(at.upperBound - 1)
        lives[Int(value)] = min(live.lowerBound, at.lowerBound)...max(live.upperBound, at.upperBound - 1)
      }
      for index in ranges.operation..<(ranges.operation + ranges.operatorCount) {
        let operation = operation(index)
        for slot in 0..<operation.inputCount { extend(operation.input(slot), runOf[index - ranges.operation]) }
        for slot in 0..<operation.outputCount { extend(operation.output(slot), runOf[index - ranges.operation]) }
      }
      let last = ranges.operation + ranges.operatorCount
      for index in ranges.port..<(ranges.port + ranges.portCount) {
        let port = port(index)
        extend(port.value, port.isOutput ? (last - 1)..<last : ranges.operation..<(ranges.operation + 1))
      }
      let ordered = lives.sorted { $0.key < $1.key }
      for (position, (index, live)) in ordered.enumerated() {
        let value = value(index)
        let bytes = value.arenaOffset..<(value.arenaOffset + value.byteCount)
        for (other, otherLive) in ordered[..<position] where live.overlaps(otherLive) {
          let second = self.value(other)
          let otherBytes = second.arenaOffset..<(second.arenaOffset + second.byteCount)
          if (value.domain == 0) == (second.domain == 0), bytes.overlaps(otherBytes) {
            throw .overlap(first: string(value.name), second: string(second.name))
          }
        }
      }
    }

    /// Runs the self-test and returns the CRC of each record's outputs; see FORMAT.md, GOLD.
    public func selfTest(isa: ISA? = nil, threads: Int = 1) throws(VerificationError) -> [UInt32] {
      let records = (0..<count(.goldens)).map { record(.goldens, $0) }
      let runs = records.map { SelfTestRun(program: Int($0.u32(0)), rows: Int($0.u32(4)), seed: $0.u32(8)) }
      return try selfTest(runs, isa: isa, threads: threads)
    }

    /// Runs given self-test records: what a converter calls to learn the CRCs that it writes.
    public func selfTest(
      _ runs: [SelfTestRun], isa: ISA? = nil, threads: Int = 1
    ) throws(VerificationError) -> [UInt32] {
      guard let rows = runs.map(\.rows).max() else { return [] }
      // The rows may be the file's: they get no more memory than the caller has allowed the file.
      guard let needed = try? sessionByteCount(rows: rows, threads: threads), needed <= memoryLimit else {
        throw .session(.tooLarge)
      }
      var session: Session
      do throws(SessionError) {
        session = try Session(self, rows: rows, threads: threads, isa: isa)
      } catch {
        throw .session(error)
      }
      return runs.map { run in
        session.fillInputs(of: run.program, rows: run.rows, seed: UInt64(run.seed))
        _ = session.run(run.program, rows: run.rows)
        var crc: UInt32 = 0
        for output in 0..<session.outputCount(of: run.program) {
          let floats = session.unsafeOutput(output, of: run.program)
          crc = funes_crc32c(crc, floats.baseAddress, floats.count * 4)
        }
        return crc
      }
    }
  }

  /// One self-test record: which program, over how many rows, with which random inputs.
  public struct SelfTestRun: Sendable, Equatable {
    public var program: Int
    public var rows: Int
    public var seed: UInt32

    public init(program: Int, rows: Int, seed: UInt32) {
      self.program = program
      self.rows = rows
      self.seed = seed
    }
  }

  extension Session {
    /// Fills a program's inputs with the self-test's random numbers.
    public mutating func fillInputs(of program: Int, rows: Int, seed: UInt64) {
      var generator = SplitMix64(seed: seed)
      for index in 0..<inputCount(of: program) {
        let port = inputPort(index, of: program)
        let count = Int(port.rows.width) * rows
        if port.classes > 0 {
          let ids = unsafeInputIDs(index, of: program)
          for position in 0..<count {
            ids[position] = Int32(truncatingIfNeeded: (generator.next() >> 32) % UInt64(port.classes))
          }
        } else {
          let floats = unsafeInput(index, of: program)
          for position in 0..<count { floats[position] = Float(generator.next() >> 40) * 0x1p-23 - 1 }
        }
      }
    }
  }

  /// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
  public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
#endif
