// SPDX-License-Identifier: Apache-2.0
// Assembles pickles opcode by opcode, and PyTorch files of every age around them.

@testable import FunesConvert

/// Opcodes of a pickle with their operands.
enum Pickle {
  static let stop: [UInt8] = [0x2e]
  static let mark: [UInt8] = [0x28]
  static let none: [UInt8] = [0x4e]
  static let newTrue: [UInt8] = [0x88]
  static let newFalse: [UInt8] = [0x89]
  static let emptyTuple: [UInt8] = [0x29]
  static let emptyList: [UInt8] = [0x5d]
  static let emptyDict: [UInt8] = [0x7d]
  static let reduce: [UInt8] = [0x52]
  static let newObj: [UInt8] = [0x81]
  static let build: [UInt8] = [0x62]
  static let setItem: [UInt8] = [0x73]
  static let append: [UInt8] = [0x61]
  static let persID: [UInt8] = [0x51]
  static let memoize: [UInt8] = [0x94]
  static let pop: [UInt8] = [0x30]

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  static func text(_ text: String) -> [UInt8] {
    [0x58] + littleEndian(text.utf8.count, 4) + Array(text.utf8)
  }

  /// LONG1 of eight bytes.
  static func int(_ value: Int) -> [UInt8] { [0x8a, 8] + littleEndian(value, 8) }

  static func tuple(_ elements: [[UInt8]]) -> [UInt8] { mark + elements.flatMap { $0 } + [0x74] }

  static func list(_ elements: [[UInt8]]) -> [UInt8] { mark + elements.flatMap { $0 } + [0x6c] }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    emptyDict + mark + items.flatMap { text($0.0) + $0.1 } + [0x75]
  }

  static func get(_ index: UInt8) -> [UInt8] { [0x68, index] }

  static func call(_ module: String, _ name: String, _ arguments: [[UInt8]]) -> [UInt8] {
    global(module, name) + tuple(arguments) + reduce
  }

  /// A storage by its persistent id; `view` stands only in the format before zip.
  static func storage(
    type: String = "FloatStorage", key: String = "0", count: Int = 6, view: [UInt8]? = nil
  ) -> [UInt8] {
    tuple(
      [text("storage"), global("torch", type), text(key), text("cuda:0"), int(count)] + (view.map { [$0] } ?? []))
      + persID
  }

  static func tensor(
    _ storage: [UInt8] = storage(), offset: Int = 0, shape: [Int] = [2, 3], strides: [Int] = [3, 1]
  ) -> [UInt8] {
    call(
      "torch._utils", "_rebuild_tensor_v2",
      [
        storage, int(offset), tuple(shape.map(int)), tuple(strides.map(int)), newFalse,
        call("collections", "OrderedDict", []),
      ])
  }

  /// A whole pickle of protocol 2.
  static func whole(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + stop }
}

let sixFloats = bytes(of: [1, 2, 3, 4, 5, 6])

/// A PyTorch zip file "m" whose data.pkl is `pickle`.
func torchZip(
  _ pickle: [UInt8], storages: [String: [UInt8]] = ["0": sixFloats], more: [ZipMember] = []
) -> [UInt8] {
  zip(
    [ZipMember(name: "m/data.pkl", data: pickle)]
      + storages.sorted { $0.key < $1.key }.map { ZipMember(name: "m/data/\($0.key)", data: $0.value) } + more)
}

/// A PyTorch file of the format before zip.
func torchStream(
  _ object: [UInt8], keys: [UInt8] = Pickle.list([Pickle.text("0")]), version: Int = 1001,
  isLittleEndian: Bool = true, count: Int = 6, data: [UInt8] = sixFloats
) -> [UInt8] {
  let magic: [UInt8] = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
  let order = isLittleEndian ? Pickle.newTrue : Pickle.newFalse
  return Pickle.whole(magic) + Pickle.whole(Pickle.int(version))
    + Pickle.whole(Pickle.dictionary([("protocol_version", Pickle.int(1001)), ("little_endian", order)]))
    + Pickle.whole(object) + Pickle.whole(keys) + littleEndian(count, 8) + data
}

/// One member of a tar archive; `change` works on the header before its checksum is made right.
struct TarMember {
  var name: String
  var data: [UInt8]
  var type = UInt8(ascii: "0")
  var size: String?
  var isChecksumWrong = false
}

func tar(_ members: [TarMember]) -> [UInt8] {
  var file: [UInt8] = []
  for member in members {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    func octal(_ value: Int, _ count: Int) -> String {
      let digits = String(value, radix: 8)
      return String(repeating: "0", count: count - digits.count) + digits
    }
    put(member.name, at: 0)
    put(member.size ?? octal(member.data.count, 11), at: 124)
    put("        ", at: 148)
    header[156] = member.type
    put("ustar", at: 257)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum + (member.isChecksumWrong ? 1 : 0), 6) + "\0 ", at: 148)
    file += header + member.data
    file += [UInt8](repeating: 0, count: (512 - member.data.count % 512) % 512)
  }
  return file + [UInt8](repeating: 0, count: 1024)
}

/// A PyTorch file of version 0.1: one storage "1", one tensor "2", and what is pickled.
func torchTar(
  pickle: [UInt8] = Pickle.dictionary([("a", Pickle.text("2") + Pickle.persID)]), isLittleEndian: Bool = true,
  views: [UInt8] = Pickle.emptyList, storageKey: Int = 1, axisCount: Int = 2, numbers: [Int] = [3, 2, 1, 3, 0],
  storageType: String = "FloatStorage", count: Int = 6, storageCount: Int = 1
) -> [UInt8] {
  let order = isLittleEndian ? Pickle.newTrue : Pickle.newFalse
  let storages =
    Pickle.whole(Pickle.int(storageCount))
    + Pickle.whole(Pickle.tuple([Pickle.int(1), Pickle.text("cpu"), Pickle.global("torch", storageType)]))
    + littleEndian(count, 8) + sixFloats + Pickle.whole(views)
  let tensors =
    Pickle.whole(Pickle.int(1))
    + Pickle.whole(Pickle.tuple([Pickle.int(2), Pickle.int(storageKey), Pickle.global("torch", "FloatTensor")]))
    + littleEndian(axisCount, 4) + [0, 0, 0, 0] + numbers.flatMap { littleEndian($0, 8) }
  return tar([
    TarMember(name: "./sys_info", data: Pickle.whole(Pickle.dictionary([("little_endian", order)]))),
    TarMember(name: "./storages", data: storages),
    TarMember(name: "./tensors", data: tensors),
    TarMember(name: "./pickle", data: Pickle.whole(pickle)),
  ])
}
