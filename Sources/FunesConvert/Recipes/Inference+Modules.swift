// SPDX-License-Identifier: Apache-2.0
// Tensor names of a PyTorch state dictionary → modules: recurrent stacks and cells, matrices with or without bias.

/// One module of a network, as its tensors tell it.
struct InferredModule {
  enum Kind: Equatable {
    case recurrent(Graph.Cell.Kind)
    /// A matrix with a bias.
    case linear
    /// A matrix without bias: an embedding or a linear layer.
    case matrix
  }

  /// One layer of a recurrent stack, forward and perhaps backward.
  struct Layer {
    var forward: [String: String]
    var backward: [String: String]?
    var units: Int
    var output: Int
  }

  /// What stands before the tensor's own name, without the dot.
  var prefix: String
  var kind: Kind
  /// Rows and columns of a matrix; input and output of a recurrent module.
  var inputCount: Int
  var outputCount: Int
  var layers: [Layer] = []
  /// Key of the matrix and perhaps the bias.
  var tensors: [String: String] = [:]

  /// The prefix, or a word where there is none.
  var title: String { prefix.isEmpty ? "model" : prefix }
  var isBidirectional: Bool { layers.contains { $0.backward != nil } }
  var rows: Int { outputCount }
  var cols: Int { inputCount }
}

/// Groups tensors by module; every tensor must find its place.
struct ModuleFinder {
  /// A recurrent tensor's place: which layer and direction, and its role.
  private struct Place {
    var layer: Int
    var isReverse: Bool
    var role: String
  }

  private static let roles = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"]
  private let source: TensorSource

  init(_ source: TensorSource) { self.source = source }

  /// The modules in the order in which the file first names them.
  func modules() throws(InferenceError) -> [InferredModule] {
    guard !source.names.isEmpty else { throw .noTensors }
    var prefixes: [String] = []
    var tensors: [String: [String]] = [:]
    for name in source.names {
      let (prefix, _) = ModuleFinder.split(name)
      if tensors[prefix] == nil { prefixes.append(prefix) }
      tensors[prefix, default: []].append(name)
    }
    var unknown: [String] = []
    var modules: [InferredModule] = []
    for prefix in prefixes {
      guard let module = try module(prefix, tensors[prefix] ?? []) else {
        unknown += tensors[prefix] ?? []
        continue
      }
      modules.append(module)
    }
    guard unknown.isEmpty else { throw .unknownTensors(unknown) }
    return modules
  }

  private static func split(_ name: String) -> (prefix: String, last: String) {
    guard let dot = name.lastIndex(of: ".") else { return ("", name) }
    return (String(name[..<dot]), String(name[name.index(after: dot)...]))
  }

  private func module(_ prefix: String, _ names: [String]) throws(InferenceError) -> InferredModule? {
    let lasts = names.map { ModuleFinder.split($0).last }
    if lasts.allSatisfy({ ModuleFinder.place($0) != nil }) { return try recurrent(prefix, names) }
    guard lasts.contains("weight"), lasts.count <= 2, lasts.allSatisfy({ $0 == "weight" || $0 == "bias" }) else {
      return nil
    }
    let weight = names[lasts.firstIndex(of: "weight")!]
    guard let shape = source.shapes[weight], shape.count == 2 else { return nil }
    var module = InferredModule(prefix: prefix, kind: .matrix, inputCount: shape[1], outputCount: shape[0])
    module.tensors["weight"] = weight
    if let index = lasts.firstIndex(of: "bias") {
      module.kind = .linear
      module.tensors["bias"] = names[index]
      try check(names[index], [shape[0]])
    }
    return module
  }

  /// `weight_ih_l0`, `bias_hh_l1_reverse`, `weight_ih` of a cell; nil for another name.
  private static func place(_ last: String) -> Place? {
    var text = last
    let isReverse = text.hasSuffix("_reverse")
    if isReverse { text.removeLast("_reverse".count) }
    for role in roles where text.hasPrefix(role) {
      let rest = text.dropFirst(role.count)
      if rest.isEmpty { return isReverse ? nil : Place(layer: 0, isReverse: false, role: role) }
      guard rest.hasPrefix("_l"), let layer = Int(rest.dropFirst(2)), layer >= 0 else { return nil }
      return Place(layer: layer, isReverse: isReverse, role: role)
    }
    return nil
  }

  // MARK: Recurrent stacks

  private func recurrent(_ prefix: String, _ names: [String]) throws(InferenceError) -> InferredModule {
    var tables: [Int: (forward: [String: String], backward: [String: String])] = [:]
    for name in names {
      guard let place = ModuleFinder.place(ModuleFinder.split(name).last) else { continue }
      var table = tables[place.layer] ?? ([:], [:])
      if place.isReverse { table.backward[place.role] = name } else { table.forward[place.role] = name }
      tables[place.layer] = table
    }
    let title = prefix.isEmpty ? "model" : prefix
    var module: InferredModule?
    for layer in 0..<tables.count {
      guard let table = tables[layer] else { throw .incompleteModule(module: title, missing: "weight_ih_l\(layer)") }
      let inputCount = module?.outputCount
      let made = try self.layer(title, table.forward, inputCount: inputCount)
      var next = made.layer
      if !table.backward.isEmpty {
        let back = try self.layer(title, table.backward, inputCount: made.inputCount)
        guard back.kind == made.kind else {
          throw .unknownCell(module: title, rows: back.rows, units: back.layer.units)
        }
        next.backward = table.backward
        next.output += back.layer.output
      }
      if let known = module?.kind, known != .recurrent(made.kind) {
        throw .unknownCell(module: title, rows: made.rows, units: next.units)
      }
      var grown =
        module
        ?? InferredModule(
          prefix: prefix, kind: .recurrent(made.kind), inputCount: made.inputCount, outputCount: next.output)
      grown.layers.append(next)
      grown.outputCount = next.output
      module = grown
    }
    guard let module else { throw .incompleteModule(module: title, missing: "weight_ih_l0") }
    return module
  }

  /// One direction of one layer: G H rows of both matrices tell the cell.
  private func layer(
    _ title: String, _ tensors: [String: String], inputCount: Int?
  ) throws(InferenceError) -> (layer: InferredModule.Layer, kind: Graph.Cell.Kind, inputCount: Int, rows: Int) {
    guard let weightX = tensors["weight_ih"] else { throw .incompleteModule(module: title, missing: "weight_ih") }
    guard let weightH = tensors["weight_hh"] else { throw .incompleteModule(module: title, missing: "weight_hh") }
    try check(weightX, [nil, inputCount])
    let shape = source.shapes[weightX] ?? []
    try check(weightH, [shape[0], nil])
    var output = source.shapes[weightH]?[1] ?? 0
    var units = output
    if let projection = tensors["weight_hr"] {
      try check(projection, [output, nil])
      output = source.shapes[projection]?[0] ?? 0
      units = source.shapes[projection]?[1] ?? 0
    }
    let kinds: [Int: Graph.Cell.Kind] = [1: .rnn, 3: .gru, 4: .lstm]
    guard units > 0, shape[0] % units == 0, let kind = kinds[shape[0] / units],
      tensors["weight_hr"] == nil || kind == .lstm
    else { throw .unknownCell(module: title, rows: shape[0], units: units) }
    for role in ["bias_ih", "bias_hh"] { if let bias = tensors[role] { try check(bias, [shape[0]]) } }
    return (InferredModule.Layer(forward: tensors, units: units, output: output), kind, shape[1], shape[0])
  }

  private func check(_ tensor: String, _ expected: [Int?]) throws(InferenceError) {
    let found = source.shapes[tensor] ?? []
    guard found.count == expected.count, zip(found, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
      throw .tensorShape(tensor: tensor, found: found, expected: expected)
    }
  }
}
