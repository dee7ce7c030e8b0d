// SPDX-License-Identifier: Apache-2.0
// The part of funes.h that resets, reads, writes, saves and restores states.

import CFunes
import Funes

@_noLocks
@c @implementation
public func funes_session_reset(_ session: OpaquePointer?) -> funes_status {
  guard let box = opened(session) else { return FUNES_BAD_ARGUMENT }
  box.pointee.session.reset()
  return FUNES_OK
}

@c @implementation
public func funes_session_row_count(_ session: OpaquePointer?) -> UInt64 {
  guard let box = opened(session) else { return 0 }
  return box.pointee.session.rowCount
}

@c @implementation
public func funes_session_read_state(
  _ session: OpaquePointer?, _ index: Int32, _ values: UnsafeMutablePointer<Float>?, _ count: Int
) -> funes_status {
  guard let box = opened(session), let values, box.pointee.session.hasFloats(index, count) else {
    return FUNES_BAD_ARGUMENT
  }
  let target = UnsafeMutableBufferPointer(start: values, count: count)
  box.pointee.session.readState(Int(index), into: MutableSpan(_unsafeElements: target))
  return FUNES_OK
}

@c @implementation
public func funes_session_write_state(
  _ session: OpaquePointer?, _ index: Int32, _ values: UnsafePointer<Float>?, _ count: Int
) -> funes_status {
  guard let box = opened(session), let values, box.pointee.session.hasFloats(index, count) else {
    return FUNES_BAD_ARGUMENT
  }
  do throws(SnapshotError) {
    let source = UnsafeBufferPointer(start: values, count: count)
    try box.pointee.session.writeState(Int(index), from: Span(_unsafeElements: source))
    return FUNES_OK
  } catch let refusal {
    return funes_error(refusal).status
  }
}

@c @implementation
public func funes_session_snapshot_byte_count(_ session: OpaquePointer?) -> Int {
  guard let box = opened(session) else { return 0 }
  return box.pointee.session.snapshotByteCount
}

@c @implementation
public func funes_session_snapshot(
  _ session: OpaquePointer?, _ bytes: UnsafeMutableRawPointer?, _ byteCount: Int
) -> funes_status {
  guard let box = opened(session), let bytes else { return FUNES_BAD_ARGUMENT }
  guard byteCount == box.pointee.session.snapshotByteCount else { return FUNES_SNAPSHOT_BYTE_COUNT }
  let target = UnsafeMutableRawBufferPointer(start: bytes, count: byteCount).bindMemory(to: UInt8.self)
  box.pointee.session.snapshot(into: MutableSpan(_unsafeElements: target))
  return FUNES_OK
}

@c @implementation
public func funes_session_restore(
  _ session: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ byteCount: Int, _ error: UnsafeMutablePointer<funes_error>?
) -> funes_status {
  guard let box = opened(session), let bytes, byteCount >= 0 else {
    return funes_error(FUNES_BAD_ARGUMENT).report(to: error)
  }
  do throws(SnapshotError) {
    let source = UnsafeRawBufferPointer(start: bytes, count: byteCount).bindMemory(to: UInt8.self)
    try box.pointee.session.restore(from: Span(_unsafeElements: source))
    return funes_error(FUNES_OK).report(to: error)
  } catch let refusal {
    return funes_error(refusal).report(to: error)
  }
}

@c @implementation
public func funes_snapshot_pending_id(_ bytes: UnsafeRawPointer?, _ byteCount: Int) -> Int32 {
  guard let bytes, byteCount >= 0 else { return -1 }
  let source = UnsafeRawBufferPointer(start: bytes, count: byteCount).bindMemory(to: UInt8.self)
  return Session.pendingID(ofSnapshot: Span(_unsafeElements: source)) ?? -1
}

extension Session {
  fileprivate func hasFloats(_ index: Int32, _ count: Int) -> Bool {
    guard index >= 0, Int(index) < model.stateCount, !model.stateShape(Int(index)).isCounter else { return false }
    return count == stateCount(Int(index))
  }
}
