// SPDX-License-Identifier: Apache-2.0
// Every rule of a file, broken alone: refused, with the place, what was found and what was expected.

import FunesTestSupport
import Testing

@testable import Funes

@Suite struct BadFileTests {
  static let all =
    BadFile.layout + BadFile.records + BadFile.programs + BadFile.operators + BadFile.shapes
    + BadFile.attention + BadFile.blockAndMemory + BadFile.images + BadFile.frames + BadFile.pieces + BadFile.tokenizers
    + BadFile.uses

  @Test func theFileThatTheyAreMadeFromIsGood() throws {
    _ = try LoadedModel(FileParts.everyOperator.bytes)
    _ = try LoadedModel(BadFile.goodPieces)
    _ = try LoadedModel(BadFile.goodTokenizers)
    _ = try LoadedModel(BadFile.goodUses)
    #expect(FileParts(FileParts.everyOperator.bytes).bytes == FileParts.everyOperator.bytes)
  }

  @Test(arguments: all)
  func isRefusedWithItsReason(file: BadFile) {
    #expect(throws: file.expected) { _ = try LoadedModel(file.bytes()) }
  }

  @Test func everyRuleHasABadFile() {
    let broken = Set(Self.all.compactMap(\.rule))
    #expect(ModelError.Rule.allCases.filter { !broken.contains($0) } == [])
    #expect(Self.all.count >= 250)
  }
}
