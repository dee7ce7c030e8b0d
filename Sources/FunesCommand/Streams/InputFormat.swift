// SPDX-License-Identifier: Apache-2.0
// The forms that a stream of rows takes on its way in and on its way out.

/// What stdin holds.
enum InputFormat: String, CaseIterable, Sendable {
  /// Little-endian binary32, inputs one after another in each row; ids as int32.
  case f32
  /// Little-endian int16, the number as it is.
  case i16
  /// Little-endian int16, divided by 32,768.
  case pcm16
  /// A WAV: its samples as pcm16, up to the last whole row.
  case wav
  /// A row a line, numbers parted by commas or blanks.
  case csv
  /// Decimal ids parted by blanks or line ends.
  case ids
  /// UTF-8 through the input's text table.
  case text
  /// A JSON object a line, inputs by name.
  case jsonl

  /// Whether each row is a line.
  var isLines: Bool { self == .csv || self == .jsonl }

  /// What fits the inputs of a program when nobody says.
  static func usual(for ports: [StreamPort]) -> InputFormat {
    guard ports.count == 1, ports[0].isIDs else { return ports.contains(where: \.isIDs) ? .jsonl : .csv }
    return ports[0].symbols == nil ? .ids : .text
  }

  /// Why the inputs cannot be read in this form; nil where they can.
  func obstacle(for ports: [StreamPort]) -> String? {
    switch self {
    case .ids, .text:
      guard ports.count == 1, ports[0].isIDs else {
        return "found \(ports.count == 1 ? "an input of floats" : "\(ports.count) inputs"), expected one input of ids"
      }
      guard self == .text else { return nil }
      guard let symbols = ports[0].symbols, symbols.kind != .labels else {
        return "found no vocabulary at input \"\(ports[0].name)\", expected one; the format ids takes numbers"
      }
      return ports[0].width == 1 ? nil : "found \(ports[0].width) ids a row, expected one"
    case .pcm16:
      guard let port = ports.first(where: \.isIDs) else { return nil }
      return "found input \"\(port.name)\" of ids, expected inputs of floats"
    case .wav:
      let expected = "expected one input of samples, as many a row as a frame has"
      guard ports.count == 1 else { return "found \(ports.count) inputs, \(expected)" }
      return ports[0].isIDs ? "found an input of ids, \(expected)" : nil
    case .f32, .i16, .csv, .jsonl:
      return nil
    }
  }
}

/// What stdout gets.
enum OutputFormat: String, CaseIterable, Sendable {
  /// Little-endian binary32, outputs one after another in each row.
  case f32
  /// A row a line, numbers parted by commas.
  case csv
  /// A JSON object a line: `{"row":0,"<output>":[…]}`.
  case jsonl
  /// The label of the largest value, a line each.
  case label
  /// The number of the largest value, a line each.
  case ids
  /// The symbol of the largest value, with the table's separator between symbols.
  case text

  /// What fits the outputs of a program when nobody says.
  static func usual(for ports: [StreamPort], input: InputFormat) -> OutputFormat {
    guard let symbols = ports.first?.symbols else { return .csv }
    return symbols.kind == .labels ? .label : input == .text ? .text : .csv
  }

  /// Whether a row becomes one choice among the values of one output.
  var isChoice: Bool { self == .label || self == .ids || self == .text }
  /// Whether rows are lines of text.
  var isLines: Bool { self == .csv || self == .jsonl || self == .label || self == .ids }
}
