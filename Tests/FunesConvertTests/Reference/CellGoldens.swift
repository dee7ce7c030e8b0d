// SPDX-License-Identifier: Apache-2.0
// The goldens that tools/make_cell_golden.py makes with PyTorch, and recipes around their tensors.

import Foundation
import Testing

@testable import FunesConvert

enum CellGoldens {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens", isDirectory: true)

  static func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

  static func cells() throws -> Checkpoint { try Checkpoint.read(path: path("cells.npz")) }

  static func floats(_ name: String) throws -> FloatTensor { try cells().tensor(name).floats() }

  /// A graph of one program over the tensors of cells.npz; those that it does not take are out of its sight.
  static func graph(_ ops: String, shape: String, output: String, rest: String = "") throws -> Graph {
    let recipe = try Recipe.parse(
      """
      {"funes_recipe": 1, "name": "x", "checkpoints": {"weights": "cells.npz"}, "programs": [
        {"name": "step", "inputs": [{"name": "x", "shape": \(shape)}], "ops": [\(ops)], "outputs": ["\(output)"]\(rest)}]}
      """)
    let source = try Importer.source(path("cells.npz"))
    let used = source.names.filter { ops.contains("\"\($0)\"") }
    return try recipe.graph(sources: ["weights": TensorSource(try used.map { ($0, try source.tensor($0)) })])
  }
}
