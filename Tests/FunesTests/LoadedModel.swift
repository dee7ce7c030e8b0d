// SPDX-License-Identifier: Apache-2.0
// A converted graph in aligned memory of its own, opened as a model: what the runtime's tests run.

import Funes
import FunesConvert
import Testing

/// A model with its bytes, which tests may damage before they open them.
final class LoadedModel {
  let memory: UnsafeMutableRawBufferPointer
  let model: Model

  init(_ bytes: [UInt8]) throws {
    memory = .allocate(byteCount: bytes.count, alignment: 64)
    memory.copyBytes(from: bytes)
    do {
      model = try Model(unsafeBytes: UnsafeRawBufferPointer(memory))
    } catch {
      memory.deallocate()
      throw error
    }
  }

  convenience init(_ graph: Graph, precision: Precision = .default) throws {
    try self.init(Converter(precision: precision).convert(graph).bytes)
  }

  deinit { memory.deallocate() }
}

/// Tests of several graphs are told by their names, not by their weights.
extension Graph: CustomTestStringConvertible {
  public var testDescription: String { name }
}
