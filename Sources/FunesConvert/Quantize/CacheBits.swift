// SPDX-License-Identifier: Apache-2.0
// How finely attention's caches are kept: what the converter's caller chooses.

/// Bits of a number in a cache of keys or values.
public enum CacheBits: Int, Sendable, CaseIterable {
  /// Whole numbers up to 127 with a scale for each head and row: about half the memory and traffic of halves, for a loss
  /// that grows as heads get small. Of Llamas with heads of 8 values it is larger than that of 8-bit weights.
  case eight = 8
  /// Halves: each number is off by 2^-12 of itself at most.
  case sixteen = 16
}

extension Graph {
  /// This graph with every cache in bytes, each with as many scales a row as key heads read it.
  func withByteCaches() throws(ConversionError) -> Graph {
    var graph = self
    for op in programs.flatMap(\.operators) {
      let (keyHeads, caches): (Int, [Int])
      switch op.operation {
      case .attention(let attention): (keyHeads, caches) = (attention.keyHeads, [attention.keys, attention.values])
      case .memoryAttention(let attention):
        (keyHeads, caches) = (attention.keyHeads, [attention.keys, attention.values])
      default: continue
      }
      for cache in caches {
        let known = graph.states[cache].heads
        guard known == 0 || known == keyHeads else {
          throw .sharedCache(state: graph.states[cache].name, keyHeads: known, others: keyHeads)
        }
        graph.states[cache].heads = keyHeads
      }
    }
    return graph
  }
}
