// SPDX-License-Identifier: Apache-2.0
// One hostile PyTorch file for each rule: what asks to be executed, what would use memory without end, what points
// outside of the file.

import FunesTestSupport
import Testing

@testable import FunesConvert

/// A file, and why it must be refused.
struct Hostile: Sendable, CustomTestStringConvertible {
  var what: String
  var file: [UInt8]
  var expected: CheckpointError

  init(_ what: String, _ file: [UInt8], _ expected: CheckpointError) {
    self.what = what
    self.file = file
    self.expected = expected
  }

  var testDescription: String { what }
}

/// A place in data.pkl, counted in the body of `Pickle.whole`.
private func at(_ offset: Int? = nil) -> CheckpointPlace {
  CheckpointPlace(file: "x", entry: "m/data.pkl", offset: offset.map { $0 + 2 })
}

private func hostile(_ what: String, _ body: [UInt8], _ expected: CheckpointError) -> Hostile {
  Hostile(what, torchZip(Pickle.whole(body)), expected)
}

private func forbidden(_ module: String, _ name: String, at offset: Int) -> CheckpointError {
  .pickle(at: at(offset), .forbiddenGlobal(module: module, name: name))
}

private let tensor = Pickle.dictionary([("a", Pickle.tensor())])
private let shell = Pickle.tuple([Pickle.text("touch /tmp/owned")])

@Suite struct TorchHostileTests {
  static let calls: [Hostile] = [
    hostile("os.system", Pickle.global("os", "system") + shell + Pickle.reduce, forbidden("os", "system", at: 0)),
    hostile("posix.system", Pickle.global("posix", "system"), forbidden("posix", "system", at: 0)),
    hostile(
      "eval", Pickle.none + Pickle.global("builtins", "eval") + shell + Pickle.reduce,
      forbidden("builtins", "eval", at: 1)),
    hostile("getattr of Python 2", Pickle.global("__builtin__", "getattr"), forbidden("__builtin__", "getattr", at: 0)),
    hostile(
      "a module inside a forbidden one", Pickle.global("os.path", "join"), forbidden("os.path", "join", at: 0)),
    hostile(
      "stack global", Pickle.text("subprocess") + Pickle.text("Popen") + [0x93],
      forbidden("subprocess", "Popen", at: 25)),
    hostile(
      "unknown function", Pickle.global("a", "f") + Pickle.emptyTuple + Pickle.reduce, forbidden("a", "f", at: 6)),
    hostile(
      "unknown class called", Pickle.global("torch.nn", "Linear") + Pickle.emptyTuple + Pickle.reduce,
      forbidden("torch.nn", "Linear", at: 18)),
    hostile("inst", Pickle.mark + [0x69] + Array("a\nf\n".utf8), forbidden("a", "f", at: 1)),
    hostile("inst of os.system", Pickle.mark + [0x69] + Array("os\nsystem\n".utf8), forbidden("os", "system", at: 1)),
    hostile("obj", Pickle.mark + Pickle.global("a", "f") + [0x6f], forbidden("a", "f", at: 6)),
    hostile(
      "nested torch.load", Pickle.call("torch.storage", "_load_from_bytes", []),
      forbidden("torch.storage", "_load_from_bytes", at: 34)),
    hostile(
      "a function through a type of tensor",
      Pickle.global("torch._tensor", "_rebuild_from_type_v2") + Pickle.mark + Pickle.global("a", "f") + Pickle.none
        + Pickle.emptyTuple + Pickle.none + [0x74] + Pickle.reduce,
      .pickle(at: at(47), .wrongValue(found: "\"a.f\"", expected: "a function of torch._utils"))),
    hostile(
      "a call of a text", Pickle.text("f") + Pickle.emptyTuple + Pickle.reduce,
      .pickle(at: at(7), .wrongValue(found: "a text", expected: "a function"))),
    hostile(
      "an object of a list", Pickle.emptyList + Pickle.emptyTuple + Pickle.newObj,
      .pickle(at: at(2), .wrongValue(found: "a list", expected: "a class"))),
  ]

  static let bombs: [Hostile] = {
    var laughs = Pickle.emptyList + Pickle.memoize
    for level in 0..<40 {
      laughs += Pickle.emptyList + Pickle.memoize + Pickle.mark + Pickle.get(UInt8(level)) + Pickle.get(UInt8(level))
      laughs += [0x65]
    }
    let thousand = (0..<1100).map { _ in Pickle.none }
    let square = Pickle.list(thousand) + Pickle.memoize + Pickle.list((0..<1000).map { _ in Pickle.get(0) })
    let long = Pickle.text(String(repeating: "a", count: 1000))
    let encode =
      Pickle.global("_codecs", "encode") + Pickle.mark + Pickle.get(0) + Pickle.text("latin1") + [0x74, 0x52]
    let encodes = long + Pickle.memoize + (0..<100).flatMap { _ in encode + Pickle.pop }
    var names = Pickle.text(String(repeating: "k", count: 1 << 20)) + Pickle.memoize + Pickle.emptyDict
    for _ in 0..<70 { names += Pickle.get(0) + Pickle.none + Pickle.setItem }
    let nameLimit = TorchTree.nameLimit(Pickle.whole(names).count)
    func visits(_ body: [UInt8]) -> CheckpointError {
      let limit = TorchTree.visitLimit(Pickle.whole(body).count)
      return .limitExceeded(at: at(), .visits, found: limit + 1, limit: limit)
    }
    let pairs: [UInt8] = thousand.flatMap { $0 + $0 }
    let dictionary: [UInt8] = Pickle.emptyDict + Pickle.mark + pairs + [0x75] + Pickle.memoize
    let order: [UInt8] = Pickle.global("collections", "OrderedDict") + Pickle.mark + Pickle.get(0) + [0x74, 0x52]
    let orders = dictionary + (0..<100).flatMap { _ in order + Pickle.none + Pickle.none + Pickle.setItem + Pickle.pop }
    let orderLimit = 2 * Pickle.whole(orders).count
    let orderCount = orderLimit / 4400
    let orderOffset = dictionary.count + orderCount * (order.count + 4) + order.count - 1
    let copiesOffset = long.count + 1 + 8 * (encode.count + 1) + encode.count - 1
    return [
      hostile(
        "memo", Pickle.none + (0...PickleMachine.memoLimit).flatMap { _ in Pickle.memoize },
        .limitExceeded(
          at: at(1 + PickleMachine.memoLimit), .pickleMemo, found: PickleMachine.memoLimit + 1,
          limit: PickleMachine.memoLimit)),
      hostile(
        "stack", [UInt8](repeating: 0x4e, count: PickleMachine.stackLimit + 1),
        .limitExceeded(
          at: at(PickleMachine.stackLimit), .pickleStack, found: PickleMachine.stackLimit + 1,
          limit: PickleMachine.stackLimit)),
      hostile(
        "marks", [UInt8](repeating: 0x28, count: PickleMachine.stackLimit + 1),
        .limitExceeded(
          at: at(PickleMachine.stackLimit), .pickleStack, found: PickleMachine.stackLimit + 1,
          limit: PickleMachine.stackLimit)),
      hostile(
        "objects", (0...PickleHeap.limit).flatMap { _ in Pickle.emptyList + Pickle.pop },
        .limitExceeded(
          at: at(2 * PickleHeap.limit), .pickleObjects, found: PickleHeap.limit + 1, limit: PickleHeap.limit)),
      hostile(
        "a list that unfolds into 2^40", laughs,
        visits(laughs)),
      hostile(
        "a thousand lists of a thousand values", square,
        visits(square)),
      hostile(
        "a list that holds itself", Pickle.emptyList + Pickle.memoize + Pickle.get(0) + Pickle.append,
        .limitExceeded(at: at(), .nesting, found: TorchTree.depthLimit + 1, limit: TorchTree.depthLimit)),
      hostile(
        "lists nested without end", [UInt8](repeating: 0x5d, count: 100_000) + [UInt8](repeating: 0x61, count: 99_999),
        .limitExceeded(at: at(), .nesting, found: TorchTree.depthLimit + 1, limit: TorchTree.depthLimit)),
      hostile(
        "one text copied for ever", encodes,
        .limitExceeded(
          at: at(copiesOffset), .pickleCopies, found: 9_000, limit: 8_618
        )),
      hostile(
        "one dictionary copied for ever", orders,
        .limitExceeded(at: at(orderOffset), .pickleCopies, found: (orderCount + 1) * 4400, limit: orderLimit)),
      hostile(
        "one name used for ever", names,
        .limitExceeded(at: at(), .names, found: (nameLimit >> 20 + 1) << 20, limit: nameLimit)),
    ]
  }()

  static let structure: [Hostile] = [
    hostile(
      "memo without value", [0x6a] + littleEndian(0xffff_ffff, 4),
      .pickle(at: at(0), .noSuchMemo(found: 0xffff_ffff))),
    hostile(
      "text longer than the file", [0x58] + littleEndian(0x7fff_ffff, 4),
      .truncated(at: at(5), needed: 0x7fff_ffff, available: 1)),
    hostile(
      "text of 2^64 bytes", [0x8d] + [UInt8](repeating: 0xff, count: 8),
      .truncated(at: at(1), needed: Int.max, available: 1)),
    hostile(
      "number of a negative count of bytes", [0x8b] + littleEndian(-1, 4),
      .truncated(at: at(5), needed: -1, available: 1)),
    hostile("unknown opcode", [0xff], .pickle(at: at(0), .unsupportedOpcode(found: 0xff))),
    hostile("extension registry", [0x82, 1], .pickle(at: at(0), .unsupportedOpcode(found: 0x82))),
    hostile("out-of-band buffer", [0x97], .pickle(at: at(0), .unsupportedOpcode(found: 0x97))),
    hostile("protocol 6", [0x80, 6], .pickle(at: at(0), .unsupportedProtocol(found: 6))),
    hostile("nothing to pop", Pickle.pop, .pickle(at: at(0), .emptyStack)),
    hostile("a tuple without mark", Pickle.none + [0x74], .pickle(at: at(1), .emptyStack)),
    hostile("a value below the mark", Pickle.none + Pickle.mark + Pickle.memoize, .pickle(at: at(2), .emptyStack)),
    hostile(
      "a key without value", Pickle.emptyDict + Pickle.mark + Pickle.none + [0x75], .pickle(at: at(3), .emptyStack)),
    hostile(
      "an element of a dictionary", Pickle.emptyDict + Pickle.none + Pickle.append,
      .pickle(at: at(2), .wrongValue(found: "a dictionary", expected: "a list or a set"))),
    hostile(
      "an item of a list", Pickle.emptyList + Pickle.none + Pickle.none + Pickle.setItem,
      .pickle(at: at(3), .wrongValue(found: "a list", expected: "a dictionary"))),
    hostile(
      "a state for a list", Pickle.emptyList + Pickle.none + Pickle.build,
      .pickle(at: at(2), .wrongValue(found: "a list", expected: "an object that takes a state"))),
    hostile("a number in letters", [0x49] + Array("x\n".utf8), .pickle(at: at(0), .invalidNumber)),
    hostile("text that is not UTF-8", [0x58, 1, 0, 0, 0, 0xff], .pickle(at: at(0), .invalidText)),
    hostile("a global without names", [0x93], .pickle(at: at(0), .emptyStack)),
    Hostile("no stop", torchZip([0x80, 2, 0x4e]), .truncated(at: at(1), needed: 1, available: 0)),
    hostile("a persistent id of another kind", Pickle.int(5) + Pickle.persID, .torch(at: at(10), .invalidPersistentID)),
  ]

  static let tensors: [Hostile] = {
    func one(_ what: String, _ body: [UInt8], _ expected: CheckpointError) -> Hostile {
      hostile(what, Pickle.dictionary([("a", body)]), expected)
    }
    func storage(_ found: Int, _ expected: Int) -> CheckpointError {
      .torch(
        at: CheckpointPlace(file: "x", entry: "m/data/0"),
        .storageMismatch(key: "0", found: found, expected: expected))
    }
    let two = Pickle.dictionary([
      ("a", Pickle.dictionary([("b", Pickle.tensor())])), ("a.b", Pickle.tensor()),
    ])
    return [
      one("storage larger than its entry", Pickle.tensor(Pickle.storage(count: 1 << 40)), storage(6, 1 << 40)),
      one("storage smaller than its entry", Pickle.tensor(Pickle.storage(count: 5)), storage(6, 5)),
      one("storage of another type", Pickle.tensor(Pickle.storage(type: "DoubleStorage")), storage(3, 6)),
      one(
        "storage that is not there", Pickle.tensor(Pickle.storage(key: "../1")),
        .torch(at: at(), .missingStorage(key: "../1"))),
      one(
        "negative storage", Pickle.storage(count: -1),
        .torch(at: at(8 + Pickle.storage(count: -1).count - 1), .invalidPersistentID)),
      one(
        "complex storage", Pickle.storage(type: "ComplexFloatStorage"),
        .unsupportedType(file: "x", tensor: "storage 0", found: "torch.ComplexFloatStorage")),
      one(
        "stride past the end", Pickle.tensor(strides: [4, 1]),
        .storageExceeded(file: "x", tensor: "a", needed: 7, available: 6)),
      one(
        "offset past the end", Pickle.tensor(offset: 1),
        .storageExceeded(file: "x", tensor: "a", needed: 7, available: 6)),
      one(
        "offset of 2^62", Pickle.tensor(offset: 1 << 62),
        .storageExceeded(file: "x", tensor: "a", needed: 1 << 62 + 6, available: 6)),
      one(
        "stride that overflows", Pickle.tensor(shape: [3, 2], strides: [1 << 62, 1]),
        .storageExceeded(file: "x", tensor: "a", needed: .max, available: 6)),
      one(
        "negative offset", Pickle.tensor(offset: -1),
        .storageExceeded(file: "x", tensor: "a", needed: -1, available: 6)),
      one(
        "negative stride", Pickle.tensor(strides: [-3, 1]), .invalidStrides(file: "x", tensor: "a", found: [-3, 1])),
      one("too few strides", Pickle.tensor(strides: [1]), .invalidStrides(file: "x", tensor: "a", found: [1])),
      one("negative extent", Pickle.tensor(shape: [-2, 3]), .invalidShape(file: "x", tensor: "a", found: [-2, 3])),
      one(
        "shape that overflows", Pickle.tensor(shape: [1 << 32, 1 << 32], strides: [0, 0]),
        .invalidShape(file: "x", tensor: "a", found: [1 << 32, 1 << 32])),
      one(
        "one element spread over 2^40", Pickle.tensor(shape: [1 << 40, 1], strides: [0, 0]),
        .limitExceeded(
          at: CheckpointPlace(file: "x", entry: "a"), .broadcastElements, found: 1 << 40,
          limit: CheckpointTensor.broadcastLimit)),
      hostile("two tensors of one name", two, .duplicateTensor(file: "x", name: "a.b")),
      Hostile(
        "TorchScript", torchZip(Pickle.whole(tensor), more: [ZipMember(name: "m/code/a.py", data: [])]),
        .foreignFormat(file: "x", found: .torchScript)),
      Hostile(
        "big-endian", torchZip(Pickle.whole(tensor), more: [ZipMember(name: "m/byteorder", data: Array("big".utf8))]),
        .bigEndian(at: CheckpointPlace(file: "x", entry: "m/byteorder"))),
      Hostile(
        "no byte order", torchZip(Pickle.whole(tensor), more: [ZipMember(name: "m/byteorder", data: [])]),
        .torch(at: CheckpointPlace(file: "x", entry: "m/byteorder"), .invalidByteOrder)),
    ]
  }()

  static let streams: [Hostile] = {
    let good = torchStream(tensor)
    let keysOffset = good.count - 24 - 8 - Pickle.whole(Pickle.list([Pickle.text("0")])).count
    func at(_ offset: Int) -> CheckpointPlace { CheckpointPlace(file: "x", offset: offset) }
    func view(_ offset: Int, _ count: Int) -> [UInt8] {
      torchStream(
        Pickle.tensor(
          Pickle.storage(view: Pickle.tuple([Pickle.text("v"), Pickle.int(offset), Pickle.int(count)])),
          shape: [1], strides: [1]))
    }
    let objectOffset = keysOffset - Pickle.whole(tensor).count
    let viewTuple = Pickle.tuple([Pickle.text("v"), Pickle.int(0), Pickle.int(0)])
    let viewOffset = objectOffset + 2 + 33 + 1 + Pickle.storage(view: viewTuple).count - 1
    return [
      Hostile(
        "a pickle that PyTorch did not write", Pickle.whole(Pickle.emptyDict),
        .foreignFormat(file: "x", found: .pickle)),
      Hostile(
        "os.system before the magic number", Pickle.whole(Pickle.global("os", "system") + shell + Pickle.reduce),
        .pickle(at: at(2), .forbiddenGlobal(module: "os", name: "system"))),
      Hostile(
        "version 1002", torchStream(tensor, version: 1002),
        .pickle(at: at(15), .wrongValue(found: "an integer", expected: "the protocol version 1001"))),
      Hostile("big-endian", torchStream(tensor, isLittleEndian: false), .bigEndian(at: at(28))),
      Hostile(
        "keys that are no list", torchStream(tensor, keys: Pickle.none), .torch(at: at(keysOffset), .invalidStorageList)
      ),
      Hostile(
        "keys that are no texts", torchStream(tensor, keys: Pickle.list([Pickle.int(0)])),
        .torch(at: at(keysOffset), .invalidStorageList)),
      Hostile(
        "a key twice", torchStream(tensor, keys: Pickle.list([Pickle.text("0"), Pickle.text("0")])),
        .torch(at: at(keysOffset), .invalidStorageList)),
      Hostile(
        "a key that no tensor names", torchStream(tensor, keys: Pickle.list([Pickle.text("1")])),
        .torch(at: at(keysOffset), .invalidStorageList)),
      Hostile(
        "a storage without data", torchStream(tensor, keys: Pickle.list([]), count: 0, data: []),
        .torch(at: at(keysOffset + Pickle.whole(Pickle.list([])).count), .trailingBytes(count: 8))),
      Hostile(
        "a storage of 2^61 elements", torchStream(tensor, count: 1 << 61),
        .truncated(at: at(good.count - 32), needed: .max, available: 24)),
      Hostile(
        "a storage past the end", torchStream(tensor, count: 7),
        .truncated(at: at(good.count - 32), needed: 28, available: 24)),
      Hostile(
        "a storage shorter than the pickle says", torchStream(tensor, count: 5, data: Array(sixFloats.prefix(20))),
        .torch(at: at(objectOffset), .storageMismatch(key: "0", found: 5, expected: 6))),
      Hostile("bytes after the end", good + [0], .torch(at: at(good.count), .trailingBytes(count: 1))),
      Hostile("a view past its storage", view(5, 2), .torch(at: at(viewOffset), .invalidPersistentID)),
      Hostile("a view that overflows", view(1, .max), .torch(at: at(viewOffset), .invalidPersistentID)),
    ]
  }()

  static let tars: [Hostile] = {
    let place = CheckpointPlace(file: "x", offset: 0)
    func inside(_ entry: String, _ offset: Int) -> CheckpointPlace {
      CheckpointPlace(file: "x", entry: entry, offset: offset)
    }
    let member = TarMember(name: "a", data: [1])
    func with(_ change: (inout TarMember) -> Void) -> [UInt8] {
      var changed = member
      change(&changed)
      return tar([changed])
    }
    return [
      Hostile(
        "wrong checksum", with { $0.isChecksumWrong = true },
        .tar(at: place, .wrongChecksum(found: 1489, expected: 1490))),
      Hostile("a size that is not octal", with { $0.size = "99" }, .tar(at: place, .invalidNumber)),
      Hostile(
        "a size past the end", with { $0.size = "77777777777" },
        .truncated(at: place, needed: 0o77777777777, available: 1536)),
      Hostile("a symbolic link", with { $0.type = UInt8(ascii: "2") }, .tar(at: place, .unsupportedMember)),
      Hostile(
        "a header that renames",
        with {
          $0.type = UInt8(ascii: "x"); $0.data = Array("13 path=/etc\n".utf8)
        },
        .tar(at: place, .unsupportedMember)),
      Hostile(
        "a member twice", tar([member, member]),
        .tar(at: CheckpointPlace(file: "x", entry: "a"), .duplicateMember)),
      Hostile(
        "a member missing", tar([member]), .tar(at: CheckpointPlace(file: "x", entry: "sys_info"), .missingMember)),
      Hostile("big-endian", torchTar(isLittleEndian: false), .bigEndian(at: inside("sys_info", 0))),
      Hostile(
        "a class that runs", torchTar(pickle: Pickle.global("os", "system")),
        .pickle(at: inside("pickle", 2), .forbiddenGlobal(module: "os", name: "system"))),
      Hostile(
        "a tensor that is not there", torchTar(pickle: Pickle.text("9") + Pickle.persID),
        .torch(at: inside("pickle", 8), .invalidPersistentID)),
      Hostile(
        "a storage that is not there", torchTar(storageKey: 9),
        .torch(at: inside("tensors", 13), .missingStorage(key: "9"))),
      Hostile(
        "2^31 - 1 axes", torchTar(axisCount: 0x7fff_ffff),
        .limitExceeded(at: inside("tensors", 13), .axes, found: 0x7fff_ffff, limit: 64)),
      Hostile(
        "-1 axes", torchTar(axisCount: -1), .limitExceeded(at: inside("tensors", 13), .axes, found: -1, limit: 64)),
      Hostile(
        "an extent past the storage", torchTar(numbers: [4, 2, 1, 3, 0]),
        .storageExceeded(file: "x", tensor: "a", needed: 7, available: 6)),
      Hostile(
        "a storage of 2^61 elements", torchTar(count: 1 << 61),
        .truncated(at: inside("storages", 56), needed: .max, available: 28)),
      Hostile(
        "more storages than there are", torchTar(storageCount: 1 << 40),
        .torch(at: inside("storages", 88), .invalidStorageList)),
      Hostile(
        "an unknown storage", torchTar(storageType: "QInt8Storage"),
        .unsupportedType(file: "x", tensor: "storage 1", found: "torch.QInt8Storage")),
      Hostile(
        "a view past its storage", torchTar(views: Pickle.list([Pickle.tuple([5, 1, 5, 2].map(Pickle.int))])),
        .torch(at: inside("storages", 88), .invalidStorageList)),
    ]
  }()

  @Test(arguments: calls + bombs + structure + tensors + streams + tars)
  func hostileFilesAreRefused(hostile: Hostile) {
    #expect(refusal(hostile.file) == hostile.expected)
    #expect(!hostile.expected.description.isEmpty)
  }

  @Test func noTruncationNorFlippedBitCrashes() {
    #expect(
      tortured(torchZip(Pickle.whole(tensor), more: [ZipMember(name: "m/byteorder", data: Array("little".utf8))])) == 0)
    #expect(tortured(torchStream(tensor)) == 0)
    // The end of the last block of zeros says nothing.
    #expect(tortured(torchTar()) <= 1024 / thinning + 1)
  }
}
