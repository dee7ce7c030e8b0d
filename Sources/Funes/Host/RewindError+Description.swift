// SPDX-License-Identifier: Apache-2.0
// What a refused rollback says.

#if !hasFeature(Embedded)
  extension RewindError: CustomStringConvertible {
    public var description: String {
      switch self {
      case .notRecorded(let found, let kept):
        "rollback: found \(found) steps to take back, expected at most the \(kept) that are kept; keep more of them"
      case .overwritten(let rows, let kept):
        "rollback: found \(rows) rows run since, expected at most \(kept): later rows have overwritten what attention saw"
          + " then; take a snapshot to go back further"
      case .begunAfresh:
        "rollback: found caches that began afresh since (a reset, a restored state or a program that resets states);"
          + " take a snapshot to go back further"
      }
    }
  }
#endif
