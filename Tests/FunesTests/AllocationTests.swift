// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite struct AllocationTests {
  /// In a process of its own, whose allocator counts: see Tests/AllocationProof.
  @Test func nothingIsAllocatedInRunAtAnyTeam() throws {
    #if DEBUG
      let steps = 2_000
    #else
      let steps = 100_000
    #endif
    let proof = Process()
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    proof.executableURL = folder.appendingPathComponent("AllocationProof")
    proof.arguments = [String(steps)]
    let output = Pipe()
    proof.standardOutput = output
    try proof.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    proof.waitUntilExit()
    #expect(proof.terminationStatus == 0, "\(text)")
  }
}
