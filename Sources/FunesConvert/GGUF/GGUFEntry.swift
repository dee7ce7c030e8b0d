// SPDX-License-Identifier: Apache-2.0
// What the head of a GGUF file says of one tensor: name, extents, type and offset.

/// One tensor as the head of the file has it.
struct GGUFEntry {
  var name: String
  /// Outermost first.
  var shape: [Int]
  var dtype: DType
  /// From the first tensor's first byte.
  var offset: UInt64
  var byteCount: Int
  /// Of the entry in the file.
  var headOffset: Int

  init(_ cursor: inout GGUFCursor, index: Int) throws(CheckpointError) {
    let place = cursor.place
    headOffset = cursor.offset
    name = try GGUFFile.text(&cursor, "tensor \(index)", limit: GGUFFile.nameLimit)
    let axes = try cursor.uint32()
    guard axes <= GGUFFile.axisLimit else { throw .gguf(at: place, .axes(tensor: name, found: axes)) }
    var extents: [UInt64] = []
    for _ in 0..<axes { extents.append(try cursor.unsigned(8)) }
    shape = extents.reversed().compactMap { Int(exactly: $0) }
    // So small that bytes, of eight an element at most, do not overflow.
    guard shape.count == extents.count, let elementCount = TensorLayout.elementCount(of: shape), elementCount < 1 << 59
    else { throw .gguf(at: place, .extents(tensor: name, found: extents)) }
    let type = try cursor.uint32()
    guard let dtype = GGUFEntry.types[type] else {
      let found = GGUFEntry.unreadTypes[type] ?? "\(type)"
      throw .gguf(at: place, .unsupportedType(tensor: name, found: found))
    }
    self.dtype = dtype
    if case .blocks(let block) = dtype {
      let columns = shape.last ?? 1
      guard columns % block.elementCount == 0 else {
        throw .gguf(at: place, .partialBlock(tensor: name, type: block, found: columns))
      }
    }
    byteCount = elementCount / dtype.elementsTogether * dtype.byteCount
    offset = try cursor.unsigned(8)
  }

  /// ggml's numbers of types.
  private static let types: [UInt32: DType] = [
    0: .f32, 1: .f16, 2: .blocks(.q4_0), 3: .blocks(.q4_1), 6: .blocks(.q5_0), 7: .blocks(.q5_1), 8: .blocks(.q8_0),
    10: .blocks(.q2_k), 11: .blocks(.q3_k), 12: .blocks(.q4_k), 13: .blocks(.q5_k), 14: .blocks(.q6_k), 24: .i8,
    25: .i16, 26: .i32, 27: .i64, 28: .f64, 30: .bf16,
  ]

  /// What it calls those that are not read.
  private static let unreadTypes: [UInt32: String] = [
    4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL",
    21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 34: "TQ1_0",
    35: "TQ2_0", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8", 39: "MXFP4",
  ]
}
