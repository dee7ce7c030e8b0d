// SPDX-License-Identifier: Apache-2.0
// Models of GGUF: the graph of a Llama is that of llama2.c, and what the file says wrongly, or what nobody here knows, is
// refused by name.

import Foundation
import FunesTestSupport
import Testing

@testable import FunesConvert

@Suite struct GGUFModelTests {
  private func graph(_ builder: GGUFBuilder) throws -> Graph {
    let gguf = try #require(try GGUFFile(ByteSource(bytes: builder.bytes, name: "x")))
    return try Importer.graph(of: gguf, stem: "x").graph
  }

  private func logits(_ graph: Graph, _ ids: [Int32]) throws -> [Float] {
    let found = try FloatReference(graph).run(program: "step", inputs: ["token": .ids(ids)], rows: ids.count)
    return try #require(found["logits"])
  }

  private static let ids: [Int32] = [0, 4, 3, 2, 1, 1, 0, 3, 4, 2]

  @Test(arguments: [false, true]) func aLlamaIsTheGraphOfLlama2c(hasClassifier: Bool) throws {
    var llama = LlamaFileBuilder()
    llama.hasClassifier = hasClassifier
    let found = try graph(GGUFBuilder(llama: llama.legacy))
    let header = try #require(try LlamaHeader(ByteSource(bytes: llama.legacy, name: "x")))
    let checkpoint = try Checkpoint.read(bytes: llama.legacy, name: "x")
    let expected = try LlamaGraph.graph(header, checkpoint, name: "x", tokenizer: nil)
    #expect(try logits(found, Self.ids) == logits(expected, Self.ids))
    #expect("\(found.programs)" == "\(expected.programs)" && "\(found.states)" == "\(expected.states)")
    #expect(found.constants.map(\.values) == expected.constants.map(\.values))
    #expect(found.constants.contains { $0.name == "output.weight" } == hasClassifier)
  }

  @Test(.releaseOnly, .needsSharedData) func storiesHaveTheLogitsOfTheOriginal() throws {
    let file = try Data(contentsOf: URL(fileURLWithPath: SharedData.path("checkpoints/stories260K/stories260K.bin")))
    let golden = try Checkpoint.read(path: SharedData.path("checkpoints/stories260K/golden.npz"))
    let found = try graph(GGUFBuilder(llama: Array(file)))
    let ids = try golden.tensor("input_tokens").integers().map { Int32($0) }
    expectClose(try logits(found, ids), try golden.tensor("logits").floats().values, "stories from GGUF")
  }

  @Test func turnsAreStretchedAsTheFileSays() throws {
    func frequencies(
      _ values: [(String, [UInt8])], factors: [Float]? = nil, positions: Int = 64
    ) throws -> GGUFRotary {
      var builder = GGUFBuilder()
      for (key, value) in values { builder.add("llama.\(key)", value) }
      let gguf = try #require(try GGUFFile(ByteSource(bytes: builder.bytes, name: "x")))
      let keys = try GGUFArchitecture.llama.keys(gguf)
      return try GGUFRotary(keys, dimensions: 4, factors: factors, positions: positions)
    }
    func expect(_ found: GGUFRotary, _ expected: [Double], scale: Double = 1) {
      for (a, b) in zip(found.frequencies, expected) { #expect(abs(a - b) <= 1e-12 * b) }
      #expect(found.frequencies.count == expected.count && abs(found.scoreScale - scale) < 1e-12)
    }
    expect(try frequencies([]), [1, 0.01])
    expect(try frequencies([("rope.freq_base", GGUFBuilder.float32(1e6))]), [1, 1e-3])
    expect(try frequencies([], factors: [1, 8]), [1, 0.00125])
    let four = ("rope.scaling.factor", GGUFBuilder.float32(4))
    expect(try frequencies([("rope.scaling.type", GGUFBuilder.string("linear")), four]), [0.25, 0.0025])
    expect(try frequencies([("rope.scale_linear", GGUFBuilder.float32(4))]), [0.25, 0.0025])
    expect(try frequencies([("rope.scaling.type", GGUFBuilder.string("none")), four]), [1, 0.01])
    // 64 rows are 10.2 turns of the first pair and 0.1 of the second: neither makes 32, and the first more than one. So
    // low is 0 and high 1: the first pair is as in training, the second stretched.
    let growth = 1 + 0.1 * log(4.0)
    let yarn = ("rope.scaling.type", GGUFBuilder.string("yarn"))
    expect(try frequencies([yarn, four]), [1, 0.0025], scale: growth * growth)
  }

  // MARK: Broken models

  /// What is changed, and the error that it ends with.
  static let broken: [(change: @Sendable (inout GGUFBuilder) -> Void, error: GGUFModelError)] = [
    (
      { $0.set("general.architecture", nil) },
      .missingKey(file: "x", key: "general.architecture", expected: "a text")
    ),
    (
      { $0.set("general.architecture", GGUFBuilder.uint32(1)) },
      .wrongValue(file: "x", key: "general.architecture", found: "a whole number", expected: "a text")
    ),
    (
      { $0.set("general.architecture", GGUFBuilder.string("mamba")) },
      .unknownArchitecture(file: "x", found: "mamba", known: ["llama", "qwen2", "gpt2"])
    ),
    (
      { $0.set("llama.block_count", nil) },
      .missingKey(file: "x", key: "llama.block_count", expected: "a whole number from 1 to 512")
    ),
    (
      { $0.set("llama.block_count", GGUFBuilder.uint32(-1)) },
      .wrongValue(
        file: "x", key: "llama.block_count", found: "4294967295", expected: "a whole number from 1 to 512")
    ),
    (
      { $0.set("llama.block_count", GGUFBuilder.string("2")) },
      .wrongValue(file: "x", key: "llama.block_count", found: "a text", expected: "a whole number from 1 to 512")
    ),
    (
      { $0.set("llama.block_count", GGUFBuilder.uint32(3)) },
      .missingTensor(file: "x", name: "blk.2.attn_norm.weight", shape: [8])
    ),
    (
      { $0.set("llama.block_count", GGUFBuilder.uint32(1)) },
      .unusedTensors(
        file: "x", count: 9, first: ["blk.1.attn_norm.weight", "blk.1.attn_q.weight", "blk.1.attn_k.weight"])
    ),
    (
      { $0.set("llama.attention.head_count", GGUFBuilder.uint32(3)) },
      .wrongValue(file: "x", key: "llama.attention.head_count_kv", found: "2", expected: "a divisor of the 3 heads")
    ),
    (
      { $0.set("llama.attention.head_count_kv", GGUFBuilder.uint32(8)) },
      .wrongValue(
        file: "x", key: "llama.attention.head_count_kv", found: "8", expected: "a whole number from 1 to 4")
    ),
    (
      { $0.set("llama.attention.head_count_kv", GGUFBuilder.int32s([2, 2])) },
      .wrongValue(
        file: "x", key: "llama.attention.head_count_kv", found: "a list of int32",
        expected: "a whole number from 1 to 4")
    ),
    (
      {
        $0.set("llama.attention.head_count", GGUFBuilder.uint32(3))
        $0.set("llama.attention.head_count_kv", GGUFBuilder.uint32(3))
      },
      .wrongValue(file: "x", key: "llama.attention.head_count", found: "3", expected: "a divisor of the 8 of a row")
    ),
    (
      { $0.set("llama.embedding_length", GGUFBuilder.uint32(16)) },
      .wrongShape(file: "x", tensor: "token_embd.weight", found: [5, 8], expected: [-1, 16])
    ),
    (
      { $0.set("llama.feed_forward_length", GGUFBuilder.uint32(13)) },
      .wrongShape(file: "x", tensor: "blk.0.ffn_gate.weight", found: [12, 8], expected: [13, 8])
    ),
    (
      { $0.set("llama.attention.layer_norm_rms_epsilon", nil) },
      .missingKey(file: "x", key: "llama.attention.layer_norm_rms_epsilon", expected: "a number above 0")
    ),
    (
      { $0.set("llama.attention.layer_norm_rms_epsilon", GGUFBuilder.float32(.nan)) },
      .wrongValue(
        file: "x", key: "llama.attention.layer_norm_rms_epsilon", found: "nan", expected: "a number above 0")
    ),
    (
      { $0.set("llama.attention.key_length", GGUFBuilder.uint32(4)) },
      .wrongShape(file: "x", tensor: "blk.0.attn_q.weight", found: [8, 8], expected: [16, 8])
    ),
    (
      {
        for key in ["head_count", "head_count_kv", "key_length"] {
          $0.set("llama.attention.\(key)", GGUFBuilder.uint32(65_536))
        }
        $0.set("llama.block_count", GGUFBuilder.uint32(512))
        $0.set("llama.context_length", GGUFBuilder.uint32(1 << 24))
      },
      .wrongValue(
        file: "x", key: "llama.attention.key_length", found: "65536",
        expected: "at most 1, so that 65536 heads have 65536 values")
    ),
    (
      { $0.set("llama.attention.value_length", GGUFBuilder.uint32(4)) },
      .wrongValue(
        file: "x", key: "llama.attention.value_length", found: "4", expected: "2, the width of a head's keys")
    ),
    (
      { $0.set("llama.rope.dimension_count", GGUFBuilder.uint32(3)) },
      .wrongValue(
        file: "x", key: "llama.rope.dimension_count", found: "3", expected: "an even number up to the 2 of a head")
    ),
    (
      { $0.set("llama.rope.scaling.type", GGUFBuilder.string("longrope")) },
      .wrongValue(
        file: "x", key: "llama.rope.scaling.type", found: "\"longrope\"", expected: "one of none, linear, yarn")
    ),
    (
      { $0.set("llama.rope.freq_base", GGUFBuilder.float32(1)) },
      .wrongValue(file: "x", key: "llama.rope.freq_base", found: "1.0", expected: "a number above 1")
    ),
    (
      { $0.set("llama.expert_count", GGUFBuilder.uint32(8)) },
      .wrongValue(file: "x", key: "llama.expert_count", found: "8", expected: "0")
    ),
    (
      { $0.set("llama.logit_scale", GGUFBuilder.float32(0.5)) },
      .unknownKey(file: "x", key: "llama.logit_scale")
    ),
    ({ $0.tensors.removeFirst() }, .missingTensor(file: "x", name: "token_embd.weight", shape: [-1, 8])),
    (
      { $0.tensors.append(.init("rope_factors_long.weight", [1], data: bytes(of: [2]))) },
      .unusedTensors(file: "x", count: 1, first: ["rope_factors_long.weight"])
    ),
    (
      { $0.tensors.append(.init("blk.0.attn_q.bias", [7], data: bytes(of: [Float](repeating: 0, count: 7)))) },
      .wrongShape(file: "x", tensor: "blk.0.attn_q.bias", found: [7], expected: [8])
    ),
    (
      { $0.tensors.append(.init("rope_freqs.weight", [2], data: bytes(of: [1, 1]))) },
      .wrongShape(file: "x", tensor: "rope_freqs.weight", found: [2], expected: [1])
    ),
  ]

  @Test(arguments: broken.indices) func brokenModelsAreRefused(index: Int) throws {
    let (change, error) = Self.broken[index]
    var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
    change(&builder)
    #expect(throws: error, "model \(index)") { try graph(builder) }
    expectBadDataExit(of: error)
  }

  @Test func factorsThatAreNoneAreRefused() throws {
    for factor: Float in [0, -1, .nan, .infinity] {
      var builder = try GGUFBuilder(llama: LlamaFileBuilder().legacy)
      builder.tensors.append(.init("rope_freqs.weight", [1], data: bytes(of: [factor])))
      #expect(throws: CheckpointError.valueOutOfRange(file: "x", tensor: "rope_freqs.weight", index: 0)) {
        try graph(builder)
      }
    }
  }

  @Test func noFlippedBitOfAModelCrashes() throws {
    var llama = LlamaFileBuilder()
    (llama.width, llama.hiddenWidth, llama.layerCount, llama.headCount) = (4, 2, 1, 2)
    (llama.keyHeadCount, llama.symbolCount, llama.windowRows) = (1, 3, 2)
    var builder = try GGUFBuilder(llama: llama.legacy)
    builder.addVocabulary(["<unk>", "<s>", "</s>"])
    let head = builder.head.count
    let bytes = builder.bytes
    // A bit of each byte.
    for index in stride(from: 0, to: head, by: thinning) {
      var file = bytes
      file[index] ^= 1 << UInt8(index % 8)
      guard let gguf = try? GGUFFile(ByteSource(bytes: file, name: "x")) else { continue }
      guard let imported = try? Importer.graph(of: gguf, stem: "x") else { continue }
      _ = try? Converter().convert(imported.graph)
    }
  }
}
