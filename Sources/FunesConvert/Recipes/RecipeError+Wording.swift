// SPDX-License-Identifier: Apache-2.0
// What a refused recipe says to its author. Subject: found, expected; remedy.

extension RecipeError: CustomStringConvertible {
  public var description: String { textWording ?? tensorWording ?? operatorWording ?? stateWording }

  /// The text and its names.
  private var textWording: String? {
    switch self {
    case .notJSON(let error): "recipe, \(error)"
    case .unsupportedVersion(let found, let supported):
      "recipe: found version \(found), expected \(supported); convert with the release that the recipe was written for"
    case .unknownKey(let key, let place, let at):
      "recipe \(at): found the key \"\(key)\" in \(place), expected a key that belongs there"
    case .missingKey(let key, let place, let at):
      at.line == 0
        ? "\(place): found no \"\(key)\", expected one"
        : "recipe \(at): found no \"\(key)\" in \(place), expected one"
    case .wrongValue(let key, let found, let expected, let at):
      "recipe \(at): found \(found) for \"\(key)\", expected \(expected)"
    case .unknownOperator(let name, let at):
      "recipe \(at): found the operator \"\(name)\", expected one of "
        + OperatorSchema.table.keys.sorted().joined(separator: " ")
    case .unknownWord(let key, let found, let expected, let at):
      "recipe \(at): found \"\(found)\" for \"\(key)\", expected \(expected.joined(separator: " or "))"
    case .duplicateName(let name, let kind): "\(kind) \"\(name)\": found twice, expected each name once"
    case .unknownName(let name, let kind, let place):
      "\(place): found the \(kind) \"\(name)\", expected one that the recipe has"
    case .undefinedValue(let program, let op, let value):
      "program \"\(program)\", \"\(op)\": found the value \"\(value)\", expected an input or what an earlier operator makes"
    case .duplicateValue(let program, let value):
      "program \"\(program)\": found two makers of the value \"\(value)\", expected one"
    case .unusedValue(let program, let value):
      "program \"\(program)\": found nothing that takes the value \"\(value)\"; use it, put it out or leave it away"
    case .emptyProgram(let program):
      "program \"\(program)\": found no input or no operator, expected at least one of each"
    case .inputPutOut(let program, let output):
      "program \"\(program)\": found an input as the output \"\(output)\", expected what an operator makes; use \"copy\""
    case .wrongIndex(let found, let name, let known):
      "repeat, \"\(name)\": found \(found), expected "
        + known.map { "{\($0)}, {\($0)+1} or {\($0)-1}" }.joined(separator: ", ") + " and no number below 0"
    case .unusedName(let name, let kind): "\(kind) \"\(name)\": found nothing that uses it; use it or leave it away"
    default: nil
    }
  }

  private var tensorWording: String? {
    switch self {
    case .missingCheckpoint(let name, let file):
      "checkpoint \"\(name)\": found no path for it, expected one, usually of \"\(file)\""
    case .unexpectedCheckpoint(let name):
      "checkpoint \"\(name)\": found a path for it, but the recipe has none of that name"
    case .missingTensor(let op, let tensor, let checkpoint):
      "\"\(op)\": found no tensor \"\(tensor)\" in the checkpoint \"\(checkpoint)\"; `funes inspect` lists its tensors"
    case .tensorShape(let op, let tensor, let found, let expected):
      "\"\(op)\": found tensor \"\(tensor)\" of shape \(words(found)), expected \(words(expected))"
    case .partShape(let op, let tensor, let found, let expected):
      "\"\(op)\": found part \"\(tensor)\" of shape \(words(found)), expected \(words(expected)) like the part before it"
    case .impossibleChange(let op, let tensor, let change, let shape):
      "\"\(op)\": found \"\(change)\" of \"\(tensor)\", which does not fit its shape \(words(shape))"
    case .unknownGates(let op, let tensor, let found):
      "\"\(op)\": found gates \"\(found)\" for \"\(tensor)\", expected each gate of one cell once: i f g o (c and j stand "
        + "for g; without i when coupled) or r z n (u stands for z, h for n)"
    case .emptyTensor(let op, let tensor, let shape):
      "\"\(op)\": found no elements in \"\(tensor)\" of shape \(words(shape)), expected some"
    case .gateRows(let op, let tensor, let rows, let gates):
      "\"\(op)\": found \(rows) rows in \"\(tensor)\", expected a multiple of its \(gates) gates"
    case .absurdElement(let op, let tensor, let index):
      "\"\(op)\": found element \(index) of \"\(tensor)\" not finite or above 2^50, expected finite weights"
    case .unusedTensors(let names):
      "checkpoint: found \(counted(names.count, "tensor")) that nothing takes: \(names.joined(separator: ", ")); use them "
        + "or list them under \"drop\"\(TrainingHint(names).text)"
    case .dropWithoutTensor(let pattern): "drop \"\(pattern)\": found no unused tensor that it fits; leave it away"
    case .droppedTensorUsed(let name):
      "drop \"\(name)\": found an operator that takes this tensor; leave one of the two away"
    default: nil
    }
  }

  private var operatorWording: String? {
    switch self {
    case .valueShape(let program, let op, let value, let found, let expected):
      "program \"\(program)\", \"\(op)\": found \"\(value)\" of shape \(words(found)), expected \(words(expected))"
    case .wrongElement(let program, let op, let value, let expected):
      "program \"\(program)\", \"\(op)\": found \"\(value)\" of another type, expected \(expected)"
    case .classCount(let program, let op, let found, let expected):
      "program \"\(program)\", \"\(op)\": found \(found) classes, expected \(expected)"
    case .wrongRows(let program, let op, let value, let expected):
      "program \"\(program)\", \"\(op)\": found \"\(value)\" with other rows, expected \(expected)"
    case .numberOutOfRange(let program, let op, let key, let found, let expected):
      "program \"\(program)\", \"\(op)\": found \(found) for \"\(key)\", expected \(expected.lowerBound) to \(expected.upperBound)"
    case .notPositive(let program, let op, let key, let found):
      "program \"\(program)\", \"\(op)\": found \(found) for \"\(key)\", expected a positive number up to 2^50"
    case .notInRange(let program, let op, let key, let found):
      "program \"\(program)\", \"\(op)\": found \(found) for \"\(key)\", expected a number within ±2^50"
    case .needsBlock(let program, let op):
      "program \"\(program)\", \"\(op)\": found in a stream, expected \"block\": true: it sees all rows from the first on"
    case .oddDimensions(let program, let op, let found):
      "program \"\(program)\", \"\(op)\": found \(found) dimensions, expected an even number; give \"dimensions\""
    case .conflictingFields(let program, let op, let fields):
      "program \"\(program)\", \"\(op)\": found \"\(fields.joined(separator: "\" and \""))\", which do not go together so"
    case .notSequential(let program, let op, let reason):
      "program \"\(program)\", \"\(op)\": found in a sequential run, but \(reason); move it out of the run"
    default: nil
    }
  }

  /// States, texts and limits: all that is left.
  private var stateWording: String {
    switch self {
    case .stateMismatch(let op, let state, let found, let expected):
      "\"\(op)\": found the state \"\(state)\" as \(found), expected \(expected) as before"
    case .stateOutsideSequentialRun(let program, let state):
      "program \"\(program)\": found several operators on the state \"\(state)\", which is written, expected them in one "
        + "sequential run; put them all under one \"sequential\""
    case .stateOwnedTwice(let program, let state):
      "program \"\(program)\": found two owners of the state \"\(state)\", expected one; give them states of other names"
    case .reversedNeedsBlock(let program, let op):
      "program \"\(program)\", \"\(op)\": found a cell that runs backwards in a stream, expected \"block\": true"
    case .resetNeedsBlock(let program, let state):
      "program \"\(program)\": found the state \"\(state)\" under \"reset\" in a stream, expected \"block\": true"
    case .reversedNeedsReset(let program, let state):
      "program \"\(program)\": found a cell that runs backwards over \"\(state)\", expected it under \"reset\""
    case .textCount(let program, let port, let found, let expected):
      "program \"\(program)\", \"\(port)\": found a text of \(found) symbols, expected \(expected)"
    case .badSymbol(let text, let index, let symbol):
      "text \"\(text)\": found \"\(symbol)\" at \(index), expected symbols that differ and, in a table of characters, are one "
        + "scalar or a word in angle brackets"
    case .imageWidth(let found, let expected):
      "image: found \(found) values, expected as many as an input has, which is "
        + (expected.isEmpty ? "of ids" : expected.map(String.init).joined(separator: " or "))
    case .idOutOfRange(let key, let found, let count): "\(key): found the id \(found), expected one below \(count)"
    case .overLimit(let what, let found, let limit): "\(what): found \(found), expected at most \(limit)"
    default: "recipe: refused"
    }
  }

  private func words(_ shape: [Int?]) -> String {
    "(" + shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ") + ")"
  }
}
