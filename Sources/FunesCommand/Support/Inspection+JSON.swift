// SPDX-License-Identifier: Apache-2.0
// What `funes inspect --json` prints: everything, by the names of the runtime.

import Funes
import FunesConvert

extension Inspection {
  var json: String {
    let memory = model.memoryPlan
    return JSONValue.members([
      "fingerprint": .string(model.fingerprint), "fileBytes": .integer(model.fileByteCount),
      "memory": .members([
        "fixed": .integer(memory.fixed), "perRow": .integer(memory.perRow), "perThread": .integer(memory.perThread),
        "state": .integer(model.stateByteCount),
      ]),
      "metadata": .members(list: model.metadata.map { (key: $0.key, value: .string($0.value)) }),
      "programs": .array(model.programs.map(json)),
      "generation": model.generation.map(json) ?? .null,
      "states": .array(
        model.states.map {
          .members([
            "name": .string($0.name), "kind": .string("\($0.kind)"), "lanes": .integer($0.lanes),
            "width": .integer($0.width), "bytes": .integer($0.byteCount),
          ])
        }),
      "texts": .array(model.texts.map(json)),
      "operators": .array(model.operators.map(json)),
      "constants": .array(model.constants.map(json)),
    ]).text
  }

  private func json(_ program: ProgramInfo) -> JSONValue {
    .members([
      "name": .string(program.name), "isBlock": .bool(program.isBlock),
      "inputs": .array(program.inputs.map(json)), "outputs": .array(program.outputs.map(json)),
      "resets": strings(program.resets),
      "multiplications": .integer(model.operators[program.operators].reduce(0) { $0 + $1.multiplyCount }),
    ])
  }

  private func json(_ port: PortInfo) -> JSONValue {
    .members([
      "name": .string(port.name), "shape": .array(port.shape.map { .integer($0) }), "isIDs": .bool(port.isIDs),
      "classes": .integer(port.classes), "rows": .string(Inspection.rows(port.domain)),
      "replaces": .bool(port.replaces), "text": port.text.flatMap(index).map { .integer($0) } ?? .null,
    ])
  }

  private func index(of text: TextInfo) -> Int? { model.texts.firstIndex(of: text) }

  private func json(_ generation: GenerationInfo) -> JSONValue {
    func optional(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
    return .members([
      "encodeProgram": optional(generation.encodeProgram), "stepProgram": .integer(generation.stepProgram),
      "appendedID": optional(generation.appendedID), "startID": .integer(generation.startID),
      "stopIDs": .array(generation.stopIDs.map { .integer($0) }), "longest": .integer(generation.longest),
      "output": .integer(generation.output), "input": .integer(generation.input),
      "padID": optional(generation.padding?.id), "sourceRows": optional(generation.padding?.rows),
    ])
  }

  private func json(_ text: TextInfo) -> JSONValue {
    .members([
      "kind": .string("\(text.kind)"), "symbols": strings(text.symbols),
      "unknown": text.unknown.map { .integer($0) } ?? .null, "isLowerCased": .bool(text.isLowerCased),
      "isLineSequence": .bool(text.isLineSequence), "separator": .string(text.separator),
      "begin": text.begin.map { .integer($0) } ?? .null, "tokenizer": text.tokenizer.map(json) ?? .null,
    ])
  }

  private func json(_ rules: TokenizerRules) -> JSONValue {
    func ids(_ ids: [Int]) -> JSONValue { .array(ids.map { .integer($0) }) }
    return .members([
      "normalization": strings(rules.normalization.map { "\($0)" }),
      "splitting": strings(rules.splitting.map { "\($0)" }),
      "decoding": .string("\(rules.decoding)"), "hasByteSymbols": .bool(rules.hasByteSymbols),
      "fallsBackToBytes": .bool(rules.fallsBackToBytes), "merges": .integer(rules.merges.count),
      "map": .integer(rules.map.count), "added": ids(rules.added.map(\.id)),
      "special": ids(rules.added.filter(\.isSpecial).map(\.id)), "before": ids(rules.before), "after": ids(rules.after),
    ])
  }

  private func json(_ operation: OperatorInfo) -> JSONValue {
    .members([
      "name": .string(operation.name), "opcode": .string("\(operation.opcode)"), "inputs": strings(operation.inputs),
      "outputs": strings(operation.outputs), "constants": strings(operation.constants),
      "states": strings(operation.states), "multiplications": .integer(operation.multiplyCount),
    ])
  }

  private func json(_ constant: ConstantInfo) -> JSONValue {
    .members([
      "name": .string(constant.name), "isMatrix": .bool(constant.isMatrix), "rows": .integer(constant.rows),
      "cols": .integer(constant.cols), "groups": .integer(constant.groups),
      "weightBits": .integer(constant.weightBits), "activationBits": .integer(constant.activationBits),
      "isEqualized": .bool(constant.hasEqualizer),
      "qmax": .integer(constant.qmax), "bytes": .integer(constant.byteCount),
      "least": Figures.number(Double(constant.range.lowerBound)),
      "largest": Figures.number(Double(constant.range.upperBound)),
    ])
  }

  private func strings(_ strings: [String]) -> JSONValue { .array(strings.map { .string($0) }) }
}
