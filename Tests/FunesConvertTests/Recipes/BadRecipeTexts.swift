// SPDX-License-Identifier: Apache-2.0
// Recipes around small tensors, for breaking one rule at a time.

import Testing

@testable import FunesConvert

/// A recipe of one program; every part can be replaced by a bad one.
struct SmallRecipe {
  var top = ""
  var name = "step"
  var flags = ""
  var inputs = #"{"name": "x", "shape": [3]}"#
  var ops = SmallRecipe.lstm
  var outputs = #""h""#
  /// Further programs, each with a comma before it.
  var programs = ""
  /// Tensors that are there although the text does not name them.
  var extraTensors: Set<String> = []

  static let lstm = #"{"op": "lstm", "input": "x", "output": "h", "weight_x": "wx", "weight_h": "wh"}"#

  static func lstm(_ fields: String, x: String = #""wx""#, h: String = #""wh""#) -> String {
    #"{"op": "lstm", "input": "x", "output": "h", "weight_x": \#(x), "weight_h": \#(h)\#(fields)}"#
  }

  var text: String {
    """
    {"funes_recipe": 1, "name": "small", "checkpoints": {"weights": "small.npz"},\(top)
    "programs": [{"name": "\(name)",\(flags) "inputs": [\(inputs)],
    "ops": [\(ops)],
    "outputs": [\(outputs)]}\(programs)]}
    """
  }

  /// Two units, three inputs.
  static let tensors: [(name: String, tensor: FloatTensor)] =
    [
      ("wx", [8, 3]), ("wh", [8, 2]), ("b", [8]), ("gx", [6, 3]), ("gh", [6, 2]), ("head", [4, 2]), ("table", [5, 3]),
      ("conv", [4, 3, 2]), ("peepholes", [3, 2]), ("projection", [1, 2]), ("odd", [7, 3]), ("v0", [2]),
      ("none", [0, 3, 2]), ("no units", [0, 3]),
    ].map { name, shape in
      (name, FloatTensor(shape: shape, values: Array(repeating: 0.5, count: shape.reduce(1, *))))
    } + [("bad", FloatTensor(shape: [8], values: [0, 0, 0, .nan, 0, 0, 0, 0]))]

  /// Why the recipe is refused; nil when it is not.
  func refusal() -> RecipeError? {
    do {
      _ = try graph()
      return nil
    } catch {
      expectBadDataExit(of: error)
      return error as? RecipeError
    }
  }

  /// The graph, over those tensors that the text names.
  func graph() throws -> Graph {
    let recipe = try Recipe.parse(text)
    let tensors = SmallRecipe.tensors.filter { text.contains("\"\($0.name)\"") || extraTensors.contains($0.name) }
    return try recipe.graph(sources: ["weights": TensorSource(tensors)])
  }
}

/// Breaks the small recipe and holds its refusal to one error, which tells what was found.
func expectRefusal(
  _ expected: RecipeError, _ change: (inout SmallRecipe) -> Void, location: SourceLocation = #_sourceLocation
) {
  var recipe = SmallRecipe()
  change(&recipe)
  #expect(recipe.refusal() == expected, sourceLocation: location)
  #expect(expected.description.contains("found"), sourceLocation: location)
}
