// SPDX-License-Identifier: Apache-2.0
// Modules → one chain: each takes what the one before makes. The order of the file is used where it fits, another order
// only where it is the only one; where neither tells, nothing is guessed.

/// Puts modules in order and decides what a matrix without bias is.
struct ModuleChain {
  /// Most modules whose orders are all tried.
  static let moduleLimit = 8

  /// A module and, for a matrix, whether it is an embedding.
  struct Link: Equatable {
    var index: Int
    var isEmbedding: Bool
  }

  private let modules: [InferredModule]

  init(_ modules: [InferredModule]) { self.modules = modules }

  /// The chain, and lines that say what was assumed.
  func links(names: [String]) throws(InferenceError) -> (links: [Link], notes: [String]) {
    guard modules.count <= ModuleChain.moduleLimit else {
      throw .tooManyModules(found: modules.count, limit: ModuleChain.moduleLimit)
    }
    let titles = modules.map(\.title)
    var chains: [[Link]] = []
    extend([], into: &chains)
    guard !chains.isEmpty else { throw .noOrder(titles) }
    let inOrder = chains.filter { $0.map(\.index) == Array(modules.indices) }
    let orders = Set(chains.map { $0.map(\.index) })
    // A matrix that could be either in the same order is for a recipe to say.
    func only(_ chains: [[Link]]) throws(InferenceError) -> [Link] {
      guard chains.count > 1 else { return chains[0] }
      let place = chains[0].indices.first { chains[0][$0] != chains[1][$0] } ?? 0
      let module = modules[chains[0][place].index]
      throw .embeddingOrLinear(module: module.title, rows: module.rows, cols: module.cols)
    }
    if orders.count == 1 {
      let chain = try only(chains)
      let isFileOrder = !inOrder.isEmpty
      let line = isFileOrder ? "that of the file" : chain.map { titles[$0.index] }.joined(separator: " → ")
      return (chain, modules.count > 1 ? ["order: \(line), the only one in which shapes fit"] : [])
    }
    guard !inOrder.isEmpty, names != names.sorted() else { throw .severalOrders(titles) }
    return (try only(inOrder), ["order: assumed that of the file; other orders fit the shapes too"])
  }

  /// All chains that begin with `chain`.
  private func extend(_ chain: [Link], into chains: inout [[Link]]) {
    if chain.count == modules.count {
      chains.append(chain)
      return
    }
    for index in modules.indices where !chain.contains(where: { $0.index == index }) {
      for isEmbedding in readings(index, isFirst: chain.isEmpty) {
        let link = Link(index: index, isEmbedding: isEmbedding)
        if let last = chain.last, outputCount(last) != modules[index].inputCount { continue }
        extend(chain + [link], into: &chains)
      }
    }
  }

  /// What a module can be at a place: an embedding only first, and a first matrix with "emb" in its name nothing else.
  private func readings(_ index: Int, isFirst: Bool) -> [Bool] {
    let isNamed = modules[index].title.lowercased().contains("emb")
    guard modules[index].kind == .matrix else { return [false] }
    if isNamed { return isFirst ? [true] : [] }
    return isFirst && modules.count > 1 ? [true, false] : [false]
  }

  private func outputCount(_ link: Link) -> Int {
    link.isEmbedding ? modules[link.index].cols : modules[link.index].outputCount
  }
}
