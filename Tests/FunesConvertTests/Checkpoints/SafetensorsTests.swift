// SPDX-License-Identifier: Apache-2.0
// Safetensors: what is read, and one hostile file for each rule of the format.

import Testing

@testable import FunesConvert

/// A header with one tensor "a" of two f32, whose parts can be replaced.
private func one(
  dtype: String = "\"F32\"", shape: String = "[2]", offsets: String = "[0,8]", more: String = ""
) -> String {
  "{\"a\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)\(more)}}"
}

private func at(_ offset: Int) -> CheckpointPlace { CheckpointPlace(file: "x", offset: offset) }

private let eight = [UInt8](repeating: 0, count: 8)

@Suite struct SafetensorsTests {
  @Test func tensorsAndMetadataAreReadInFileOrder() throws {
    let header = """
      {"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},\
      "a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"c":{"dtype":"BF16","shape":[0,3],"data_offsets":[16,16]}}
      """
    let data = bytes(of: [1.5, -2]) + littleEndian(-7, 8)
    let checkpoint = try Checkpoint.read(bytes: safetensors(header + "  ", data: data), name: "x")
    #expect(checkpoint.tensorNames == ["b", "a", "c"])
    #expect(checkpoint.metadata == ["format": "pt"])
    #expect(try checkpoint.tensor("a").floats() == FloatTensor(shape: [2, 1], values: [1.5, -2]))
    #expect(try checkpoint.tensor("b").integers() == [-7])
    #expect(try checkpoint.tensor("c").floats() == FloatTensor(shape: [0, 3], values: []))
    #expect(throws: CheckpointError.noSuchTensor(file: "x", name: "d")) { try checkpoint.tensor("d") }
  }

  @Test func everyElementTypeIsDecoded() throws {
    func values(_ dtype: String, _ data: [UInt8]) throws -> [Double] {
      let header = one(dtype: "\"\(dtype)\"", shape: "[1]", offsets: "[0,\(data.count)]")
      return try Checkpoint.read(bytes: safetensors(header, data: data), name: "x").tensor("a").doubles()
    }
    #expect(try values("F16", [0x00, 0xc0]) == [-2])
    #expect(try values("F16", [0x01, 0x00]) == [0x1p-24])
    #expect(try values("F16", [0x00, 0x7c]) == [.infinity])
    #expect(try values("BF16", [0xc0, 0x3f]) == [1.5])
    #expect(try values("F32", [0, 0, 0xc0, 0x3f]) == [1.5])
    #expect(try values("F64", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]) == [1.5])
    #expect(try values("I8", [0xff]) == [-1])
    #expect(try values("U8", [0xff]) == [255])
    #expect(try values("I16", [0xfe, 0xff]) == [-2])
    #expect(try values("U16", [0xfe, 0xff]) == [65534])
    #expect(try values("I32", [0xfe, 0xff, 0xff, 0xff]) == [-2])
    #expect(try values("U32", [0xfe, 0xff, 0xff, 0xff]) == [4294967294])
    #expect(try values("U64", [1, 0, 0, 0, 0, 0, 0, 0]) == [1])
    #expect(try values("BOOL", [7]) == [1])
  }

  @Test func everyHalfHasTheValueOfItsBits() {
    for bits in UInt16.min...UInt16.max {
      let sign: Double = bits & 0x8000 == 0 ? 1 : -1
      let exponent = Int(bits >> 10 & 0x1f)
      let fraction = Double(bits & 0x3ff)
      guard exponent < 31 else {
        #expect(fraction == 0 ? Float(halfBits: bits) == Float(sign) * .infinity : Float(halfBits: bits).isNaN)
        continue
      }
      let expected =
        exponent == 0
        ? sign * fraction * 0x1p-24
        : sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
      guard Double(Float(halfBits: bits)) == expected else {
        Issue.record("half \(bits): found \(Float(halfBits: bits)), expected \(expected)")
        return
      }
    }
  }

  @Test func valuesThatDoNotFitAreRefused() throws {
    func tensor(_ dtype: String, _ data: [UInt8]) throws -> CheckpointTensor {
      try Checkpoint.read(
        bytes: safetensors(one(dtype: "\"\(dtype)\"", shape: "[1]", offsets: "[0,8]"), data: data), name: "x"
      ).tensor("a")
    }
    let outOfRange = CheckpointError.valueOutOfRange(file: "x", tensor: "a", index: 0)
    // 2^1000, 2^63, 2^24 + 1 and 2^53 + 1.
    #expect(throws: outOfRange) { try tensor("F64", [0, 0, 0, 0, 0, 0, 0x70, 0x7e]).floats() }
    #expect(throws: outOfRange) { try tensor("U64", [0, 0, 0, 0, 0, 0, 0, 0x80]).integers() }
    #expect(throws: outOfRange) { try tensor("I64", [1, 0, 0, 1, 0, 0, 0, 0]).floats() }
    #expect(throws: outOfRange) { try tensor("I64", [1, 0, 0, 0, 0, 0, 0x20, 0]).doubles() }
    #expect(throws: CheckpointError.wrongType(file: "x", tensor: "a", found: .f64, expected: "whole numbers")) {
      try tensor("F64", eight).integers()
    }
    #expect(throws: CheckpointError.wrongType(file: "x", tensor: "a", found: .f64, expected: "text")) {
      try tensor("F64", eight).strings()
    }
  }

  @Test(arguments: [
    (
      one().replacing("}}", with: "},}"),
      CheckpointError.json(
        at: at(8),
        .unexpectedByte(
          found: UInt8(ascii: "}"), expected: "a key in quotes", at: .init(offset: 54, line: 1, column: 55)))
    ),
    ("{\"a\":1,\"a\":2}", .json(at: at(8), .duplicateKey("a", at: .init(offset: 7, line: 1, column: 8)))),
    (
      "{\"__metadata__\":[]}",
      .safetensors(at: at(9), .wrongValue(key: "__metadata__", found: "an array", expected: "an object"))
    ),
    (
      "{\"__metadata__\":{\"k\":1}}",
      .safetensors(at: at(25), .wrongValue(key: "k", found: "a number", expected: "a string"))
    ),
    ("{\"a\":1}", .safetensors(at: at(9), .wrongValue(key: "a", found: "a number", expected: "an object"))),
    (one(dtype: "\"Q4\""), .unsupportedType(file: "x", tensor: "a", found: "Q4")),
    (one(dtype: "4"), .safetensors(at: at(14), .wrongValue(key: "dtype", found: "a number", expected: "a string"))),
    (
      one(shape: "2"),
      .safetensors(at: at(28), .wrongValue(key: "shape", found: "a number", expected: "an array of whole numbers"))
    ),
    (
      one(shape: "[2.0]"),
      .safetensors(at: at(28), .wrongValue(key: "shape", found: "a number", expected: "a whole number"))
    ),
    (one(shape: "[-2]"), .invalidShape(file: "x", tensor: "a", found: [-2])),
    (one(shape: "[4611686018427387904,4]"), .invalidShape(file: "x", tensor: "a", found: [1 << 62, 4])),
    (
      one(shape: "[4611686018427387904,4,0]", offsets: "[0,0]"),
      .invalidShape(file: "x", tensor: "a", found: [1 << 62, 4, 0])
    ),
    (one(shape: "[2305843009213693952]"), .invalidShape(file: "x", tensor: "a", found: [1 << 61])),
    (one(shape: "[3]"), .wrongByteCount(file: "x", tensor: "a", found: 8, expected: 12)),
    (one(offsets: "[0,16]"), .safetensors(at: at(9), .invalidOffsets(tensor: "a", begin: 0, end: 16, available: 8))),
    (one(offsets: "[8,0]"), .safetensors(at: at(9), .invalidOffsets(tensor: "a", begin: 8, end: 0, available: 8))),
    (one(offsets: "[-8,0]"), .safetensors(at: at(9), .invalidOffsets(tensor: "a", begin: -8, end: 0, available: 8))),
    (one(offsets: "[0]"), .safetensors(at: at(9), .missingMember(tensor: "a", member: "data_offsets"))),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}",
      .safetensors(at: at(9), .missingMember(tensor: "a", member: "data_offsets"))
    ),
    ("{\"a\":{\"dtype\":\"F32\"}}", .safetensors(at: at(9), .missingMember(tensor: "a", member: "shape"))),
    ("{\"a\":{}}", .safetensors(at: at(9), .missingMember(tensor: "a", member: "dtype"))),
    (one(more: ",\"path\":\"/etc/passwd\""), .safetensors(at: at(61), .unknownMember(tensor: "a", member: "path"))),
    (one(shape: "[1]", offsets: "[0,4]"), .safetensors(at: at(62 + 4), .hole(before: nil, found: 8, expected: 4))),
    (one(shape: "[1]", offsets: "[4,8]"), .safetensors(at: at(62 + 4), .hole(before: "a", found: 4, expected: 0))),
    (one(shape: "[1]", offsets: "[2,6]"), .safetensors(at: at(9), .misaligned(tensor: "a", begin: 2, alignment: 4))),
    (
      "{\"a\":{\"dtype\":\"I8\",\"shape\":[6],\"data_offsets\":[0,6]},\"b\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
      .safetensors(at: at(8 + 105 + 4), .overlap(tensor: "b", begin: 4, previousEnd: 6))
    ),
    (
      one(shape: "[\(Array(repeating: "1", count: 64).joined(separator: ",")),2]"),
      .limitExceeded(
        at: CheckpointPlace(file: "x", entry: "a"), .axes, found: 65, limit: 64)
    ),
  ]) func hostileHeadersAreRefused(header: String, expected: CheckpointError) {
    #expect(refusal(safetensors(header, data: eight)) == expected)
    #expect(!expected.description.isEmpty)
  }

  @Test func headerLengthsPastTheFileAreRefused() {
    #expect(
      refusal(safetensors(one(), data: eight, headerCount: 1 << 40))
        == .limitExceeded(at: at(0), .headerBytes, found: 1 << 40, limit: Safetensors.headerLimit))
    #expect(
      refusal(safetensors(one(), data: eight, headerCount: .max))
        == .limitExceeded(at: at(0), .headerBytes, found: .max, limit: Safetensors.headerLimit))
    #expect(
      refusal(safetensors(one(), headerCount: 1000)) == .truncated(at: at(8), needed: 1000, available: one().utf8.count)
    )
  }

  @Test func noTruncationNorFlippedBitCrashes() {
    #expect(tortured(safetensors(one(), data: bytes(of: [1, 2]))) == 0)
  }

  @Test func whatIsNoCheckpointIsNamed() {
    #expect(refusal([]) == .unknownFormat(file: "x", found: []))
    #expect(refusal(Array("hello".utf8)) == .unknownFormat(file: "x", found: Array("hello".utf8)))
    for text in ["{\"a\":1,{", " \n[1, 2]", "{", "{\n  \"weight_map\": {}}"] {
      #expect(refusal(Array(text.utf8)) == .foreignFormat(file: "x", found: .json), "\(text)")
    }
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    #expect(refusal(Array(pointer.utf8)) == .foreignFormat(file: "x", found: .gitLFSPointer))
    // The length of this header is that of a brace.
    let padded = one() + String(repeating: " ", count: 0x7B - one().utf8.count)
    #expect(throws: Never.self) { try Checkpoint.read(bytes: safetensors(padded, data: eight), name: "x") }
    #expect(refusal([0x89, 0x48, 0x44, 0x46]) == .foreignFormat(file: "x", found: .hdf5))
    #expect(throws: CheckpointError.cannotRead(file: "/no/such/file", code: 2)) {
      try Checkpoint.read(path: "/no/such/file")
    }
    #expect(throws: CheckpointError.notAFile(file: "/")) { try Checkpoint.read(path: "/") }
  }
}
