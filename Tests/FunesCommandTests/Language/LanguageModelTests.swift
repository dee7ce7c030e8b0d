// SPDX-License-Identifier: Apache-2.0
// What a language model's scores are, whatever its outputs are called.

import Funes
import FunesConvert
import Testing

@testable import FunesCommand

@Suite struct LanguageModelTests {
  @Test(arguments: [false, true]) func scoresAreProbabilitiesWhereASoftmaxMakesThem(isSoftmax: Bool) throws {
    var graph = TestModels.languageGraph()
    let scores = graph.programs[0].outputs[0].value
    func add(_ name: String, _ operation: Graph.Operation) -> Int {
      graph.values.append(Graph.Value(name: name, shape: [5]))
      graph.programs[0].runs[0].operators.append(
        Graph.Operator(name: name, operation: operation, inputs: [scores], outputs: [graph.values.count - 1]))
      return graph.values.count - 1
    }
    let likely = add("likely", .softmax(lanes: 1))
    // Neither the name of a port nor the place of an operator tells what an output is.
    let other = add("next", .activate(.relu))
    graph.programs[0].outputs = [
      Graph.Port(name: "next", value: isSoftmax ? likely : scores),
      Graph.Port(name: "likely", value: isSoftmax ? other : likely),
    ]
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    #expect(try LanguageModel(file.model).scores == (isSoftmax ? .probabilities : .logits))
    withExtendedLifetime(file) {}
  }
}
