// SPDX-License-Identifier: Apache-2.0
// What `funes inspect` prints for people.

import Funes
import FunesConvert

/// A model, described.
struct Inspection {
  let model: Model

  init(_ model: Model) { self.model = model }

  func text(withTensors: Bool) -> String {
    var lines = ["fingerprint  \(model.fingerprint)", "file         \(model.fileByteCount) bytes"]
    let memory = model.memoryPlan
    lines.append(
      "session      \(memory.fixed) bytes + \(memory.perRow) a row + \(memory.perThread) a thread;"
        + " of these \(model.stateByteCount) bytes of state")
    if !model.metadata.isEmpty { lines.append("") }
    for (key, value) in model.metadata { lines.append("\(key): \(value)") }
    for program in model.programs { lines += ["", title(of: program)] + ports(of: program) }
    if let generation = model.generation { lines += ["", describe(generation)] }
    if !model.states.isEmpty { lines += [""] + states }
    if !model.texts.isEmpty { lines += [""] + model.texts.enumerated().map { describe($1, index: $0) } }
    if withTensors { lines += [""] + operators + [""] + constants }
    return lines.joined(separator: "\n").withoutControls + "\n"
  }

  private func title(of program: ProgramInfo) -> String {
    let multiplications = model.operators[program.operators].reduce(0) { $0 + $1.multiplyCount }
    var title =
      "program \(program.name): \(counted(program.operators.count, "operator")), \(multiplications) multiplications a row"
    if program.isBlock { title += ", sees its rows at once" }
    if !program.resets.isEmpty { title += ", resets \(program.resets.joined(separator: ", "))" }
    return title
  }

  private func ports(of program: ProgramInfo) -> [String] {
    var table = TextTable(columns: [
      .left("port"), .left("name"), .left("shape"), .left("type"), .left("rows"), .left(""),
    ])
    for port in program.inputs + program.outputs {
      table.append([
        port.isOutput ? "output" : "input", port.name, Inspection.shape(port.shape),
        port.isIDs ? "ids below \(port.classes)" : "float", Inspection.rows(port.domain), note(on: port),
      ])
    }
    return Array(table.lines.dropFirst()).map { "  " + $0 }
  }

  private func note(on port: PortInfo) -> String {
    var notes: [String] = []
    if port.replaces {
      notes.append("what is not finite becomes 0, the rest \(port.range.lowerBound)...\(port.range.upperBound)")
    }
    if let text = port.text { notes.append(text.kind == .bytes ? "bytes" : "\(text.symbols.count) \(text.kind)") }
    return notes.joined(separator: ", ")
  }

  private func describe(_ generation: GenerationInfo) -> String {
    let programs = model.programs
    let encode = generation.encodeProgram.map { "reads with \(programs[$0].name), " } ?? ""
    let padding = generation.padding.map { "each source filled up to \($0.rows) rows with id \($0.id), " } ?? ""
    let stops = generation.stopIDs.map { "\($0)" }.joined(separator: " or ")
    return
      "generation: \(encode)\(padding)writes with \(programs[generation.stepProgram].name) from id"
      + " \(generation.startID)\(stops.isEmpty ? "" : " to id \(stops)"), at most \(generation.longest) steps"
  }

  private var states: [String] {
    var table = TextTable(columns: [.left("state"), .left("kind"), .right("shape"), .right("bytes")])
    for state in model.states {
      let shape = state.lanes > 1 ? "\(state.lanes)×\(state.width)" : "\(state.width)"
      let kind = state.heads > 0 ? "\(state.kind), 8 bits" : "\(state.kind)"
      table.append([state.name, kind, shape, "\(state.byteCount)"])
    }
    return table.lines
  }

  private func describe(_ text: TextInfo, index: Int) -> String {
    var line = "text \(index): \(text.kind)"
    if text.kind != .bytes { line += ", \(text.symbols.count) symbols" }
    if let unknown = text.unknown { line += ", unknown is id \(unknown)" }
    if let begin = text.begin { line += ", begins with id \(begin)" }
    if text.isLowerCased { line += ", lower-cased" }
    if text.isLineSequence { line += ", each line a sequence" }
    if let rules = text.tokenizer { line += describe(rules) }
    if !text.separator.isEmpty { line += ", separated by \(JSONText.quoted(text.separator))" }
    let shown = text.symbols.prefix(12).map { JSONText.quoted($0) }.joined(separator: " ")
    return shown.isEmpty ? line : line + ": " + shown + (text.symbols.count > 12 ? " …" : "")
  }

  /// What a tokenizer does, in words.
  private func describe(_ rules: TokenizerRules) -> String {
    var line = ""
    if !rules.merges.isEmpty { line += ", \(rules.merges.count) merges" }
    if !rules.map.isEmpty { line += ", a map of \(rules.map.count) replacements" }
    if !rules.added.isEmpty { line += ", \(rules.added.count) added tokens" }
    if !rules.normalization.isEmpty {
      line += ", normalised by \(rules.normalization.map { "\($0)" }.joined(separator: ", "))"
    }
    if !rules.splitting.isEmpty { line += ", cut by \(rules.splitting.map { "\($0)" }.joined(separator: ", "))" }
    if rules.hasByteSymbols { line += ", symbols of bytes" }
    if rules.fallsBackToBytes { line += ", bytes where there is no symbol" }
    if !rules.before.isEmpty { line += ", begins with \(rules.before.map { "id \($0)" }.joined(separator: ", "))" }
    if !rules.after.isEmpty { line += ", ends with \(rules.after.map { "id \($0)" }.joined(separator: ", "))" }
    return line + ", written by \(rules.decoding)"
  }

  private var operators: [String] {
    var table = TextTable(columns: [
      .left("operator"), .left("code"), .left("inputs"), .left("outputs"), .left("constants"), .left("states"),
      .right("multiplications"),
    ])
    for operation in model.operators {
      table.append([
        operation.name, "\(operation.opcode)", operation.inputs.joined(separator: ", "),
        operation.outputs.joined(separator: ", "), operation.constants.joined(separator: ", "),
        operation.states.joined(separator: ", "), "\(operation.multiplyCount)",
      ])
    }
    return table.lines
  }

  private var constants: [String] {
    var table = TextTable(columns: [
      .left("constant"), .left("type"), .right("shape"), .right("bytes"), .right("least"), .right("largest"), .left(""),
    ])
    for constant in model.constants {
      let shape = constant.isMatrix ? "\(constant.rows)×\(constant.cols)" : "\(constant.rows)"
      let planes = "int\(constant.weightBits), \(constant.activationBits)-bit activations"
      table.append([
        constant.name, constant.isMatrix ? planes : "float", shape, "\(constant.byteCount)",
        Decimal.significant(Double(constant.range.lowerBound), digits: 3),
        Decimal.significant(Double(constant.range.upperBound), digits: 3),
        constant.isMatrix ? (constant.hasEqualizer ? "scales, equalized" : "scales") : "values",
      ])
    }
    return table.lines
  }

  static func shape(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }

  static func rows(_ domain: Int) -> String {
    switch domain {
    case 0: "one a call"
    case 1: "each"
    default: "some"
    }
  }
}
