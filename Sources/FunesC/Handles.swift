// SPDX-License-Identifier: Apache-2.0
// What the opaque types of funes.h hold, and how a C pointer becomes a Swift value, or nothing.

import CFunes
import Funes

/// What a `funes_model` holds. The seal tells an opened one from other bytes.
struct ModelBox {
  static let seal: UInt64 = 0x6C65_646F_4D6E_7546

  var seal = ModelBox.seal
  var model: Model
}

/// What a `funes_session` points to, at the head of its block.
struct SessionBox: ~Copyable {
  static let seal: UInt64 = 0x6E6F_6973_7365_5346
  /// Bytes before the memory of the session itself, which begins at a multiple of 64.
  static var byteCount: Int { (MemoryLayout<SessionBox>.size + 63) / 64 * 64 }

  var seal = SessionBox.seal
  let isAllocated: Bool
  var session: Session
}

/// The model, or nil where the pointer is null or no model was opened there.
@_noLocks
func opened(_ model: UnsafePointer<funes_model>?) -> Model? {
  guard let model else { return nil }
  let box = UnsafeRawPointer(model).assumingMemoryBound(to: ModelBox.self)
  return box.pointee.seal == ModelBox.seal ? box.pointee.model : nil
}

/// The session, or nil where the pointer is null or the session was closed.
@_noLocks
func opened(_ session: OpaquePointer?) -> UnsafeMutablePointer<SessionBox>? {
  guard let session else { return nil }
  let box = UnsafeMutablePointer<SessionBox>(session)
  return box.pointee.seal == SessionBox.seal ? box : nil
}

extension Model {
  func has(program: Int32) -> Bool { program >= 0 && Int(program) < programCount }

  func has(input index: Int32, of program: Int32) -> Bool {
    has(program: program) && index >= 0 && Int(index) < inputCount(of: Int(program))
  }

  func has(output index: Int32, of program: Int32) -> Bool {
    has(program: program) && index >= 0 && Int(index) < outputCount(of: Int(program))
  }
}
