// SPDX-License-Identifier: Apache-2.0
// The door from checkpoint files to a graph: by a recipe where there is one, otherwise by what tensor names tell.

import Funes

/// A graph and where it came from.
public struct Imported: Sendable {
  public var graph: Graph
  /// What was inferred or assumed, a line each, for a person to read.
  public var notes: [String]
  /// The recipe that was read or inferred, which `json()` writes out; nil where the file's format tells the architecture.
  public var recipe: Recipe?
}

/// Reads checkpoints and makes a graph of them.
public struct Importer {
  /// The graph of checkpoint files.
  ///
  /// - Parameters:
  ///   - checkpoints: paths by the names that the recipe gives them. A single path may have any name, and without a
  ///     recipe there is a single path.
  ///   - recipePath: the recipe's file; nil infers a recipe from the tensor names, or takes what the format tells.
  ///   - tokenizerPath: the vocabulary of a llama2.c file, or one that stands for a GGUF file's own.
  ///   - context: rows that a decoder's caches hold, for formats that leave it open; nil for what suits the model.
  ///
  /// A path may be that of a Hugging Face folder, which needs no recipe.
  ///
  /// Throws `CheckpointError`, `RecipeError`, `InferenceError`, `FolderError`, `GGUFModelError`, `ContextError` or
  /// `ImportError`. Metadata gets `checkpoint.<name>.sha256`, and `recipe.sha256` where a recipe was read.
  public static func graph(
    checkpoints: [String: String], recipePath: String?, tokenizerPath: String? = nil, context: Int? = nil
  ) throws -> Imported {
    guard let recipePath else { return try infer(checkpoints, tokenizerPath, context) }
    if context != nil { throw ImportError.unexpectedContext }
    if let tokenizerPath { throw ImportError.unexpectedTokenizer(tokenizerPath) }
    let bytes = try contents(of: recipePath)
    // No JSON has a zero among its bytes, and every checkpoint soon has one.
    if bytes.prefix(4096).contains(0) { throw ImportError.notARecipe(recipePath) }
    let recipe = try Recipe.parse(bytes)
    var paths = checkpoints
    if recipe.checkpoints.count == 1, paths.count == 1, let path = paths.first?.value {
      paths = [recipe.checkpoints[0].name: path]
    }
    let known = recipe.checkpoints.map(\.name)
    for name in paths.keys.sorted() where !known.contains(name) { throw RecipeError.unexpectedCheckpoint(name: name) }
    var sources: [String: TensorSource] = [:]
    for (name, path) in paths { sources[name] = try source(path) }
    var graph = try recipe.graph(sources: sources)
    try addHashes(of: paths, to: &graph)
    graph.metadata["recipe.sha256"] = hexadecimal(bytes)
    return Imported(graph: graph, notes: [], recipe: recipe)
  }

  private static func infer(
    _ checkpoints: [String: String], _ tokenizerPath: String?, _ context: Int?
  ) throws -> Imported {
    guard checkpoints.count == 1, let path = checkpoints.first?.value else {
      throw ImportError.severalCheckpointsWithoutRecipe(checkpoints.keys.sorted())
    }
    if FilePath.isFolder(path) { return try folder(path, context: context, tokenizer: tokenizerPath) }
    let stem = FilePath.stem(of: path)
    if let gguf = try GGUFFile(ByteSource(path: path)) {
      var imported = try graph(of: gguf, stem: stem, context: context, tokenizerPath: tokenizerPath)
      try addHashes(of: [Recipe.defaultCheckpoint: path], to: &imported.graph)
      return imported
    }
    if context != nil { throw ImportError.unexpectedContext }
    if let header = try LlamaHeader(ByteSource(path: path)) {
      return try llama(header, path: path, name: stem, tokenizerPath)
    }
    if let tokenizerPath { throw ImportError.unexpectedTokenizer(tokenizerPath) }
    let source = try source(path)
    let inferred = try infer(from: source, name: stem, path: path)
    var graph = try inferred.recipe.graph(sources: [Recipe.defaultCheckpoint: source])
    try addHashes(of: [Recipe.defaultCheckpoint: path], to: &graph)
    return Imported(graph: graph, notes: inferred.notes, recipe: inferred.recipe)
  }

  /// The recipe of a checkpoint's tensor names; an error says where a folder would do without one.
  private static func infer(
    from source: TensorSource, name: String, path: String
  ) throws(InferenceError) -> InferredRecipe {
    do throws(InferenceError) {
      return try RecipeInference.recipe(from: source, name: name, file: FilePath.name(of: path))
    } catch {
      let folder = FilePath.folder(of: path)
      guard FilePath.isFile("\(folder)/config.json") else { throw error }
      throw .besideConfig(error, folder: folder)
    }
  }

  /// A llama2.c file, which needs no recipe.
  private static func llama(
    _ header: LlamaHeader, path: String, name: String, _ tokenizerPath: String?
  ) throws -> Imported {
    var tokenizer: LlamaTokenizer?
    if let tokenizerPath {
      tokenizer = try LlamaTokenizer(ByteSource(path: tokenizerPath), count: header.symbolCount)
    }
    var graph = try LlamaGraph.graph(header, Checkpoint.read(path: path), name: name, tokenizer: tokenizer)
    try addHashes(of: [Recipe.defaultCheckpoint: path], to: &graph)
    if let tokenizerPath { graph.metadata["tokenizer.sha256"] = hexadecimal(try contents(of: tokenizerPath)) }
    let shape = "\(header.layerCount) layers of \(header.width), \(header.headCount) heads over \(header.keyHeadCount)"
    var notes = ["a llama2.c file: \(shape), \(header.symbolCount) symbols, \(header.windowRows) positions"]
    notes.append("assumed: norms with an epsilon of 1e-5, rotary angles of base 10000")
    if tokenizer == nil { notes.append("no vocabulary: the model reads ids; --tokenizer gives it one") }
    return Imported(graph: graph, notes: notes, recipe: nil)
  }

  /// The tensors of a checkpoint file.
  static func source(_ path: String) throws(CheckpointError) -> TensorSource {
    let checkpoint = try Checkpoint.read(path: path)
    let shapes = Dictionary(uniqueKeysWithValues: checkpoint.tensors.map { ($0.name, $0.shape) })
    return TensorSource(names: checkpoint.tensorNames, shapes: shapes) { try checkpoint.tensor($0).floats() }
  }

  // MARK: Hashes

  static func addHashes(of paths: [String: String], to graph: inout Graph) throws {
    for (name, path) in paths {
      graph.metadata["checkpoint.\(name).sha256"] = hexadecimal(digest: try ByteSource(path: path).digest())
    }
  }

  static func contents(of path: String) throws(ImportError) -> [UInt8] {
    guard let bytes = FilePath.contents(of: path) else { throw .unreadableFile(path) }
    return bytes
  }

  /// The SHA-256 of bytes in hexadecimal digits.
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digest = SHA256.digest(of: bytes.span)
    return hexadecimal(digest: digest.indices.map { digest[$0] })
  }

  private static func hexadecimal(digest: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

/// Why files could not be imported, before their contents were looked at.
public enum ImportError: Error, Equatable {
  /// A file cannot be read.
  case unreadableFile(String)
  /// A recipe's file is no text.
  case notARecipe(String)
  /// None or several checkpoints were given without a recipe to say what each is.
  case severalCheckpointsWithoutRecipe([String])
  /// A tokenizer was given for what is no llama2.c or GGUF file, or beside a recipe, which has its own texts.
  case unexpectedTokenizer(String)
  /// A context was chosen for what is no folder with a decoder: other formats have it, or their recipe does.
  case unexpectedContext
}

extension ImportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadableFile(let path): "file \"\(path)\": found none that can be read"
    case .notARecipe(let path):
      "recipe \"\(path)\": found no text, expected JSON; is it the checkpoint?"
    case .severalCheckpointsWithoutRecipe(let names):
      "checkpoints: found \(names.count) without a recipe, expected one; write a recipe that says what each is"
    case .unexpectedTokenizer(let path):
      "tokenizer \"\(path)\": found no llama2.c or GGUF file that it is for; other models bring their own, or have their texts in the recipe"
    case .unexpectedContext: "--context: found a format that fixes its rows of context; leave it out"
    }
  }
}
