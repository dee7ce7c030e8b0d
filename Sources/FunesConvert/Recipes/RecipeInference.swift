// SPDX-License-Identifier: Apache-2.0
// A recipe from the tensor names of a plain PyTorch state dictionary: modules, their order, and what was assumed.

/// What was inferred, and a line for each thing that was assumed on the way.
struct InferredRecipe {
  var recipe: Recipe
  var notes: [String]
}

/// Infers a recipe where names and shapes tell the model; refuses otherwise, and never guesses without saying so.
struct RecipeInference {
  private let modules: [InferredModule]
  private var notes: [String] = []
  private var steps: [Recipe.Step] = []

  /// - Parameters:
  ///   - name: what the model is to be called.
  ///   - file: the checkpoint's file name, for the recipe.
  static func recipe(from source: TensorSource, name: String, file: String) throws(InferenceError) -> InferredRecipe {
    var inference = RecipeInference(modules: try ModuleFinder(source).modules())
    return try inference.recipe(names: source.names, name: name, file: file)
  }

  private init(modules: [InferredModule]) { self.modules = modules }

  private mutating func recipe(names: [String], name: String, file: String) throws(InferenceError) -> InferredRecipe {
    let (links, orderNotes) = try ModuleChain(modules).links(names: names)
    notes = orderNotes
    for (link, next) in zip(links, links.dropFirst()) where !link.isEmbedding {
      if case .recurrent = modules[link.index].kind { continue }
      throw .activationUnknown(after: modules[link.index].title, before: modules[next.index].title)
    }
    let first = modules[links[0].index]
    var input =
      links[0].isEmbedding
      ? Recipe.Input(name: "id", shape: [1], classes: first.rows)
      : Recipe.Input(name: "input", shape: [first.inputCount])
    // Values are named after modules, and one of them may have this name.
    while modules.contains(where: { $0.title == input.name }) { input.name += "_row" }
    var value = input.name
    for (place, link) in links.enumerated() {
      let module = modules[link.index]
      let before = place == 0 ? nil : modules[links[place - 1].index].title
      if case .recurrent(let kind) = module.kind {
        value = addStack(module, kind, input: value)
      } else {
        value = addMatrix(module, isEmbedding: link.isEmbedding, input: value, before: before)
      }
    }
    let isBlock = modules.contains(where: \.isBidirectional)
    var program = Recipe.Program(
      name: isBlock ? "encode" : "step", inputs: [input], steps: steps,
      outputs: [Recipe.Output(name: "output", value: value)])
    program.isBlock = isBlock
    if isBlock {
      program.resets = .all
      notes.append("program: \"encode\", over a block of rows, since a bidirectional layer cannot stream")
    }
    var recipe = Recipe(name: name, checkpoints: [Recipe.Checkpoint(name: Recipe.defaultCheckpoint, file: file)])
    recipe.programs = [program]
    return InferredRecipe(recipe: recipe, notes: notes)
  }

  // MARK: Operators

  private mutating func addMatrix(
    _ module: InferredModule, isEmbedding: Bool, input: String, before: String?
  ) -> String {
    var fields: [String: Recipe.Field] = [:]
    for (key, tensor) in module.tensors { fields[key] = .tensor(.tensor(tensor)) }
    let output = module.title
    if isEmbedding {
      notes.append("\(module.title): embedding of \(module.rows) ids in \(module.cols) elements")
    } else {
      let between = before.map { "; assumed nothing between it and \($0), and nothing behind it" } ?? ""
      notes.append("\(module.title): linear layer, \(module.cols) → \(module.rows)\(between)")
    }
    add(Recipe.Operator(isEmbedding ? "embedding" : "linear", inputs: [input], output: output, fields: fields))
    return output
  }

  private mutating func addStack(_ module: InferredModule, _ kind: Graph.Cell.Kind, input: String) -> String {
    var value = input
    for (index, layer) in module.layers.enumerated() {
      let output = module.layers.count == 1 ? module.title : "\(module.title).\(index)"
      let forward = fields(layer.forward, kind)
      if let backward = layer.backward {
        add(
          Recipe.Operator(
            "bidirectional", inputs: [value], output: output,
            fields: [
              "cell": .word("\(kind)"), "forward": .fields(forward), "backward": .fields(fields(backward, kind)),
            ]))
      } else {
        add(Recipe.Operator("\(kind)", inputs: [value], output: output, fields: forward))
      }
      value = output
    }
    let gates = kind == .lstm ? "4 gates a unit, i f g o" : kind == .gru ? "3 gates a unit, r z n" : "1 row a unit"
    let layers = module.layers.count == 1 ? "" : ", \(module.layers.count) layers"
    let directions = module.isBidirectional ? ", bidirectional" : ""
    notes.append(
      "\(module.title): \("\(kind)".uppercased())\(layers)\(directions), \(module.inputCount) → \(module.outputCount); "
        + "assumed from \(gates), as PyTorch orders them")
    switch kind {
    case .gru: notes.append("\(module.title): assumed the reset gate after the recurrent product, as in PyTorch")
    case .rnn: notes.append("\(module.title): assumed tanh; the tensors do not tell it from relu")
    case .lstm: break
    }
    return value
  }

  private func fields(_ tensors: [String: String], _ kind: Graph.Cell.Kind) -> [String: Recipe.Field] {
    let keys = [
      "weight_ih": "weight_x", "weight_hh": "weight_h", "bias_ih": "bias_x", "bias_hh": "bias_h",
      "weight_hr": "projection",
    ]
    var fields: [String: Recipe.Field] = [:]
    for (role, tensor) in tensors { fields[keys[role]!] = .tensor(.tensor(tensor)) }
    if kind == .gru { fields["reset"] = .word("after") }
    return fields
  }

  private mutating func add(_ op: Recipe.Operator) { steps.append(.wide(op)) }
}
