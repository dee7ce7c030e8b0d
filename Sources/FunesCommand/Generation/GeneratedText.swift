// SPDX-License-Identifier: Apache-2.0
// What `funes generate` prints of a text as it is drawn: the text itself, a line an id, or JSON.

import FunesConvert

/// The form of what is printed.
enum GeneratedForm: Equatable {
  case text
  /// A line an id: logarithm of its probability, their sum so far, id, what it completes in quotes.
  case logProbabilities
  /// An object a line: one an id, and one for the end.
  case json
}

/// Prints one text as it comes; no part of a stop string is shown.
struct GeneratedText {
  let form: GeneratedForm
  private let output: ByteWriter
  private var symbols: SymbolText
  private var stops: StopStrings
  private var characters = WholeCharacters()
  private var sum = 0.0
  private var count = 0
  /// What has been shown, for the last object.
  private var whole = ""

  init(_ table: SymbolTable, form: GeneratedForm, stops: [String], isContinued: Bool, output: ByteWriter) {
    self.form = form
    self.output = output
    self.stops = StopStrings(stops)
    symbols = SymbolText(table, isContinued: isContinued)
  }

  /// Prints what an id completes. Returns whether that brought a stop string.
  mutating func push(_ drawn: TextGenerator.Drawn) throws -> Bool {
    let (shown, isFound) = stops.push(try symbols.push(drawn.id))
    count += 1
    sum += Double(drawn.logProbability)
    try show(shown, of: drawn)
    return isFound
  }

  /// Prints what is left of the text; `seconds` is what it took.
  mutating func finish(_ reason: FinishReason, seconds: Double) throws {
    var left: [UInt8] = []
    if reason != .stopString {
      let (shown, isFound) = stops.push(try symbols.finish())
      left = shown + (isFound ? [] : stops.finish())
    }
    switch form {
    case .text: try output.write(left)
    case .logProbabilities: break
    case .json:
      whole += characters.push(left) + characters.finish()
      try output.write(
        "{\"finish\":\"\(reason.rawValue)\",\"text\":\(JSONText.quoted(whole)),\"tokens\":\(count),"
          + "\"cumulative\":\(sum),\"seconds\":\(seconds),\"tokensPerSecond\":\(Double(count) / max(seconds, 1e-9))}\n")
    }
    try output.flush()
  }

  private mutating func show(_ bytes: [UInt8], of drawn: TextGenerator.Drawn) throws {
    switch form {
    case .text: try output.write(bytes)
    case .logProbabilities:
      let text = JSONText.quoted(characters.push(bytes))
      try output.write(
        "\(Decimal.fixed(Double(drawn.logProbability), digits: 4))\t\(Decimal.fixed(sum, digits: 4))\t\(drawn.id)\t\(text)\n"
      )
    case .json:
      let text = characters.push(bytes)
      whole += text
      try output.write(
        "{\"id\":\(drawn.id),\"text\":\(JSONText.quoted(text)),\"logprob\":\(drawn.logProbability),\"cumulative\":\(sum)}\n"
      )
    }
    try output.flush()
  }
}
