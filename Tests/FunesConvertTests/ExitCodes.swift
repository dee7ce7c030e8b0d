// SPDX-License-Identifier: Apache-2.0
// What the command makes of an error: every refusal of a file ends it with the code for broken data.

import Testing

@testable import FunesCommand

/// Holds the refusal of a broken checkpoint or recipe to its exit code.
func expectBadDataExit(of error: any Error, location: SourceLocation = #_sourceLocation) {
  let failure = Failure(error)
  #expect(failure?.exitCode == Failure.badData, "\(error)", sourceLocation: location)
  #expect(failure?.message?.isEmpty == false, sourceLocation: location)
}
