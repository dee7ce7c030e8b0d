// SPDX-License-Identifier: Apache-2.0
// Reads PNG files: chunks and what they may be. Own, since what a classifier needs of the format is two pages, since every
// byte of such a file is a stranger's, and since unpacking is left to zlib, which checkpoints need anyway.
// Source: ISO/IEC 15948:2004, https://www.w3.org/TR/png-3/

/// The chunks of a PNG file, each within the file and with its checksum right.
///
/// All depths and colours; no interlacing. What only colours a screen (gamma, profiles, text) is checked and passed over.
struct PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// Deflate makes at most 1032 bytes of one.
  private static let expansionLimit = 1032

  enum Colour: Int { case grey = 0, rgb = 2, palette = 3, greyAlpha = 4, rgbAlpha = 6 }

  private(set) var width = 0
  private(set) var height = 0
  private(set) var depth = 0
  private(set) var colour = Colour.grey
  /// (entries, 3)
  private(set) var palette: [UInt8] = []
  /// Alpha of palette entries; or of grey and colours the one that is seen through, a sample of two bytes each.
  private(set) var transparency: [UInt8] = []
  private var packed: [UInt8] = []

  var samplesPerPixel: Int {
    switch colour {
    case .grey, .palette: 1
    case .greyAlpha: 2
    case .rgb: 3
    case .rgbAlpha: 4
    }
  }
  /// Bytes of a line, without its filter.
  var lineByteCount: Int { (width * samplesPerPixel * depth + 7) / 8 }

  init(_ bytes: [UInt8]) throws(ImageError) {
    var offset = Self.signature.count
    var previous = ""
    while previous != "IEND" {
      let chunk = try Chunk(bytes, at: offset)
      try take(chunk, bytes, after: previous)
      previous = chunk.name
      offset = chunk.end
    }
    guard offset == bytes.count else {
      throw .broken(
        what: "end", offset: offset, found: counted(bytes.count - offset, "byte") + " after the last chunk",
        expected: "none")
    }
    guard !packed.isEmpty else {
      throw .broken(what: "chunks", offset: offset, found: "no IDAT", expected: "pixels")
    }
  }

  /// One chunk: length, name, content, checksum.
  private struct Chunk {
    var name: String
    var content: Range<Int>
    var end: Int

    init(_ bytes: [UInt8], at offset: Int) throws(ImageError) {
      func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
      guard bytes.count - offset >= 12 else {
        throw .truncated(what: "a chunk", offset: offset, needed: 12, available: bytes.count - offset)
      }
      let length = word(offset)
      let letters = bytes[offset + 4..<offset + 8]
      guard letters.allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }) else {
        throw .broken(what: "chunk", offset: offset, found: "a name of other bytes", expected: "four letters")
      }
      name = String(decoding: letters, as: UTF8.self)
      guard length <= bytes.count - offset - 12 else {
        throw .truncated(
          what: "chunk \(name)", offset: offset, needed: length, available: bytes.count - offset - 12)
      }
      content = offset + 8..<offset + 8 + length
      end = content.upperBound + 4
      guard Inflate.checksum(Array(bytes[offset + 4..<content.upperBound])) == UInt32(word(content.upperBound)) else {
        throw .broken(what: "chunk \(name)", offset: offset, found: "another checksum", expected: "its own")
      }
    }
  }

  private mutating func take(_ chunk: Chunk, _ bytes: [UInt8], after previous: String) throws(ImageError) {
    let content = bytes[chunk.content]
    func broken(_ found: String, _ expected: String) -> ImageError {
      .broken(what: "chunk \(chunk.name)", offset: chunk.content.lowerBound - 8, found: found, expected: expected)
    }
    if previous.isEmpty != (chunk.name == "IHDR") {
      throw broken(previous.isEmpty ? "it first" : "it again", previous.isEmpty ? "IHDR" : "one IHDR, the first")
    }
    switch chunk.name {
    case "IHDR":
      guard content.count == 13 else { throw broken(counted(content.count, "byte"), "13") }
      try takeHeader(Array(content), broken)
    case "PLTE":
      let isFit = content.count % 3 == 0 && (1...(1 << min(depth, 8))).contains(content.count / 3)
      guard palette.isEmpty, packed.isEmpty, colour != .grey, colour != .greyAlpha,
        isFit || (colour != .palette && content.count % 3 == 0)
      else {
        throw broken("\(counted(content.count, "byte")) here", "one palette of as many colours as pixels can name")
      }
      palette = Array(content)
    case "tRNS":
      let count = colour == .grey ? 2 : colour == .rgb ? 6 : palette.count / 3
      let isFit = colour == .palette ? (1...max(1, count)).contains(content.count) : content.count == count
      guard transparency.isEmpty, packed.isEmpty, isFit, colour == .grey || colour == .rgb || !palette.isEmpty else {
        throw broken("\(counted(content.count, "byte")) here", "one for each colour of the palette before it")
      }
      transparency = Array(content)
    case "IDAT":
      guard packed.isEmpty || previous == "IDAT" else { throw broken("it apart", "all pixels one after another") }
      guard colour != .palette || !palette.isEmpty else { throw broken("no palette before it", "one") }
      packed += content
    case "IEND":
      guard content.isEmpty else { throw broken(counted(content.count, "byte"), "none") }
    default:
      // A capital says that the picture cannot be shown without it.
      guard chunk.name.utf8.first! >= 97 else { throw broken("a chunk that is not known", "one of the standard") }
    }
  }

  private mutating func takeHeader(
    _ bytes: [UInt8], _ broken: (String, String) -> ImageError
  ) throws(ImageError) {
    width = (0..<4).reduce(0) { $0 << 8 | Int(bytes[$1]) }
    height = (4..<8).reduce(0) { $0 << 8 | Int(bytes[$1]) }
    depth = Int(bytes[8])
    try RasterImage.check(width: width, height: height)
    guard let known = Colour(rawValue: Int(bytes[9])) else {
      throw broken("colour type \(bytes[9])", "0, 2, 3, 4 or 6")
    }
    colour = known
    let depths = colour == .grey ? [1, 2, 4, 8, 16] : colour == .palette ? [1, 2, 4, 8] : [8, 16]
    guard depths.contains(depth) else {
      throw broken("\(depth) bits a sample", depths.map(String.init).joined(separator: ", "))
    }
    guard bytes[10] == 0, bytes[11] == 0 else {
      throw broken("compression \(bytes[10]) and filter \(bytes[11])", "0 and 0")
    }
    guard bytes[12] <= 1 else { throw broken("interlacing \(bytes[12])", "0 or 1") }
    guard bytes[12] == 0 else {
      throw .unsupported(what: "an interlaced picture", remedy: "save it without interlacing")
    }
  }

  /// Lines, each with its filter's byte before it. Memory is bounded by what the file has, whatever it claims.
  func unpacked() throws(ImageError) -> [UInt8] {
    let expected = height * (lineByteCount + 1)
    guard expected / Self.expansionLimit <= packed.count else { throw .bomb(packed: packed.count, claimed: expected) }
    guard case .complete(let bytes) = Inflate.unpack(packed, limit: expected, isWrapped: true),
      bytes.count == expected
    else { throw .pixelData(expected: expected) }
    return bytes
  }
}
