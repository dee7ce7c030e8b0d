// SPDX-License-Identifier: Apache-2.0
// A model's inputs, outputs and text tables as streams need them.

import Funes

extension StreamPort {
  init(_ port: PortInfo) {
    self.init(
      name: port.name, width: port.width, classes: port.isIDs ? port.classes : 0,
      symbols: port.text.map(SymbolTable.init))
  }
}

extension SymbolTable {
  init(_ text: TextInfo) {
    let kind: Kind =
      switch text.kind {
      case .labels: .labels
      case .characters: .characters
      case .bytes: .bytes
      case .pieces: .pieces
      case .merges, .words, .unigram: .tokens
      }
    self.init(
      kind: kind, symbols: text.symbols, unknown: text.unknown.map(Int32.init), isLowerCased: text.isLowerCased,
      isLineSequence: text.isLineSequence, separator: text.separator, pieces: PieceVocabulary(text),
      tokenizer: text.tokenizer.map(Tokenizer.init))
  }
}

extension Model {
  /// Samples a second of its input, where the file says.
  var sampleRate: Int? { metadata.first { $0.key == "sample_rate" }.flatMap { Int($0.value) } }

  /// The program of that name; without a name `step`, or the first.
  func programIndex(chosen name: String?) throws(ChoiceError) -> Int {
    guard let name else { return programIndex(named: "step") ?? 0 }
    guard let index = programIndex(named: name) else {
      throw .noSuchName(kind: "program", found: name, expected: programs.map(\.name))
    }
    return index
  }
}

/// Why something that the user chose does not fit the model.
enum ChoiceError: Error, Equatable, CustomStringConvertible {
  /// The model has nothing of that name.
  case noSuchName(kind: String, found: String, expected: [String])
  /// The model is of another sort than the verb or option needs.
  case unsuitable(what: String, reason: String)

  var description: String {
    switch self {
    case .noSuchName(let kind, let found, let expected):
      "\(kind): found \"\(found)\", expected \(expected.map { "\"\($0)\"" }.joined(separator: " or "))"
    case .unsuitable(let what, let reason): "\(what): \(reason)"
    }
  }
}
