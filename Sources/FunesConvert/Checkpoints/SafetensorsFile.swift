// SPDX-License-Identifier: Apache-2.0
// Reads safetensors: a length, a header in JSON, and the tensors' bytes without a gap.
// Source: https://github.com/huggingface/safetensors, README "Format".

/// Reads `.safetensors` files.
enum Safetensors {
  /// Most bytes of a header, as in the reference implementation.
  static let headerLimit = 100_000_000

  static func read(
    _ source: ByteSource
  ) throws(CheckpointError) -> (tensors: [CheckpointTensor], metadata: [String: String]) {
    let place = CheckpointPlace(file: source.name, offset: 0)
    var start = ByteReader(try source.prefix(8), at: place)
    let found = try start.uint64()
    guard found <= UInt64(headerLimit) else {
      throw .limitExceeded(
        at: place, .headerBytes, found: Int(clamping: found), limit: headerLimit)
    }
    let headerCount = Int(found)
    let header = try source.read(offset: 8, count: headerCount)
    let root: JSONValue
    do throws(JSONError) {
      root = try JSONValue(parsing: header)
    } catch {
      throw .json(at: CheckpointPlace(file: source.name, offset: 8), error)
    }
    var parser = SafetensorsHeader(source: source, dataOffset: 8 + headerCount)
    return try parser.read(root)
  }
}

/// Turns the parsed header into tensors.
private struct SafetensorsHeader {
  let source: ByteSource
  let dataOffset: Int
  private var ranges: [(begin: Int, end: Int, name: String)] = []

  init(source: ByteSource, dataOffset: Int) {
    self.source = source
    self.dataOffset = dataOffset
  }

  private var dataByteCount: Int { source.count - dataOffset }

  mutating func read(
    _ root: JSONValue
  ) throws(CheckpointError) -> (tensors: [CheckpointTensor], metadata: [String: String]) {
    guard let members = root.members else { throw wrongValue("", root, "an object", JSONPosition.start) }
    var tensors: [CheckpointTensor] = []
    var metadata: [String: String] = [:]
    for member in members {
      if member.key == "__metadata__" {
        metadata = try self.metadata(member)
      } else {
        tensors.append(try tensor(member))
      }
    }
    try checkRanges()
    return (tensors, metadata)
  }

  private func metadata(_ member: JSONMember) throws(CheckpointError) -> [String: String] {
    guard let members = member.value.members else {
      throw wrongValue(member.key, member.value, "an object", member.position)
    }
    var metadata: [String: String] = [:]
    for item in members {
      guard let text = item.value.stringValue else { throw wrongValue(item.key, item.value, "a string", item.position) }
      metadata[item.key] = text
    }
    return metadata
  }

  private mutating func tensor(_ member: JSONMember) throws(CheckpointError) -> CheckpointTensor {
    let name = member.key
    guard let members = member.value.members else {
      throw wrongValue(name, member.value, "an object", member.position)
    }
    var dtype: DType?
    var shape: [Int]?
    var offsets: [Int]?
    for item in members {
      switch item.key {
      case "dtype":
        guard let text = item.value.stringValue else {
          throw wrongValue("dtype", item.value, "a string", item.position)
        }
        guard let known = SafetensorsHeader.types[text] else {
          throw .unsupportedType(file: source.name, tensor: name, found: text)
        }
        dtype = known
      case "shape": shape = try integers(item)
      case "data_offsets": offsets = try integers(item)
      default:
        throw .safetensors(at: place(item.position), .unknownMember(tensor: name, member: item.key))
      }
    }
    let at = place(member.position)
    guard let dtype else { throw .safetensors(at: at, .missingMember(tensor: name, member: "dtype")) }
    guard let shape else { throw .safetensors(at: at, .missingMember(tensor: name, member: "shape")) }
    guard let offsets, offsets.count == 2 else {
      throw .safetensors(at: at, .missingMember(tensor: name, member: "data_offsets"))
    }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin >= 0, begin <= end, end <= dataByteCount else {
      throw .safetensors(at: at, .invalidOffsets(tensor: name, begin: begin, end: end, available: dataByteCount))
    }
    guard let elementCount = TensorLayout.elementCount(of: shape) else {
      throw .invalidShape(file: source.name, tensor: name, found: shape)
    }
    let (expected, overflow) = elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow else { throw .invalidShape(file: source.name, tensor: name, found: shape) }
    guard expected == end - begin else {
      throw .wrongByteCount(file: source.name, tensor: name, found: end - begin, expected: expected)
    }
    guard begin % dtype.byteCount == 0 else {
      throw .safetensors(at: at, .misaligned(tensor: name, begin: begin, alignment: dtype.byteCount))
    }
    ranges.append((begin, end, name))
    return try CheckpointTensor(
      name: name, shape: shape, dtype: dtype, file: source.name,
      storage: .range(source, offset: dataOffset + begin, byteCount: end - begin))
  }

  /// Every byte after the header belongs to exactly one tensor.
  private func checkRanges() throws(CheckpointError) {
    var previousEnd = 0
    for range in ranges.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      let at = CheckpointPlace(file: source.name, offset: dataOffset + range.begin)
      if range.begin < previousEnd {
        throw .safetensors(at: at, .overlap(tensor: range.name, begin: range.begin, previousEnd: previousEnd))
      }
      if range.begin > previousEnd {
        throw .safetensors(at: at, .hole(before: range.name, found: range.begin, expected: previousEnd))
      }
      previousEnd = range.end
    }
    guard previousEnd == dataByteCount else {
      throw .safetensors(
        at: CheckpointPlace(file: source.name, offset: dataOffset + previousEnd),
        .hole(before: nil, found: dataByteCount, expected: previousEnd))
    }
  }

  private func integers(_ item: JSONMember) throws(CheckpointError) -> [Int] {
    guard let elements = item.value.elements else {
      throw wrongValue(item.key, item.value, "an array of whole numbers", item.position)
    }
    var integers: [Int] = []
    for element in elements {
      guard let integer = element.intValue else {
        throw wrongValue(item.key, element, "a whole number", item.position)
      }
      integers.append(integer)
    }
    return integers
  }

  private func wrongValue(
    _ key: String, _ value: JSONValue, _ expected: String, _ position: JSONPosition
  ) -> CheckpointError {
    .safetensors(at: place(position), .wrongValue(key: key, found: value.kind, expected: expected))
  }

  /// A place of the header, counted from the beginning of the file.
  private func place(_ position: JSONPosition) -> CheckpointPlace {
    CheckpointPlace(file: source.name, offset: 8 + position.offset)
  }

  private static let types: [String: DType] = [
    "F16": .f16, "BF16": .bf16, "F32": .f32, "F64": .f64, "I8": .i8, "U8": .u8, "I16": .i16, "U16": .u16,
    "I32": .i32, "U32": .u32, "I64": .i64, "U64": .u64, "BOOL": .bool,
  ]
}
