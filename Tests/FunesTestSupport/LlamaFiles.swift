// SPDX-License-Identifier: Apache-2.0
// Small files of llama2.c's two kinds with the same random weights, and vocabularies for them, written a field a line.

/// A llama2.c model of few numbers.
public struct LlamaFileBuilder: Sendable {
  public var width = 8
  public var hiddenWidth = 12
  public var layerCount = 2
  public var headCount = 4
  public var keyHeadCount = 2
  public var symbolCount = 5
  public var windowRows = 6
  public var hasClassifier = false

  public init() {}

  private struct Weights {
    var embedding: [Float], attentionNorm: [[Float]], q: [[Float]], k: [[Float]], v: [[Float]], output: [[Float]]
    var feedForwardNorm: [[Float]], gate: [[Float]], down: [[Float]], up: [[Float]], norm: [Float], classifier: [Float]
  }

  /// The same for both versions.
  private var weights: Weights {
    var numbers = TestNumbers(seed: 11)
    func layers(_ count: Int) -> [[Float]] { (0..<layerCount).map { _ in numbers.floats(count) } }
    let keys = width / headCount * keyHeadCount
    return Weights(
      embedding: numbers.floats(symbolCount * width), attentionNorm: layers(width), q: layers(width * width),
      k: layers(keys * width), v: layers(keys * width), output: layers(width * width), feedForwardNorm: layers(width),
      gate: layers(hiddenWidth * width), down: layers(width * hiddenWidth), up: layers(hiddenWidth * width),
      norm: numbers.floats(width), classifier: hasClassifier ? numbers.floats(symbolCount * width) : [])
  }

  public var legacy: [UInt8] {
    let w = weights
    var file = header(symbols: hasClassifier ? -symbolCount : symbolCount)
    for part in [[w.embedding], w.attentionNorm, w.q, w.k, w.v, w.output, w.feedForwardNorm, w.gate, w.down, w.up] {
      for tensor in part { file.append(floats: tensor) }
    }
    file.append(floats: w.norm)
    // The rotary tables, which nobody reads.
    file.append(floats: [Float](repeating: 0.5, count: windowRows * (width / headCount)))
    file.append(floats: w.classifier)
    return file
  }

  public var versionOne: [UInt8] {
    let w = weights
    var file: [UInt8] = [0x32, 0x34, 0x6b, 0x61]
    file.append(int32: 1)
    file += header(symbols: symbolCount)
    file.append(hasClassifier ? 0 : 1)
    file += [UInt8](repeating: 0, count: 256 - file.count)
    for part in [
      w.attentionNorm, w.feedForwardNorm, [w.norm], [w.embedding], w.q, w.k, w.v, w.output, w.gate, w.down, w.up,
    ] {
      for tensor in part { file.append(floats: tensor) }
    }
    file.append(floats: w.classifier)
    return file
  }

  private func header(symbols: Int) -> [UInt8] {
    var header: [UInt8] = []
    for field in [width, hiddenWidth, layerCount, headCount, keyHeadCount, symbols, windowRows] {
      header.append(int32: field)
    }
    return header
  }
}

/// A vocabulary of llama2.c.
public struct TokenizerFileBuilder: Sendable {
  public var pieces: [[UInt8]] = []
  public var scores: [Float] = []
  public var longest: Int?

  /// The unknown, begin and end, the bytes unless told otherwise, then the pieces; scores fall from −1 on.
  public init(_ texts: [String], hasBytes: Bool = true) {
    let digits = Array("0123456789ABCDEF")
    var all = ["<unk>", "\n<s>\n", "\n</s>\n"]
    if hasBytes { all += (0..<256).map { "<0x\(digits[$0 / 16])\(digits[$0 % 16])>" } }
    all += texts
    pieces = all.map { Array($0.utf8) }
    scores = all.indices.map { $0 < all.count - texts.count ? 0 : Float(all.count - texts.count - 1 - $0) }
  }

  public var bytes: [UInt8] {
    var file: [UInt8] = []
    file.append(int32: longest ?? pieces.map(\.count).max() ?? 0)
    for (piece, score) in zip(pieces, scores) {
      file.append(floats: [score])
      file.append(int32: piece.count)
      file += piece
    }
    return file
  }
}

extension [UInt8] {
  fileprivate mutating func append(int32 value: Int) {
    Swift.withUnsafeBytes(of: Int32(value).littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(floats: [Float]) {
    for value in floats { Swift.withUnsafeBytes(of: value.bitPattern.littleEndian) { append(contentsOf: $0) } }
  }
}
