// SPDX-License-Identifier: Apache-2.0
// GGUF: what is read, one hostile file for each rule of the format, and no file that makes the reader crash.

import Foundation
import FunesTestSupport
import Testing

@testable import FunesConvert

private func at(_ offset: Int? = nil) -> CheckpointPlace { CheckpointPlace(file: "x", offset: offset) }

private let eight = [UInt8](repeating: 0, count: 8)

/// Metadata of a text and two tensors. The head's fields begin at: version 4, counts 8 and 16, the key 24, its value 36,
/// tensor "a" 53, tensor "b" 94; the tensors at 128 and 160.
private func small(_ change: (inout GGUFBuilder) -> Void = { _ in }) -> GGUFBuilder {
  var builder = GGUFBuilder()
  builder.add("name", GGUFBuilder.string("small"))
  builder.tensors = [
    GGUFBuilder.Tensor("a", [1, 2], data: bytes(of: [1.5, -2])),
    GGUFBuilder.Tensor("b", [32], type: 8, data: [0, 0x3c] + (0..<32).map { UInt8($0) }),
  ]
  change(&builder)
  return builder
}

@Suite struct GGUFFileTests {
  @Test func tensorsAndMetadataAreRead() throws {
    let checkpoint = try Checkpoint.read(bytes: small().bytes, name: "x")
    #expect(checkpoint.tensorNames == ["a", "b"])
    #expect(checkpoint.metadata == ["name": "small"])
    #expect(try checkpoint.tensor("a").floats() == FloatTensor(shape: [2, 1], values: [1.5, -2]))
    #expect(try checkpoint.tensor("b").floats() == FloatTensor(shape: [32], values: (0..<32).map { Float($0) }))
    #expect(checkpoint["b"]?.dtype == .blocks(.q8_0) && checkpoint["b"]?.byteCount == 34)
  }

  @Test func versionTwoIsTheSame() throws {
    let two = try Checkpoint.read(bytes: small { $0.version = 2 }.bytes, name: "x")
    #expect(try two.tensor("a").floats().values == [1.5, -2])
  }

  @Test func anAlignmentOfItsOwnIsKept() throws {
    let builder = small {
      $0.alignment = 64
      $0.add("general.alignment", GGUFBuilder.uint32(64))
    }
    #expect(try Checkpoint.read(bytes: builder.bytes, name: "x").tensor("a").floats().values == [1.5, -2])
  }

  @Test func tensorsMayStandInAnyOrder() throws {
    // The first of the list lies behind the second.
    let builder = small {
      $0.tensors[0].offset = 64
      $0.tensors[1].offset = 0
      $0.tensors.swapAt(0, 1)
    }
    let checkpoint = try Checkpoint.read(bytes: builder.bytes, name: "x")
    #expect(checkpoint.tensorNames == ["b", "a"])
    #expect(try checkpoint.tensor("a").floats().values == [1.5, -2])
  }

  @Test func aFileWithoutTensorsNeedsNoPadding() throws {
    let checkpoint = try Checkpoint.read(bytes: small { $0.tensors = [] }.head, name: "x")
    #expect(checkpoint.tensors.isEmpty && checkpoint.metadata == ["name": "small"])
  }

  @Test func metadataLargerThanTheWindowIsRead() throws {
    let words = (0..<30_000).map { "word \($0)" }
    let builder = small {
      $0.add("words", GGUFBuilder.strings(words))
      $0.add("long", GGUFBuilder.string(String(repeating: "x", count: 200_000)))
      $0.add("last", GGUFBuilder.int32s([-1, 2]))
    }
    let file = try #require(try GGUFFile(ByteSource(bytes: builder.bytes, name: "x")))
    #expect(file.metadata["words"] == .strings(words))
    #expect(file.metadata["long"]?.stringValue?.count == 200_000)
    #expect(file.metadata["last"]?.integers == [-1, 2])
    #expect(file.checkpoint.metadata["words"] == "30000 texts" && file.checkpoint.metadata["last"] == "[-1, 2]")
    #expect(try file.checkpoint.tensor("a").floats().values == [1.5, -2])
  }

  // MARK: Broken files

  private static let longName = String(repeating: "n", count: 65)

  /// What is changed, and the error that it ends with.
  static let broken: [(change: @Sendable (inout GGUFBuilder) -> Void, error: CheckpointError)] = [
    ({ $0.version = 1 }, .gguf(at: at(4), .unsupportedVersion(found: 1))),
    ({ $0.version = 4 }, .gguf(at: at(4), .unsupportedVersion(found: 4))),
    ({ $0.version = 3 << 24 }, .gguf(at: at(4), .bigEndian)),
    // Counts that the file cannot hold, that do not fit, or that are above any model's.
    ({ $0.tensorCount = .max }, .truncated(at: at(8), needed: Int.max, available: 216)),
    ({ $0.tensorCount = 1 << 62 }, .truncated(at: at(16), needed: Int.max, available: 208)),
    ({ $0.tensorCount = 1000 }, .truncated(at: at(16), needed: 25_000, available: 208)),
    ({ $0.keyCount = 1 << 40 }, .truncated(at: at(24), needed: 14 << 40, available: 200)),
    (
      {
        $0.keyCount = 70_000
        $0.trailing = [UInt8](repeating: 0, count: 1_000_000)
      }, .limitExceeded(at: at(16), .entries, found: 70_000, limit: 65_536)
    ),
    // Keys and their values.
    ({ $0.metadata[0].key = [] }, .gguf(at: at(24), .nameByteCount(of: "key 0", found: 0, expected: 1...65_535))),
    ({ $0.metadata[0].key = [0xff] }, .gguf(at: at(24), .notText("key 0"))),
    ({ $0.add("name", GGUFBuilder.bool(1)) }, .gguf(at: at(53), .duplicateKey("name"))),
    ({ $0.metadata[0].value = littleEndian(13, 4) }, .gguf(at: at(36), .unknownValueType(key: "name", found: 13))),
    (
      { $0.metadata[0].value = littleEndian(8, 4) + GGUFBuilder.text([0xc3]) },
      .gguf(at: at(40), .notText("key \"name\""))
    ),
    (
      { $0.metadata[0].value = littleEndian(8, 4) + littleEndian(1 << 40, 8) },
      .truncated(at: at(48), needed: 1 << 40, available: 176)
    ),
    ({ $0.metadata[0].value = GGUFBuilder.bool(2) }, .gguf(at: at(40), .boolean(key: "name", found: 2))),
    (
      { $0.metadata[0].value = GGUFBuilder.list(7, count: 3, [0, 1, 7]) },
      .gguf(at: at(44), .boolean(key: "name", found: 7))
    ),
    ({ $0.metadata[0].value = GGUFBuilder.list(9, count: 0, []) }, .gguf(at: at(40), .nestedList(key: "name"))),
    (
      { $0.metadata[0].value = GGUFBuilder.list(99, count: 0, []) },
      .gguf(at: at(40), .unknownValueType(key: "name", found: 99))
    ),
    (
      { $0.metadata[0].value = GGUFBuilder.list(10, count: 1 << 61, []) },
      .truncated(at: at(52), needed: Int.max, available: 172)
    ),
    (
      { $0.metadata[0].value = GGUFBuilder.list(8, count: 1 << 30, []) },
      .truncated(at: at(52), needed: 8 << 30, available: 172)
    ),
    (
      { $0.metadata[0].value = GGUFBuilder.list(0, count: (1 << 24) + 1, [UInt8](repeating: 0, count: (1 << 24) + 1)) },
      .limitExceeded(at: at(44), .listValues, found: (1 << 24) + 1, limit: 1 << 24)
    ),
    // The alignment.
    ({ $0.add("general.alignment", GGUFBuilder.uint32(0)) }, .gguf(at: at(), .alignment(found: "0"))),
    ({ $0.add("general.alignment", GGUFBuilder.uint32(24)) }, .gguf(at: at(), .alignment(found: "24"))),
    ({ $0.add("general.alignment", GGUFBuilder.uint32(1 << 31)) }, .gguf(at: at(), .alignment(found: "2147483648"))),
    ({ $0.add("general.alignment", GGUFBuilder.string("32")) }, .gguf(at: at(), .alignment(found: "a text"))),
    // Tensors.
    ({ $0.tensors[1].name = Array("a".utf8) }, .duplicateTensor(file: "x", name: "a")),
    (
      { $0.tensors[0].name = Array(longName.utf8) },
      .gguf(at: at(53), .nameByteCount(of: "tensor 0", found: 65, expected: 1...64))
    ),
    ({ $0.tensors[0].name = [] }, .gguf(at: at(53), .nameByteCount(of: "tensor 0", found: 0, expected: 1...64))),
    ({ $0.tensors[0].name = [0x80] }, .gguf(at: at(53), .notText("tensor 0"))),
    ({ $0.tensors[0].axes = 5 }, .gguf(at: at(53), .axes(tensor: "a", found: 5))),
    ({ $0.tensors[0].axes = -1 }, .gguf(at: at(53), .axes(tensor: "a", found: .max))),
    ({ $0.tensors[0].extents = [.max, 2] }, .gguf(at: at(53), .extents(tensor: "a", found: [.max, 2]))),
    (
      { $0.tensors[0].extents = [1 << 32, 1 << 32, 0] },
      .gguf(at: at(53), .extents(tensor: "a", found: [1 << 32, 1 << 32, 0]))
    ),
    ({ $0.tensors[0].extents = [1 << 59] }, .gguf(at: at(53), .extents(tensor: "a", found: [1 << 59]))),
    ({ $0.tensors[0].type = 16 }, .gguf(at: at(53), .unsupportedType(tensor: "a", found: "IQ2_XXS"))),
    ({ $0.tensors[0].type = 39 }, .gguf(at: at(53), .unsupportedType(tensor: "a", found: "MXFP4"))),
    ({ $0.tensors[0].type = 1234 }, .gguf(at: at(53), .unsupportedType(tensor: "a", found: "1234"))),
    ({ $0.tensors[1].extents = [31] }, .gguf(at: at(94), .partialBlock(tensor: "b", type: .q8_0, found: 31))),
    // Elements enough, but rows that are no whole blocks.
    ({ $0.tensors[1].extents = [16, 2] }, .gguf(at: at(94), .partialBlock(tensor: "b", type: .q8_0, found: 16))),
    ({ $0.tensors[1].offset = 33 }, .gguf(at: at(94), .misaligned(tensor: "b", found: 33, alignment: 32))),
    ({ $0.tensors[1].offset = 64 }, .gguf(at: at(94), .offset(tensor: "b", found: 64, expected: 32))),
    ({ $0.tensors[1].offset = 0 }, .gguf(at: at(94), .offset(tensor: "b", found: 0, expected: 32))),
    (
      { $0.tensors[1].offset = .max - 31 },
      .gguf(at: at(94), .offset(tensor: "b", found: .max - 31, expected: 32))
    ),
    ({ $0.tensors[0].offset = 1 << 40 }, .gguf(at: at(94), .offset(tensor: "b", found: 32, expected: 0))),
    ({ $0.tensors[1].extents = [96] }, .gguf(at: at(94), .beyondEnd(tensor: "b", needed: 134, available: 96))),
    (
      { $0.tensors[1].extents = [1 << 58] },
      .gguf(at: at(94), .beyondEnd(tensor: "b", needed: 32 + 34 << 53, available: 96))
    ),
    ({ $0.trailing = eight }, .gguf(at: at(194), .trailingBytes(count: 38))),
  ]

  @Test(arguments: broken.indices) func brokenFilesAreRefused(index: Int) {
    let (change, error) = Self.broken[index]
    #expect(refusal(small(change).bytes) == error, "file \(index)")
    #expect(!error.description.isEmpty)
  }

  @Test func aHeadLongerThanAnyModelsIsRefused() throws {
    // A file of a gigabyte that has no blocks on the disk.
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("funes-\(UUID().uuidString).gguf")
    defer { try? FileManager.default.removeItem(at: url) }
    try Data(Array("GGUF".utf8) + littleEndian(3, 4)).write(to: url)
    try FileHandle(forWritingTo: url).truncate(atOffset: 1 << 30)
    var cursor = GGUFCursor(try ByteSource(path: url.path))
    _ = try cursor.take(100)
    let place = CheckpointPlace(file: url.path, offset: 100)
    #expect(
      throws: CheckpointError.limitExceeded(
        at: place, .headerBytes, found: GGUFCursor.headLimit + 1, limit: GGUFCursor.headLimit)
    ) { try cursor.take(GGUFCursor.headLimit - 99) }
    #expect(throws: CheckpointError.truncated(at: place, needed: -1, available: 1 << 30 - 100)) { try cursor.take(-1) }
    // No keys and no tensors, but many bytes.
    let trailing = CheckpointPlace(file: url.path, offset: 32)
    #expect(throws: CheckpointError.gguf(at: trailing, .trailingBytes(count: 1 << 30 - 32))) {
      try Checkpoint.read(path: url.path)
    }
  }

  @Test func noTruncationNorFlippedBitCrashes() {
    // Padding behind the last tensor may be missing.
    let file = small().bytes
    #expect(tortured(file) == stride(from: 0, to: file.count, by: thinning).count { $0 >= 160 + 34 })
    let head = small {
      $0.tensors = []
      $0.add("list", GGUFBuilder.strings(["a", "b"]))
      $0.add("numbers", GGUFBuilder.int32s([1, 2]))
      $0.add("float", GGUFBuilder.float32(1))
      $0.add("bool", GGUFBuilder.bool(1))
    }
    #expect(tortured(head.head) == 0)
  }
}
