// SPDX-License-Identifier: Apache-2.0
// Lines of text as lines of ids and back, plain or as JSON; and where a vocabulary for them comes from.

import Funes
import FunesConvert

/// One line in, one line out.
struct TokenizedLines {
  let table: SymbolTable
  /// Ids that there are, from 0: more than the table's symbols where a model has rows for more.
  let idCount: Int
  let isJSON: Bool

  init(_ source: TextSource, isJSON: Bool) {
    table = source.table
    idCount = source.idCount
    self.isJSON = isJSON
  }

  /// The ids of a text.
  func ids(_ bytes: [UInt8], line: Int) throws -> String {
    var text = String(decoding: bytes, as: UTF8.self)
    if isJSON {
      let value = try json(bytes, line)
      guard let string = value.stringValue else { throw wrong(line, value, "a text in quotation marks") }
      text = string
    } else if !text.utf8.elementsEqual(bytes) {
      throw StreamError.invalidUTF8(at: TextPlace(line: line, column: 1))
    }
    // Where lines are sequences, the line's end makes one of nothing too.
    let whole = table.isLineSequence ? text + "\n" : text
    let ids = try LanguageModel.ids(of: whole, through: table, line: line)
    if isJSON { return "[" + ids.map(String.init).joined(separator: ",") + "]" }
    return ids.map(String.init).joined(separator: " ")
  }

  /// The text of ids. Bytes that are no text become U+FFFD.
  func text(_ bytes: [UInt8], line: Int) throws -> String {
    var ids: [Int] = []
    if isJSON {
      let value = try json(bytes, line)
      guard let elements = value.elements else { throw wrong(line, value, "an array of ids") }
      for element in elements {
        guard let id = element.intValue else { throw wrong(line, element, "an id") }
        guard (0..<idCount).contains(id) else {
          throw StreamError.json(line: line, reason: "found \(id), expected \(idRange)")
        }
        ids.append(id)
      }
    } else {
      for word in bytes.split(separator: UInt8(ascii: " ")) {
        let text = String(decoding: word, as: UTF8.self)
        guard let id = Int(text), (0..<idCount).contains(id) else {
          throw StreamError.notANumber(
            found: text, expected: idRange, at: TextPlace(line: line, column: word.startIndex + 1))
        }
        ids.append(id)
      }
    }
    let text = text(of: ids)
    return isJSON ? JSONText.quoted(text) : text
  }

  private var idRange: String { "an id in 0...\(idCount - 1)" }

  private func text(of ids: [Int]) -> String {
    if table.kind == .bytes { return String(decoding: ids.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self) }
    guard var joiner = TextJoiner(table, isContinued: false) else {
      return ids.compactMap { table.symbol($0) }.joined(separator: table.separator)
    }
    return ids.map { joiner.push($0) }.joined() + joiner.finish()
  }

  private func json(_ bytes: [UInt8], _ line: Int) throws(StreamError) -> JSONValue {
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .json(line: line, reason: "\(error)")
    }
  }

  private func wrong(_ line: Int, _ value: JSONValue, _ expected: String) -> StreamError {
    .json(line: line, reason: "found \(value.kind), expected \(expected)")
  }
}

/// Where a vocabulary comes from.
struct TextSource {
  let table: SymbolTable
  /// Ids of the model's port; of a tokenizer its symbols.
  let idCount: Int

  private init(_ table: SymbolTable, rows: Int = 0) {
    self.table = table
    idCount = max(rows, table.kind == .bytes ? 256 : table.symbols.count)
  }

  /// The table of a model's port, or that of a tokenizer's file or folder.
  init(path: String, port: String?) throws {
    let isFolder = FilePath.isFolder(path)
    let isFile = FilePath.isFile(path)
    let beginsAsModel = isFile && TextSource.isModel(path)
    guard beginsAsModel || !isFolder && !isFile else {
      if let port { throw ChoiceError.unsuitable(what: "--port \"\(port)\"", reason: "\"\(path)\" is no model") }
      let files = isFolder ? try TokenizerFiles.read(folder: path) : try TokenizerFiles.read(file: path)
      self.init(SymbolTable(files.source))
      return
    }
    // The file is mapped as long as it is held.
    let file = try ModelFile(path: path)
    let programs = withExtendedLifetime(file) { file.model.programs }
    let ports = programs.flatMap { $0.inputs + $0.outputs }.filter { $0.text.map { $0.kind != .labels } ?? false }
    guard let found = port == nil ? ports.first : ports.first(where: { $0.name == port }), let text = found.text else {
      guard let port, !ports.isEmpty else {
        throw ChoiceError.unsuitable(what: "\"\(path)\"", reason: "found no vocabulary, expected one")
      }
      throw ChoiceError.noSuchName(kind: "port with a vocabulary", found: port, expected: ports.map(\.name))
    }
    self.init(SymbolTable(text), rows: found.isIDs ? found.classes : found.width)
  }

  /// Whether a file begins as a .funes file does, or cannot be read, which opening it says better.
  private static func isModel(_ path: String) -> Bool {
    guard let file = try? InputFile(path: path), let head = try? file.reader().takeAll(upTo: 4), !head.isEmpty else {
      return true
    }
    return head == [0x89, 0x46, 0x55, 0x4E]
  }
}

extension SymbolTable {
  /// A tokenizer that no model holds yet.
  init(_ rules: TokenizerRules) {
    self.init(
      kind: .tokens, symbols: rules.symbols, unknown: rules.unknown.map(Int32.init), tokenizer: Tokenizer(rules))
  }
}
