// SPDX-License-Identifier: Apache-2.0
// The vocabulary beside a llama2.c file, as its tokenizer.py writes it: the bytes of the longest piece as u32, then for
// each piece a score as f32, its bytes as i32, and the bytes. How many pieces there are, the model says.

/// Pieces of a SentencePiece vocabulary with their scores. Piece 0 is the unknown, 1 begins a text, 2 ends one.
struct LlamaTokenizer: Equatable, Sendable {
  var symbols: [String]
  var scores: [Float]

  static let unknown = 0
  static let begin = 1

  /// Longest file that is read: far above any vocabulary, so that memory stays bounded.
  static let byteLimit = 1 << 28

  /// Reads a file of `count` pieces.
  init(_ source: ByteSource, count: Int) throws(CheckpointError) {
    let place = CheckpointPlace(file: source.name)
    guard source.count <= LlamaTokenizer.byteLimit else {
      throw .limitExceeded(at: place, .tokenizerBytes, found: source.count, limit: LlamaTokenizer.byteLimit)
    }
    // Each piece takes nine bytes at least: so nothing is kept for pieces that the file cannot hold.
    let least = 4 + 9 * count
    guard source.count >= least else { throw .truncated(at: place, needed: least, available: source.count) }
    var reader = ByteReader(try source.read(offset: 0, count: source.count), at: place)
    let longest = try reader.int32()
    guard (1...512).contains(longest) else {
      throw .tokenizer(at: place, .longest(found: longest, expected: 1...512))
    }
    symbols = []
    scores = []
    var indices: [[UInt8]: Int] = [:]
    for index in 0..<count {
      let place = reader.place
      let (piece, score) = try LlamaTokenizer.piece(&reader, longest: longest, index: index)
      if let earlier = indices.updateValue(index, forKey: Array(piece.utf8)) {
        throw .tokenizer(at: place, .duplicate(index: index, earlier: earlier))
      }
      symbols.append(piece)
      scores.append(score)
    }
    guard reader.remaining == 0 else {
      throw .tokenizer(at: reader.place, .trailingBytes(count: reader.remaining, pieces: count))
    }
    try checkFirst(at: place)
  }

  private static func piece(
    _ reader: inout ByteReader, longest: Int, index: Int
  ) throws(CheckpointError) -> (String, Float) {
    let place = reader.place
    let score = Float(bitPattern: UInt32(try reader.uint32()))
    // NaN is in no range.
    guard score.magnitude <= 0x1p50 else { throw .tokenizer(at: place, .score(index: index, found: score)) }
    let byteCount = try reader.int32()
    guard (1...longest).contains(byteCount) else {
      throw .tokenizer(at: place, .pieceByteCount(index: index, found: byteCount, expected: 1...longest))
    }
    let bytes = try reader.take(byteCount)
    guard let piece = String(utf8Bytes: bytes), !bytes.contains(0) else {
      throw .tokenizer(at: place, .notText(index: index))
    }
    return (piece, score)
  }

  /// The pieces that have a meaning. Those that begin and end a text have a line feed on both sides, for printing.
  private func checkFirst(at place: CheckpointPlace) throws(CheckpointError) {
    for (index, name) in ["<unk>", "<s>", "</s>"].enumerated().prefix(symbols.count) {
      let isNamed = symbols[index] == name || index > 0 && symbols[index] == "\n\(name)\n"
      guard isNamed else {
        throw .tokenizer(at: place, .special(index: index, found: symbols[index], expected: name))
      }
    }
    guard symbols.count > LlamaTokenizer.begin else {
      throw .tokenizer(at: place, .special(index: symbols.count, found: "", expected: "<s>"))
    }
  }
}
