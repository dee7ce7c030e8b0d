// SPDX-License-Identifier: Apache-2.0
// Matrices of a graph by name, as a caller writes them: whole names, or patterns with `*`.

/// A name, or a pattern of one: `*` stands for any text, also none; all else for itself.
public struct NamePattern: Sendable, Equatable {
  public var text: String

  public init(_ text: String) { self.text = text }

  /// Whether the whole of a name fits.
  public func matches(_ name: String) -> Bool {
    let parts = text.split(separator: "*", omittingEmptySubsequences: false).map { Array($0.utf8) }
    var rest = Array(name.utf8)[...]
    guard parts.count > 1 else { return parts[0].elementsEqual(rest) }
    guard rest.starts(with: parts[0]) else { return false }
    rest = rest.dropFirst(parts[0].count)
    // The leftmost place of each part leaves the most for those after it; the last one stands at the end.
    for part in parts[1..<(parts.count - 1)] {
      guard
        let at = rest.indices.first(where: { rest[$0...].starts(with: part) }) ?? (part.isEmpty ? rest.endIndex : nil)
      else { return false }
      rest = rest[(at + part.count)...]
    }
    let last = parts[parts.count - 1]
    return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
  }
}

extension Graph {
  /// Names of the matrices, in the order of the constants.
  public var matrixNames: [String] {
    constants.compactMap { if case .matrix = $0.layout { $0.name } else { nil } }
  }
}

extension Converter {
  /// Gives 16-bit weights to matrices by name, whatever the precision is of the others.
  ///
  /// Throws `ConversionError.unknownMatrix` for a pattern that no matrix of the graph fits.
  public mutating func widen(_ patterns: [NamePattern], of graph: Graph) throws(ConversionError) {
    let names = graph.matrixNames
    for pattern in patterns {
      let matching = names.filter(pattern.matches)
      guard !matching.isEmpty else { throw .unknownMatrix(pattern.text) }
      for name in matching {
        var own = exceptions[name] ?? precision
        own.weights = .sixteen
        exceptions[name] = own
      }
    }
  }
}
