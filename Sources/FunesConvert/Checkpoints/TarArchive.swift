// SPDX-License-Identifier: Apache-2.0
// Finds the members of a tar archive, the wrapper of PyTorch's very first files.
// Source: POSIX.1-2017, pax, "ustar Interchange Format".

/// The regular files of a tar archive.
struct TarArchive {
  struct Member {
    var offset: Int
    var byteCount: Int
  }

  let source: ByteSource
  private(set) var members: [String: Member] = [:]

  private static let blockByteCount = 512

  /// Whether a file that begins with these bytes is a tar archive.
  static func matches(_ start: [UInt8]) -> Bool {
    start.dropFirst(257).starts(with: Array("ustar".utf8))
  }

  init(_ source: ByteSource) throws(CheckpointError) {
    self.source = source
    var offset = 0
    while true {
      let place = CheckpointPlace(file: source.name, offset: offset)
      let block = try source.read(offset: offset, count: TarArchive.blockByteCount)
      // A block of zeros ends the archive.
      if block.allSatisfy({ $0 == 0 }) { return }
      try TarArchive.verifyChecksum(block, at: place)
      let byteCount = try TarArchive.octal(block[124..<136], at: place)
      offset += TarArchive.blockByteCount
      guard byteCount <= source.count - offset else {
        throw .truncated(at: place, needed: byteCount, available: source.count - offset)
      }
      switch block[156] {
      case 0, UInt8(ascii: "0"):
        guard let name = TarArchive.name(block) else { throw .tar(at: place, .invalidName) }
        guard members.updateValue(Member(offset: offset, byteCount: byteCount), forKey: name) == nil else {
          throw .tar(at: CheckpointPlace(file: source.name, entry: name), .duplicateMember)
        }
      case UInt8(ascii: "x"), UInt8(ascii: "g"):
        // Times and owners do not matter; a name or size told here would.
        let text = String(decoding: try source.read(offset: offset, count: byteCount), as: UTF8.self)
        guard !text.contains("path="), !text.contains("size=") else { throw .tar(at: place, .unsupportedMember) }
      case UInt8(ascii: "5"): break
      default: throw .tar(at: place, .unsupportedMember)
      }
      // Data fill whole blocks; the last may be cut where the file ends.
      let blocks = (byteCount + TarArchive.blockByteCount - 1) / TarArchive.blockByteCount
      offset += blocks * TarArchive.blockByteCount
    }
  }

  /// A member that the format needs.
  func member(_ name: String) throws(CheckpointError) -> Member {
    guard let member = members[name] else {
      throw .tar(at: CheckpointPlace(file: source.name, entry: name), .missingMember)
    }
    return member
  }

  /// The name without the "./" that some tars begin it with.
  private static func name(_ block: [UInt8]) -> String? {
    guard let name = String(utf8Bytes: block[0..<100].prefix { $0 != 0 }) else { return nil }
    return name.hasPrefix("./") ? String(name.dropFirst(2)) : name
  }

  /// The sum of the block's bytes, those of the checksum taken as spaces.
  private static func verifyChecksum(_ block: [UInt8], at place: CheckpointPlace) throws(CheckpointError) {
    let expected = try octal(block[148..<156], at: place)
    var found = 8 * 0x20
    for (index, byte) in block.enumerated() where !(148..<156).contains(index) { found += Int(byte) }
    guard found == expected else { throw .tar(at: place, .wrongChecksum(found: found, expected: expected)) }
  }

  /// At most eleven octal digits between spaces and zeros, so that the value fits.
  private static func octal(_ field: ArraySlice<UInt8>, at place: CheckpointPlace) throws(CheckpointError) -> Int {
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else {
      throw .tar(at: place, .invalidNumber)
    }
    return digits.reduce(0) { $0 << 3 | Int($1 & 7) }
  }
}
