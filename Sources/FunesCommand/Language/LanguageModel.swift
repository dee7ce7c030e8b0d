// SPDX-License-Identifier: Apache-2.0
// What a model must be to write text: a program that takes an id and scores the next one.

import Funes

/// A model's program that reads one id and scores the next: its ports, tables and how it begins and ends.
struct LanguageModel {
  let program: Int
  let input: StreamPort
  let output: StreamPort
  let outputIndex: Int
  let scores: ScoreKind
  /// Fed before anything else; nil where the vocabulary begins each text itself.
  let startID: Int32?
  /// Fed where there is no text to go on from.
  let loneID: Int32?
  /// Any of them ends a text.
  let stopIDs: [Int]

  init(_ model: Model, program name: String? = nil) throws(ChoiceError) {
    let generation = model.generation
    if name == nil, let generation {
      program = generation.stepProgram
    } else {
      program = try model.programIndex(chosen: name)
    }
    let info = model.programs[program]
    let title = "program \"\(info.name)\""
    guard info.inputs.count == 1, info.inputs[0].isIDs, info.inputs[0].width == 1, !info.isBlock else {
      throw .unsuitable(what: title, reason: "expected one input of one id a row, as a language model has")
    }
    input = StreamPort(info.inputs[0])
    let classes = input.classes
    guard let outputIndex = generation?.output ?? info.outputs.firstIndex(where: { $0.width == classes }) else {
      throw .unsuitable(what: title, reason: "found no output of \(classes) values, expected one score for each id")
    }
    guard info.outputs.indices.contains(outputIndex), info.outputs[outputIndex].width <= classes else {
      throw .unsuitable(
        what: title, reason: "expected an output of at most \(classes) values, whose choice is fed back")
    }
    self.outputIndex = outputIndex
    var output = StreamPort(info.outputs[outputIndex])
    output.symbols = output.symbols ?? input.symbols
    self.output = output
    // What a softmax makes are probabilities already.
    let maker = info.outputs[outputIndex].producer.map { model.operators[$0].opcode }
    scores = maker == .softmax ? .probabilities : .logits
    loneID = generation.map { Int32($0.startID) }
    // A tokenizer knows how texts begin, be it with nothing.
    startID = input.symbols?.beginsTexts == true || input.symbols?.kind == .tokens ? nil : loneID
    stopIDs = generation?.stopIDs ?? []
  }

  /// The ids of a text; with `isContinued` of one that goes on from another. Errors name `line` as its first.
  static func ids(
    of text: String, through table: SymbolTable, isContinued: Bool = false, line: Int = 1
  ) throws(StreamError) -> [Int32] {
    try ids(of: Array(text.utf8), through: table, isContinued: isContinued, line: line)
  }

  /// The ids of a text in UTF-8, of its first line where lines are sequences.
  static func ids(
    of text: [UInt8], through table: SymbolTable, isContinued: Bool = false, line: Int = 1
  ) throws(StreamError) -> [Int32] {
    var left = text[...]
    let reader = ByteReader(name: "text") { (space: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int in
      let count = min(space.count, left.count)
      space.copyBytes(from: left.prefix(count))
      left = left.dropFirst(count)
      return count
    }
    var decoder = TextDecoder(table: table, reader: reader, isContinued: isContinued, line: line)
    var ids: [Int32] = []
    while case .id(let id) = try decoder.next() { ids.append(id) }
    return ids
  }
}
