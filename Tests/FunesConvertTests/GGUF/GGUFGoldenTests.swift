// SPDX-License-Identifier: Apache-2.0
// Every type of GGUF's tensors and metadata against the gguf package, by tools/make_gguf_golden.py.

import Foundation
import Testing

@testable import FunesConvert

@Suite struct GGUFGoldenTests {
  private static let folder = CellGoldens.folder.appendingPathComponent("gguf", isDirectory: true)

  private func file() throws -> GGUFFile {
    let path = Self.folder.appendingPathComponent("types.gguf").path
    return try #require(try GGUFFile(ByteSource(path: path)))
  }

  @Test func everyTypeHasTheBitsOfTheOriginal() throws {
    let checkpoint = try file().checkpoint
    let golden = try Checkpoint.read(path: Self.folder.appendingPathComponent("types.npz").path)
    #expect(Set(checkpoint.tensorNames) == Set(golden.tensorNames))
    var types: Set<DType> = []
    for tensor in checkpoint.tensors {
      let (found, expected) = (try tensor.floats(), try golden.tensor(tensor.name).floats())
      #expect(found.shape == expected.shape, "\(tensor.name)")
      let differing = zip(found.values, expected.values).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }
      #expect(
        differing == nil, "\(tensor.name): element \(differing?.offset ?? 0): \(String(describing: differing?.element))"
      )
      types.insert(tensor.dtype)
    }
    #expect(types.isSuperset(of: BlockType.allCases.map(DType.blocks)))
    #expect(types.isSuperset(of: [.f32, .f16, .bf16, .f64, .i8, .i16, .i32, .i64]))
  }

  @Test func everyTypeOfMetadataIsRead() throws {
    let metadata = try file().metadata
    let texts: [String: String] = [
      "uint8": "255", "int8": "-128", "uint16": "65535", "int16": "-32768", "uint32": "4294967295",
      "int32": "-2147483648", "uint64": "18446744073709551615", "int64": "-9223372036854775808", "bool": "true",
      "float32": "\(Double(Float(0.1)))", "float64": "0.1", "string": "Ünïcödé ▁ \n",
    ]
    for (type, text) in texts {
      let value = try #require(metadata["test.\(type)"])
      #expect("\(value)" == text, "\(type)")
      let zero = type == "bool" ? "false" : type.hasPrefix("float") ? "0.0" : "0"
      if type != "string" { #expect(metadata["test.list.\(type)"].map { "\($0)" } == "[\(text), \(text), \(zero)]") }
    }
    #expect(metadata["test.list.string"]?.strings == ["", "▁a", String(repeating: "b", count: 100)])
    #expect(metadata["test.uint64"]?.intValue == nil && metadata["test.int64"]?.intValue == Int(Int64.min))
    #expect(metadata["test.list.int8"]?.integers == [-128, -128, 0] && metadata["test.list.bool"]?.integers == nil)
    #expect(metadata["test.list.float64"]?.doubles == [0.1, 0.1, 0])
  }
}
