// SPDX-License-Identifier: Apache-2.0
// The roles that weights of transformers have, whatever their format calls them, and where builders take them from.

/// What a weight of a transformer is for. Matrices are (outputs, inputs).
struct DecoderRole: Hashable, Sendable {
  enum Module: String, Sendable {
    /// (symbols, width)
    case embedding
    /// (rows, width)
    case positions
    case attentionNorm = "attention.norm"
    /// (heads · head width, width)
    case q = "attention.q"
    /// (key heads · head width, width)
    case k = "attention.k"
    case v = "attention.v"
    /// (width, heads · head width)
    case attentionOutput = "attention.output"
    case feedForwardNorm = "feed_forward.norm"
    /// (hidden width, width)
    case gate = "feed_forward.gate"
    case up = "feed_forward.up"
    /// (width, hidden width)
    case down = "feed_forward.down"
    case memoryNorm = "memory.norm"
    /// Attention over what an encoder remembered: as `q`, `k`, `v` and `attentionOutput`.
    case memoryQ = "memory.q"
    case memoryK = "memory.k"
    case memoryV = "memory.v"
    case memoryOutput = "memory.output"
    /// After the embedding.
    case embeddingNorm = "embedding.norm"
    /// After the last layer.
    case norm
    /// (symbols, width)
    case output
  }
  enum Part: Sendable { case weight, bias }

  var module: Module
  var layer: Int?
  var part: Part = .weight
}

/// Gives weights by role, in this shape, for those that a description asks for.
///
/// A weight that is missing or of another shape is the source's own error. nil is for biases that the model does not have.
typealias DecoderWeights = (_ role: DecoderRole, _ shape: [Int]) throws -> NamedTensor?

/// A source gave no weight for a role that has one in every model.
struct MissingRole: Error, Equatable, CustomStringConvertible {
  var role: DecoderRole
  var description: String {
    let layer = role.layer.map { "layer \($0), " } ?? ""
    return "\(layer)\(role.module.rawValue): found no weight, expected one"
  }
}

/// Weights by role, as a builder asks for them.
struct RoleWeights {
  let source: DecoderWeights

  init(_ source: @escaping DecoderWeights) { self.source = source }

  func weight(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> NamedTensor {
    let role = DecoderRole(module: module, layer: layer)
    guard let weight = try source(role, shape) else { throw MissingRole(role: role) }
    return weight
  }

  func bias(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> NamedTensor? {
    try source(DecoderRole(module: module, layer: layer, part: .bias), shape)
  }

  func projection(_ module: DecoderRole.Module, _ shape: [Int], _ layer: Int? = nil) throws -> Projection {
    Projection(weight: try weight(module, shape, layer), bias: try bias(module, [shape[0]], layer))
  }
}
