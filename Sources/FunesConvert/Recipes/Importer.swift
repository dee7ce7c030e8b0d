// SPDX-License-Identifier: Apache-2.0
// The door from checkpoint files to a graph: by a recipe where there is one, otherwise by what tensor names tell.

import Foundation
import Funes

/// A graph and where it came from.
public struct Imported: Sendable {
  public var graph: Graph
  /// What was inferred or assumed, a line each, for a person to read.
  public var notes: [String]
  /// The recipe that was read or inferred; `json()` writes it out.
  public var recipe: Recipe
}

/// Reads checkpoints and makes a graph of them.
public struct Importer {
  /// The graph of checkpoint files.
  ///
  /// - Parameters:
  ///   - checkpoints: paths by the names that the recipe gives them. A single path may have any name, and without a
  ///     recipe there is a single path.
  ///   - recipePath: the recipe's file; nil infers a recipe from the tensor names.
  ///
  /// Throws `CheckpointError`, `RecipeError`, `InferenceError` or `ImportError`. Metadata gets `checkpoint.<name>.sha256`,
  /// and `recipe.sha256` where a recipe was read.
  public static func graph(checkpoints: [String: String], recipePath: String?) throws -> Imported {
    guard let recipePath else { return try infer(checkpoints) }
    let bytes = try contents(of: recipePath)
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

  private static func infer(_ checkpoints: [String: String]) throws -> Imported {
    guard checkpoints.count == 1, let path = checkpoints.first?.value else {
      throw ImportError.severalCheckpointsWithoutRecipe(checkpoints.keys.sorted())
    }
    let source = try source(path)
    let file = URL(fileURLWithPath: path)
    let inferred = try RecipeInference.recipe(
      from: source, name: file.deletingPathExtension().lastPathComponent, file: file.lastPathComponent)
    var graph = try inferred.recipe.graph(sources: [Recipe.defaultCheckpoint: source])
    try addHashes(of: [Recipe.defaultCheckpoint: path], to: &graph)
    return Imported(graph: graph, notes: inferred.notes, recipe: inferred.recipe)
  }

  /// The tensors of a checkpoint file.
  static func source(_ path: String) throws(CheckpointError) -> TensorSource {
    let checkpoint = try Checkpoint.read(path: path)
    let shapes = Dictionary(uniqueKeysWithValues: checkpoint.tensors.map { ($0.name, $0.shape) })
    return TensorSource(names: checkpoint.tensorNames, shapes: shapes) { try checkpoint.tensor($0).floats() }
  }

  // MARK: Hashes

  private static func addHashes(of paths: [String: String], to graph: inout Graph) throws {
    for (name, path) in paths { graph.metadata["checkpoint.\(name).sha256"] = hexadecimal(try contents(of: path)) }
  }

  private static func contents(of path: String) throws(ImportError) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else { throw .unreadableFile(path) }
    return Array(data)
  }

  /// The SHA-256 of bytes in hexadecimal digits.
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    let digest = SHA256.digest(of: bytes.span)
    let digits = Array("0123456789abcdef")
    return String(digest.indices.flatMap { [digits[Int(digest[$0] >> 4)], digits[Int(digest[$0] & 15)]] })
  }
}

/// Why files could not be imported, before their contents were looked at.
public enum ImportError: Error, Equatable {
  /// A file cannot be read.
  case unreadableFile(String)
  /// None or several checkpoints were given without a recipe to say what each is.
  case severalCheckpointsWithoutRecipe([String])
}

extension ImportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadableFile(let path): "file \"\(path)\": found none that can be read"
    case .severalCheckpointsWithoutRecipe(let names):
      "checkpoints: found \(names.count) without a recipe, expected one; write a recipe that says what each is"
    }
  }
}
