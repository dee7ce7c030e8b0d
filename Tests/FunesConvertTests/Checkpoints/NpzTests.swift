// SPDX-License-Identifier: Apache-2.0
// Numpy files and zip archives: what is read, and one hostile file for each rule.

import Testing

@testable import FunesConvert

private let floats = bytes(of: [1, 2, 3, 4, 5, 6])
private let array = npy("<f4", "(2, 3)", data: floats)
private let member = ZipMember(name: "a.npy", data: array)

private func entry(_ offset: Int? = nil) -> CheckpointPlace {
  CheckpointPlace(file: "x", entry: "a.npy", offset: offset)
}

private func at(_ offset: Int? = nil) -> CheckpointPlace { CheckpointPlace(file: "x", offset: offset) }

@Suite struct NpzTests {
  @Test func arraysAreReadInBothOrders() throws {
    let row = try Checkpoint.read(bytes: array, name: "x")
    #expect(row.tensorNames == ["array"])
    #expect(try row.tensor("array").floats() == FloatTensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6]))
    let column = try Checkpoint.read(bytes: npy("<f4", "(2, 3)", data: floats, fortran: true), name: "x")
    #expect(try column.tensor("array").floats() == FloatTensor(shape: [2, 3], values: [1, 3, 5, 2, 4, 6]))
    let scalar = try Checkpoint.read(bytes: npy("<i8", "()", data: littleEndian(-5, 8)), name: "x")
    #expect(try scalar.tensor("array").integers() == [-5])
    #expect(try scalar.tensor("array").shape == [])
  }

  @Test func textIsReadWithoutItsPadding() throws {
    let codes = [0x61, 0, 0, 0x1f600, 0xe9, 0].flatMap { littleEndian($0, 4) }
    let wide = try Checkpoint.read(bytes: npy("<U3", "(2,)", data: codes), name: "x").tensor("array")
    #expect(try wide.strings() == ["a", "😀é"])
    let narrow = try Checkpoint.read(bytes: npy("|S2", "(3,)", data: Array("ab\0\0c\0".utf8)), name: "x").tensor(
      "array")
    #expect(try narrow.strings() == ["ab", "", "c"])
    #expect(throws: CheckpointError.wrongType(file: "x", tensor: "array", found: narrow.dtype, expected: "numbers")) {
      try narrow.floats()
    }
    let broken = try Checkpoint.read(bytes: npy("<U1", "(1,)", data: littleEndian(0xd800, 4)), name: "x").tensor(
      "array")
    #expect(throws: CheckpointError.invalidText(file: "x", tensor: "array", index: 0)) { try broken.strings() }
    let latin = try Checkpoint.read(bytes: npy("|S1", "(1,)", data: [0xe9]), name: "x").tensor("array")
    #expect(throws: CheckpointError.invalidText(file: "x", tensor: "array", index: 0)) { try latin.strings() }
  }

  @Test(arguments: [false, true], [false, true]) func archivesAreRead(isDeflated: Bool, isZip64: Bool) throws {
    let members = [
      ZipMember(name: "b.npy", data: npy("<i4", "(1,)", data: [7, 0, 0, 0]), isDeflated: isDeflated, isZip64: isZip64),
      ZipMember(name: "a/k.npy", data: array, isDeflated: isDeflated, isZip64: isZip64),
    ]
    let checkpoint = try Checkpoint.read(
      bytes: zip(members, comment: Array("PK".utf8), isZip64: isZip64), name: "x")
    #expect(checkpoint.tensorNames == ["b", "a/k"])
    #expect(try checkpoint.tensor("b").integers() == [7])
    #expect(try checkpoint.tensor("a/k").floats().values == [1, 2, 3, 4, 5, 6])
  }

  @Test func anEmptyArchiveHasNoTensors() throws {
    #expect(try Checkpoint.read(bytes: zip([]), name: "x").tensors.isEmpty)
  }

  @Test(arguments: [
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", CheckpointError.npy(at: at(10), .objectArray)),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", .npy(at: at(10), .structuredArray)),
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (6,), }", .bigEndian(at: at(10))),
    (
      "{'descr': '<c8', 'fortran_order': False, 'shape': (3,), }",
      .unsupportedType(file: "x", tensor: "array", found: "<c8")
    ),
    (
      "{'descr': '<f+4', 'fortran_order': False, 'shape': (6,), }",
      .unsupportedType(file: "x", tensor: "array", found: "<f+4")
    ),
    (
      "{'descr': '<U0', 'fortran_order': False, 'shape': (6,), }",
      .unsupportedType(file: "x", tensor: "array", found: "<U0")
    ),
    (
      "{'descr': '<U4611686018427387905', 'fortran_order': False, 'shape': (6,), }",
      .unsupportedType(file: "x", tensor: "array", found: "<U4611686018427387905")
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
      .invalidShape(file: "x", tensor: "array", found: [1 << 62, 4])
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693952,), }",
      .invalidShape(file: "x", tensor: "array", found: [1 << 61])
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }",
      .wrongByteCount(file: "x", tensor: "array", found: 24, expected: 28)
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (5,), }",
      .wrongByteCount(file: "x", tensor: "array", found: 24, expected: 20)
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,), }",
      .npy(at: at(10 + 51), .invalidHeader(expected: "an extent from 0 to 9223372036854775807"))
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      .npy(at: at(10 + 71), .invalidHeader(expected: "an extent from 0 to 9223372036854775807"))
    ),
    (
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,), }",
      .npy(at: at(10 + 34), .invalidHeader(expected: "True or False"))
    ),
    (
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,), }",
      .npy(at: at(10 + 25), .invalidHeader(expected: "the keys \"descr\", \"fortran_order\" and \"shape\", each once"))
    ),
    (
      "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (6,), }",
      .npy(at: at(10 + 10), .invalidHeader(expected: "a text in quotes"))
    ),
    (
      "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), } or 1",
      .npy(at: at(10 + 58), .invalidHeader(expected: "the end of the header"))
    ),
    ("{'descr': '<f4", .npy(at: at(64), .invalidHeader(expected: "a closing quote"))),
  ]) func hostileArrayHeadersAreRefused(header: String, expected: CheckpointError) {
    #expect(refusal(npy("", "", data: floats, header: header)) == expected)
    #expect(!expected.description.isEmpty)
  }

  @Test func hostileArrayVersionsAndLengthsAreRefused() {
    var version = array
    version[6] = 9
    #expect(refusal(version) == .npy(at: at(nil), .unsupportedVersion(major: 9, minor: 0)))
    let long: [UInt8] = Npy.magic + [2, 0, 0xff, 0xff, 0xff, 0x7f]
    #expect(
      refusal(long)
        == .limitExceeded(at: at(nil), .headerBytes, found: 0x7fff_ffff, limit: NpyHeader.byteLimit - 12))
  }

  static let hostileArchives: [(String, [UInt8], CheckpointError)] = {
    func with(_ change: (inout ZipMember) -> Void) -> ZipMember {
      var changed = member
      change(&changed)
      return changed
    }
    let packed = 30 + 5 + array.count
    var cutEnd = zip([member])
    cutEnd.removeLast()
    var signature = zip([member])
    signature[0] ^= 0
    signature[30 + 5 + array.count] = 0x51
    var disks = zip([member])
    disks[disks.count - 18] = 1
    return [
      ("no end record", cutEnd, .zip(at: at(cutEnd.count), .noEndRecord)),
      (
        "directory record without signature", signature,
        .zip(at: at(packed), .wrongSignature(found: 0x0201_4b51, expected: 0x0201_4b50))
      ),
      ("several parts", disks, .zip(at: at(disks.count - 22), .severalParts)),
      (
        "more entries than there are", zip([member], entryCount: 2),
        .zip(at: at(packed), .directoryMismatch(found: 1, expected: 2))
      ),
      ("entry twice", zip([member, member]), .zip(at: entry(), .duplicateEntry)),
      (
        "entries overlap",
        zip([
          member,
          with {
            $0.name = "b.npy"; $0.localName = "a.npy"; $0.headerOffset = 0
          },
        ]),
        .zip(at: CheckpointPlace(file: "x", entry: "b.npy"), .nameMismatch(found: "a.npy"))
      ),
      (
        "entry inside another",
        zip([
          ZipMember(name: "a.npy", data: zip([with { $0.name = "b.npy" }])),
          with {
            $0.name = "b.npy"; $0.headerOffset = 35
          },
        ]),
        .zip(
          at: CheckpointPlace(file: "x", entry: "b.npy", offset: 35),
          .overlap(previousEnd: 35 + zip([with { $0.name = "b.npy" }]).count))
      ),
      (
        "entry runs into the directory",
        zip([
          with {
            $0.packedByteCount = array.count + 8; $0.byteCount = array.count + 8
          }
        ]),
        .zip(at: at(packed), .overlap(previousEnd: packed + 8))
      ),
      (
        "entry past the file",
        zip([
          with {
            $0.packedByteCount = 1 << 30; $0.byteCount = 1 << 30
          }
        ]),
        .truncated(at: entry(), needed: 1 << 30, available: array.count + 46 + 5 + 22)
      ),
      (
        "header past the file", zip([with { $0.headerOffset = 1 << 30 }]),
        .truncated(at: at(1 << 30), needed: 30, available: 0)
      ),
      (
        "entry without header", zip([with { $0.headerOffset = 4 }]),
        .zip(at: at(4), .wrongSignature(found: 20, expected: 0x0403_4b50))
      ),
      ("encrypted", zip([with { $0.flags = 1 }]), .zip(at: entry(), .encrypted)),
      ("method bzip2", zip([with { $0.method = 12 }]), .zip(at: entry(), .unsupportedMethod(found: 12))),
      (
        "stored sizes differ", zip([with { $0.byteCount = 1 }]),
        .zip(at: entry(), .storedSizeMismatch(found: array.count, expected: 1))
      ),
      (
        "bomb of 1028 to 1",
        zip([ZipMember(name: "a.npy", data: [UInt8](repeating: 0, count: 18 << 20), isDeflated: true)]),
        .limitExceeded(at: entry(), .expandedBytes, found: 18 << 20, limit: 16 << 20)
      ),
      (
        "bomb that claims 2^32",
        zip([
          with {
            $0.isDeflated = true; $0.byteCount = 0xffff_fffe
          }
        ]),
        .limitExceeded(at: entry(), .expandedBytes, found: 0xffff_fffe, limit: 16 << 20)
      ),
      (
        "damaged stream",
        zip([
          with {
            $0.method = 8; $0.data = [0xff, 0xff]
          }
        ]), .zip(at: entry(), .damagedStream)
      ),
      (
        "not an npy", zip([with { $0.name = "a.txt" }]),
        .zip(at: CheckpointPlace(file: "x", entry: "a.txt"), .unexpectedEntry)
      ),
      ("entry without array", zip([with { $0.data = Array("hello world".utf8) }]), .npy(at: entry(), .notAnArray)),
      ("object array", zip([with { $0.data = npy("|O", "(1,)", data: []) }]), .npy(at: entry(10), .objectArray)),
      (
        "array cut short", zip([with { $0.data = Array(array.dropLast(4)) }]),
        .wrongByteCount(file: "x", tensor: "a", found: 20, expected: 24)
      ),
    ]
  }()

  @Test(arguments: hostileArchives) func hostileArchivesAreRefused(
    what: String, file: [UInt8], expected: CheckpointError
  ) {
    #expect(refusal(file) == expected, "\(what)")
    #expect(!expected.description.isEmpty)
  }

  @Test func damageInTheDataShowsWhenItIsDecoded() {
    var wrong = member
    wrong.checksum = 1
    #expect(
      decodeEverything(zip([wrong]))
        == .zip(at: entry(), .wrongChecksum(found: Inflate.checksum(array), expected: 1)))
    var more = ZipMember(name: "a.npy", data: array + array, isDeflated: true)
    more.byteCount = array.count
    #expect(decodeEverything(zip([more])) == .zip(at: entry(), .expandedSizeMismatch(expected: array.count)))
    var fewer = ZipMember(name: "a.npy", data: array, isDeflated: true)
    fewer.data.removeLast(4)
    fewer.byteCount = array.count
    #expect(decodeEverything(zip([fewer])) == .zip(at: entry(), .expandedSizeMismatch(expected: array.count)))
  }

  @Test func aNameThatIsNotUTF8IsRefused() {
    var file = zip([member])
    file[30] = 0xff
    file[30 + 5 + array.count + 46] = 0xff
    #expect(refusal(file) == .zip(at: at(30 + 5 + array.count), .invalidName))
  }

  @Test func noTruncationNorFlippedBitCrashes() {
    #expect(tortured(array) == 0)
    #expect(tortured(zip([member])) == 0)
    #expect(tortured(zip([ZipMember(name: "a.npy", data: array, isDeflated: true, isZip64: true)], isZip64: true)) == 0)
  }
}
