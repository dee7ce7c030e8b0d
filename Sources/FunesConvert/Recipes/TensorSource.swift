// SPDX-License-Identifier: Apache-2.0
// What a recipe's tensors are taken from: the checkpoints by name, each a list of named tensors in file order.

/// The named tensors of one checkpoint, whatever file they came from.
public struct TensorSource: Sendable {
  /// Names in file order.
  public var names: [String]
  /// Shapes by name.
  public var shapes: [String: [Int]]
  private let read: @Sendable (String) throws -> FloatTensor

  /// - Parameter read: gives the tensor of a name that `names` has; its shape is that of `shapes`.
  public init(names: [String], shapes: [String: [Int]], read: @escaping @Sendable (String) throws -> FloatTensor) {
    self.names = names
    self.shapes = shapes
    self.read = read
  }

  public init(_ tensors: [(name: String, tensor: FloatTensor)]) {
    let table = Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    self.init(names: tensors.map(\.name), shapes: table.mapValues(\.shape)) { table[$0]! }
  }

  /// The tensor of that name; `shapes` must have it.
  func tensor(_ name: String) throws -> FloatTensor { try read(name) }
}

/// Evaluates tensor expressions and remembers which tensors were taken.
struct TensorReader {
  private let sources: [String: TensorSource]
  private let first: String
  private var used: [String: Set<String>] = [:]
  private var cache: [TensorExpression: FloatTensor] = [:]

  /// - Parameter first: the checkpoint that tensors are of where none is named.
  init(sources: [String: TensorSource], first: String) {
    self.sources = sources
    self.first = first
  }

  /// The tensor that an expression describes.
  mutating func evaluate(_ expression: TensorExpression, for title: String) throws -> FloatTensor {
    if let known = cache[expression] { return known }
    let base = try base(expression, for: title)
    guard !base.values.isEmpty else {
      throw RecipeError.emptyTensor(operator: title, tensor: expression.title, shape: base.shape)
    }
    let tensor = try TensorChanges(expression: expression, title: title).apply(to: base)
    if let index = tensor.values.firstIndex(where: { !($0.magnitude <= 0x1p50) }) {
      throw RecipeError.absurdElement(operator: title, tensor: expression.title, index: index)
    }
    cache[expression] = tensor
    return tensor
  }

  private mutating func base(_ expression: TensorExpression, for title: String) throws -> FloatTensor {
    switch expression.base {
    case .tensor(let name, let from):
      let checkpoint = from ?? first
      guard let source = sources[checkpoint] else {
        throw RecipeError.unknownName(checkpoint, kind: "checkpoint", in: title)
      }
      guard source.shapes[name] != nil else {
        throw RecipeError.missingTensor(operator: title, tensor: name, checkpoint: checkpoint)
      }
      used[checkpoint, default: []].insert(name)
      return try source.tensor(name)
    case .zeros(let shape):
      let count = Graph.elementCount(shape)
      guard count <= Graph.widthLimit else {
        throw RecipeError.overLimit(what: "elements of \"zeros\"", found: count, limit: Graph.widthLimit)
      }
      return FloatTensor(shape: shape, values: Array(repeating: 0, count: count))
    case .sum(let parts):
      var total = try evaluate(parts[0], for: title)
      for part in parts.dropFirst() {
        let next = try evaluate(part, for: title)
        guard next.shape == total.shape else {
          throw RecipeError.partShape(operator: title, tensor: part.title, found: next.shape, expected: total.shape)
        }
        for index in total.values.indices { total.values[index] += next.values[index] }
      }
      return total
    case .concat(let parts):
      var total = try evaluate(parts[0], for: title)
      for part in parts.dropFirst() {
        let next = try evaluate(part, for: title)
        let rest = total.shape.dropFirst()
        guard !total.shape.isEmpty, next.shape.count == total.shape.count, next.shape.dropFirst() == rest else {
          throw RecipeError.partShape(
            operator: title, tensor: part.title, found: next.shape, expected: [nil] + rest.map { $0 })
        }
        total = FloatTensor(
          shape: [total.shape[0] + next.shape[0]] + Array(rest), values: total.values + next.values)
      }
      return total
    }
  }

  /// Throws unless every tensor is either taken or dropped, and every drop means something.
  func checkAllUsed(drop: [Recipe.Drop], checkpoints: [String]) throws(RecipeError) {
    var unused: [String] = []
    var matched = Set<Int>()
    for checkpoint in checkpoints {
      for name in sources[checkpoint]?.names ?? [] {
        let drops = drop.indices.filter { (drop[$0].from ?? first) == checkpoint && drop[$0].matches(name) }
        let title = checkpoint == first ? name : "\(checkpoint):\(name)"
        let isUsed = used[checkpoint]?.contains(name) ?? false
        if isUsed, drops.contains(where: { drop[$0].pattern == name }) { throw .droppedTensorUsed(title) }
        if !isUsed {
          matched.formUnion(drops)
          if drops.isEmpty { unused.append(title) }
        }
      }
    }
    guard unused.isEmpty else { throw .unusedTensors(unused) }
    if let idle = drop.indices.first(where: { !matched.contains($0) }) { throw .dropWithoutTensor(drop[idle].pattern) }
  }
}
