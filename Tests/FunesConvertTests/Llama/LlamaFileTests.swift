// SPDX-License-Identifier: Apache-2.0
// llama2.c files: both versions are one model, and every file that is cut, stretched or absurd is refused by name.

import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct LlamaFileTests {
  private let place = CheckpointPlace(file: "x")

  /// Few enough bytes to break each.
  private static let tiny: LlamaFileBuilder = {
    var builder = LlamaFileBuilder()
    (builder.width, builder.hiddenWidth, builder.layerCount, builder.headCount) = (4, 2, 1, 2)
    (builder.keyHeadCount, builder.symbolCount, builder.windowRows) = (1, 3, 2)
    return builder
  }()

  private func graph(_ bytes: [UInt8], _ tokenizer: LlamaTokenizer? = nil) throws -> Graph {
    let header = try #require(try LlamaHeader(ByteSource(bytes: bytes, name: "x")))
    return try LlamaGraph.graph(header, Checkpoint.read(bytes: bytes, name: "x"), name: "x", tokenizer: tokenizer)
  }

  /// A file with some of its bytes replaced.
  private func changed(_ bytes: [UInt8], _ offset: Int, _ value: Int32) -> [UInt8] {
    var bytes = bytes
    withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<(offset + 4), with: $0) }
    return bytes
  }

  @Test(arguments: [false, true]) func bothVersionsAreOneGraph(hasClassifier: Bool) throws {
    var builder = LlamaFileBuilder()
    builder.hasClassifier = hasClassifier
    let legacy = try graph(builder.legacy)
    let one = try graph(builder.versionOne)
    #expect("\(legacy)" == "\(one)")
    #expect(legacy.constants.contains { $0.name == "classifier" } == hasClassifier)
    #expect(try Converter().convert(legacy).bytes == Converter().convert(one).bytes)
  }

  @Test func tensorsStandWhereTheFileHasThem() throws {
    let builder = LlamaFileBuilder()
    let checkpoint = try Checkpoint.read(bytes: builder.legacy, name: "x")
    #expect(checkpoint.metadata["format"] == "llama2.c, legacy")
    #expect(checkpoint.tensors.count == 2 + 2 * 9)
    #expect(checkpoint["layers.1.attention.k"]?.shape == [4, 8])
    #expect(checkpoint["layers.0.feed_forward.down"]?.shape == [8, 12])
    let other = try Checkpoint.read(bytes: builder.versionOne, name: "x")
    for tensor in checkpoint.tensors {
      #expect(try tensor.floats().values == other.tensor(tensor.name).floats().values, "\(tensor.name)")
    }
  }

  @Test func rowsOneByOneAreTheRowsAtOnce() throws {
    // More rows than the window has.
    let ids: [Int32] = [0, 4, 3, 2, 1, 1, 0, 3, 4, 2]
    let model = FloatReference(try graph(LlamaFileBuilder().legacy))
    let atOnce = try model.run(program: "step", inputs: ["token": .ids(ids)], rows: ids.count)["logits"]!
    model.reset()
    let oneByOne = try ids.flatMap { try model.run(program: "step", inputs: ["token": .ids([$0])], rows: 1)["logits"]! }
    #expect(atOnce == oneByOne)
  }

  // MARK: Broken files

  @Test func aLegacyFileCutAnywhereIsRefused() {
    let file = Self.tiny.legacy
    for count in 0..<file.count {
      let cut = Array(file[..<count])
      let expected: CheckpointError =
        count < 28
        ? .unknownFormat(file: "x", found: Array(cut.prefix(16)))
        : .llama(at: place, .wrongByteCount(found: count, expected: file.count))
      #expect(refusal(cut) == expected)
    }
    #expect(refusal(file + [0]) == .llama(at: place, .wrongByteCount(found: file.count + 1, expected: file.count)))
  }

  @Test func aFileOfVersionOneCutAnywhereIsRefused() {
    let file = Self.tiny.versionOne
    for count in 4..<file.count {
      // Fields of four bytes up to 36, then single ones up to 256.
      let start = count < 36 ? count / 4 * 4 : count
      let expected: CheckpointError =
        count < 256
        ? .truncated(
          at: CheckpointPlace(file: "x", offset: start), needed: count < 36 ? 4 : 1, available: count - start)
        : .llama(at: place, .wrongByteCount(found: count, expected: file.count))
      #expect(refusal(Array(file[..<count])) == expected)
    }
    #expect(refusal(file + [0]) == .llama(at: place, .wrongByteCount(found: file.count + 1, expected: file.count)))
  }

  /// Fields of a version 1 file, a value that none may have, and the error.
  static let absurd: [(offset: Int, value: Int32, fault: LlamaFault)] = absurdOnes + outOfRange

  private static let absurdOnes: [(offset: Int, value: Int32, fault: LlamaFault)] = [
    (4, 0, .unsupportedVersion(found: 0)), (4, 2, .unsupportedVersion(found: 2)),
    (4, 3, .unsupportedVersion(found: 3)), (4, -1, .unsupportedVersion(found: -1)),
    (36, 2, .field("shared_classifier", found: 2, expected: 0...1)),
    (36, 256, .field("padding", found: 1, expected: 0...0)),
    (252, 1 << 24, .field("padding", found: 1, expected: 0...0)),
    (20, 3, .heads(found: 3, width: 8)), (20, 8, .heads(found: 8, width: 8)), (20, 16, .heads(found: 16, width: 8)),
    (24, 3, .keyHeads(found: 3, heads: 4)), (24, 8, .keyHeads(found: 8, heads: 4)),
  ]

  private static let outOfRange: [(offset: Int, value: Int32, fault: LlamaFault)] =
    LlamaHeader.ranges.enumerated().flatMap { index, field in
      let values: [Int32] = [0, -1, .max, .min, Int32(field.range.upperBound + 1)]
      return values.map { value in
        (8 + 4 * index, value, LlamaFault.field(field.field, found: Int(value), expected: field.range))
      }
    }

  @Test(arguments: absurd) func anAbsurdHeaderIsRefused(offset: Int, value: Int32, fault: LlamaFault) throws {
    let error = try #require(refusal(changed(LlamaFileBuilder().versionOne, offset, value)))
    guard case .llama(_, let found) = error else { throw error }
    #expect(found == fault)
  }

  @Test func numbersThatTheFileDoesNotBearOutAreRefused() {
    let file = LlamaFileBuilder().legacy
    func expected(_ change: (inout LlamaHeader) -> Void) -> CheckpointError {
      var header = LlamaHeader(version: .legacy)
      (header.width, header.hiddenWidth, header.layerCount, header.headCount) = (8, 12, 2, 4)
      (header.keyHeadCount, header.symbolCount, header.windowRows) = (2, 5, 6)
      change(&header)
      return .llama(at: place, .wrongByteCount(found: file.count, expected: header.fileByteCount))
    }
    #expect(refusal(changed(file, 4, 65_536)) == expected { $0.hiddenWidth = 65_536 })
    #expect(refusal(changed(file, 8, 512)) == expected { $0.layerCount = 512 })
    #expect(refusal(changed(file, 20, 1 << 20)) == expected { $0.symbolCount = 1 << 20 })
    #expect(refusal(changed(file, 20, -5)) == expected { $0.hasClassifier = true })
    #expect(refusal(changed(file, 24, 1 << 20)) == expected { $0.windowRows = 1 << 20 })
    #expect(refusal(changed(file, 12, 3)) == .llama(at: place, .heads(found: 3, width: 8)))
    #expect(refusal(changed(file, 16, 3)) == .llama(at: place, .keyHeads(found: 3, heads: 4)))
    // The largest that a header can ask for: the product does not overflow, and nothing is allocated by it.
    var most = file
    for (index, field) in LlamaHeader.ranges.enumerated() {
      most = changed(
        most, 4 * index, Int32(field.field == "n_heads" || field.field == "n_kv_heads" ? 1 : field.range.upperBound))
    }
    guard case .llama(_, .wrongByteCount(_, let bytes)) = refusal(most) else {
      Issue.record("the largest header was not refused by its bytes")
      return
    }
    #expect(bytes > 1 << 40)
  }

  @Test func numbersOfNoModelAreNoLlamaFile() {
    let file = LlamaFileBuilder().legacy
    for (index, field) in LlamaHeader.ranges.enumerated() {
      for value in [0, Int32.max, Int32(field.range.upperBound + 1)] {
        let bytes = changed(file, 4 * index, value)
        if case .unknownFormat = refusal(bytes) { continue }
        Issue.record("\(field.field) of \(value): \(String(describing: refusal(bytes)))")
      }
    }
  }

  @Test func everyFlippedBitIsRefusedOrRead() {
    #expect(tortured(Self.tiny.versionOne) == 0)
    #expect(tortured(Self.tiny.legacy) == 0)
  }
}
