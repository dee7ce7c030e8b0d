// SPDX-License-Identifier: Apache-2.0
// What to say of tensors that belong to a training rather than to a model.

/// Recognises what trainings save beside a model, by names.
struct TrainingHint {
  /// Begins with "; "; empty where no name is of a training.
  let text: String

  init(_ names: [String]) {
    let marks = ["optim", "exp_avg", "momentum_buffer", "scheduler"]
    let isTraining = names.contains { name in marks.contains { name.lowercased().contains($0) } }
    text =
      isTraining
      ? "; the file holds the state of a training too: save model.state_dict() alone, or drop the rest by a recipe" : ""
  }
}
