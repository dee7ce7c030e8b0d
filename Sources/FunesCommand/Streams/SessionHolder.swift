// SPDX-License-Identifier: Apache-2.0
// A session that can be made larger, and whose state goes to and comes from files.

import Funes

/// Owns a model file and one session over it.
final class SessionHolder {
  let file: ModelFile
  let threads: Int
  var session: Session
  /// What stands in the restored state's file beside it: an id that is still to be fed.
  private(set) var pendingID: Int32?
  var model: Model { file.model }

  init(_ file: ModelFile, rows: Int = 1, threads: Int = 1) throws(SessionError) {
    self.file = file
    self.threads = threads
    session = try Session(file, rows: rows, threads: threads)
  }

  /// Makes room for calls of that many rows; the state stays.
  func reserve(rows: Int) throws {
    guard rows > session.rowCapacity else { return }
    var larger = try Session(file, rows: max(rows, 2 * session.rowCapacity), threads: threads)
    let state = snapshot()
    try larger.restore(from: state.span)
    session = larger
  }

  func snapshot(pendingID: Int32? = nil) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: session.snapshotByteCount)
    session.snapshot(into: bytes.mutableSpan, pendingID: pendingID)
    return bytes
  }

  /// Takes up the state in a file.
  func restore(fromFile path: String) throws {
    let input = try InputFile(path: path)
    let reader = input.reader()
    let expected = session.snapshotByteCount
    let bytes = try reader.takeAll(upTo: expected + 1)
    do throws(SnapshotError) {
      try session.restore(from: bytes.span)
    } catch {
      throw StateFileError(path: path, reason: error)
    }
    pendingID = Session.pendingID(ofSnapshot: bytes.span)
  }

  /// Writes the state to a file, whole or not at all.
  func save(toFile path: String, pendingID: Int32? = nil) throws(AtomicFileError) {
    try AtomicFile.write(path, snapshot(pendingID: pendingID))
  }
}

/// A state file that does not fit the model.
struct StateFileError: Error, Equatable, CustomStringConvertible {
  var path: String
  var reason: SnapshotError

  var description: String {
    // No more than one byte too many is read.
    if case .byteCount(let found, let expected) = reason, found > expected {
      return "\"\(path)\": found more than \(expected) bytes, expected a state of this model, which has \(expected)"
    }
    return "\"\(path)\": \(reason)"
  }
}
