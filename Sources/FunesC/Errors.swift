// SPDX-License-Identifier: Apache-2.0
// From the runtime's errors to the statuses of funes.h and the facts beside them.

import CFunes
import Funes

extension funes_error {
  init(_ status: funes_status, found: UInt64 = 0, expected: UInt64 = 0) {
    self.init()
    self.status = status
    rule = FUNES_RULE_NONE
    self.found = found
    self.expected = expected
  }

  init(_ error: ModelError) {
    switch error {
    case .tooShort(let found): self.init(FUNES_TOO_SHORT, found: UInt64(found), expected: 128)
    case .misaligned(let remainder): self.init(FUNES_MISALIGNED, found: UInt64(remainder))
    case .notAFunesFile: self.init(FUNES_NOT_A_FUNES_FILE)
    case .unsupportedVersion(let found, let supported):
      self.init(FUNES_UNSUPPORTED_VERSION, found: UInt64(truncatingIfNeeded: found), expected: UInt64(supported))
    case .header(let rule, let found, let expected):
      self.init(FUNES_BAD_HEADER, found: found, expected: expected)
      self.rule = funes_rule(Int32(rule.rawValue))
    case .section(let section, let rule, let found, let expected):
      self.init(FUNES_BAD_SECTION, found: found, expected: expected)
      set(section, rule)
    case .record(let section, let index, let rule, let found, let expected):
      self.init(FUNES_BAD_RECORD, found: found, expected: expected)
      set(section, rule)
      record = UInt64(index)
    case .overBudget(let found, let allowed): self.init(FUNES_OVER_BUDGET, found: found, expected: allowed)
    }
  }

  init(_ error: SessionError) {
    switch error {
    case .memoryTooSmall(let found, let expected):
      self.init(FUNES_MEMORY_TOO_SMALL, found: UInt64(found), expected: UInt64(expected))
    case .memoryMisaligned: self.init(FUNES_MEMORY_MISALIGNED)
    case .isaUnavailable: self.init(FUNES_ISA_UNAVAILABLE)
    case .tooLarge: self.init(FUNES_TOO_LARGE)
    case .outOfMemory(let byteCount): self.init(FUNES_OUT_OF_MEMORY, expected: UInt64(byteCount))
    }
  }

  init(_ error: SnapshotError) {
    switch error {
    case .byteCount(let found, let expected):
      self.init(FUNES_SNAPSHOT_BYTE_COUNT, found: UInt64(found), expected: UInt64(expected))
    case .notASnapshot: self.init(FUNES_NOT_A_SNAPSHOT)
    case .damaged: self.init(FUNES_SNAPSHOT_DAMAGED)
    case .otherModel: self.init(FUNES_SNAPSHOT_OF_OTHER_MODEL)
    case .value(let state):
      self.init(FUNES_STATE_VALUE)
      record = UInt64(state)
    }
  }

  init(_ error: RewindError) {
    switch error {
    case .notRecorded(let found, let kept):
      self.init(FUNES_NOT_RECORDED, found: UInt64(found), expected: UInt64(kept))
    case .overwritten(let rows, let kept):
      self.init(FUNES_OVERWRITTEN, found: UInt64(rows), expected: UInt64(kept))
    case .begunAfresh: self.init(FUNES_BEGUN_AFRESH)
    }
  }

  private mutating func set(_ place: Section, _ rule: ModelError.Rule) {
    self.rule = funes_rule(Int32(rule.rawValue))
    let tag = place.tag
    withUnsafeMutableBytes(of: &section) { letters in
      for index in 0..<4 { letters[index] = UInt8(truncatingIfNeeded: tag >> UInt32(8 * index)) }
    }
  }

  /// Tells the caller, where asked for, and returns the status.
  func report(to error: UnsafeMutablePointer<funes_error>?) -> funes_status {
    error?.pointee = self
    return status
  }
}

@_noLocks
func status(_ status: Status) -> funes_status {
  switch status {
  case .ok: FUNES_OK
  case .notFinite: FUNES_NOT_FINITE
  case .idOutOfRange: FUNES_ID_OUT_OF_RANGE
  case .cacheFull: FUNES_CACHE_FULL
  }
}

@c @implementation
public func funes_status_text(_ status: funes_status) -> UnsafePointer<CChar>? {
  let text: StaticString =
    switch status {
    case FUNES_OK: "done"
    case FUNES_NOT_FINITE: "an input is not finite or exceeds 2^50 in magnitude"
    case FUNES_ID_OUT_OF_RANGE: "an id is outside its input's classes"
    case FUNES_CACHE_FULL: "the rows before have filled a table of positions or a memory; reset what they filled"
    case FUNES_TOO_SHORT: "the bytes are too few for a .funes file"
    case FUNES_MISALIGNED: "the file's bytes do not begin at a multiple of 64"
    case FUNES_NOT_A_FUNES_FILE: "the first bytes are not those of a .funes file"
    case FUNES_UNSUPPORTED_VERSION: "the file is of another format version; convert the checkpoint again"
    case FUNES_BAD_HEADER: "the file's header is damaged or the file incomplete"
    case FUNES_BAD_SECTION: "a section of the file is damaged"
    case FUNES_BAD_RECORD: "a record of the file breaks a rule"
    case FUNES_OVER_BUDGET: "a session would take too much memory"
    case FUNES_MEMORY_TOO_SMALL: "the memory is too small for the session"
    case FUNES_MEMORY_MISALIGNED: "the session's memory does not begin at a multiple of 64"
    case FUNES_ISA_UNAVAILABLE: "the build has no kernels that this machine can run"
    case FUNES_TOO_LARGE: "more rows, threads or bytes than a session can have"
    case FUNES_OUT_OF_MEMORY: "the session's memory could not be allocated"
    case FUNES_SNAPSHOT_BYTE_COUNT: "the snapshot has another number of bytes"
    case FUNES_NOT_A_SNAPSHOT: "the first bytes are not those of a state snapshot"
    case FUNES_SNAPSHOT_DAMAGED: "the snapshot is damaged"
    case FUNES_SNAPSHOT_OF_OTHER_MODEL: "the snapshot was made by another model"
    case FUNES_STATE_VALUE: "a state would hold a value that no step writes"
    case FUNES_NOT_RECORDED: "more steps are to be taken back than are kept"
    case FUNES_OVERWRITTEN: "later rows have overwritten what attention saw before the steps to take back"
    case FUNES_BEGUN_AFRESH: "caches began afresh since the steps to take back"
    case FUNES_BAD_ARGUMENT: "an argument is null, out of range or does not fit"
    default: "no status of this version"
    }
  return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
