// SPDX-License-Identifier: Apache-2.0
// One numpy array out of bytes that are in memory already: what streams and pictures come as.

/// A `.npy` file as floats.
package struct NumberArray: Sendable {
  package let shape: [Int]
  /// Row-major.
  package let values: [Float]
  /// Whether its elements are bytes, 0...255.
  package let areBytes: Bool

  package static var signature: [UInt8] { Npy.magic }

  package init(_ bytes: [UInt8], name: String) throws(CheckpointError) {
    let tensors = try Npy.read(array: ByteSource(bytes: bytes, name: name))
    let floats = try tensors[0].floats()
    shape = floats.shape
    values = floats.values
    areBytes = tensors[0].dtype == .u8
  }
}
