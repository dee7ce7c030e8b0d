// SPDX-License-Identifier: Apache-2.0
// Who multiplies with a matrix, and where the vectors come from.

/// One operator's product with a matrix.
struct MatrixUse {
  /// What the matrix multiplies.
  enum Vectors {
    /// A value, as many vectors a row as fit.
    case value(Int)
    /// The cell's own output a step before.
    case recurrent(Graph.Cell)
    /// r ∘ h of a GRU with reset before the product, h its output a step before.
    case reset(Graph.Cell)
    /// m = s(o) a(c) of an LSTM, before its projection.
    case projected(Graph.Cell)

    /// Whether gates must be seen to make them.
    var needsGates: Bool {
      switch self {
      case .value, .recurrent: false
      case .reset, .projected: true
      }
    }
  }

  /// Index among the graph's programs.
  var program: Int
  var op: Graph.Operator
  var vectors: Vectors
}

extension Graph {
  /// Programs in the order in which a sequence goes through them: what encodes a source before what steps.
  var programOrder: [Int] {
    guard let encode = generation?.encodeProgram else { return Array(programs.indices) }
    return [encode] + programs.indices.filter { $0 != encode }
  }

  /// Every matrix that is multiplied with something, in the order of its first product, with all its products. What is only
  /// gathered from is not among them.
  var products: [(constant: Int, uses: [MatrixUse])] {
    var order: [Int] = []
    var uses: [Int: [MatrixUse]] = [:]
    for program in programOrder {
      for op in programs[program].operators {
        for (constant, vectors) in Graph.products(of: op) {
          if uses[constant] == nil { order.append(constant) }
          uses[constant, default: []].append(MatrixUse(program: program, op: op, vectors: vectors))
        }
      }
    }
    return order.map { ($0, uses[$0] ?? []) }
  }

  private static func products(of op: Operator) -> [(Int, MatrixUse.Vectors)] {
    switch op.operation {
    case .linear(let weight, _): return [(weight, .value(op.inputs[0]))]
    case .cell(let cell):
      var products: [(Int, MatrixUse.Vectors)] = [(cell.weightX, .value(op.inputs[0]))]
      if let matrix = cell.candidateX { products.append((matrix, .value(op.inputs[0]))) }
      products.append((cell.weightH, .recurrent(cell)))
      if let matrix = cell.candidate { products.append((matrix, .reset(cell))) }
      if let matrix = cell.projection { products.append((matrix, .projected(cell))) }
      return products
    default: return []
    }
  }
}
