// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs live in session memory: spans over it, and the one-line step for one input and one output.

import CFunesKernels

extension Session {
  public var programCount: Int { @_noLocks get { plan.programCount } }
  @_noLocks
  public func inputCount(of program: Int = 0) -> Int { plan.programs[program].ranges.inputCount }
  @_noLocks
  public func outputCount(of program: Int = 0) -> Int {
    plan.programs[program].ranges.portCount - plan.programs[program].ranges.inputCount
  }

  /// Values of one row of an input or output.
  @_noLocks
  public func inputWidth(_ index: Int = 0, of program: Int = 0) -> Int {
    Int(inputPort(index, of: program).rows.width)
  }
  @_noLocks
  public func outputWidth(_ index: Int = 0, of program: Int = 0) -> Int {
    Int(outputPort(index, of: program).rows.width)
  }

  /// How many ids an input admits; 0 for floats.
  @_noLocks
  public func inputClasses(_ index: Int = 0, of program: Int = 0) -> Int {
    Int(inputPort(index, of: program).classes)
  }

  /// 0: an output has one row a call; 1: a row for each row; above: rows of a subsample.
  @_noLocks
  public func outputDomain(_ index: Int = 0, of program: Int = 0) -> Int {
    Int(outputPort(index, of: program).domain)
  }

  /// Rows of a float input, (rowCapacity, width), to be written before `run`.
  @_noLocks
  public mutating func unsafeInput(_ index: Int = 0, of program: Int = 0) -> UnsafeMutableBufferPointer<Float> {
    let rows = inputPort(index, of: program).rows
    return UnsafeMutableBufferPointer(start: rows.base, count: Int(rows.width) * rowCapacity)
  }

  /// Rows of an id input, (rowCapacity, width), to be written before `run`.
  @_noLocks
  public mutating func unsafeInputIDs(_ index: Int = 0, of program: Int = 0) -> UnsafeMutableBufferPointer<Int32> {
    let floats = unsafeInput(index, of: program)
    return UnsafeMutableRawBufferPointer(floats).bindMemory(to: Int32.self)
  }

  /// Rows of an output that the latest call was asked for, (rows, width); valid until the next call.
  @_noLocks
  @inlinable
  @inline(__always)
  public func unsafeOutput(_ index: Int = 0, of program: Int = 0) -> UnsafeBufferPointer<Float> {
    let port = outputPort(index, of: program)
    let first = port.rows.base + firstOutputRow(port) * Int(port.rows.width)
    return UnsafeBufferPointer(start: first, count: Int(port.rows.width) * outputRows(port))
  }

  /// Writes rows of a float input.
  public mutating func withInput<R>(
    _ index: Int = 0, of program: Int = 0, _ body: (inout MutableSpan<Float>) -> R
  ) -> R {
    let buffer = unsafeInput(index, of: program)
    var span = MutableSpan(_unsafeElements: buffer)
    return body(&span)
  }

  /// Writes rows of an id input.
  public mutating func withInputIDs<R>(
    _ index: Int = 0, of program: Int = 0, _ body: (inout MutableSpan<Int32>) -> R
  ) -> R {
    let buffer = unsafeInputIDs(index, of: program)
    var span = MutableSpan(_unsafeElements: buffer)
    return body(&span)
  }

  /// Reads rows of an output.
  @inlinable
  @inline(__always)
  public func withOutput<R>(_ index: Int = 0, of program: Int = 0, _ body: (Span<Float>) -> R) -> R {
    let buffer = unsafeOutput(index, of: program)
    return body(Span(_unsafeElements: buffer))
  }

  /// One row through a model with one float input and one output: `input` (inputWidth) in, `output` (outputWidth) out.
  ///
  /// A refused row writes nothing and leaves the state as it was; the status says why. An output that gets no row of
  /// this step, because it is subsampled, writes nothing either.
  @discardableResult
  @_noLocks
  public mutating func step(_ input: Span<Float>, into output: consuming MutableSpan<Float>) -> Status {
    let source = unsafeInput()
    let fits = input.count * rowCapacity == source.count
    precondition(fits, "Session.step: input.count is not the model's input width")
    for position in 0..<input.count { source[position] = input[position] }
    let result = run()
    copyOutput(into: &output)
    return result.status
  }

  /// One id through a model with one id input and one output.
  @discardableResult
  @_noLocks
  public mutating func step(id: Int32, into output: consuming MutableSpan<Float>) -> Status {
    let source = unsafeInputIDs()
    let isOne = source.count == rowCapacity
    precondition(isOne, "Session.step: the model's input takes more than one id")
    source[0] = id
    let result = run()
    copyOutput(into: &output)
    return result.status
  }

  @_noLocks
  @inline(__always)
  private func copyOutput(into output: inout MutableSpan<Float>) {
    let source = unsafeOutput()
    let fits = output.count == outputWidth()
    precondition(fits, "Session.step: output.count is not the model's output width")
    for position in 0..<source.count { output[position] = source[position] }
  }

  @_noLocks
  @inline(__always)
  func inputPort(_ index: Int, of program: Int) -> PlannedPort {
    precondition(program >= 0 && program < plan.programCount, "Session: no such program")
    let ranges = plan.programs[program].ranges
    precondition(index >= 0 && index < ranges.inputCount, "Session: no such input")
    return plan.ports[ranges.port + index]
  }

  @_noLocks
  @inlinable
  @inline(__always)
  func outputPort(_ index: Int, of program: Int) -> PlannedPort {
    precondition(program >= 0 && program < plan.programCount, "Session: no such program")
    let ranges = plan.programs[program].ranges
    precondition(index >= 0 && index < ranges.portCount - ranges.inputCount, "Session: no such output")
    return plan.ports[ranges.port + ranges.inputCount + index]
  }
}
