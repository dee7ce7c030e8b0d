// SPDX-License-Identifier: Apache-2.0
// The part of funes.h that takes steps back, and what goes with states from one session to another.

import CFunes
import Funes

/// What a `funes_rewind` points to, at the head of its block.
struct RewindBox: ~Copyable {
  static let seal: UInt64 = 0x646E_6977_6572_5346
  /// Bytes before the memory of the rewind itself, which begins at a multiple of 64.
  static var byteCount: Int { (MemoryLayout<RewindBox>.size + 63) / 64 * 64 }

  var seal = RewindBox.seal
  let isAllocated: Bool
  /// The session that it goes with.
  let session: OpaquePointer
  var rewind: Rewind
}

/// The rewind, or nil where the pointer is null or it was closed.
@_noLocks
private func opened(rewind: OpaquePointer?) -> UnsafeMutablePointer<RewindBox>? {
  guard let rewind else { return nil }
  let box = UnsafeMutablePointer<RewindBox>(rewind)
  return box.pointee.seal == RewindBox.seal ? box : nil
}

@c @implementation
public func funes_rewind_byte_count(_ model: UnsafePointer<funes_model>?, _ steps: Int32) -> Int {
  guard let model = opened(model), steps >= 1 else { return 0 }
  guard let needed = try? Rewind.byteCount(model, steps: Int(steps)) else { return 0 }
  return RewindBox.byteCount + needed
}

@c @implementation
public func funes_rewind_open(
  _ session: OpaquePointer?, _ steps: Int32, _ memory: UnsafeMutableRawPointer?, _ memoryByteCount: Int,
  _ rewind: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<funes_error>?
) -> funes_status {
  guard let rewind else { return funes_error(FUNES_BAD_ARGUMENT).report(to: error) }
  rewind.pointee = nil
  guard let session, let owner = opened(session), steps >= 1, memoryByteCount >= 0 else {
    return funes_error(FUNES_BAD_ARGUMENT).report(to: error)
  }
  guard let needed = try? Rewind.byteCount(owner.pointee.session.model, steps: Int(steps)) else {
    return funes_error(FUNES_TOO_LARGE).report(to: error)
  }
  let byteCount = RewindBox.byteCount + needed
  if memory != nil, memoryByteCount < byteCount {
    let refusal = funes_error(FUNES_MEMORY_TOO_SMALL, found: UInt64(memoryByteCount), expected: UInt64(byteCount))
    return refusal.report(to: error)
  }
  guard let block = memory ?? funes_allocate(byteCount) else {
    return funes_error(FUNES_OUT_OF_MEMORY, expected: UInt64(byteCount)).report(to: error)
  }
  do throws(SessionError) {
    let made = try Rewind(
      owner.pointee.session, steps: Int(steps),
      unsafeMemory: UnsafeMutableRawBufferPointer(start: block + RewindBox.byteCount, count: needed))
    let box = block.bindMemory(to: RewindBox.self, capacity: 1)
    box.initialize(to: RewindBox(isAllocated: memory == nil, session: session, rewind: made))
    rewind.pointee = OpaquePointer(box)
    return funes_error(FUNES_OK).report(to: error)
  } catch let refusal {
    if memory == nil { funes_deallocate(block) }
    return funes_error(refusal).report(to: error)
  }
}

@c @implementation
public func funes_rewind_close(_ rewind: OpaquePointer?) {
  guard let box = opened(rewind: rewind) else { return }
  let isAllocated = box.pointee.isAllocated
  box.pointee.seal = 0
  box.deinitialize(count: 1)
  if isAllocated { funes_deallocate(box) }
}

@_noLocks
@c @implementation
public func funes_rewind_record(_ rewind: OpaquePointer?) -> funes_status {
  guard let box = opened(rewind: rewind), let owner = opened(box.pointee.session) else { return FUNES_BAD_ARGUMENT }
  box.pointee.rewind.record(owner.pointee.session)
  return FUNES_OK
}

@c @implementation
public func funes_rewind_step_count(_ rewind: OpaquePointer?) -> Int32 {
  guard let box = opened(rewind: rewind) else { return 0 }
  return Int32(box.pointee.rewind.stepCount)
}

@c @implementation
public func funes_rewind_back(
  _ rewind: OpaquePointer?, _ steps: Int32, _ error: UnsafeMutablePointer<funes_error>?
) -> funes_status {
  guard let box = opened(rewind: rewind), let owner = opened(box.pointee.session), steps >= 0 else {
    return funes_error(FUNES_BAD_ARGUMENT).report(to: error)
  }
  do throws(RewindError) {
    try box.pointee.rewind.rollBack(&owner.pointee.session, steps: Int(steps))
    return funes_error(FUNES_OK).report(to: error)
  } catch let refusal {
    return funes_error(refusal).report(to: error)
  }
}

@_noLocks
@c @implementation
public func funes_session_take_states(_ session: OpaquePointer?, _ other: OpaquePointer?) -> funes_status {
  guard let box = opened(session), let source = opened(other), box != source,
    box.pointee.session.isOverSameFile(as: source.pointee.session)
  else { return FUNES_BAD_ARGUMENT }
  box.pointee.session.takeStates(of: source.pointee.session)
  return FUNES_OK
}
