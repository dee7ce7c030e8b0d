// SPDX-License-Identifier: Apache-2.0
// The part of funes.h that opens a session and runs it. What runs rows is proven not to allocate or lock.

import CFunes
import Funes

@c @implementation
public func funes_session_open(
  _ model: UnsafePointer<funes_model>?, _ rows: Int32, _ threads: Int32, _ memory: UnsafeMutableRawPointer?,
  _ memoryByteCount: Int, _ session: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<funes_error>?
) -> funes_status {
  guard let session else { return funes_error(FUNES_BAD_ARGUMENT).report(to: error) }
  session.pointee = nil
  guard let model = opened(model), rows >= 1, threads >= 1, memoryByteCount >= 0 else {
    return funes_error(FUNES_BAD_ARGUMENT).report(to: error)
  }
  guard rows <= 1 << 24, threads <= 1024,
    let needed = try? model.sessionByteCount(rows: Int(rows), threads: Int(threads))
  else { return funes_error(FUNES_TOO_LARGE).report(to: error) }
  let byteCount = SessionBox.byteCount + needed
  if memory != nil, memoryByteCount < byteCount {
    let refusal = funes_error(FUNES_MEMORY_TOO_SMALL, found: UInt64(memoryByteCount), expected: UInt64(byteCount))
    return refusal.report(to: error)
  }
  guard let block = memory ?? funes_allocate(byteCount) else {
    return funes_error(FUNES_OUT_OF_MEMORY, expected: UInt64(byteCount)).report(to: error)
  }
  do throws(SessionError) {
    let opened = try Session(
      model, rows: Int(rows), threads: Int(threads),
      unsafeMemory: UnsafeMutableRawBufferPointer(start: block + SessionBox.byteCount, count: needed))
    let box = block.bindMemory(to: SessionBox.self, capacity: 1)
    box.initialize(to: SessionBox(isAllocated: memory == nil, session: opened))
    session.pointee = OpaquePointer(box)
    return funes_error(FUNES_OK).report(to: error)
  } catch let refusal {
    if memory == nil { funes_deallocate(block) }
    return funes_error(refusal).report(to: error)
  }
}

@c @implementation
public func funes_session_close(_ session: OpaquePointer?) {
  guard let box = opened(session) else { return }
  let isAllocated = box.pointee.isAllocated
  box.pointee.seal = 0
  box.deinitialize(count: 1)
  if isAllocated { funes_deallocate(box) }
}

// MARK: Rows

@_noLocks
@c @implementation
public func funes_session_step(
  _ session: OpaquePointer?, _ input: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>?
) -> funes_status {
  guard let box = opened(session), let input, let output else { return FUNES_BAD_ARGUMENT }
  guard box.pointee.session.isOneRowInOneRowOut(ids: false) else { return FUNES_BAD_ARGUMENT }
  let target = box.pointee.session.unsafeInput()
  for index in 0..<box.pointee.session.inputWidth() { target[index] = input[index] }
  return box.pointee.session.runRow(into: output)
}

@_noLocks
@c @implementation
public func funes_session_step_id(
  _ session: OpaquePointer?, _ id: Int32, _ output: UnsafeMutablePointer<Float>?
) -> funes_status {
  guard let box = opened(session), let output else { return FUNES_BAD_ARGUMENT }
  guard box.pointee.session.isOneRowInOneRowOut(ids: true) else { return FUNES_BAD_ARGUMENT }
  box.pointee.session.unsafeInputIDs()[0] = id
  return box.pointee.session.runRow(into: output)
}

@_noLocks
@c @implementation
public func funes_session_input(
  _ session: OpaquePointer?, _ program: Int32, _ index: Int32
) -> UnsafeMutablePointer<Float>? {
  guard let box = opened(session), box.pointee.session.has(input: index, of: program, ids: false) else { return nil }
  return box.pointee.session.unsafeInput(Int(index), of: Int(program)).baseAddress
}

@_noLocks
@c @implementation
public func funes_session_input_ids(
  _ session: OpaquePointer?, _ program: Int32, _ index: Int32
) -> UnsafeMutablePointer<Int32>? {
  guard let box = opened(session), box.pointee.session.has(input: index, of: program, ids: true) else { return nil }
  return box.pointee.session.unsafeInputIDs(Int(index), of: Int(program)).baseAddress
}

@_noLocks
@c @implementation
public func funes_session_run(
  _ session: OpaquePointer?, _ program: Int32, _ rows: Int32, _ rowsRun: UnsafeMutablePointer<Int32>?
) -> funes_status {
  run(session, program, rows, rowsRun, .all)
}

@_noLocks
@c @implementation
public func funes_session_run_last(
  _ session: OpaquePointer?, _ program: Int32, _ rows: Int32, _ rowsRun: UnsafeMutablePointer<Int32>?
) -> funes_status {
  run(session, program, rows, rowsRun, .last)
}

@_noLocks
private func run(
  _ session: OpaquePointer?, _ program: Int32, _ rows: Int32, _ rowsRun: UnsafeMutablePointer<Int32>?,
  _ outputs: OutputRows
) -> funes_status {
  rowsRun?.pointee = 0
  guard let box = opened(session), box.pointee.session.has(program: program) else { return FUNES_BAD_ARGUMENT }
  guard rows >= 1, Int(rows) <= box.pointee.session.rowCapacity else { return FUNES_BAD_ARGUMENT }
  let result = box.pointee.session.run(Int(program), rows: Int(rows), outputs: outputs)
  rowsRun?.pointee = Int32(truncatingIfNeeded: result.rows)
  return status(result.status)
}

@_noLocks
@c @implementation
public func funes_session_output(
  _ session: OpaquePointer?, _ program: Int32, _ index: Int32, _ rows: UnsafeMutablePointer<Int32>?
) -> UnsafePointer<Float>? {
  rows?.pointee = 0
  guard let box = opened(session), box.pointee.session.has(output: index, of: program) else { return nil }
  rows?.pointee = Int32(truncatingIfNeeded: box.pointee.session.outputRows(Int(index), of: Int(program)))
  return box.pointee.session.unsafeOutput(Int(index), of: Int(program)).baseAddress
}

extension Session {
  @_noLocks
  fileprivate func has(program: Int32) -> Bool { program >= 0 && Int(program) < programCount }

  @_noLocks
  fileprivate func has(input index: Int32, of program: Int32, ids: Bool) -> Bool {
    guard has(program: program), index >= 0, Int(index) < inputCount(of: Int(program)) else { return false }
    return (inputClasses(Int(index), of: Int(program)) > 0) == ids
  }

  @_noLocks
  fileprivate func has(output index: Int32, of program: Int32) -> Bool {
    has(program: program) && index >= 0 && Int(index) < outputCount(of: Int(program))
  }

  /// Whether `step` is enough for program 0: one input of that sort, one output with a row for each row.
  @_noLocks
  fileprivate func isOneRowInOneRowOut(ids: Bool) -> Bool {
    guard inputCount() == 1, outputCount() == 1, outputDomain() <= 1 else { return false }
    return (inputClasses() > 0) == ids && (!ids || inputWidth() == 1)
  }

  @_noLocks
  fileprivate mutating func runRow(into output: UnsafeMutablePointer<Float>) -> funes_status {
    let result = run()
    if result.rows == 1 {
      let source = unsafeOutput()
      for index in 0..<source.count { output[index] = source[index] }
    }
    return FunesC.status(result.status)
  }
}
