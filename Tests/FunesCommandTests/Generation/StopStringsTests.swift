// SPDX-License-Identifier: Apache-2.0
// Stop strings: found wherever they stand, however the text is cut, and never shown in part.

import FunesTestSupport
import Testing

@testable import FunesCommand

@Suite struct StopStringsTests {
  /// What is shown of a text that comes in parts, and whether a stop string was found.
  private func shown(_ parts: [String], _ stops: [String]) -> (text: String, isFound: Bool) {
    var filter = StopStrings(stops)
    var bytes: [UInt8] = []
    for part in parts {
      let (shown, isFound) = filter.push(Array(part.utf8))
      bytes += shown
      if isFound { return (String(decoding: bytes, as: UTF8.self), true) }
    }
    return (String(decoding: bytes + filter.finish(), as: UTF8.self), false)
  }

  @Test func aStringIsFoundAcrossParts() {
    #expect(shown(["one T", "he", " End two"], ["The End"]) == ("one ", true))
    #expect(shown(["a", "a", "b"], ["aab"]) == ("", true))
    #expect(shown(["aaab"], ["aab"]) == ("a", true))
    #expect(shown(["x", "\n", "\n", "y"], ["\n\n"]) == ("x", true))
    #expect(shown(["Grü", "ße"], ["üß"]) == ("Gr", true))
    #expect(shown(["abc", "d"], ["cd", "b"]) == ("a", true))
  }

  @Test func whatOnlyBeganComesOutAtTheEnd() {
    #expect(shown(["The En", "d"], ["The Ends"]) == ("The End", false))
    #expect(shown(["a", "b"], []) == ("ab", false))
    var filter = StopStrings(["The End"])
    #expect(filter.push(Array("now The E".utf8)).shown == Array("now ".utf8))
    #expect(filter.push(Array("x".utf8)).shown == Array("The Ex".utf8))
  }

  /// However a text is cut, what is shown is what stands before the first stop string of the whole.
  @Test func anyCutGivesTheSame() {
    var numbers = TestNumbers(seed: 1)
    for _ in 0..<300 {
      func word(_ most: Int) -> String {
        String((0..<(1 + numbers.below(most))).map { _ in numbers.below(2) == 0 ? "a" : "b" })
      }
      let stops = (0..<(1 + numbers.below(3))).map { _ in word(5) }
      let text = word(30)
      var parts: [String] = []
      var left = Substring(text)
      while !left.isEmpty {
        let count = 1 + numbers.below(4)
        parts.append(String(left.prefix(count)))
        left = left.dropFirst(count)
      }
      // The first stop string to be whole ends the text, where it begins; of those that end together the longest.
      let bytes = Array(text.utf8)
      var expected = (text, false)
      search: for end in 1...bytes.count {
        let begins = stops.filter { bytes[..<end].reversed().starts(with: Array($0.utf8).reversed()) }
          .map { end - $0.utf8.count }
        if let begin = begins.min() {
          expected = (String(text.prefix(begin)), true)
          break search
        }
      }
      let single = shown(text.map { String($0) }, stops)
      #expect(single == expected, "\(text), \(stops)")
      // In larger parts several may be whole at once: the one that begins first ends the text.
      let cut = shown(parts, stops)
      #expect(cut.isFound == expected.1 && cut.text.count <= expected.0.count && text.hasPrefix(cut.text))
    }
  }
}
