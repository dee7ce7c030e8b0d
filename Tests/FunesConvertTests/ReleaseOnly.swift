// SPDX-License-Identifier: Apache-2.0
// Whole tests that debug builds leave to release, and that then say so.

import FunesTestSupport
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips the test, with a message, in debug builds, where a whole model in double precision takes minutes and shows
  /// nothing that it does not show in release.
  static var releaseOnly: Self { .enabled(if: thinning == 1, "in release only, where it is quick") }
}
