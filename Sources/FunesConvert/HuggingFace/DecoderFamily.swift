// SPDX-License-Identifier: Apache-2.0
// What the decoders of all families share: heads that divide the width, rows of context, and where texts begin and end.

/// Numbers of a decoder's attention that a configuration gives.
struct HeadNumbers {
  var heads: Int
  var keyHeads: Int
  var headWidth: Int

  /// - Parameter keyHeadsKey: nil where each head has keys of its own.
  init(_ config: FolderConfig, width: Int, headsKey: String, keyHeadsKey: String?, headWidthKey: String?) throws {
    let heads = try config.integer(headsKey, 1...65_536)
    keyHeads = try keyHeadsKey.map { try config.integer($0, 1...65_536, default: heads) } ?? heads
    self.heads = heads
    let own = try headWidthKey.flatMap { try config.optionalInteger($0, 1...65_536) }
    guard heads % keyHeads == 0 else {
      throw config.conflict(
        [headsKey, keyHeadsKey ?? headsKey], "found \(heads) and \(keyHeads), expected the second to divide the first")
    }
    if own == nil, width % heads != 0 {
      throw config.conflict([headsKey], "found \(heads) heads, expected a divisor of the width \(width)")
    }
    headWidth = own ?? width / heads
    guard heads * headWidth <= 65_536 else {
      throw config.conflict([headsKey], "found heads of \(heads * headWidth) values together, expected at most 65536")
    }
  }

  /// Attention of every row over all rows, its scores divided by the root of a head's width.
  func encoderAttention(lanes: Int? = nil) -> EncoderAttentionDescription {
    EncoderAttentionDescription(
      headCount: heads, headWidth: headWidth, scale: 1 / Float(headWidth).squareRoot(), lanes: lanes)
  }
}

extension ModelFolder {
  static let symbolRange = 1...(1 << 28)
  static let widthRange = 1...65_536
  static let layerRange = 1...1024
  static let rowRange = 1...(1 << 24)

  /// Of each layer, the rows that its caches hold.
  ///
  /// - Parameters:
  ///   - trainedRows: rows that positions reach.
  ///   - slidingRows: of each layer, its window where it has one.
  func windows(trainedRows: Int, slidingRows: [Int?], keyWidth: Int) throws -> [Int] {
    let context = try ContextRows.choose(
      requested: requestedRows, trainedRows: trainedRows, bytesPerRow: 4 * keyWidth * slidingRows.count)
    contextRows = context.rows
    let windows = slidingRows.map { min($0 ?? context.rows, context.rows) }
    notes.append(context.note(byteCount: 4 * keyWidth * windows.reduce(0, +)))
    return windows
  }

  /// What every decoder's graph gets at last: the context that it was made with, and where texts begin and end.
  func finish(_ graph: inout Graph, description: DecoderDescription) throws {
    let context = contextRows ?? 1
    graph.metadata["context"] = "\(context)"
    let begin = try config.id("bos_token_id", below: description.symbolCount)
    var ends = try config.ids("eos_token_id", below: description.symbolCount)
    if let more = try generationConfig?.ids("eos_token_id", below: description.symbolCount), !more.isEmpty {
      ends = more
    }
    guard let start = begin ?? ends.first else { return }
    graph.generation = Graph.Generation(
      encodeProgram: nil, stepProgram: 0, appendedID: nil, startID: start,
      stopIDs: Array(ends.prefix(Graph.Generation.stopLimit)), longest: context, output: 0,
      input: 0)
  }
}
