// SPDX-License-Identifier: Apache-2.0
// Recipes that break one rule each about states, texts or generation, and the error that says which.

import Testing

@testable import FunesConvert

@Suite struct BadRecipeStateTests {
  // MARK: States

  private let read = #"{"op": "state_read", "state": "h.hidden", "output": "old"}"#
  private let hidden = #""states": [{"name": "h.hidden", "kind": "hidden", "width": 2}],"#

  @Test func feedbackNeedsASequentialRun() {
    expectRefusal(.stateOutsideSequentialRun(program: "step", state: "h.hidden")) {
      $0.top = hidden
      $0.ops = read + ", " + SmallRecipe.lstm
      $0.outputs = #""h", "old""#
    }
    expectRefusal(.stateOutsideSequentialRun(program: "step", state: "h.hidden")) {
      $0.top = hidden
      $0.ops = #"{"sequential": [\#(read)]}, {"sequential": [\#(SmallRecipe.lstm)]}"#
      $0.outputs = #""h", "old""#
    }
    var good = SmallRecipe()
    good.top = hidden
    good.ops = #"{"sequential": [\#(read), \#(SmallRecipe.lstm)]}"#
    good.outputs = #""h", "old""#
    #expect(good.refusal() == nil)
  }

  @Test func statesHaveOneOwnerAndOneShape() {
    let second = SmallRecipe.lstm.replacing("\"h\"", with: "\"h2\"").dropLast() + #", "hidden": "h.hidden"}"#
    expectRefusal(.stateOwnedTwice(program: "step", state: "h.hidden")) {
      $0.ops += ", " + second
      $0.outputs = #""h", "h2""#
    }
    expectRefusal(.stateMismatch(operator: "h", state: "h.hidden", found: "hidden (1, 2)", expected: "hidden (1, 3)")) {
      $0.top = hidden.replacing("2}", with: "3}")
    }
    expectRefusal(.stateMismatch(operator: "h", state: "s", found: "hidden (1, 2)", expected: "value (1, 2)")) {
      $0.top = #""states": [{"name": "s", "kind": "value", "width": 2}],"#
      $0.ops = SmallRecipe.lstm(#", "hidden": "s""#)
    }
    expectRefusal(.valueShape(program: "step", operator: "state_write", value: "x", found: [3], expected: [2])) {
      $0.top = #""states": [{"name": "s", "kind": "value", "width": 2}],"#
      $0.ops += #", {"op": "state_write", "input": "x", "state": "s"}"#
    }
    expectRefusal(.tensorShape(operator: "h.hidden", tensor: "b", found: [8], expected: [2])) {
      $0.top = hidden.replacing("2}", with: #"2, "initial": "b"}"#)
    }
  }

  @Test func whatRunsBackwardsNeedsABlockAndAReset() {
    let reversed = SmallRecipe.lstm(#", "reversed": true"#)
    expectRefusal(.reversedNeedsBlock(program: "step", operator: "h")) { $0.ops = reversed }
    expectRefusal(.reversedNeedsReset(program: "step", state: "h.cell")) {
      $0.ops = reversed
      $0.flags = #""block": true, "reset": ["h.hidden"],"#
    }
    expectRefusal(.notSequential(program: "step", operator: "h", reason: "it runs backwards")) {
      $0.ops = #"{"sequential": [\#(reversed)]}"#
      $0.flags = #""block": true, "reset": "all","#
    }
  }

  @Test func aStreamGoesOnFromCallToCall() {
    for reset in [#""all""#, #"["h.hidden"]"#] {
      expectRefusal(.resetNeedsBlock(program: "step", state: "h.hidden")) { $0.flags = #""reset": \#(reset),"# }
    }
    let last = #", {"op": "last", "input": "h", "output": "end"}, {"op": "relu", "input": "end", "output": "e"}, "#
    let expected = "a row for each row, or \"block\": true"
    for use in [
      #"{"op": "add", "inputs": ["h", "e"], "output": "y"}"#,
      #"{"sequential": [{"op": "tanh", "input": "e", "output": "y"}]}"#,
    ] {
      expectRefusal(.wrongRows(program: "step", operator: "y", value: "e", expected: expected)) {
        $0.ops += last + use
        $0.outputs = #""h", "y""#
      }
      var block = SmallRecipe()
      block.ops += last + use
      block.outputs = #""h", "y""#
      block.flags = #""block": true, "reset": "all","#
      #expect(block.refusal() == nil)
    }
    var written = SmallRecipe()
    written.top = #""states": [{"name": "s", "kind": "value", "width": 2}],"#
    written.ops += #", {"op": "state_write", "input": "h", "state": "s"}"#
    written.flags = #""reset": ["s"],"#
    #expect(written.refusal() == nil)
  }

  // MARK: Texts and generation

  @Test func textsFitTheirPorts() {
    func labels(_ symbols: String, kind: String = "labels") -> String {
      #""texts": [{"name": "t", "kind": "\#(kind)", "symbols": [\#(symbols)]}],"#
    }
    let output = #"{"name": "h", "text": "t"}"#
    expectRefusal(.textCount(program: "step", port: "h", found: 3, expected: 2)) {
      $0.top = labels(#""a", "b", "c""#)
      $0.outputs = output
    }
    expectRefusal(.badSymbol(text: "t", index: 1, symbol: "a")) { $0.top = labels(#""a", "a""#) }
    expectRefusal(.badSymbol(text: "t", index: 1, symbol: "ab")) { $0.top = labels(#""a", "ab""#, kind: "characters") }
    expectRefusal(.badSymbol(text: "t", index: 0, symbol: "")) { $0.top = labels("") }
    expectRefusal(.idOutOfRange(key: "unknown of \"t\"", found: 2, count: 2)) {
      $0.top = #""texts": [{"name": "t", "kind": "labels", "symbols": ["a", "b"], "unknown": 2}],"#
    }
  }

  @Test func generationFitsItsPrograms() {
    func generation(_ fields: String) -> String {
      #""generation": {"step": "step", "longest": 9, "input": "x", \#(fields)},"#
    }
    let ops = #"{"op": "one_hot", "input": "x", "output": "h", "classes": 3}"#
    func ids(_ fields: String) -> (inout SmallRecipe) -> Void {
      {
        $0.top = generation(fields)
        $0.inputs = #"{"name": "x", "classes": 3}"#
        $0.ops = ops
      }
    }
    var good = SmallRecipe()
    ids(#""output": "h", "start": 0, "stop": 2"#)(&good)
    #expect(good.refusal() == nil)
    ids(#""output": "h", "start": 0, "stop": [2, 0]"#)(&good)
    #expect(good.refusal() == nil)
    expectRefusal(.unknownName("y", kind: "output", in: "generation"), ids(#""output": "y", "start": 0"#))
    expectRefusal(
      .idOutOfRange(key: "stop of generation", found: 3, count: 3), ids(#""output": "h", "start": 0, "stop": [1, 3]"#))
    expectRefusal(
      .idOutOfRange(key: "pad of generation", found: 0, count: 0),
      ids(#""output": "h", "start": 0, "pad": 0, "source_rows": 4"#))
    expectRefusal(.idOutOfRange(key: "start of generation", found: 3, count: 3), ids(#""output": "h", "start": 3"#))
    expectRefusal(
      .idOutOfRange(key: "stop of generation", found: 3, count: 3), ids(#""output": "h", "start": 0, "stop": 3"#))
    expectRefusal(
      .idOutOfRange(key: "append of generation", found: 1, count: 0), ids(#""output": "h", "start": 0, "append": 1"#))
    expectRefusal(.wrongElement(program: "step", operator: "generation", value: "x", expected: "ids")) {
      $0.top = generation(#""output": "h", "start": 0"#)
    }
  }
}
