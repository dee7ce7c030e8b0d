// SPDX-License-Identifier: Apache-2.0
// What a language model's scores are, whatever its outputs are called.

import Funes
import FunesConvert
import Testing

@testable import FunesCommand

@Suite struct LanguageModelTests {
  /// The start id is fed before characters; a tokenizer says itself what stands before a text, be it nothing.
  @Test(arguments: [false, true]) func aTokenizerSaysHowTextsBegin(isTokenizer: Bool) throws {
    var graph = TestModels.languageGraph()
    graph.generation = Graph.Generation(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: 4, stopIDs: [4], longest: 9, output: 0, input: 0)
    if isTokenizer {
      graph.texts = []
      let text = graph.addText(TokenizerRules(method: .merges, symbols: ["a", "b", "c", "d", "e"]))
      graph.programs[0].inputs[0].text = text
      graph.programs[0].outputs[0].text = text
    }
    let file = try ModelFile(copying: try Converter().convert(graph).bytes)
    let language = try LanguageModel(file.model)
    #expect(language.startID == (isTokenizer ? nil : 4) && language.loneID == 4 && language.stopIDs == [4])
    withExtendedLifetime(file) {}
  }

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
