// SPDX-License-Identifier: Apache-2.0
// What debug builds leave to release: whole tests, which then say so, and most places of a long search.

import Testing

extension Trait where Self == ConditionTrait {
  /// Skips the test, with a message, in debug builds, where a whole model in double precision takes minutes and shows
  /// nothing that it does not show in release.
  static var releaseOnly: Self { .enabled(if: thinning == 1, "in release only, where it is quick") }
}

/// One place of so many is tried: all in release; in debug one of five, so that each bit of a byte has its turn.
#if DEBUG
  let thinning = 5
#else
  let thinning = 1
#endif
