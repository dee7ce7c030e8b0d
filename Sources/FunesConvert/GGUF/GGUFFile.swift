// SPDX-License-Identifier: Apache-2.0
// Reads GGUF, the file of ggml and llama.cpp: metadata by key, then where each tensor stands, then the tensors' bytes.
// Source: https://github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3.

/// The metadata and the tensors of a GGUF file. Checked whole: every tensor lies inside the file, each byte after the
/// head belongs to one tensor or is padding.
struct GGUFFile: Sendable {
  /// By key, in no order.
  let metadata: [String: GGUFValue]
  /// Extents outermost first, the reverse of the file's order: a matrix is (outputs, inputs).
  let checkpoint: Checkpoint

  static let magic = Array("GGUF".utf8)
  /// Most axes of a tensor, and most bytes of its name and of a key, by the format.
  static let axisLimit = 4
  static let nameLimit = 64
  static let keyLimit = 65_535
  /// Most keys, tensors and values of a list: far above any model, so that memory stays bounded.
  static let entryLimit = 1 << 16
  static let listLimit = 1 << 24
  static let alignmentLimit = 1 << 16
  private static let defaultAlignment = 32

  /// The file, or nil where it is of another format.
  init?(_ source: ByteSource) throws(CheckpointError) {
    guard try source.prefix(4) == GGUFFile.magic else { return nil }
    var cursor = GGUFCursor(source)
    _ = try cursor.take(4)
    let place = cursor.place
    let version = try cursor.uint32()
    guard (2...3).contains(version) else {
      // The most significant byte of a small version comes last.
      let isSwapped = (1...3).contains(version.byteSwapped)
      throw .gguf(at: place, isSwapped ? .bigEndian : .unsupportedVersion(found: version))
    }
    // Name, axes, type and offset of a tensor; key, type and value of metadata: with a byte of name, this many at least.
    let tensorCount = try GGUFFile.count(&cursor, ofBytes: 25)
    let keyCount = try GGUFFile.count(&cursor, ofBytes: 14)
    metadata = try GGUFFile.metadata(&cursor, count: keyCount)
    let alignment = try GGUFFile.alignment(metadata, file: source.name)
    var entries: [GGUFEntry] = []
    for index in 0..<tensorCount { entries.append(try GGUFEntry(&cursor, index: index)) }
    // A file without tensors may end where its metadata does.
    let dataOffset = min((cursor.offset + alignment - 1) / alignment * alignment, source.count)
    try GGUFFile.check(entries, alignment, source, dataOffset: dataOffset)
    var tensors: [CheckpointTensor] = []
    for entry in entries {
      tensors.append(
        try CheckpointTensor(
          name: entry.name, shape: entry.shape, dtype: entry.dtype, file: source.name,
          storage: .range(source, offset: dataOffset + Int(entry.offset), byteCount: entry.byteCount)))
    }
    checkpoint = try Checkpoint(
      file: source.name, tensors: tensors, metadata: metadata.mapValues { "\($0)" })
  }

  // MARK: Metadata

  private static func count(_ cursor: inout GGUFCursor, ofBytes least: Int) throws(CheckpointError) -> Int {
    let place = cursor.place
    let count = try cursor.count(ofBytes: least)
    guard count <= entryLimit else { throw .limitExceeded(at: place, .entries, found: count, limit: entryLimit) }
    return count
  }

  private static func metadata(
    _ cursor: inout GGUFCursor, count: Int
  ) throws(CheckpointError) -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for index in 0..<count {
      let place = cursor.place
      let key = try text(&cursor, "key \(index)", limit: keyLimit)
      let value = try value(&cursor, key)
      guard metadata.updateValue(value, forKey: key) == nil else { throw .gguf(at: place, .duplicateKey(key)) }
    }
    return metadata
  }

  /// A name: what the file says at `what`, of a byte at least.
  static func text(_ cursor: inout GGUFCursor, _ what: String, limit: Int) throws(CheckpointError) -> String {
    let place = cursor.place
    let bytes = try cursor.textBytes()
    guard (1...limit).contains(bytes.count) else {
      throw .gguf(at: place, .nameByteCount(of: what, found: bytes.count, expected: 1...limit))
    }
    guard let text = String(utf8Bytes: bytes) else { throw .gguf(at: place, .notText(what)) }
    return text
  }

  private static func type(_ cursor: inout GGUFCursor, _ key: String) throws(CheckpointError) -> GGUFType {
    let place = cursor.place
    let found = try cursor.uint32()
    guard let type = GGUFType(rawValue: found) else {
      throw .gguf(at: place, .unknownValueType(key: key, found: found))
    }
    return type
  }

  private static func value(_ cursor: inout GGUFCursor, _ key: String) throws(CheckpointError) -> GGUFValue {
    let type = try type(&cursor, key)
    switch type {
    case .string: return .string(try string(&cursor, key))
    case .array: return try list(&cursor, key)
    default:
      let place = cursor.place
      let bits = try cursor.unsigned(type.byteCount)
      if type == .bool, bits > 1 { throw .gguf(at: place, .boolean(key: key, found: UInt8(bits))) }
      return GGUFValue(type, bits: bits)
    }
  }

  private static func string(_ cursor: inout GGUFCursor, _ key: String) throws(CheckpointError) -> String {
    let place = cursor.place
    guard let text = String(utf8Bytes: try cursor.textBytes()) else {
      throw .gguf(at: place, .notText("key \"\(key)\""))
    }
    return text
  }

  private static func list(_ cursor: inout GGUFCursor, _ key: String) throws(CheckpointError) -> GGUFValue {
    let start = cursor.place
    let type = try type(&cursor, key)
    guard type != .array else { throw .gguf(at: start, .nestedList(key: key)) }
    let place = cursor.place
    let count = try cursor.count(ofBytes: type.byteCount)
    guard count <= listLimit else { throw .limitExceeded(at: place, .listValues, found: count, limit: listLimit) }
    if type == .string {
      var strings: [String] = []
      for _ in 0..<count { strings.append(try string(&cursor, key)) }
      return .strings(strings)
    }
    let bytes = Array(try cursor.take(count * type.byteCount))
    if type == .bool, let bad = bytes.first(where: { $0 > 1 }) {
      throw .gguf(at: place, .boolean(key: key, found: bad))
    }
    return .numbers(GGUFNumbers(type: type, count: count, bytes: bytes))
  }

  private static func alignment(
    _ metadata: [String: GGUFValue], file: String
  ) throws(CheckpointError) -> Int {
    guard let value = metadata["general.alignment"] else { return defaultAlignment }
    guard let alignment = value.intValue, (8...alignmentLimit).contains(alignment), alignment & (alignment - 1) == 0
    else {
      throw .gguf(at: CheckpointPlace(file: file), .alignment(found: value.intValue.map { "\($0)" } ?? value.kind))
    }
    return alignment
  }

  // MARK: Tensors

  /// Every tensor begins where the one before ends, on the alignment.
  private static func check(
    _ entries: [GGUFEntry], _ alignment: Int, _ source: ByteSource, dataOffset: Int
  ) throws(CheckpointError) {
    let available = source.count - dataOffset
    var end = 0
    // Tensors of no bytes come before the one that they share their offset with.
    for entry in entries.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
      let place = CheckpointPlace(file: source.name, offset: entry.headOffset)
      guard entry.offset % UInt64(alignment) == 0 else {
        throw .gguf(at: place, .misaligned(tensor: entry.name, found: entry.offset, alignment: alignment))
      }
      // Below the file's bytes, rounded up: no overflow.
      let expected = (end + alignment - 1) / alignment * alignment
      guard entry.offset == UInt64(expected) else {
        throw .gguf(at: place, .offset(tensor: entry.name, found: entry.offset, expected: expected))
      }
      guard expected <= available, entry.byteCount <= available - expected else {
        throw .gguf(
          at: place,
          .beyondEnd(
            tensor: entry.name, needed: expected.addingReportingOverflow(entry.byteCount).partialValue,
            available: available))
      }
      end = expected + entry.byteCount
    }
    guard available - end < alignment else {
      throw .gguf(
        at: CheckpointPlace(file: source.name, offset: dataOffset + end), .trailingBytes(count: available - end))
    }
  }
}
