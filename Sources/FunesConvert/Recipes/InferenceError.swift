// SPDX-License-Identifier: Apache-2.0
// Why no recipe was inferred from tensor names, and the wording of it.

/// Why tensor names alone do not tell a model. The remedy is a recipe.
public enum InferenceError: Error, Equatable {
  /// The checkpoint has no tensors.
  case noTensors
  /// Tensors of no module that is known.
  case unknownTensors([String])
  /// A module lacks a tensor that all of its kind have.
  case incompleteModule(module: String, missing: String)
  /// A tensor's shape does not go with the others of its module.
  case tensorShape(tensor: String, found: [Int], expected: [Int?])
  /// Rows that are neither 1, 3 nor 4 times the units.
  case unknownCell(module: String, rows: Int, units: Int)
  /// A matrix without bias that could be an embedding or a linear layer.
  case embeddingOrLinear(module: String, rows: Int, cols: Int)
  /// Tensors do not tell which function stands behind a linear layer that is not the last module.
  case activationUnknown(after: String, before: String)
  /// The modules do not fit each other in any order, as one chain.
  case noOrder([String])
  /// The modules fit in several orders, and the order of the file is no evidence, being alphabetical.
  case severalOrders([String])
  /// More modules than can be tried in every order.
  case tooManyModules(found: Int, limit: Int)
  /// One of the others for a file of a Hugging Face folder, which tells the architecture.
  indirect case besideConfig(InferenceError, folder: String)
}

extension InferenceError: CustomStringConvertible {
  public var description: String {
    let remedy = "write a recipe that says the architecture"
    return switch self {
    case .noTensors: "checkpoint: found no tensors, expected the weights of a model"
    case .unknownTensors(let names):
      "checkpoint: found \(counted(names.count, "tensor")) of no module that names tell (\(names.prefix(8).joined(separator: ", "))"
        + "\(names.count > 8 ? ", …" : "")), expected recurrent, embedding and linear layers as PyTorch names them; \(remedy)"
        + TrainingHint(names).text
    case .incompleteModule(let module, let missing):
      "module \"\(module)\": found no \"\(missing)\", expected one; \(remedy)"
    case .tensorShape(let tensor, let found, let expected):
      "tensor \"\(tensor)\": found shape \(InferenceError.words(found)), expected \(InferenceError.words(expected)); \(remedy)"
    case .unknownCell(let module, let rows, let units):
      "module \"\(module)\": found \(rows) rows for \(units) units, expected 1, 3 or 4 times as many; \(remedy)"
    case .embeddingOrLinear(let module, let rows, let cols):
      "module \"\(module)\": found a matrix of \(rows) × \(cols) without bias, which may be an embedding or a linear layer; "
        + remedy
    case .activationUnknown(let after, let before):
      "module \"\(after)\": found a linear layer before \"\(before)\", and tensors do not tell the function between them; "
        + remedy
    case .noOrder(let modules):
      "checkpoint: found modules that do not fit each other as one chain (\(modules.joined(separator: ", "))); \(remedy)"
    case .severalOrders(let modules):
      "checkpoint: found modules that fit in several orders (\(modules.joined(separator: ", "))); \(remedy)"
    case .tooManyModules(let found, let limit):
      "checkpoint: found \(found) modules, expected at most \(limit); \(remedy)"
    case .besideConfig(let error, let folder):
      "\(error); config.json lies beside the checkpoint: give the folder \"\(folder)\" instead, which needs no recipe"
    }
  }

  private static func words(_ shape: [Int?]) -> String {
    "(" + shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ") + ")"
  }
}
