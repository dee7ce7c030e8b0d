// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct SharedDataTests {
  @Test(.needsSharedData) func theSharedFolderHasItsCheckpoints() throws {
    let path = try SharedData.path("checkpoints")
    #expect(!(try FileManager.default.contentsOfDirectory(atPath: path)).isEmpty)
  }

  @Test func aMissingFileIsNamed() {
    #expect(throws: MissingSharedFile.self) { try SharedData.path("no-such-file") }
  }
}
