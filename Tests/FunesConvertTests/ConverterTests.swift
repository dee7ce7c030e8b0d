// SPDX-License-Identifier: Apache-2.0
// From graph to file: the same bytes each time, with and without a self-test.

import FunesConvert
import FunesTestSupport
import Testing

@Suite struct ConverterTests {
  @Test func equalGraphsAndOptionsGiveEqualBytes() throws {
    let first = try Converter().convert(.everyOperator())
    let second = try Converter().convert(.everyOperator())
    #expect(first.bytes == second.bytes)
    #expect(first.report == second.report)
    let fast = try Converter(precision: .fast).convert(.everyOperator())
    #expect(fast.bytes != first.bytes)
  }
}
