// SPDX-License-Identifier: Apache-2.0
// The header of a llama2.c file: what it says, whether it can be true, and how many bytes it implies. The layout is that
// of run.c and export.py of github.com/karpathy/llama2.c, 350e04f.

/// The numbers at the head of a llama2.c file. Nothing is read or allocated by them before the file is known to have
/// exactly the bytes that they imply.
struct LlamaHeader: Equatable, Sendable {
  enum Version: Equatable, Sendable {
    /// Seven numbers and no magic; the weights, and two tables of rotary angles that are not used any more.
    case legacy
    /// A header of 256 bytes that begins with a magic number.
    case one
  }

  var version: Version
  /// Width of a row between layers.
  var width = 0
  var hiddenWidth = 0
  var layerCount = 0
  var headCount = 0
  /// Heads of keys and values.
  var keyHeadCount = 0
  var symbolCount = 0
  /// Most positions that the model was trained for.
  var windowRows = 0
  /// Scores have a matrix of their own; otherwise the embedding serves.
  var hasClassifier = false

  var headWidth: Int { width / headCount }
  var keyWidth: Int { headWidth * keyHeadCount }
  /// Of the header.
  var byteCount: Int { version == .legacy ? 28 : 256 }

  /// `0x616b3432`, little-endian.
  static let magic: [UInt8] = [0x32, 0x34, 0x6b, 0x61]

  /// What the seven numbers are called in errors, and what they may be, in their order.
  static let ranges: [(field: String, range: ClosedRange<Int>)] = [
    ("dim", 1...65_536), ("hidden_dim", 1...65_536), ("n_layers", 1...512), ("n_heads", 1...65_536),
    ("n_kv_heads", 1...65_536), ("vocab_size", 1...1_048_576), ("seq_len", 1...1_048_576),
  ]

  /// The header of a llama2.c file; nil where the file is of another format.
  ///
  /// A legacy file has no magic. It is taken for one when its seven numbers are all in range: so no file is whose format
  /// begins with text, a magic number or a length of eight bytes.
  init?(_ source: ByteSource) throws(CheckpointError) {
    let place = CheckpointPlace(file: source.name)
    let start = try source.prefix(256)
    if start.starts(with: LlamaHeader.magic) {
      self.init(version: .one)
      try read(ByteReader(start, at: place))
    } else {
      guard start.count >= 28 else { return nil }
      var reader = ByteReader(start, at: place)
      var fields: [Int] = []
      for _ in 0..<7 { fields.append(try reader.int32()) }
      let isClassifierOwn = fields[5] < 0
      fields[5] = abs(fields[5])
      guard zip(fields, LlamaHeader.ranges).allSatisfy({ $1.range.contains($0) }) else { return nil }
      self.init(version: .legacy)
      set(fields)
      hasClassifier = isClassifierOwn
    }
    try check(at: place)
    guard source.count == fileByteCount else {
      throw .llama(at: place, .wrongByteCount(found: source.count, expected: fileByteCount))
    }
  }

  init(version: Version) { self.version = version }

  private mutating func set(_ fields: [Int]) {
    (width, hiddenWidth, layerCount, headCount) = (fields[0], fields[1], fields[2], fields[3])
    (keyHeadCount, symbolCount, windowRows) = (fields[4], fields[5], fields[6])
  }

  /// Version 1: magic, version, the seven numbers, a flag, zeros.
  private mutating func read(_ start: ByteReader) throws(CheckpointError) {
    var reader = start
    try reader.skip(4)
    var place = reader.place
    let found = try reader.int32()
    guard found == 1 else { throw .llama(at: place, .unsupportedVersion(found: found)) }
    var fields: [Int] = []
    for (field, range) in LlamaHeader.ranges {
      place = reader.place
      let value = try reader.int32()
      guard range.contains(value) else { throw .llama(at: place, .field(field, found: value, expected: range)) }
      fields.append(value)
    }
    set(fields)
    place = reader.place
    let flag = try reader.byte()
    guard flag <= 1 else { throw .llama(at: place, .field("shared_classifier", found: Int(flag), expected: 0...1)) }
    hasClassifier = flag == 0
    while reader.offset < byteCount {
      place = reader.place
      let byte = try reader.byte()
      guard byte == 0 else { throw .llama(at: place, .field("padding", found: Int(byte), expected: 0...0)) }
    }
  }

  /// The numbers go together.
  private func check(at place: CheckpointPlace) throws(CheckpointError) {
    guard width % headCount == 0, headWidth % 2 == 0 else {
      throw .llama(at: place, .heads(found: headCount, width: width))
    }
    guard headCount % keyHeadCount == 0 else {
      throw .llama(at: place, .keyHeads(found: keyHeadCount, heads: headCount))
    }
  }

  /// Of the whole file: at most 2^44, by the ranges above.
  var fileByteCount: Int {
    byteCount + 4 * LlamaFile.parts(of: self).reduce(0) { $0 + $1.count * $1.shape.reduce(1, *) }
  }
}
