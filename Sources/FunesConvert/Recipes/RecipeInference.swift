// SPDX-License-Identifier: Apache-2.0
// A recipe from the tensor names of a plain PyTorch state dictionary.

/// What was inferred and how.
struct InferredRecipe {
  var recipe: Recipe
  var notes: [String]
}

/// Infers recipes; refuses what it does not know.
struct RecipeInference {
  static func recipe(from source: TensorSource, name: String, file: String) throws(InferenceError) -> InferredRecipe {
    throw .unknownTensors(source.names)
  }
}

/// Why no recipe was inferred.
public enum InferenceError: Error, Equatable {
  /// Tensors of no module that is known.
  case unknownTensors([String])
}
