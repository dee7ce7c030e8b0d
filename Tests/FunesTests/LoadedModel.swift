// SPDX-License-Identifier: Apache-2.0
// A converted graph in aligned memory of its own, opened as a model: what the runtime's tests run.

import Funes
import FunesConvert
import FunesTestSupport
import Testing

/// A model with its bytes, which tests may damage before they open them.
final class LoadedModel {
  let model: Model
  private let memory: AlignedBytes

  init(_ bytes: [UInt8]) throws {
    memory = AlignedBytes(bytes)
    model = try Model(unsafeBytes: UnsafeRawBufferPointer(memory.bytes))
  }

  convenience init(_ graph: Graph, precision: Precision = .default) throws {
    try self.init(Converter(precision: precision).convert(graph).bytes)
  }
}

/// Tests of several graphs are told by their names, not by their weights.
extension Graph: CustomTestStringConvertible {
  public var testDescription: String { name }
}
