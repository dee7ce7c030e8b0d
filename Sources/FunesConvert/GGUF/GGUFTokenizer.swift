// SPDX-License-Identifier: Apache-2.0
// The vocabulary of a GGUF file: lists of the metadata, from which the tokenizer is made.

import Funes

extension TokenizerArrays {
  /// The vocabulary of a file; nil where it has none.
  init?(_ gguf: GGUFFile) throws(GGUFModelError) {
    let keys = GGUFTokenizerKeys(gguf)
    guard let model = try keys.text("model"), let tokens = try keys.texts("tokens") else { return nil }
    self.init(model: model, tokens: tokens)
    file = gguf.checkpoint.file
    architecture = gguf.metadata["general.architecture"]?.stringValue
    pre = try keys.text("pre")
    scores = try keys.numbers("scores", count: tokens.count) ?? []
    types = try keys.wholeNumbers("token_type", count: tokens.count) ?? []
    merges = try keys.texts("merges") ?? []
    unknown = try keys.id("unknown_token_id", below: tokens.count)
    begin = try keys.id("bos_token_id", below: tokens.count)
    end = try keys.id("eos_token_id", below: tokens.count)
    addsBegin = try keys.bool("add_bos_token")
    addsEnd = try keys.bool("add_eos_token")
    addsSpacePrefix = try keys.bool("add_space_prefix")
    // Llama 3's texts begin with a symbol of their own, which its files do not always say.
    if pre == "llama-bpe", addsBegin == nil { addsBegin = begin != nil }
  }
}

extension Graph.Generation {
  /// Where the texts of a GGUF decoder begin and end: at the symbols that the file names; nil where it names none.
  init?(_ gguf: GGUFFile, classes: Int, longest: Int) throws(GGUFModelError) {
    let keys = GGUFTokenizerKeys(gguf)
    let begin = try keys.id("bos_token_id", below: classes)
    var stops: [Int] = []
    // The ends of a text, of a turn and of a message.
    for name in ["eos_token_id", "eot_token_id", "eom_token_id"] {
      if let stop = try keys.id(name, below: classes) { stops.append(stop) }
    }
    guard let start = begin ?? stops.first else { return nil }
    self.init(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: start, stopIDs: stops, longest: longest, output: 0,
      input: 0)
  }
}

/// Takes the keys that begin with `tokenizer.ggml.`; those of chats and of filling in are passed over.
private struct GGUFTokenizerKeys {
  let file: String
  let metadata: [String: GGUFValue]

  init(_ gguf: GGUFFile) {
    file = gguf.checkpoint.file
    metadata = gguf.metadata
  }

  func text(_ name: String) throws(GGUFModelError) -> String? {
    guard let value = metadata[key(name)] else { return nil }
    guard let text = value.stringValue else { throw wrong(name, value, "a text") }
    return text
  }

  func bool(_ name: String) throws(GGUFModelError) -> Bool? {
    guard let value = metadata[key(name)] else { return nil }
    guard let bool = value.boolValue else { throw wrong(name, value, "a boolean") }
    return bool
  }

  func texts(_ name: String) throws(GGUFModelError) -> [String]? {
    guard let value = metadata[key(name)] else { return nil }
    guard let texts = value.strings else { throw wrong(name, value, "a list of texts") }
    return texts
  }

  /// A number for each symbol.
  func numbers(_ name: String, count: Int) throws(GGUFModelError) -> [Float]? {
    guard let value = metadata[key(name)] else { return nil }
    guard let numbers = value.doubles, numbers.count == count else {
      throw wrong(name, value, "\(count) numbers, one a symbol")
    }
    return numbers.map { Float($0) }
  }

  func wholeNumbers(_ name: String, count: Int) throws(GGUFModelError) -> [Int]? {
    guard let value = metadata[key(name)] else { return nil }
    guard let numbers = value.integers, numbers.count == count else {
      throw wrong(name, value, "\(count) whole numbers, one a symbol")
    }
    return numbers
  }

  func id(_ name: String, below count: Int) throws(GGUFModelError) -> Int? {
    guard let value = metadata[key(name)] else { return nil }
    guard let id = value.intValue, (0..<count).contains(id) else {
      throw wrong(name, value, "an id from 0 to \(count - 1)")
    }
    return id
  }

  private func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }

  private func wrong(_ name: String, _ found: GGUFValue, _ expected: String) -> GGUFModelError {
    .wrongValue(file: file, key: key(name), found: found.shown, expected: expected)
  }
}
